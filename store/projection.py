"""The write side of casework: what a case's workflow has done, taken over in order and once.

`project` is the only writer of `case_file`, `process`, `event`, `task` and `appointment`, and of how reservations end;
it schedules reminders, and cancels those of a state that was left.
An entry is one statement: a step waits for it, and every round trip to PostgreSQL would be a millisecond more. Only a
case's first entry, and one that ends what was booked, take a few in a transaction.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.case import Case
from domain.events import (
    DEADLINE_PASSED,
    POLICY_ADOPTED,
    TASK_DONE,
    TASK_RAISED,
    WINDOW_ENDED,
    Entry,
    Event,
    Opening,
    StepRequest,
    TaskChange,
)
from domain.ladder import Reminder, reminders_of
from domain.process import Process
from domain.record import load
from domain.refusals import Refused
from domain.roles import Role
from domain.tasks import MOVED, TaskReason
from store import stops
from store import tables as t
from store.database import autocommit
from store.policies import Policies

_UNCHANGED = frozenset({DEADLINE_PASSED, TASK_RAISED, TASK_DONE})
"""Events after which everybody is told what they would have been told before."""

_REQUEST: TypeAdapter[StepRequest | TaskChange] = TypeAdapter(StepRequest | TaskChange)
_ADOPTED = TypeAdapter(Opening)


class ProjectionMismatch(Exception):
    """The history that arrives does not continue the one that is stored: an incident for people, never skipped.

    Compare the two with `pratica verify`; the workflow keeps trying, and its case answers PENDING meanwhile.
    """


async def project(engine: AsyncEngine, case_id: UUID, entries: Sequence[Entry], policies: Policies) -> bool:
    """Take over contiguous entries of a case, oldest first, each whole or not at all; those already taken stay.

    Say whether dispatch must be woken, for a reminder that leaves sooner than it would look. Raises
    `ProjectionMismatch` when they leave a gap, or differ from what is stored under the same number.
    """
    wake = False
    for entry in entries:
        event, processes = entry.event, [load(record.kind, record.data) for record in entry.records]
        moved = processes[0]
        opened = moved if event.seq == 1 and isinstance(moved, Case) else None
        settled = moved if moved.settles and moved.entered_at == event.occurred_at else None
        # By itself the statement is a transaction: `begin` and `commit` are two round trips more.
        async with engine.begin() if opened or settled else autocommit(engine).connect() as connection:
            if opened:
                file = upsert(t.case_file).values(id=case_id, seq=0, **_subject(opened))
                await connection.execute(file.on_conflict_do_nothing())
            woken = await _put(connection, case_id, entry, processes, policies)
            if woken is None:
                await _require_known(connection, case_id, event)
                wake = True  # whoever wrote it may not have lived to say so
            elif settled:
                await _settle(connection, settled)
            wake = wake or bool(woken)
        appointment = settled and settled.appointment_now()
        if appointment and appointment.stop:
            wake |= await stops.booked(engine, appointment.stop, policies, now=event.recorded_at)
    return wake


async def _put(
    connection: AsyncConnection, case_id: UUID, entry: Entry, processes: Sequence[Process], policies: Policies
) -> bool | None:
    """Write an entry if it is the next one, and about processes of this case; say whether to wake dispatch.

    None if it is not the next one.
    """
    event, moved = entry.event, processes[0]
    written = {
        "event": _event_row(case_id, event),
        "processes": [
            _process_row(process, event) | {"data": record.data}
            for process, record in zip(processes, entry.records, strict=True)
        ],
        "tasks": [row for process in processes for row in _task_rows(process, event)],
        "reminders": [
            row for process in processes for row in await _reminder_rows(connection, process, event, policies)
        ],
        "subject": _subject(moved) if isinstance(moved, Case) else None,
        "notes": event.request.notes if event.request else (),
    }
    statement = _PUT_OF_CASE if isinstance(moved, Case) else _PUT
    woken: bool | None = (await connection.execute(statement, {"written": written})).scalar_one_or_none()
    return woken


async def _require_known(connection: AsyncConnection, case_id: UUID, event: Event) -> None:
    """Make sure that an entry which is not the next one is one that is stored already."""
    columns = (t.event.c.process_id, t.event.c.name, t.event.c.version, t.event.c.request_id)
    stored = await connection.execute(select(*columns).where(t.event.c.case_id == case_id, t.event.c.seq == event.seq))
    row = stored.one_or_none()
    request_id = event.request.request_id if event.request else None
    if row is None or tuple(row) != (event.process_id, event.name, event.version, request_id):
        what = "does not come next, or is about another case" if row is None else "is stored as another one"
        raise ProjectionMismatch(f"case {case_id}: entry {event.seq} {what}")


def _event_row(case_id: UUID, event: Event) -> dict[str, Any]:
    request = event.request
    return {
        "case_id": case_id,
        "seq": event.seq,
        "process_id": event.process_id,
        "kind": event.kind,
        "name": event.name,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "version": event.version,
        "entry": event.entry,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "actor_id": request.actor.id if request else None,
        "actor_role": request.actor.role.name if request else None,
        "request_id": request.request_id if request else None,
        "fingerprint": request.fingerprint if request else None,
        "request": _REQUEST.dump_python(request, mode="json") if request else None,
        "adopted": _ADOPTED.dump_python(event.adopted, mode="json") if event.adopted else None,
    }


def _process_row(process: Process, event: Event) -> dict[str, Any]:
    return {
        "id": process.id,
        "kind": process.kind,
        "state": process.state,
        "version": process.version,
        "entry": process.entry,
        "waits_for": process.waits_for.name if process.waits_for else None,
        "opened_at": process.opened_at,
        "entered_at": process.entered_at,
        "deadline": process.deadline,
        "overdue": process.overdue,
        "ended_at": process.entered_at if process.ended else None,
        "changed_seq": event.seq,
        "settled": [reason.name for reason in _settled(process, event)],
        "reckoned": event.name not in _UNCHANGED,
    }


def _settled(process: Process, event: Event) -> set[TaskReason]:
    """Why there were tasks of the state it is in that are done with this event."""
    if event.name == WINDOW_ENDED:
        return set(TaskReason)
    done = set() if process.overdue else {TaskReason.OVERDUE}
    if process.id != event.process_id:
        return done
    if isinstance(event.request, TaskChange):
        return done | ({event.request.reason} if event.request.done else set())
    return done | (MOVED if event.request and event.request.actor.id else set())


async def _reminder_rows(
    connection: AsyncConnection, process: Process, event: Event, policies: Policies
) -> list[dict[str, Any]]:
    if event.name in _UNCHANGED:
        return []
    try:
        policy = await policies.of(connection, process.terms.policy)
    except Refused:  # nobody has that version any more: better nobody is told than nothing is written
        return []
    ladder = policy.ladder(process.kind, process.state)
    since = event.recorded_at if event.name == POLICY_ADOPTED else None
    reminders = reminders_of(process, ladder, policy.timetable, now=event.recorded_at, since=since)
    return [reminder_row(process, reminder) for reminder in reminders]


def reminder_row(process: Process, reminder: Reminder) -> dict[str, Any]:
    """Return the row of a reminder of the state that a process is in, scheduled."""
    return {
        "process_id": process.id,
        "entry": process.entry,
        "rung": reminder.name,
        "occurrence": reminder.occurrence,
        "policy": process.terms.policy,
        "whom": reminder.rung.tell and reminder.rung.tell.name,
        "due_at": reminder.due_at,
        "leaves_at": reminder.leaves_at,
    }


def _task_rows(process: Process, event: Event) -> list[dict[str, Any]]:
    """A state that waits for a role is a task; one that is overdue is the supervisor's too; and what was raised."""
    wanted = {TaskReason.STATE: process.waits_for} if isinstance(process.waits_for, Role) else {}
    if process.overdue:
        wanted[TaskReason.OVERDUE] = Role.SUPERVISOR
    rows = [(reason, role, process.deadline, event.occurred_at) for reason, role in wanted.items()]
    raised = event.request
    if isinstance(raised, TaskChange) and not raised.done and process.id == event.process_id:
        rows.append((raised.reason, raised.role, event.recorded_at, event.recorded_at))
    return [
        {
            "process_id": process.id,
            "entry": process.entry,
            "reason": reason.name,
            "kind": process.kind,
            "state": process.state,
            "role": role.name,
            "due_at": due_at or opened_at,
            "opened_at": opened_at,
        }
        for reason, role, due_at, opened_at in rows
    ]


