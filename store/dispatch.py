"""What dispatch does with rows: claim reminders that are due, write messages, record what became of them.

A claim is a lease: whoever dies with it loses it, and somebody else goes on. Time is an argument everywhere; no
statement asks PostgreSQL for it, so that a stack may live in another time than its server.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ladder import Whom
from domain.message import MessageStatus, Receipt
from store import tables as t
from store.database import AnyRow

Written = Mapping[str, Any]
"""A row to be written, by column."""


async def wake(connection: AsyncConnection) -> None:
    """Say that dispatch is up: until it sleeps again, whoever schedules something wakes it."""
    await connection.execute(_WAKE)


async def sleep(connection: AsyncConnection, *, at_most: datetime) -> datetime:
    """Return when there is something to do again, and say until when dispatch sleeps."""
    until: datetime = (await connection.execute(_SLEEP, {"at_most": at_most})).scalar_one()
    return until


async def recover(connection: AsyncConnection, *, now: datetime) -> None:
    """Give back the claims of whoever has died with them."""
    await connection.execute(_RECOVER, {"now": now})


async def claim(connection: AsyncConnection, *, now: datetime, lease: datetime, most: int) -> Sequence[AnyRow]:
    """Claim up to so many reminders that are due, soonest first, until the lease ends.

    Each comes with the process as it is now (`present`: still in that entry), its appointment, and who has its task.
    """
    return (await connection.execute(_CLAIM, {"now": now, "lease": lease, "most": most})).all()


async def claim_of_persons(
    connection: AsyncConnection, persons: Collection[UUID], *, until: datetime, lease: datetime
) -> Sequence[AnyRow]:
    """Claim what these persons are to be told before `until`: it goes into the same message."""
    asked = {"persons": list(persons), "until": until, "lease": lease}
    return (await connection.execute(_CLAIM_OF_PERSONS, asked)).all() if persons else []


async def told_by(connection: AsyncConnection, messages: Collection[UUID]) -> Sequence[AnyRow]:
    """Return the reminders that messages are for, as `claim` does."""
    return (await connection.execute(_TOLD_BY, {"messages": list(messages)})).all()


async def look(connection: AsyncConnection, key: Written) -> AnyRow | None:
    """Return the reminder with this key, as `claim` does, without claiming it."""
    return (await connection.execute(_LOOK, key)).one_or_none()


async def processes(connection: AsyncConnection, identifiers: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Return the whole processes, by id."""
    process = t.process.c
    rows = await connection.execute(select(process.id, process.kind, process.data).where(process.id.in_(identifiers)))
    return {row.id: row for row in rows}


async def told_of_entry(connection: AsyncConnection, process_id: UUID, entry: int) -> datetime:
    """Return when somebody told that a process had entered a state: maybe days after it had."""
    event = t.event.c
    entered = select(func.min(event.recorded_at)).where(event.process_id == process_id, event.entry == entry)
    told: datetime = (await connection.execute(entered)).scalar_one()
    return told


async def sent_about(connection: AsyncConnection, process_id: UUID) -> Sequence[AnyRow]:
    """Return what the person was told about a process: `rung`, `own`, `policy` of the reminder, `at`, `status`.

    What a person has told them, by telephone or by hand, has no message and so no status.
    """
    reminder, message = t.reminder.c, t.message.c
    statement = (
        select(reminder.rung, reminder.own, reminder.policy, reminder.ended_at.label("at"), message.status)
        .join(t.message, message.id == reminder.message_id, isouter=True)
        .where(reminder.process_id == process_id, reminder.whom == Whom.PERSON.name, reminder.status == "DONE")
    )
    return (await connection.execute(statement.order_by(reminder.ended_at))).all()


async def monthly_rent(connection: AsyncConnection, tenancy_id: UUID | None) -> Decimal | None:
    """Return the rent of a tenancy in EUR a month, if it is known."""
    rent: Decimal | None = (
        await connection.execute(select(t.tenancy.c.monthly_rent).where(t.tenancy.c.id == tenancy_id))
    ).scalar_one_or_none()
    return rent


async def keep(connection: AsyncConnection, messages: Sequence[Written]) -> set[UUID]:
    """Write new messages; return the ids of those that were, for a person has one a day."""
    if not messages:
        return set()
    return {*(await connection.execute(_KEEP, {"messages": messages})).scalars()}


async def settle(connection: AsyncConnection, reminders: Sequence[Written]) -> None:
    """Say what has become of claimed reminders: DONE, CANCELLED or SCHEDULED again."""
    if reminders:
        await connection.execute(_SETTLE, {"reminders": reminders})


