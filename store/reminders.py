"""Reminders as people see them: what will be told to whom and when; and what they may do about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.choices import Choice
from domain.fields import Day, DistrictId, PersonId, StaffId
from domain.ladder import Whom, reminders_of
from domain.record import load
from domain.refusals import Refusal, Refused
from domain.reminding import CANCELLED_BY_STAFF, DECIDERS, HANDLERS, ReminderStatus
from store import dispatch, requests
from store import tables as t
from store.database import AnyRow
from store.filters import Kind, Several, matching
from store.jobs import Job, job_of
from store.pages import Order, Page, Pages
from store.policies import Policies
from store.projection import reminder_row
from store.requests import Asked
from store.scope import Scope, within

MOST = 100
"""Reminders, messages, and tasks that were done, that a process shows: the latest."""


class Key(NamedTuple):
    """What tells a reminder from every other one."""

    process_id: UUID
    entry: int
    rung: str
    occurrence: int


class ReminderOrder(Choice):
    """What comes first."""

    LEAVES_ASC = "Prima ciò che parte prima", "What leaves soonest first"
    LEAVES_DESC = "Prima ciò che parte dopo", "What leaves last first"


@dataclass(frozen=True, kw_only=True)
class ReminderFilter:
    """Which reminders; everything that is given must hold.

    `status`: what is SCHEDULED, unless another is given. `whom`: who is told. `kind`: of the process; `operator`: who
    answers for the case. `leaves_from`, `leaves_to`: local days of Italy, both included.
    """

    status: ReminderStatus = ReminderStatus.SCHEDULED
    whom: Several[Whom] = ()
    kind: Several[Kind] = ()
    person: PersonId | None = None
    district: DistrictId | None = None
    operator: StaffId | None = None
    leaves_from: Day | None = None
    leaves_to: Day | None = None


_reminder, _process = t.reminder.c, t.process.c
_KEY = (_reminder.process_id, _reminder.entry, _reminder.rung, _reminder.occurrence)
_OF_PROCESS = frozenset({"kind", "person", "district", "operator"})
_ORDERS = {
    ReminderOrder.LEAVES_ASC: Order("reminder.leaves", tuple((key, True) for key in (_reminder.leaves_at, *_KEY))),
    ReminderOrder.LEAVES_DESC: Order("reminder.left", tuple((key, False) for key in (_reminder.leaves_at, *_KEY))),
}


def _seen(scope: Scope) -> Select[Any]:
    """Return the statement: reminders of processes in sight, each with the policy that it is from, and whose it is."""
    of_policy = func.coalesce(_reminder.policy, _process.data["terms"]["policy"].astext)
    return (
        select(
            *_KEY,
            of_policy.label("policy"),
            _reminder.whom,
            _reminder.due_at,
            _reminder.leaves_at,
            _reminder.status,
            _reminder.code,
            _reminder.ended_at,
            _reminder.ended_by,
            _reminder.message_id,
            _reminder.own,
            _process.person_id,
        )
        .join_from(t.reminder, t.process, _process.id == _reminder.process_id)
        .where(within(scope, t.process))
    )


async def reminders(
    connection: AsyncConnection,
    given: ReminderFilter,
    order: ReminderOrder,
    *,
    first: int,
    after: str | None,
    scope: Scope,
) -> Page:
    """Return a page of reminders. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    # Within the text: an index holds the reminders of some statuses only.
    status: Any = bindparam("status", given.status.name, literal_execute=True)
    statement = _seen(scope).where(
        _reminder.status == status,
        *matching(given, t.process, leave_out={"status", "whom", "leaves_from", "leaves_to"}),
        *matching(given, t.reminder, leave_out={"status", *_OF_PROCESS}),
    )
    return await Pages(statement, _ORDERS[order]).page(connection, first=first, after=after)