def _subject(process: Case) -> dict[str, Any]:
    return {
        "person_id": process.person,
        "district_id": process.district,
        "service_point_id": process.service_point,
        "operator_id": process.operator,
        "urgency": process.urgency.rank,
    }


_SUBJECT = "person_id uuid, district_id uuid, service_point_id uuid, operator_id uuid, urgency smallint"
_REPEATED = "person_id, district_id, operator_id, urgency"
"""What the lists filter by: of the case, repeated on its processes and open tasks."""

_NEXT = "f.id = e.case_id and f.seq = e.seq - 1 and not exists (select from strangers)"
# The case's row is locked and moved on only if this is the entry that comes next; everything else hangs on that.
_HEAD = f"""
    update case_file f set seq = e.seq from e
     where {_NEXT}
    returning f.*
"""
# A step of the case itself may change the subject: the other rows of the case follow.
_HEAD_OF_CASE = f"""
    update case_file f
       set seq = e.seq, person_id = s.person_id, district_id = s.district_id, operator_id = s.operator_id,
           service_point_id = s.service_point_id, urgency = s.urgency
      from e, jsonb_to_record((select written->'subject' from input)) as s({_SUBJECT})
     where {_NEXT}
    returning f.*
"""
_FOLLOW = """,
    followed as (
        update process p
           set person_id = h.person_id, district_id = h.district_id, operator_id = h.operator_id, urgency = h.urgency
          from head h
         where p.case_id = h.id and p.id <> h.id
           and (p.person_id, p.district_id, p.operator_id, p.urgency)
               is distinct from (h.person_id, h.district_id, h.operator_id, h.urgency)
    ), followed_tasks as (
        update task k
           set person_id = h.person_id, district_id = h.district_id, operator_id = h.operator_id, urgency = h.urgency
          from head h
         where k.case_id = h.id and k.process_id <> h.id and k.done_at is null
           and (k.person_id, k.district_id, k.operator_id, k.urgency)
               is distinct from (h.person_id, h.district_id, h.operator_id, h.urgency)
    ), followed_appointments as (
        update appointment a set district_id = h.district_id
          from head h, process p
         where p.case_id = h.id and a.process_id = p.id and a.district_id <> h.district_id
    )
"""


