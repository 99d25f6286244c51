"""The worklist: open tasks, soonest due first, of whoever may take them; and what was done on a process."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, Uuid, bindparam, cast, exists, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import Urgency
from domain.choices import Choice
from domain.fields import Day, DistrictId, PersonId, ServicePointId, StaffId, local_day
from domain.refusals import Refusal, Refused
from domain.register import MANAGERS
from domain.roles import Role
from domain.tasks import TaskReason
from store import tables as t
from store.assignments import holds
from store.cases import at_point
from store.casework import SCOPES
from store.database import AnyRow
from store.filters import Kind, Several, matching
from store.joins import Joined
from store.pages import Order, Page, Pages
from store.reminders import MOST
from store.scope import Scope, within


class WorklistOrder(Choice):
    """What comes first."""

    DUE_ASC = "Prima ciò che scade prima", "Soonest due first"
    URGENCY_DESC = "Prima ciò che è più urgente", "Most urgent first"
    OPENED_ASC = "Prima ciò che aspetta da più tempo", "Waiting longest first"


@dataclass(frozen=True, kw_only=True)
class WorklistFilter:
    """Which tasks; everything that is given must hold.

    `role`: whom they wait for; the caller's own roles unless given, and a supervisor may give any. `mine`: assigned to
    the caller, or to somebody who is away today and whose deputy they are (the task's `assignee` says to whom),
    whatever the role; `assigned`: to anybody at all; `assignee`: to this one. `operator`: who answers for the case.
    `due_from`, `due_to`: local days of Italy, both included.
    """

    role: Several[Role] = ()
    mine: bool | None = None
    assigned: bool | None = None
    assignee: StaffId | None = None
    operator: StaffId | None = None
    district: DistrictId | None = None
    service_point: ServicePointId | None = None
    person: PersonId | None = None
    kind: Several[Kind] = ()
    overdue: bool | None = None
    due_from: Day | None = None
    due_to: Day | None = None
    urgency: Urgency | None = None
    reason: TaskReason | None = None


_OWN = frozenset({"role", "mine", "assigned", "assignee", "service_point", "overdue"})
"""What is more than a column of the task."""

_task = t.task.c
_LAST_KEYS = ((_task.process_id, True), (_task.reason, True))
_ORDERS = {
    WorklistOrder.DUE_ASC: Order("worklist.due", ((_task.due_at, True), *_LAST_KEYS)),
    WorklistOrder.URGENCY_DESC: Order("worklist.urgency", ((_task.urgency, False), (_task.due_at, True), *_LAST_KEYS)),
    WorklistOrder.OPENED_ASC: Order("worklist.opened", ((_task.opened_at, True), *_LAST_KEYS)),
}
"""A process has one open task for each reason."""

References = Mapping[str, Collection[str]]
"""What to read along with each task, by reference: columns of `process`, `person`, `district`, `assignee`."""


async def worklist(
    connection: AsyncConnection,
    given: WorklistFilter,
    order: WorklistOrder,
    *,
    first: int,
    after: str | None,
    scope: Scope,
    now: datetime,
    references: References,
) -> Page:
    """Return a page of the open tasks. Raises `Refused` (NOT_YOURS, PAGE_INVALID, CURSOR_INVALID)."""
    if given.role and not scope.roles & MANAGERS and not scope.roles.issuperset(given.role):
        raise Refused(Refusal.NOT_YOURS, path=("filter", "role"), roles=MANAGERS)
    pages = _pages(given, order, scope, _hashable(references))
    parameters: dict[str, Any] = {} if given.overdue is None else {"now": now}
    if given.mine is not None:
        parameters["today"] = local_day(now)
    return await pages.page(connection, first=first, after=after, **parameters)


async def open_tasks(
    connection: AsyncConnection, process_ids: Collection[UUID], *, scope: Scope, references: References
) -> Mapping[UUID, list[AnyRow]]:
    """Return the open tasks of each of these processes, soonest due first."""
    found: dict[UUID, list[AnyRow]] = {process_id: [] for process_id in process_ids}
    statement = _tasks(references, scope).where(_task.process_id.in_(process_ids))
    for row in await connection.execute(statement.order_by(_task.due_at, _task.reason)):
        found[row.process_id].append(row)
    return found


async def done_tasks(
    connection: AsyncConnection, process_ids: Collection[UUID], *, scope: Scope, references: References
) -> Mapping[UUID, list[AnyRow]]:
    """Return what was done on each of these processes, the latest first; of many, the latest."""
    found: dict[UUID, list[AnyRow]] = {process_id: [] for process_id in process_ids}
    # Of the process, not of the task: what is done stays in the district that it was done in.
    seen = exists().where(t.process.c.id == _task.process_id, within(scope, t.process)).correlate(t.task)
    latest = func.row_number().over(
        partition_by=_task.process_id, order_by=(_task.done_at.desc(), _task.entry.desc(), _task.reason)
    )
    done = _read(references).where(_task.process_id.in_(process_ids), _task.done_at.is_not(None), seen)
    ranked = done.add_columns(latest.label("rank")).subquery()
    for row in await connection.execute(select(ranked).where(ranked.c["rank"] <= MOST).order_by(ranked.c["rank"])):
        found[row.process_id].append(row)
    return found


async def role_of(
    connection: AsyncConnection, process_id: UUID, entry: int, reason: TaskReason, *, scope: Scope
) -> Role:
    """Return whose task it is. Raises `Refused`: NOT_FOUND, TASK_OVER."""
    named = select(_task.role, _task.done_at).where(
        _task.process_id == process_id, _task.entry == entry, _task.reason == reason.name, within(scope, t.task)
    )
    row = (await connection.execute(named)).one_or_none()
    if row is None:
        raise Refused(Refusal.NOT_FOUND, path=("id",))
    if row.done_at:
        raise Refused(Refusal.TASK_OVER, path=("id",))
    return Role[row.role]


# The same people look at the same lists all day, and making a statement takes longer than PostgreSQL takes to run it.
@lru_cache(SCOPES)
def _pages(given: WorklistFilter, order: WorklistOrder, scope: Scope, references: "_Hashable") -> Pages:
    clauses = [*matching(given, t.task, leave_out=_OWN)]
    if given.role or not given.mine:
        roles = sorted(role.name for role in given.role or scope.roles)
        clauses.append(_task.role == roles[0] if len(roles) == 1 else _task.role.in_(roles))
    if given.mine is not None:
        clauses.append(
            _assigned(t.assignment.c.staff_id.in_(select(_stood_in_for(scope.staff_id).c.id)), so=given.mine)
        )
    if given.assigned is not None:
        clauses.append(_assigned(so=given.assigned))
    if given.assignee:
        clauses.append(_assigned(t.assignment.c.staff_id == given.assignee, so=True))
    if given.service_point:
        clauses.append(at_point(_task.case_id, given.service_point))
    if given.overdue is not None:
        now = bindparam("now", type_=_task.due_at.type)
        clauses.append(_task.due_at <= now if given.overdue else _task.due_at > now)
    return Pages(_tasks(dict(references), scope).where(*clauses), _ORDERS[order])


_Hashable = frozenset[tuple[str, frozenset[str]]]


def _hashable(references: References) -> _Hashable:
    return frozenset((reference, frozenset(columns)) for reference, columns in references.items())


def _assigned(*to: ColumnElement[bool], so: bool) -> ColumnElement[bool]:
    # Not that of the assignment which may be read along.
    found = exists().where(t.assignment.c.process_id == _task.process_id, *to, holds()).correlate(t.task)
    return found if so else ~found


def _stood_in_for(staff_id: UUID) -> CTE:
    """Return somebody, and whose work is theirs `today`: who is away with them as deputy, and whose deputy is, ..."""
    absence, today = t.absence.c, bindparam("today", type_=t.absence.c.starts_on.type)
    away = (
        select(absence.staff_id, absence.deputy_id)
        .where(absence.starts_on <= today, absence.ends_on >= today)
        # Of absences that overlap, the one that began last counts.
        .ext(distinct_on(absence.staff_id))
        .order_by(absence.staff_id, absence.starts_on.desc(), absence.id.desc())
        .cte("away")
    )
    mine = select(cast(literal(staff_id), Uuid).label("id")).cte("mine", recursive=True)
    return mine.union(select(away.c.staff_id).where(away.c.deputy_id == mine.c.id))


_COLUMNS = (
    _task.process_id,
    _task.entry,
    _task.reason,
    _task.kind,
    _task.state,
    _task.role,
    _task.due_at,
    _task.opened_at,
    _task.done_at,
    _task.urgency,
)


_OF_PROCESS = {"id": _task.process_id, "kind": _task.kind, "state": _task.state}
"""What a task itself says of its process."""


def _tasks(references: References, scope: Scope) -> Select[Any]:
    """Return the statement: open tasks in sight."""
    return _read(references).where(_task.done_at.is_(None), within(scope, t.task))


def _read(references: References) -> Select[Any]:
    joined = Joined(t.task, _COLUMNS)
    person, district, staff, assignment = t.person.c, t.district.c, t.staff.c, t.assignment.c
    for reference, columns in references.items():
        match reference:
            case "process" if _OF_PROCESS.keys() >= {*columns}:
                joined.beside(reference, {name: _OF_PROCESS[name] for name in sorted({"id", *columns})})
            case "process":
                joined.along(reference, t.process, t.process.c.id == _task.process_id, columns=columns)
            case "person":
                joined.along(reference, t.person, person.id == _task.person_id, columns=columns)
            case "district":
                joined.along(reference, t.district, district.id == _task.district_id, columns=columns)
            case "assignee":
                # Whoever has the process now did not do what was done on it.
                joined.through(
                    t.assignment, assignment.process_id == _task.process_id, _task.done_at.is_(None), holds()
                )
                joined.along(reference, t.staff, staff.id == assignment.staff_id, columns=columns)
    return joined.select()
