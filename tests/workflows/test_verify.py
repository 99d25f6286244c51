"""What `pratica verify` finds, and does not."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.tenant_case import TenantCase
from tests.world import Cases, World
from workers.verify import Difference, differences, everywhere
from workflows.messages import CaseStart, workflow_id


async def test_a_closed_case_is_missed_until_it_can_no_longer_be_reopened(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """Its workflow is what would reopen it."""
    case_id, now = uuid4(), datetime.now(UTC)
    await cases.open(world.open_case(case_id))
    await cases.take(case_id, world.request(TenantCase, "close", {"outcome": "RESOLVED"}, on=case_id, version=1))
    assert [found async for found in differences(engine, cases.client, now=now)] == []
    await cases.handle(case_id).terminate()
    gone = Difference(case_id, "its workflow has ended, or is not there")
    assert [found async for found in differences(engine, cases.client, now=now)] == [gone]
    years_later = now + timedelta(days=1_000)
    assert [found async for found in differences(engine, cases.client, now=years_later)] == []


async def test_a_case_that_only_temporal_knows_is_found(cases: Cases, engine: AsyncEngine) -> None:
    """As when PostgreSQL was restored from an older copy."""
    case_id = uuid4()
    await cases.client.start_workflow(
        TenantCase.__name__, CaseStart(case_id=case_id), id=workflow_id(case_id), task_queue=cases.task_queue
    )
    async with asyncio.timeout(10):  # Temporal's lists follow a moment later
        while case_id not in {found.case_id async for found in everywhere(engine, cases.client, now=datetime.now(UTC))}:
            pass
