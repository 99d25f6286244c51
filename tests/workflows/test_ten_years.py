"""A case that lives ten years, on Temporal's time-skipping server."""

from datetime import timedelta
from itertools import cycle, islice
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.tenant_case import TenantCase
from store import tables as t
from tests.world import POLICIES, Cases, World
from workers.worker import case_worker
from workflows.messages import CARRIED, Carried

YEARS = 10
BETWEEN_FOLLOW_UPS = (31, 31, 31, 31, 92)
"""Days: the last one is late."""

FOLLOW_UPS = 90
CARRIED_MOST = 64 * 1024
"""Bytes that a case may carry from run to run; Temporal refuses 2 MiB, for good."""


async def test_a_case_lives_ten_years_and_stays_small(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World
) -> None:
    """Followed up for all that time, it continues as new, marks what is overdue, and carries less than 64 KB."""
    client = time_skipping.client
    cases = Cases(client=client, task_queue="ten-years")
    case_id = uuid4()
    async with case_worker(client, engine, POLICIES, task_queue=cases.task_queue):
        begun = await time_skipping.get_current_time()
        await cases.open(world.open_case(case_id, at=begun))
        version = 1
        for step in ("record_interview", "take_charge", "monitor"):
            request = world.request(TenantCase, step, on=case_id, version=version)
            version = (await cases.take(case_id, request)).version
        for days in islice(cycle(BETWEEN_FOLLOW_UPS), FOLLOW_UPS):
            await time_skipping.sleep(timedelta(days=days))
            version = (
                await cases.take(case_id, world.request(TenantCase, "follow_up", on=case_id, version=version))
            ).version
        lived = await time_skipping.get_current_time() - begun
        carried: Carried = await cases.handle(case_id).query(CARRIED, result_type=Carried)
        description = await cases.handle(case_id).describe()
    size = len((await client.data_converter.encode([carried]))[0].data)
    async with engine.connect() as connection:
        late = select(func.count()).where(t.event.c.name == "deadline_passed")
        overdue = (await connection.execute(late)).scalar_one()
        follow_ups = (await connection.execute(select(t.process.c.data["follow_ups"].as_integer()))).scalar_one()
    assert lived >= timedelta(days=365 * YEARS)
    assert description.raw_description.workflow_execution_info.first_run_id != description.run_id
    assert follow_ups == FOLLOW_UPS
    assert overdue > YEARS
    assert size < CARRIED_MOST
