"""Assignments: rows beside the processes, so that a thousand move in one statement. Doing it twice changes nothing.

Each function is part of its caller's transaction: what it refuses, the caller rolls back.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.assignment import ASSIGNERS
from domain.refusals import Refusal, Refused
from store import tables as t
from store.scope import Scope, within

_assignment = t.assignment.c


async def assign(
    connection: AsyncConnection, processes: Sequence[UUID], staff_id: UUID, *, scope: Scope, now: datetime
) -> None:
    """Give the processes to somebody, whoever had them. Raises `Refused` (NOT_FOUND)."""
    await _require(connection, processes, scope)
    row = upsert(t.assignment).values(_rows(processes, staff_id, now))
    changes = {"staff_id": row.excluded.staff_id, "assigned_at": row.excluded.assigned_at}
    moved = _assignment.staff_id != row.excluded.staff_id
    await connection.execute(row.on_conflict_do_update(index_elements=["process_id"], set_=changes, where=moved))


async def claim(connection: AsyncConnection, processes: Sequence[UUID], *, scope: Scope, now: datetime) -> None:
    """Give the processes to the caller. Raises `Refused` (NOT_FOUND, TASK_TAKEN)."""
    await _require(connection, processes, scope)
    await connection.execute(
        upsert(t.assignment).values(_rows(processes, scope.staff_id, now)).on_conflict_do_nothing()
    )
    await _require_own(connection, processes, Refused(Refusal.TASK_TAKEN, path=("processes",)), scope=scope)


async def release(connection: AsyncConnection, processes: Sequence[UUID], *, scope: Scope) -> None:
    """Make the processes anybody's again. Raises `Refused` (NOT_FOUND, NOT_YOURS)."""
    await _require(connection, processes, scope)
    if not scope.roles & ASSIGNERS:
        refusal = Refused(Refusal.NOT_YOURS, path=("processes",), roles=ASSIGNERS)
        await _require_own(connection, processes, refusal, scope=scope)
    await connection.execute(delete(t.assignment).where(_assignment.process_id.in_(processes)))


def _rows(processes: Sequence[UUID], staff_id: UUID, now: datetime) -> list[dict[str, object]]:
    # In the same order for everybody, so that nobody waits for whom they keep waiting.
    return [{"process_id": each, "staff_id": staff_id, "assigned_at": now} for each in sorted({*processes})]


async def _require(connection: AsyncConnection, processes: Sequence[UUID], scope: Scope) -> None:
    found = select(t.process.c.id).where(t.process.c.id.in_(processes), within(scope, t.process))
    known = {*(await connection.execute(found)).scalars()}
    for place, process in enumerate(processes):
        if process not in known:
            raise Refused(Refusal.NOT_FOUND, path=("processes", str(place)))


async def _require_own(
    connection: AsyncConnection, processes: Sequence[UUID], refusal: Refused, *, scope: Scope
) -> None:
    others = select(_assignment.process_id).where(
        _assignment.process_id.in_(processes), _assignment.staff_id != scope.staff_id
    )
    if (await connection.execute(others.limit(1))).first():
        raise refusal
