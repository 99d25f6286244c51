"""Compares what must be the same: the event log lived again, the read model, and the live workflows."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

import domain.processes  # noqa: F401  (what the log tells of must have been declared)
from store import database, log
from workers.clock import clock_of
from workers.engine import connect
from workers.errors import ServerFailed
from workers.settings import Settings
from workflows.messages import CARRIED, Carried, case_of, workflow_id


@dataclass(frozen=True)
class Difference:
    """Something that is not the same; `what` has ids and numbers, nothing personal."""

    case_id: UUID
    what: str


async def report(settings: Settings, console: Console) -> bool:
    """Print what differs; say whether anything does. Raises ServerFailed if a server or the worker is away."""
    engine = database.connect(settings.database_url, pool_size=2)
    client = await connect(settings)
    found = 0
    try:
        with console.status("Comparing event log, read model and live workflows"):
            async for difference in everywhere(engine, client, now=(await clock_of(settings))()):
                found += 1
                console.print(f"case {difference.case_id}: {difference.what}")
    except (RPCError, WorkflowQueryFailedError, SQLAlchemyError) as error:
        message = f"It could not be compared, {found} differences so far: is a worker running? `pratica doctor` tells."
        raise ServerFailed(message) from error
    finally:
        await engine.dispose()
    console.print(f"{found} differences." if found else "Event log, read model and live workflows are the same.")
    return bool(found)


async def differences(engine: AsyncEngine, client: Client, *, now: datetime) -> AsyncIterator[Difference]:
    """Yield what differs, case by case. Run it while nothing is being written, or expect cases that just moved."""
    async with engine.connect() as reading, engine.connect() as connection:
        async for case_id in log.case_ids(reading):
            for what in await _compare(connection, client, case_id, now):
                yield Difference(case_id, what)


async def everywhere(engine: AsyncEngine, client: Client, *, now: datetime) -> AsyncIterator[Difference]:
    """Yield the differences, and the cases that only Temporal knows; a time-skipping server lists none."""
    known: set[UUID] = set()
    async with engine.connect() as connection:
        known.update([case_id async for case_id in log.case_ids(connection)])
    async for difference in differences(engine, client, now=now):
        yield difference
    try:
        async for execution in client.list_workflows("ExecutionStatus = 'Running'"):
            case_id = case_of(execution.id)
            if case_id and case_id not in known:
                yield Difference(case_id, "its workflow is running, and PostgreSQL has never heard of it")
    except RPCError as error:
        if error.status is not RPCStatusCode.UNIMPLEMENTED:
            raise


async def _compare(connection: AsyncConnection, client: Client, case_id: UUID, now: datetime) -> list[str]:
    history = await log.events(connection, case_id)
    if [event.seq for event in history] != list(range(1, len(history) + 1)):
        return ["the event log has a gap"]
    try:
        file, rebuilt = log.rebuilt(case_id, history)
    except Exception as error:  # noqa: BLE001 (whatever today's code says of an old event is the finding)
        return [f"the event log cannot be lived again: {type(error).__name__}"]
    stored = await log.stored(connection, case_id)
    found = [
        f"process {identifier}: the read model is not what the log says"
        for identifier in sorted(rebuilt.keys() | stored.keys())
        if rebuilt.get(identifier) != stored.get(identifier)
    ]
    live = await _live(client, case_id)
    if live is None:
        return found if file.expired(now) else [*found, "its workflow has ended, or is not there"]
    if live.seq != file.seq:
        found.append(f"the workflow is at entry {live.seq}, the log at {file.seq}")
    elif live.records != file.records():
        found.append("the workflow holds other processes than the log says")
    return found


async def _live(client: Client, case_id: UUID) -> Carried | None:
    try:
        handle = client.get_workflow_handle(workflow_id(case_id))
        if (await handle.describe()).close_time:
            return None
        carried: Carried = await handle.query(CARRIED, result_type=Carried)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return carried