async def schedule(connection: AsyncConnection, reminders: Sequence[Written]) -> None:
    """Add reminders: the next time of those that repeat."""
    if reminders:
        await connection.execute(_SCHEDULE, {"reminders": reminders})


async def claim_messages(connection: AsyncConnection, *, now: datetime, lease: datetime, most: int) -> Sequence[AnyRow]:
    """Claim messages that want something done: another try, or what follows from how they ended."""
    return (await connection.execute(_CLAIM_MESSAGES, {"now": now, "lease": lease, "most": most})).all()


async def extend(connection: AsyncConnection, messages: Collection[UUID], *, lease: datetime) -> None:
    """Keep the claims on messages that are still under way."""
    message = t.message.c
    under_way = message.id.in_(messages), message.status == MessageStatus.SENDING.name
    await connection.execute(update(t.message).where(*under_way).values(next_at=lease))


async def record(connection: AsyncConnection, messages: Sequence[Written]) -> None:
    """Write what became of messages under way; what a receipt has said meanwhile stands."""
    if messages:
        await connection.execute(_RECORD, {"messages": messages})


async def receive(connection: AsyncConnection, receipts: Iterable[Receipt], *, now: datetime) -> None:
    """Take receipts over: each is a fact that may come twice, out of order, or before the answer to the sending."""
    rows = [
        {
            "key": receipt.key,
            "status": receipt.status.name,
            "at": receipt.at,
            "provider_id": receipt.provider_id or None,
            "code": receipt.code or None,
        }
        for receipt in receipts
    ]
    await connection.execute(_RECEIVE, {"receipts": rows, "now": now})


def _rows(name: str, statement: str) -> TextClause:
    return text(statement).bindparams(bindparam(name, type_=JSONB))


