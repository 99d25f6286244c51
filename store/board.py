"""How much there is, and where: cases and tracks counted by kind, state and operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fields import DistrictId, ServicePointId, StaffId
from store import tables as t
from store.cases import at_point, late, of_cases
from store.database import AnyRow
from store.filters import matching
from store.scope import Scope, within


@dataclass(frozen=True, kw_only=True)
class BoardFilter:
    """Whose cases, and where; everything that is given must hold."""

    district: DistrictId | None = None
    service_point: ServicePointId | None = None
    operator: StaffId | None = None


_process = t.process.c
_LATE = or_(and_(_process.overdue, _process.ended_at.is_(None)), late())
_COUNTS = (func.count().label("number"), func.count().filter(_LATE).label("overdue"))


async def by_state(connection: AsyncConnection, given: BoardFilter, *, scope: Scope) -> Sequence[AnyRow]:
    """Return rows of (kind, state, number, overdue) for every state that some process is in."""
    statement = select(_process.kind, _process.state, *_COUNTS).where(*_where(given, scope))
    return (await connection.execute(statement.group_by(_process.kind, _process.state))).all()


async def by_operator(connection: AsyncConnection, given: BoardFilter, *, scope: Scope) -> Sequence[AnyRow]:
    """Return rows of (operator_id, number, overdue): the open cases of each operator, most first; None is nobody's."""
    statement = select(_process.operator_id, *_COUNTS).where(
        of_cases(), _process.ended_at.is_(None), *_where(given, scope)
    )
    ordered = statement.group_by(_process.operator_id).order_by(func.count().desc(), _process.operator_id)
    return (await connection.execute(ordered)).all()


def _where(given: BoardFilter, scope: Scope) -> list[ColumnElement[bool]]:
    clauses = [within(scope, t.process), *matching(given, t.process, leave_out=("service_point",))]
    if given.service_point:
        clauses.append(at_point(_process.case_id, given.service_point))
    return clauses
