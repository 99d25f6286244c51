"""The cases of an agency, as supervisors look through them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import Case, Urgency
from domain.choices import Choice
from domain.fields import Day, DistrictId, PersonId, ServicePointId, StaffId
from domain.process import Process
from domain.tenant_case import Outcome, TenantCase
from store import tables as t
from store.filters import Several, matching
from store.pages import Order, Page, Pages
from store.scope import Scope, within


class CaseOrder(Choice):
    """What comes first."""

    OPENED_DESC = "Prima le più recenti", "Latest first"
    DEADLINE_ASC = "Prima ciò che scade prima", "Soonest deadline first"
    URGENCY_DESC = "Prima le più urgenti", "Most urgent first"


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Which cases; everything that is given must hold.

    `open`: still open, or ended. `overdue`: whether the case, or an open track of it, is past its deadline.
    `operated`: whether anybody answers for it. The days are those of Italy, both included.
    """

    state: Several[TenantCase.State] = ()
    open: bool | None = None
    overdue: bool | None = None
    urgency: Urgency | None = None
    operator: StaffId | None = None
    operated: bool | None = None
    district: DistrictId | None = None
    service_point: ServicePointId | None = None
    person: PersonId | None = None
    opened_from: Day | None = None
    opened_to: Day | None = None
    ended_from: Day | None = None
    ended_to: Day | None = None
    outcome: Outcome | None = None


_case = t.process.c
_ORDERS = {
    CaseOrder.OPENED_DESC: Order("cases.opened", ((_case.opened_at, False), (_case.id, False))),
    CaseOrder.DEADLINE_ASC: Order("cases.deadline", ((_case.deadline, True), (_case.id, True))),
    CaseOrder.URGENCY_DESC: Order(
        "cases.urgency", ((_case.urgency, False), (_case.opened_at, False), (_case.id, False))
    ),
}


async def cases(
    connection: AsyncConnection,
    given: CaseFilter,
    order: CaseOrder,
    *,
    first: int,
    after: str | None,
    scope: Scope,
) -> Page:
    """Return a page of the cases, each the row of its process. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    statement = select(t.process).where(
        of_cases(),
        within(scope, t.process),
        *matching(given, t.process, leave_out=("open", "overdue", "operated", "service_point", "outcome")),
    )
    if given.open is not None:
        statement = statement.where(_case.ended_at.is_(None) if given.open else _case.ended_at.is_not(None))
    if given.overdue is not None:
        statement = statement.where(late() if given.overdue else ~late())
    if given.operated is not None:
        statement = statement.where(_case.operator_id.is_not(None) if given.operated else _case.operator_id.is_(None))
    if given.service_point:
        statement = statement.where(at_point(_case.case_id, given.service_point))
    if given.outcome:
        statement = statement.where(_case.data["outcome"].astext == given.outcome.name)
    return await Pages(statement, _ORDERS[order]).page(connection, first=first, after=after)


def late() -> ColumnElement[bool]:
    """Return the clause that keeps cases to those that are past their deadline, or have an open track that is."""
    process = t.process.alias("late")
    return exists().where(process.c.case_id == _case.id, process.c.overdue, process.c.ended_at.is_(None))


def at_point(case_id: ColumnElement[UUID], service_point: UUID) -> ColumnElement[bool]:
    """Return the clause that keeps what belongs to a case to the cases of a service point."""
    file = t.case_file.c
    return exists().where(file.id == case_id, file.service_point_id == service_point)


def of_cases() -> ColumnElement[bool]:
    """Return the clause that keeps processes to cases, without their tracks."""
    kinds = sorted(kind for kind, process in Process.kinds.items() if issubclass(process, Case))
    return _case.kind == kinds[0] if len(kinds) == 1 else _case.kind.in_(kinds)