def _put_statement(head: str, follow: str = "") -> Any:
    return text(
        f"""
    with input as (
        select cast(:written as jsonb) as written
    ), e as (
        select e.* from input, jsonb_to_record(written->'event') as e(
            case_id uuid, seq integer, process_id uuid, kind text, name text, from_state text, to_state text,
            version integer, entry integer, occurred_at timestamptz, recorded_at timestamptz, actor_id uuid,
            actor_role text, request_id text, fingerprint text, request jsonb, adopted jsonb)
    ), strangers as (
        select from e, input, jsonb_to_recordset(written->'processes') as w(id uuid)
          join process p on p.id = w.id where p.case_id <> e.case_id
    ), head as ({head}), logged as (
        insert into event (case_id, seq, process_id, kind, name, from_state, to_state, version, entry, occurred_at,
                           recorded_at, actor_id, actor_role, request_id, request, adopted)
        select e.case_id, e.seq, e.process_id, e.kind, e.name, e.from_state, e.to_state, e.version, e.entry,
               e.occurred_at, e.recorded_at, e.actor_id, e.actor_role, e.request_id, e.request, e.adopted
          from e, head
    ), stored as (
        insert into process (id, case_id, kind, state, version, entry, waits_for, opened_at, entered_at, deadline,
                             overdue, ended_at, changed_seq, data, {_REPEATED})
        select p.id, h.id, p.kind, p.state, p.version, p.entry, p.waits_for, p.opened_at, p.entered_at, p.deadline,
               p.overdue, p.ended_at, p.changed_seq, p.data, h.person_id, h.district_id, h.operator_id, h.urgency
          from head h, input, jsonb_to_recordset(written->'processes') as p(
            id uuid, kind text, state text, version integer, entry integer, waits_for text, opened_at timestamptz,
            entered_at timestamptz, deadline timestamptz, overdue boolean, ended_at timestamptz, changed_seq integer,
            data jsonb)
        on conflict (id) do update
           set state = excluded.state, version = excluded.version, entry = excluded.entry,
               waits_for = excluded.waits_for, entered_at = excluded.entered_at, deadline = excluded.deadline,
               overdue = excluded.overdue, ended_at = excluded.ended_at, changed_seq = excluded.changed_seq,
               data = excluded.data, person_id = excluded.person_id, district_id = excluded.district_id,
               operator_id = excluded.operator_id, urgency = excluded.urgency
         where process.case_id = excluded.case_id
    ), done as (
        -- The tasks of states that were left, of a deadline that was moved, and what is done.
        update task k set done_at = e.occurred_at
          from e, head, input, jsonb_to_recordset(written->'processes') as p(id uuid, entry integer, settled jsonb)
         where k.process_id = p.id and k.done_at is null and (k.entry < p.entry or p.settled ? k.reason)
    ), wanted as (
        insert into task (process_id, entry, reason, kind, state, role, due_at, opened_at, case_id, {_REPEATED})
        select k.process_id, k.entry, k.reason, k.kind, k.state, k.role, k.due_at, k.opened_at, h.id,
               h.person_id, h.district_id, h.operator_id, h.urgency
          from head h, input, jsonb_to_recordset(written->'tasks') as k(
            process_id uuid, entry integer, reason text, kind text, state text, role text, due_at timestamptz,
            opened_at timestamptz)
        on conflict (process_id, entry, reason) do update
           set due_at = excluded.due_at, done_at = null, person_id = excluded.person_id,
               district_id = excluded.district_id, operator_id = excluded.operator_id, urgency = excluded.urgency
    ), cancelled as (
        -- What a state that was left, or another term, has no use for; what no ladder asked for lasts with its state.
        update reminder r set status = 'CANCELLED', code = 'STATE_LEFT', ended_at = e.recorded_at
          from e, head, input, jsonb_to_recordset(written->'processes') as p(id uuid, entry integer, reckoned boolean)
         where r.process_id = p.id and r.status = 'SCHEDULED' and p.reckoned
           and (r.policy is not null or r.entry < p.entry)
           and not exists (
            select from jsonb_to_recordset(written->'reminders') as s(
                process_id uuid, entry integer, rung text, occurrence smallint)
             where (s.process_id, s.entry, s.rung, s.occurrence) = (r.process_id, r.entry, r.rung, r.occurrence))
    ), reminded as (
        insert into reminder (process_id, entry, rung, occurrence, policy, whom, due_at, leaves_at, status)
        select s.process_id, s.entry, s.rung, s.occurrence, s.policy, s.whom, s.due_at, s.leaves_at, 'SCHEDULED'
          from head, input, jsonb_to_recordset(written->'reminders') as s(
            process_id uuid, entry integer, rung text, occurrence smallint, policy text, whom text,
            due_at timestamptz, leaves_at timestamptz)
        on conflict (process_id, entry, rung, occurrence) do update
           set policy = excluded.policy, whom = excluded.whom, due_at = excluded.due_at,
               -- What somebody wanted to leave sooner does, unless it is due at another time now.
               leaves_at = case when reminder.due_at = excluded.due_at
                                then least(reminder.leaves_at, excluded.leaves_at) else excluded.leaves_at end
         where reminder.status = 'SCHEDULED' and (reminder.policy, reminder.due_at, reminder.leaves_at)
               is distinct from (excluded.policy, excluded.due_at, excluded.leaves_at)
        returning leaves_at
    ), answered as (
        insert into request (id, fingerprint, object_id, answer, answered_at)
        select e.request_id, e.fingerprint, e.process_id,
               jsonb_build_object('version', e.version, 'seq', e.seq), e.recorded_at
          from e, head where e.request_id is not null
        -- The same key at the same instant on another case: both are taken, the key stays the first one's.
        on conflict (id) do nothing
    ), noted as (
        update note n set attached = true
          from head, input, jsonb_array_elements_text(written->'notes') as named(id) where n.id = named.id::uuid
    ){follow}
    select exists (select from reminded r join dispatch d on r.leaves_at < d.wakes_at) from head
    """
    ).bindparams(bindparam("written", type_=JSONB))


