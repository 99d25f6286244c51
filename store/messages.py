"""Messages as people see them: what was really sent, what became of it, and whom it was for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fields import Day, PersonId
from domain.message import Channel, MessageStatus
from domain.recipient import RecipientKind
from domain.refusals import Refusal, Refused
from domain.register import MANAGERS
from domain.roles import STAFF
from store import tables as t
from store.database import AnyRow
from store.filters import Several, matching
from store.pages import Order, Page, Pages
from store.reminder_tables import ABOUT, FAILED, UNREAD
from store.reminders import MOST
from store.scope import Scope, within


@dataclass(frozen=True, kw_only=True)
class MessageFilter:
    """Which messages; everything that is given must hold.

    `person`: to this one. `created_from`, `created_to`: local days of Italy, both included.
    """

    status: Several[MessageStatus] = ()
    channel: Several[Channel] = ()
    recipient: Several[RecipientKind] = ()
    person: PersonId | None = None
    formal: bool | None = None
    created_from: Day | None = None
    created_to: Day | None = None


_message = t.message.c
_FAILED = frozenset({"TEMPORARY_FAILURE", "PERMANENT_FAILURE", "RETURNED", "UNKNOWN", "CANCELLED"})
_UNDER_WAY = frozenset({"CREATED", "SENDING"})
_LATEST_FIRST = Order("message.created", ((_message.created_at, False), (_message.id, False)))
_COLUMNS = (
    _message.id,
    _message.recipient,
    _message.recipient_id,
    _message.formal,
    _message.channel,
    _message.language,
    _message.subject,
    _message.body,
    _message.status,
    _message.code,
    _message.created_at,
    _message.sent_at,
    _message.ended_at,
    _message.read_at,
    _message.told,
)


def _seen(scope: Scope) -> Select[Any]:
    """Return the statement: messages, and whether everything that each is about is in sight (`whole`)."""
    return select(*_COLUMNS, ~_about_some(~within(scope, t.process)).label("whole"))


def _about_some(clause: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the clause that one of the processes that a message is about is such."""
    told = func.jsonb_array_elements(_message.told).table_valued(column("key", JSONB)).render_derived(name="told_of")
    process_id = cast(told.c.key["process_id"].astext, Uuid)
    joined = told.join(t.process, t.process.c.id == process_id)
    return exists(select(t.process.c.id).select_from(joined).where(clause)).correlate(t.message)


async def messages(
    connection: AsyncConnection, given: MessageFilter, *, first: int, after: str | None, scope: Scope
) -> Page:
    """Return a page of the messages about processes in sight, the latest first; for those who look after others.

    Raises `Refused` (NOT_YOURS, PAGE_INVALID, CURSOR_INVALID).
    """
    if not scope.roles & MANAGERS:
        raise Refused(Refusal.NOT_YOURS, roles=MANAGERS)
    statement = _seen(scope).where(*matching(given, t.message, leave_out={"person"}))
    if scope.districts is not None:
        statement = statement.where(_about_some(within(scope, t.process)))
    if given.person:
        statement = statement.where(_message.recipient == "PERSON", _message.recipient_id == given.person)
    wanted = {status.name for status in given.status}
    if wanted and wanted <= _FAILED:
        statement = statement.where(text(FAILED))
    if wanted and wanted <= _UNDER_WAY:
        statement = statement.where(_message.next_at.is_not(None))
    return await Pages(statement, _LATEST_FIRST).page(connection, first=first, after=after)


async def of_processes(
    connection: AsyncConnection, process_ids: Collection[UUID], *, scope: Scope
) -> Mapping[UUID, list[AnyRow]]:
    """Return the messages about each of these processes, oldest first; of many, the latest."""
    found: dict[UUID, list[AnyRow]] = {process_id: [] for process_id in process_ids}
    asked = (
        func.unnest(bindparam("ids", [*process_ids], type_=ARRAY(Uuid))).table_valued("id").render_derived(name="asked")
    )
    about = and_(
        literal_column(ABOUT, JSONB).has_key(cast(asked.c.id, Text)),
        exists().where(t.process.c.id == cast(asked.c.id, Uuid), within(scope, t.process)),
    )
    latest = func.row_number().over(partition_by=asked.c.id, order_by=[_message.created_at.desc(), _message.id.desc()])
    ranked = (
        _seen(scope)
        .add_columns(asked.c.id.label("process_id"), latest.label("rank"))
        .join_from(asked, t.message, about)
        .subquery()
    )
    oldest_first = select(ranked).where(ranked.c["rank"] <= MOST).order_by(ranked.c["rank"].desc())
    for row in await connection.execute(oldest_first):
        found[row.process_id].append(row)
    return found


async def load(connection: AsyncConnection, identifiers: Collection[UUID], *, scope: Scope) -> dict[UUID, AnyRow]:
    """Return those of these messages that are about something in sight."""
    statement = _seen(scope).where(_message.id.in_(identifiers), _about_some(within(scope, t.process)))
    return {row.id: row for row in await connection.execute(statement)}


# Notices in the application: one's own, whatever they are about.


def _mine(scope: Scope) -> ColumnElement[bool]:
    if not scope.roles & STAFF:
        return ~true()
    return and_(_message.recipient_id == scope.staff_id, text("recipient = 'STAFF' and channel = 'IN_APP'"))


async def notices(
    connection: AsyncConnection, *, unread: bool | None, first: int, after: str | None, scope: Scope
) -> Page:
    """Return a page of the caller's notices, the latest first. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    statement = select(*_COLUMNS).where(_mine(scope))
    if unread:
        statement = statement.where(text(UNREAD))
    elif unread is not None:
        statement = statement.where(_message.read_at.is_not(None))
    return await Pages(statement, _LATEST_FIRST).page(connection, first=first, after=after)


async def unread(connection: AsyncConnection, *, scope: Scope) -> int:
    """Return how many notices the caller has still to read."""
    counted = select(func.count()).select_from(t.message).where(_mine(scope), text(UNREAD))
    count: int = (await connection.execute(counted)).scalar_one()
    return count


async def read(
    connection: AsyncConnection, identifiers: Sequence[UUID], *, scope: Scope, now: datetime
) -> Mapping[UUID, AnyRow]:
    """Note that the caller has read these notices; again changes nothing. Raises `Refused` (NOT_FOUND)."""
    changed = (
        update(t.message)
        .where(_message.id.in_(identifiers), _mine(scope))
        .values(read_at=func.coalesce(_message.read_at, now))
        .returning(*_COLUMNS)
    )
    found = {row.id: row for row in await connection.execute(changed)}
    for place, identifier in enumerate(identifiers):
        if identifier not in found:
            raise Refused(Refusal.NOT_FOUND, path=("ids", str(place)))
    return found
