"""What a case takes up in PostgreSQL, and what a step adds to its history in Temporal."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
from temporalio.client import Client

from api import ids
from benchmarks.figures import Figure
from benchmarks.stage import Stage
from benchmarks.steps import Writer, opened
from tests.stories.deployment import Deployment
from workflows.messages import workflow_id

_STEPS = 20

_STORED = "select sum(pg_total_relation_size(name::regclass)) from unnest(%s::text[]) name"
_TABLES = ("case_file", "process", "event", "task", "request", "reminder")


async def measured(stage: Stage) -> AsyncIterator[Figure]:
    """Yield what a case that was written takes up, and what a step of another adds to its history."""
    stored = await in_postgresql(stage.deployment) / stage.size.cases
    yield Figure(name="PostgreSQL, an open case of 2.5 steps", value=stored, unit="bytes")
    case = await opened(stage.supervisor, stage.deployment.world)
    writer = await Writer.on(stage.supervisor, case)
    before = await history_of(stage.floor, case)
    for _ in range(_STEPS):
        await writer.turn()
    after = await history_of(stage.floor, case)
    for name, unit in (("history, a step", "bytes"), ("history, a step's events", "events")):
        yield Figure(name=name, value=(after[unit] - before[unit]) / _STEPS, unit=unit)


async def in_postgresql(deployment: Deployment) -> int:
    """Return how many bytes all cases take up, reminders and indexes included; and leave statistics up to date."""
    async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
        await connection.execute("vacuum analyze")
        found = await connection.execute(_STORED, [[*_TABLES]])
        (total,) = await found.fetchone() or (0,)
    return int(total)


async def history_of(client: Client, case: dict[str, Any]) -> dict[str, int]:
    """Return how long the history of a case is, by unit."""
    _, case_id = ids.decode(case["id"])
    described = await client.get_workflow_handle(workflow_id(case_id)).describe()
    about = described.raw_description.workflow_execution_info
    return {"bytes": about.history_size_bytes, "events": about.history_length}
