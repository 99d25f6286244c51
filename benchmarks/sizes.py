"""What a case takes up: in PostgreSQL, in Temporal's history, in the worker."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
from temporalio.client import Client

from api import ids
from benchmarks import cpu
from benchmarks.figures import Figure
from benchmarks.front_end import FrontEnd
from benchmarks.load import Load
from benchmarks.size import Size
from benchmarks.steps import Writer, opened
from tests.stories.deployment import Deployment
from workflows.messages import workflow_id

_STEPS = 20
_AT_ONCE = 10

_STORED = "select sum(pg_total_relation_size(name::regclass)) from unnest(%s::text[]) name"
_TABLES = ("case_file", "process", "event", "task", "request")


async def stored(deployment: Deployment, size: Size) -> AsyncIterator[Figure]:
    """Yield what the seeded cases take up in PostgreSQL, indexes included; and leave its statistics up to date."""
    async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
        await connection.execute("vacuum analyze")
        found = await connection.execute(_STORED, [[*_TABLES]])
        (total,) = await found.fetchone() or (0,)
    yield Figure(name="PostgreSQL, an open case of 2.5 steps", value=float(total) / size.cases, unit="bytes")


async def history(front_end: FrontEnd, deployment: Deployment, client: Client) -> AsyncIterator[Figure]:
    """Yield what a step adds to the history of its case."""
    case = await opened(front_end, deployment.world)
    writer = await Writer.on(front_end, case)
    before = await _history(client, case)
    for _ in range(_STEPS):
        await writer.turn()
    after = await _history(client, case)
    for name, unit in (("history, a step", "bytes"), ("history, a step's events", "events")):
        yield Figure(name=name, value=(after[unit] - before[unit]) / _STEPS, unit=unit)


async def _history(client: Client, case: dict[str, Any]) -> dict[str, int]:
    _, case_id = ids.decode(case["id"])
    described = await client.get_workflow_handle(workflow_id(case_id)).describe()
    about = described.raw_description.workflow_execution_info
    return {"bytes": about.history_size_bytes, "events": about.history_length}


async def worker(front_end: FrontEnd, deployment: Deployment, size: Size) -> AsyncIterator[Figure]:
    """Yield what the worker holds with many open cases in its cache."""
    pid = deployment.programs["worker"].pid
    empty = cpu.memory(pid)

    async def turn() -> None:
        await opened(front_end, deployment.world)

    await Load().put([turn] * _AT_ONCE, size.open_cases)
    full = cpu.memory(pid)
    yield Figure(name=f"worker with {size.open_cases:,} open cases", value=full / 1e6, unit="MB")
    yield Figure(name="worker, an open case", value=(full - empty) / size.open_cases, unit="bytes")