async def of_processes(
    connection: AsyncConnection, process_ids: Collection[UUID], *, scope: Scope
) -> Mapping[UUID, list[AnyRow]]:
    """Return the reminders of each of these processes, past and to come, oldest first; of many, the latest."""
    found: dict[UUID, list[AnyRow]] = {process_id: [] for process_id in process_ids}
    latest = func.row_number().over(
        partition_by=_reminder.process_id, order_by=[key.desc() for key in (_reminder.leaves_at, *_KEY)]
    )
    ranked = _seen(scope).add_columns(latest.label("rank")).where(_reminder.process_id.in_(process_ids)).subquery()
    oldest_first = select(ranked).where(ranked.c["rank"] <= MOST).order_by(ranked.c["rank"].desc())
    for row in await connection.execute(oldest_first):
        found[row.process_id].append(row)
    return found


async def find(connection: AsyncConnection, key: Key, *, scope: Scope) -> AnyRow:
    """Return a reminder. Raises `Refused` (NOT_FOUND) if there is none in sight."""
    row: AnyRow | None = (await connection.execute(_seen(scope).where(_is(key)))).one_or_none()
    if row is None:
        raise Refused(Refusal.NOT_FOUND, path=("id",))
    return row


async def cancel(
    connection: AsyncConnection, key: Key, *, asked: Asked, scope: Scope, policies: Policies, now: datetime
) -> None:
    """Call a reminder off; of one that repeats, the next time comes all the same. A request that has done so is known.

    Raises `Refused`: NOT_FOUND, NOT_YOURS, REMINDER_GONE, STAFF_UNKNOWN (who called it off is kept).
    """
    if await requests.answered(connection, asked, object_id=key.process_id, version=1, now=now):
        return
    row, job = await _scheduled(connection, key, scope=scope, policies=policies)
    known = select(t.staff.c.id).where(t.staff.c.id == scope.staff_id)
    if (await connection.execute(known)).one_or_none() is None:
        raise Refused(Refusal.STAFF_UNKNOWN)
    over = {"status": ReminderStatus.CANCELLED.name, "code": CANCELLED_BY_STAFF, "ended_by": scope.staff_id}
    await connection.execute(update(t.reminder).where(_is(key)).values(ended_at=now, **over))
    if job and job.rung.when.times > 1 and row.entry == row.present:
        process = load(row.kind, row.data)
        after = max(now, row.leaves_at)
        following = reminders_of(process, (job.rung,), job.policy.timetable, now=after)
        await dispatch.schedule(connection, [reminder_row(process, each) for each in following])


async def send_now(
    connection: AsyncConnection, key: Key, *, asked: Asked, scope: Scope, policies: Policies, now: datetime
) -> None:
    """Have a message leave at once; in quiet hours, at the first permitted minute. A request that has done so is known.

    Raises `Refused` as `cancel` does, or REMINDER_NO_MESSAGE.
    """
    if await requests.answered(connection, asked, object_id=key.process_id, version=1, now=now):
        return
    row, job = await _scheduled(connection, key, scope=scope, policies=policies)
    if not job or not job.rung.tell:
        raise Refused(Refusal.REMINDER_NO_MESSAGE, path=("id",))
    leaves_at = job.rung.leaves_at(now, job.policy.timetable, load(row.kind, row.data).terms.closures)
    await connection.execute(update(t.reminder).where(_is(key)).values(leaves_at=min(leaves_at, row.leaves_at)))


async def _scheduled(
    connection: AsyncConnection, key: Key, *, scope: Scope, policies: Policies
) -> tuple[AnyRow, Job | None]:
    """Return a reminder that is to come, locked, if it is the caller's to decide about."""
    present = _process.entry.label("present")
    wanted = _seen(scope).add_columns(_process.kind, _process.data, present).where(_is(key))
    row = (await connection.execute(wanted.with_for_update(of=t.reminder))).one_or_none()
    if row is None:
        raise Refused(Refusal.NOT_FOUND, path=("id",))
    job = await job_of(connection, row, policies)
    ordinary = job is not None and job.rung.tell is not None and not job.formal
    by = HANDLERS if ordinary else DECIDERS
    if not scope.roles & by:
        raise Refused(Refusal.NOT_YOURS, roles=by)
    if row.status != ReminderStatus.SCHEDULED.name:
        raise Refused(Refusal.REMINDER_GONE, path=("id",), status=ReminderStatus[row.status])
    return row, job


def _is(key: Key) -> Any:
    return and_(*(column == value for column, value in zip(_KEY, key, strict=True)))
