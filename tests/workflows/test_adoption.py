"""Another version of the policy on real Temporal and real PostgreSQL: who has which terms, and who adopts others."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowUpdateFailedError

from api.engine import wake
from domain import policy
from domain.processes import PROCESSES
from domain.tenant_case import TenantCase
from store import dry_runs, policies
from store import tables as t
from store.policies import Policies
from tests.workflows.test_case_workflow import code, granted, nothing_differs
from tests.workflows.versions import LONGER, OTHER, SHORTER, adopt, done, other, published
from tests.world import POLICY, Cases, World, row_is_awaited
from workers.worker import bulk_worker
from workflows.messages import ADOPTION, DRY_RUN


async def process(engine: AsyncEngine, process_id: UUID) -> Any:
    """Return the row of a process."""
    async with engine.connect() as connection:
        return (await connection.execute(select(t.process).where(t.process.c.id == process_id))).one()


@pytest.fixture
async def bulk(cases: Cases, engine: AsyncEngine) -> AsyncIterator[str]:
    """The queue of a worker that goes through all cases."""
    queue = f"bulk-{uuid4()}"
    async with bulk_worker(cases.client, engine, Policies(PROCESSES), task_queue=queue):
        yield queue


async def test_a_case_keeps_the_terms_it_was_opened_with_until_it_adopts_others(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """Continued while another is in force; then the deadline moves, and the version does not."""
    case_id = uuid4()
    await cases.open(world.open_case(case_id))
    await published(engine, world, LONGER)
    urgent = {"urgency": "URGENT"}
    await cases.take(case_id, world.request(TenantCase, "set_urgency", urgent, on=case_id, version=1))
    before = await process(engine, case_id)
    assert before.data["terms"]["policy"] == POLICY.id
    assert (await adopt(cases, case_id, LONGER)).changed == 1
    after = await process(engine, case_id)
    assert after.data["terms"]["policy"] == OTHER
    assert after.deadline > before.deadline + timedelta(days=15)
    assert (after.version, after.entry) == (before.version, before.entry)
    await nothing_differs(engine, cases.client)


async def test_adopting_what_a_case_has_already_writes_nothing(cases: Cases, world: World) -> None:
    case_id = uuid4()
    await cases.open(world.open_case(case_id))
    await adopt(cases, case_id, LONGER)
    before = (await cases.handle(case_id).fetch_history()).events
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await adopt(cases, case_id, LONGER)
    assert code(refused.value) == "NOTHING_TO_ADOPT"
    after = (await cases.handle(case_id).fetch_history()).events
    assert [event.event_type for event in after] == [event.event_type for event in before]


async def test_a_shorter_term_that_has_passed_is_a_task_of_the_supervisor_and_a_longer_one_takes_it_back(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    case_id, since = uuid4(), datetime.now(UTC) - timedelta(hours=2)
    await cases.open(world.open_case(case_id, at=since))

    async def tasks() -> list[tuple[str, bool]]:
        asked = select(t.task.c.reason, t.task.c.done_at.is_(None)).order_by(t.task.c.reason)
        async with engine.connect() as connection:
            return [(reason, is_open) for reason, is_open in await connection.execute(asked)]

    await adopt(cases, case_id, SHORTER)
    async with asyncio.timeout(10):
        while await tasks() != [("OVERDUE", True), ("STATE", True)]:
            pass
    await adopt(cases, case_id, LONGER.replace("2027-01-01", "2027-02-01"))
    assert await tasks() == [("OVERDUE", False), ("STATE", True)]
    assert not (await process(engine, case_id)).overdue
    await nothing_differs(engine, cases.client)


async def test_a_step_and_an_adoption_at_once_are_one_after_the_other(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """Neither is lost, neither makes the other stale."""
    case_id = uuid4()
    await cases.open(world.open_case(case_id))
    for turn in range(10):
        version = turn + 1
        urgency = {"urgency": ("URGENT", "ROUTINE")[turn % 2]}
        document = (LONGER, SHORTER.replace("2027-01-01", "2027-02-01"))[turn % 2]
        taken, _ = await asyncio.gather(
            cases.take(case_id, world.request(TenantCase, "set_urgency", urgency, on=case_id, version=version)),
            adopt(cases, case_id, document),
        )
        assert taken.version == version + 1
    async with engine.connect() as connection:
        names = (await connection.execute(select(t.event.c.name).where(t.event.c.name != "deadline_passed"))).scalars()
        assert sorted(names) == ["open", *["policy_adopted"] * 10, *["set_urgency"] * 10]
    await nothing_differs(engine, cases.client)


async def test_a_step_that_waits_for_money_is_taken_under_the_terms_it_was_accepted_with(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """Stricter limits in between would refuse it after its money was taken."""
    case_id, grant = await granted(cases, world, "1000")
    stricter = other(("yearly_most: 2700", "yearly_most: 10"))
    async with engine.begin() as connection:
        await connection.execute(
            select(t.funding_line).where(t.funding_line.c.id == world.funding_line).with_for_update()
        )
        granting = asyncio.create_task(cases.take(case_id, grant))
        while not granting.done() and not await row_is_awaited(engine):
            pass
        adopting = asyncio.create_task(adopt(cases, case_id, stricter))
        history = cases.handle(case_id)
        while "adopt" not in str((await history.fetch_history()).to_json()):
            pass
    assert (await granting).rejection is None
    assert (await adopting).changed == 2
    await nothing_differs(engine, cases.client)


async def test_all_that_is_live_adopts_closed_cases_in_their_window_too(
    cases: Cases, world: World, engine: AsyncEngine, bulk: str
) -> None:
    """A closed case has another window to be reopened in; one that has ended for good is passed over."""
    opened, closed, mistaken = uuid4(), uuid4(), uuid4()
    for case_id in (opened, closed, mistaken):
        await cases.open(world.open_case(case_id))
    await cases.take(closed, world.request(TenantCase, "close", {"outcome": "RESOLVED"}, on=closed, version=1))
    await cases.take(mistaken, world.request(TenantCase, "enter_in_error", on=mistaken, version=1))
    await cases.handle(mistaken).result()
    longer = other(("reopen_within: {value: 120 days", "reopen_within: {value: 200 days"))
    version = await published(engine, world, longer, adopting=True)
    await wake(cases.client, ADOPTION, queue=bulk)
    adoption = await done(engine, version)
    assert (adoption.total, adoption.done, adoption.failed) == (3, 3, 0)
    rows = [await process(engine, case_id) for case_id in (opened, closed, mistaken)]
    assert [row.data["terms"]["policy"] for row in rows] == [OTHER, OTHER, POLICY.id]
    assert rows[1].data["limits"]["reopen_within"]["amount"] == 200
    await nothing_differs(engine, cases.client)


async def test_a_case_that_fails_is_listed_and_the_others_go_on(
    cases: Cases, world: World, engine: AsyncEngine, bulk: str
) -> None:
    ids = sorted(uuid4() for _ in range(3))
    for case_id in ids:
        await cases.open(world.open_case(case_id))
    await cases.handle(ids[0]).terminate()
    version = await published(engine, world, LONGER, adopting=True)
    await wake(cases.client, ADOPTION, queue=bulk)
    adoption = await done(engine, version)
    assert (adoption.done, adoption.failed) == (3, 1)
    async with engine.connect() as connection:
        failed = (await connection.execute(select(t.adoption_failure))).one()
    assert (failed.case_id, failed.code) == (ids[0], "CASE_ENDED")
    assert [(await process(engine, each)).data["terms"]["policy"] for each in ids[1:]] == [OTHER, OTHER]


async def test_a_dry_run_finds_in_the_end_what_the_adoption_changes(
    cases: Cases, world: World, engine: AsyncEngine, bulk: str
) -> None:
    """Deadline for deadline."""
    ids = [uuid4() for _ in range(3)]
    for case_id in ids:
        await cases.open(world.open_case(case_id))
    rules = policy.load(LONGER, PROCESSES)
    async with engine.begin() as connection:
        await policies.submit(connection, rules.id, LONGER, by=world.staff, now=datetime.now(UTC))
        await dry_runs.start(connection, rules.id, now=datetime.now(UTC))
    await wake(cases.client, DRY_RUN, queue=bulk)
    async with asyncio.timeout(30):
        while True:
            async with engine.connect() as connection:
                run = await dry_runs.latest(connection, rules.id)
            if run and run.ended_at:
                break
    async with engine.connect() as connection:
        rows = (await connection.execute(select(t.dry_run_change))).all()
    foreseen = {row.process_id: dry_runs.change_of(row).deadline_to for row in rows}
    for case_id in ids:
        await adopt(cases, case_id, LONGER)
    assert foreseen == {case_id: (await process(engine, case_id)).deadline for case_id in ids}
    assert (run.total, run.done) == (3, 3)