_WAKE = text(
    "insert into dispatch (id, wakes_at) values (1, 'infinity') on conflict (id) do update set wakes_at = 'infinity'"
)
_SLEEP = text(
    """
    update dispatch set wakes_at = least(
        cast(:at_most as timestamptz),
        (select min(leaves_at) from reminder where status = 'SCHEDULED'),
        (select min(lease_until) from reminder where status = 'CLAIMED'),
        (select min(next_at) from message where next_at is not null))
    returning wakes_at
    """
)
_RECOVER = text(
    "update reminder set status = 'SCHEDULED', lease_until = null where status = 'CLAIMED' and lease_until <= :now"
)
_KEY = "(r.process_id, r.entry, r.rung, r.occurrence)"
_JOB = """
    select c.process_id, c.entry, c.rung, c.occurrence, c.whom, c.own, c.due_at, c.leaves_at, c.message_id,
           coalesce(c.policy, p.data->'terms'->>'policy') as policy,
           p.kind, p.state, p.case_id, p.person_id, p.district_id, p.deadline,
           p.entry = c.entry as present, p.ended_at is not null as ended, p.data->>'service' as service_id,
           coalesce(g.staff_id, p.operator_id) as staff_id, a.starts_at, s.place
      from claimed c
      join process p on p.id = c.process_id
      left join assignment g on g.process_id = p.id and g.waits_for is not distinct from p.waits_for
      left join appointment a on a.process_id = p.id and a.entry = c.entry and a.status = 'BOOKED'
      left join stop s on s.id = a.stop_id
     order by c.leaves_at, c.process_id, c.rung
"""
_CLAIMED = f"""
    claimed as (
        update reminder r set status = 'CLAIMED', lease_until = :lease from picked p
         where {_KEY} = (p.process_id, p.entry, p.rung, p.occurrence)
        returning r.*
    )
"""
_CLAIM = text(
    f"""
    with picked as materialized (
        select r.process_id, r.entry, r.rung, r.occurrence from reminder r
         where r.status = 'SCHEDULED' and r.leaves_at <= :now
         order by r.leaves_at limit :most for update skip locked
    ), {_CLAIMED} {_JOB}
    """
)
_CLAIM_OF_PERSONS = text(
    f"""
    with picked as materialized (
        select r.process_id, r.entry, r.rung, r.occurrence from reminder r join process p on p.id = r.process_id
         where p.person_id = any(:persons) and r.status = 'SCHEDULED' and r.whom = 'PERSON' and r.leaves_at < :until
           for update of r skip locked
    ), {_CLAIMED} {_JOB}
    """
)
_TOLD_BY = text(
    f"""
    with claimed as (
        select r.process_id, r.entry, r.rung, r.occurrence, r.whom, r.own, r.due_at, r.leaves_at, r.policy,
               m.id as message_id
          from message m, jsonb_to_recordset(m.told) as k(
            process_id uuid, entry integer, rung text, occurrence smallint), reminder r
         where m.id = any(:messages) and {_KEY} = (k.process_id, k.entry, k.rung, k.occurrence)
    ) {_JOB}
    """
)
_LOOK = text(
    f"""
    with claimed as (
        select r.* from reminder r where {_KEY} = (:process_id, :entry, :rung, :occurrence)
    ) {_JOB}
    """
)
_KEEP = _rows(
    "messages",
    """
    insert into message (id, recipient, recipient_id, day, alone, formal, channel, key, channels, language, subject,
                         body, sent_to, told, status, next_at, created_at, ended_at)
    select m.id, m.recipient, m.recipient_id, m.day, m.alone, m.formal, m.channel, m.key, m.channels, m.language,
           m.subject, m.body, m.sent_to, m.told, m.status, m.next_at, m.created_at, m.ended_at
      from jsonb_to_recordset(:messages) as m(
        id uuid, recipient text, recipient_id uuid, day date, alone boolean, formal boolean, channel text, key uuid,
        channels text[], language text, subject text, body text, sent_to text, told jsonb, status text,
        next_at timestamptz, created_at timestamptz, ended_at timestamptz)
    on conflict do nothing
    returning id
    """,
)
_SETTLE = _rows(
    "reminders",
    f"""
    update reminder r
       set status = s.status, code = s.code, message_id = coalesce(s.message_id, r.message_id), lease_until = null,
           leaves_at = coalesce(s.leaves_at, r.leaves_at), ended_at = s.ended_at
      from jsonb_to_recordset(:reminders) as s(
        process_id uuid, entry integer, rung text, occurrence smallint, status text, code text, message_id uuid,
        leaves_at timestamptz, ended_at timestamptz)
     where {_KEY} = (s.process_id, s.entry, s.rung, s.occurrence) and r.status = 'CLAIMED'
    """,
)
_SCHEDULE = _rows(
    "reminders",
    """
    insert into reminder (process_id, entry, rung, occurrence, policy, whom, due_at, leaves_at, status, own)
    select s.process_id, s.entry, s.rung, s.occurrence, s.policy, s.whom, s.due_at, s.leaves_at, 'SCHEDULED', s.own
      from jsonb_to_recordset(:reminders) as s(
        process_id uuid, entry integer, rung text, occurrence smallint, policy text, whom text, due_at timestamptz,
        leaves_at timestamptz, own jsonb)
    on conflict do nothing
    """,
)
_CLAIM_MESSAGES = text(
    """
    with picked as materialized (
        select id from message where next_at <= :now order by next_at limit :most for update skip locked
    )
    update message m set next_at = :lease from picked where m.id = picked.id returning m.*
    """
)
_RECORD = _rows(
    "messages",
    f"""
    update message m
       set status = r.status, code = r.code, provider_id = coalesce(r.provider_id, m.provider_id),
           channel = coalesce(r.channel, m.channel), key = coalesce(r.key, m.key),
           channels = coalesce(r.channels, m.channels), tries = coalesce(r.tries, m.tries), next_at = r.next_at,
           sent_at = coalesce(r.sent_at, m.sent_at), ended_at = coalesce(r.ended_at, m.ended_at),
           sent_to = coalesce(r.sent_to, m.sent_to), body = coalesce(r.body, m.body)
      from jsonb_to_recordset(:messages) as r(
        id uuid, status text, code text, provider_id text, channel text, key uuid, channels text[], tries smallint,
        next_at timestamptz, sent_at timestamptz, ended_at timestamptz, sent_to text, body text, was text)
     where m.id = r.id and m.status = coalesce(r.was, '{MessageStatus.SENDING.name}')
    """,
)
# What was delivered may come back; what came back, or failed for good, was not delivered.
_RECEIVE = _rows(
    "receipts",
    """
    update message m
       set status = r.status, code = coalesce(r.code, m.code), provider_id = coalesce(m.provider_id, r.provider_id),
           sent_at = coalesce(m.sent_at, r.at), ended_at = least(r.at, cast(:now as timestamptz)),
           next_at = case when r.status <> 'DELIVERED' or m.formal then cast(:now as timestamptz) end
      from (
        select distinct on (key) * from jsonb_to_recordset(:receipts) as r(
            key uuid, status text, at timestamptz, provider_id text, code text)
         order by key, at desc
      ) r
     where m.key = r.key and (
        (r.status = 'DELIVERED' and m.status in ('SENDING', 'SENT', 'UNKNOWN', 'TEMPORARY_FAILURE'))
        or (r.status = 'PERMANENT_FAILURE' and m.status in ('SENDING', 'SENT', 'UNKNOWN', 'TEMPORARY_FAILURE'))
        or (r.status = 'RETURNED' and m.status in ('SENDING', 'SENT', 'UNKNOWN', 'TEMPORARY_FAILURE', 'DELIVERED')))
    """,
)
