"""Histories replay with today's code: those just made, and those stored for tomorrow's; whatever policy is in force."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from domain.tenant_case import TenantCase
from store import tables as t
from tests.workflows.lives import live_a_case
from tests.workflows.test_case_workflow import nothing_differs
from tests.workflows.versions import SHORTER, published
from tests.world import Cases, World
from workers.worker import workflow_runner
from workflows.converter import data_converter
from workflows.tenant_case import TenantCaseWorkflow

STORED = sorted((Path(__file__).parent / "histories").glob("*.json"))
"""Written by `python -m tests.workflows.record`; add one whenever the workflow or a process changes, delete none."""


def replayer() -> Replayer:
    """Return a replayer as the worker is set up."""
    return Replayer(
        workflows=[TenantCaseWorkflow],
        data_converter=data_converter,
        workflow_runner=workflow_runner(sandbox=True),
    )


async def test_a_history_made_today_replays(cases: Cases, world: World) -> None:
    """The same decisions come out of the same history."""
    case_id = await live_a_case(cases, world)
    await replayer().replay_workflow(await cases.handle(case_id).fetch_history())


async def test_the_history_of_a_case_that_cannot_be_reopened_any_more_replays(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """Closed a year ago and told today: its window has ended, and so has its workflow."""
    case_id, long_ago = uuid4(), datetime.now(UTC) - timedelta(days=400)
    await cases.open(world.open_case(case_id, at=long_ago))
    closed = world.request(TenantCase, "close", {"outcome": "RESOLVED"}, on=case_id, version=1, at=long_ago)
    await cases.take(case_id, closed)
    await cases.handle(case_id).result()
    await replayer().replay_workflow(await cases.handle(case_id).fetch_history())
    async with engine.connect() as connection:
        names = await connection.execute(select(t.event.c.name).order_by(t.event.c.seq))
        left = await connection.execute(select(t.task).where(t.task.c.done_at.is_(None)))
        assert names.scalars().all()[-1] == "window_ended"
        assert left.all() == []


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
async def test_a_stored_history_replays(stored: Path) -> None:
    """What ran under yesterday's code goes on under today's."""
    await replayer().replay_workflow(WorkflowHistory.from_json(str(uuid4()), stored.read_text()))


async def test_a_history_replays_while_another_policy_and_another_calendar_are_in_force(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """What the case was opened with is what it comes out with."""
    case_id = await live_a_case(cases, world)
    await published(engine, world, SHORTER.replace("2027-01-01", "2027-02-01"))
    async with engine.begin() as connection:
        today = datetime.now(UTC).date()
        closed = {"id": uuid4(), "reason": "Ferie", "starts_on": today, "ends_on": today + timedelta(days=59)}
        await connection.execute(insert(t.closure).values(closed))
    await replayer().replay_workflow(await cases.handle(case_id).fetch_history())
    await nothing_differs(engine, cases.client)


_WITHOUT = """
import asyncio, pathlib, sys
for package in ("holidays", "yaml", "sqlalchemy", "psycopg"):
    sys.modules[package] = None  # as if it were not installed
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from workflows.converter import data_converter
from workflows.tenant_case import TenantCaseWorkflow

async def replay(stored):
    runner = UnsandboxedWorkflowRunner()
    replayer = Replayer(workflows=[TenantCaseWorkflow], data_converter=data_converter, workflow_runner=runner)
    await replayer.replay_workflow(WorkflowHistory.from_json("stored", stored.read_text()))

for path in sys.argv[1:]:
    asyncio.run(replay(pathlib.Path(path)))
assert not {"domain.policy", "domain.calendar"} & set(sys.modules)
print("replayed", flush=True)
import os; os._exit(0)
"""


async def test_a_stored_history_replays_where_there_is_neither_policy_nor_calendar() -> None:
    """Not a package to read the one with, nor one that knows the other: the terms in the history are all it takes."""
    replaying = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WITHOUT, *map(str, STORED), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    said, _ = await replaying.communicate()
    assert said.decode() == "replayed\n"
