"""Assignments: rows beside the processes, so that a thousand move in one statement. Doing it twice changes nothing.

Each function is part of its caller's transaction: what it refuses, the caller rolls back.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, all_, and_, delete, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.assignment import ASSIGNERS
from domain.process import Process
from domain.refusals import Refusal, Refused
from store import tables as t
from store.scope import Scope, require

_assignment, _process = t.assignment.c, t.process.c


def holds() -> ColumnElement[bool]:
    """Return the clause that keeps assignments to those that count: the process still waits for whom it waited then.

    What one role has done is nothing that the next has claimed.
    """
    process = t.process.alias("waiting")
    same = process.c.waits_for.is_not_distinct_from(_assignment.waits_for)
    return exists().where(process.c.id == _assignment.process_id, same).correlate(t.assignment)


async def assign(
    connection: AsyncConnection, processes: Sequence[UUID], staff_id: UUID, *, scope: Scope, now: datetime
) -> None:
    """Give the processes to somebody, whoever had them. Raises `Refused` (NOT_FOUND, ASSIGNEE_ELSEWHERE)."""
    await _require(connection, processes, scope)
    await _require_at_work(connection, processes, staff_id)
    await _give(connection, processes, staff_id, now=now)


async def claim(connection: AsyncConnection, processes: Sequence[UUID], *, scope: Scope, now: datetime) -> None:
    """Give the processes to the caller. Raises `Refused` (NOT_FOUND, TASK_TAKEN)."""
    await _require(connection, processes, scope)
    await _give(connection, processes, scope.staff_id, ~holds(), now=now)
    await _require_own(connection, processes, Refused(Refusal.TASK_TAKEN, path=("processes",)), scope=scope)


async def release(connection: AsyncConnection, processes: Sequence[UUID], *, scope: Scope) -> None:
    """Make the processes anybody's again. Raises `Refused` (NOT_FOUND, NOT_YOURS)."""
    await _require(connection, processes, scope)
    released = delete(t.assignment).where(_assignment.process_id.in_(processes))
    if not scope.roles & ASSIGNERS:
        refusal = Refused(Refusal.NOT_YOURS, path=("processes",), roles=ASSIGNERS)
        await _require_own(connection, processes, refusal, scope=scope)
        released = released.where(_assignment.staff_id == scope.staff_id)
    await connection.execute(released)


async def _give(
    connection: AsyncConnection,
    processes: Sequence[UUID],
    staff_id: UUID,
    *taken_from: ColumnElement[bool],
    now: datetime,
) -> None:
    """Write who has the processes; those that somebody has already, only as far as they may be `taken_from` them."""
    # In the same order for everybody, so that nobody waits for whom they keep waiting.
    whom = select(_process.id, literal(staff_id), literal(now), _process.waits_for).where(_process.id.in_(processes))
    columns = ["process_id", "staff_id", "assigned_at", "waits_for"]
    row = upsert(t.assignment).from_select(columns, whom.order_by(_process.id))
    changes = {name: row.excluded[name] for name in columns[1:]}
    moved = or_(*(_assignment[name].is_distinct_from(row.excluded[name]) for name in ("staff_id", "waits_for")))
    await connection.execute(
        row.on_conflict_do_update(index_elements=["process_id"], set_=changes, where=and_(moved, *taken_from))
    )


async def _require_at_work(connection: AsyncConnection, processes: Sequence[UUID], staff_id: UUID) -> None:
    """Raise `Refused` unless somebody works where the processes are; who works in no district works in each."""
    staff = t.staff.c
    elsewhere = select(_process.id).where(
        _process.id.in_(processes),
        staff.id == staff_id,
        func.cardinality(staff.districts) > 0,
        _process.district_id != all_(staff.districts),
    )
    if (await connection.execute(elsewhere.limit(1))).first():
        raise Refused(Refusal.ASSIGNEE_ELSEWHERE, path=("staff",))


async def _require(connection: AsyncConnection, processes: Sequence[UUID], scope: Scope) -> None:
    named = ((("processes", str(place)), Process.__name__, each) for place, each in enumerate(processes))
    await require(connection, named, scope=scope)


async def _require_own(
    connection: AsyncConnection, processes: Sequence[UUID], refusal: Refused, *, scope: Scope
) -> None:
    others = select(_assignment.process_id).where(
        _assignment.process_id.in_(processes), _assignment.staff_id != scope.staff_id, holds()
    )
    if (await connection.execute(others.limit(1))).first():
        raise refusal
