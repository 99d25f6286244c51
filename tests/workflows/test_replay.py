"""Histories replay with today's code: those just made, and those stored for tomorrow's."""

from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from tests.workflows.lives import live_a_case
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


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
async def test_a_stored_history_replays(stored: Path) -> None:
    """What ran under yesterday's code goes on under today's."""
    await replayer().replay_workflow(WorkflowHistory.from_json(str(uuid4()), stored.read_text()))