_PUT = _put_statement(_HEAD)
_PUT_OF_CASE = _put_statement(_HEAD_OF_CASE, _FOLLOW)


async def _settle(connection: AsyncConnection, process: Process) -> None:
    """Say how what earlier states had booked has ended, and note what the present one expects."""
    ended = process.settles.get(process.state)
    values = {"process": process.id, "entry": process.entry}
    await connection.execute(_END_APPOINTMENT, values | {"status": ended or "CANCELLED"})
    if ended:
        await connection.execute(_SPEND, values | {"status": ended})
    else:
        await connection.execute(_RELEASE, values)
    appointment = process.appointment_now()
    if appointment:
        booked = values | {"stop": appointment.stop, "at": appointment.at}
        await connection.execute(_BOOK, booked)


_END_APPOINTMENT = text(
    "update appointment set status = :status where process_id = :process and entry < :entry and status = 'BOOKED'"
)
_BOOK = text(
    """
    insert into appointment (process_id, entry, stop_id, person_id, district_id, starts_at, status)
    select id, :entry, cast(:stop as uuid), person_id, district_id, :at, 'BOOKED' from process where id = :process
    on conflict do nothing
    """
)
# A share is keyed by the entry it was asked in, so it belongs to the one after.
_SPEND = text(
    "update reservation set status = :status where process_id = :process and entry + 1 < :entry and status = 'HELD'"
)
_RELEASE = text(
    """
    with released as (
        update reservation set status = 'RELEASED'
         where process_id = :process and entry + 1 < :entry and status = 'HELD'
        returning kind, resource_id, amount
    ), given_back as (
        select kind, resource_id, sum(amount) as amount from released group by kind, resource_id
    ), money as (
        update funding_line f set committed = committed - g.amount from given_back g
         where g.kind = 'FUNDING' and f.id = g.resource_id
    )
    update stop s set booked = booked - g.amount from given_back g where g.kind = 'STOP' and s.id = g.resource_id
    """
)
