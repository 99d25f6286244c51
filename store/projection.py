"""The write side of casework: what a case's workflow has done, taken over in order and once, in one transaction.

`project` is the only writer of `case_file`, `process`, `event`, `task` and `appointment`, and of how reservations end.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.case import Case
from domain.events import Entry, Event, StepRequest
from domain.process import Process
from domain.record import load
from domain.roles import Role
from store import tables as t
from store.database import AnyRow

STATE, OVERDUE = "STATE", "OVERDUE"
"""Why there is a task: a state waits for its role; a deadline went by and the supervisor should see."""

_REQUEST = TypeAdapter(StepRequest)


class ProjectionMismatch(Exception):
    """The history that arrives does not continue the one that is stored: an incident for people, never skipped.

    Compare the two with `pratica verify`; the workflow keeps trying, and its case answers PENDING meanwhile.
    """


async def project(engine: AsyncEngine, case_id: UUID, entries: Sequence[Entry]) -> None:
    """Take over contiguous entries of a case, oldest first; those already taken are passed over.

    Raises `ProjectionMismatch` when they leave a gap, or differ from what is stored under the same number.
    """
    async with engine.begin() as connection:
        head = await _head(connection, case_id, entries[0])
        fresh = [entry for entry in entries if entry.event.seq > head.seq]
        await _compare(connection, case_id, [entry.event for entry in entries if entry.event.seq <= head.seq])
        if fresh and fresh[0].event.seq != head.seq + 1:
            raise ProjectionMismatch(f"case {case_id}: entry {head.seq + 1} comes next, not {fresh[0].event.seq}")
        for entry in fresh:
            head = await _put(connection, head, entry)
        if fresh:
            last = {"seq": fresh[-1].event.seq}
            await connection.execute(update(t.case_file).where(t.case_file.c.id == case_id).values(last))


async def _head(connection: AsyncConnection, case_id: UUID, first: Entry) -> AnyRow:
    """Lock the case's row, which keeps writers in line; make it if the case is new."""
    locked = select(t.case_file).where(t.case_file.c.id == case_id).with_for_update()
    head = (await connection.execute(locked)).one_or_none()
    if head is not None:
        return head
    opened = load(first.records[0].kind, first.records[0].data)
    if not isinstance(opened, Case) or first.event.seq != 1:
        raise ProjectionMismatch(f"case {case_id} is not stored, and entry {first.event.seq} does not open it")
    await connection.execute(upsert(t.case_file).values(id=case_id, seq=0, **_subject(opened)).on_conflict_do_nothing())
    return (await connection.execute(locked)).one()


async def _compare(connection: AsyncConnection, case_id: UUID, known: Sequence[Event]) -> None:
    """Make sure that what arrives again is what is stored."""
    if not known:
        return
    columns = (t.event.c.seq, t.event.c.process_id, t.event.c.name, t.event.c.version, t.event.c.request_id)
    stored = await connection.execute(
        select(*columns)
        .where(t.event.c.case_id == case_id, t.event.c.seq.between(known[0].seq, known[-1].seq))
        .order_by(t.event.c.seq)
    )
    arrived = [
        (event.seq, event.process_id, event.name, event.version, event.request.request_id if event.request else None)
        for event in known
    ]
    if [tuple(row) for row in stored] != arrived:
        raise ProjectionMismatch(f"case {case_id}: entries from {known[0].seq} are stored as others")


async def _put(connection: AsyncConnection, head: AnyRow, entry: Entry) -> AnyRow:
    """Write one entry; return the case's row as it leaves it."""
    event = entry.event
    processes = [load(record.kind, record.data) for record in entry.records]
    for process in processes:
        if isinstance(process, Case):
            head = await _follow(connection, head, process)
    await connection.execute(insert(t.event).values(_event_row(head.id, event)))
    for process, record in zip(processes, entry.records, strict=True):
        row = _process_row(process, head, event) | {"data": record.data}
        await connection.execute(_PUT_PROCESS, row)
    moved = processes[0]
    await _put_tasks(connection, head, moved, event)
    if moved.settles:
        await _settle(connection, head, moved)
    if event.request:
        await _answer(connection, event, event.request)
    return head


def _event_row(case_id: UUID, event: Event) -> dict[str, Any]:
    actor = event.request.actor if event.request else None
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
        "actor_id": actor.id if actor else None,
        "actor_role": actor.role.name if actor else None,
        "request_id": event.request.request_id if event.request else None,
        "request": _REQUEST.dump_python(event.request, mode="json") if event.request else None,
    }


# What the lists filter by, repeated on every row of the case.


def _subject(process: Case) -> dict[str, Any]:
    return {
        "person_id": process.person,
        "district_id": process.district,
        "service_point_id": process.service_point,
        "operator_id": process.operator,
        "urgency": process.urgency.rank,
    }


def _repeated(head: AnyRow) -> dict[str, Any]:
    return {name: getattr(head, name) for name in ("person_id", "district_id", "operator_id", "urgency")}


async def _follow(connection: AsyncConnection, head: AnyRow, process: Case) -> AnyRow:
    """Carry a change of the case's subject over to all its rows."""
    subject = _subject(process)
    if all(getattr(head, name) == value for name, value in subject.items()):
        return head
    changed = update(t.case_file).where(t.case_file.c.id == head.id).values(**subject).returning(t.case_file)
    head = (await connection.execute(changed)).one()
    for table in (t.process, t.task):
        await connection.execute(update(table).where(table.c.case_id == head.id).values(**_repeated(head)))
    return head


def _process_row(process: Process, head: AnyRow, event: Event) -> dict[str, Any]:
    return {
        "id": process.id,
        "case_id": process.case_id,
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
        **_repeated(head),
    }


_put_process = upsert(t.process)
_PUT_PROCESS = _put_process.on_conflict_do_update(
    index_elements=[t.process.c.id],
    set_={column.name: column for column in _put_process.excluded if column.name not in {"id", "case_id", "kind"}},
)

# The tasks of states that were left, and of deadlines that were moved, are done.
_CLOSE_TASKS = text(
    """
    update task
       set done_at = :at, due_at = due_at
     where process_id = :process and done_at is null
       and (entry < :entry or (reason = 'OVERDUE' and not :overdue))
    """
)
_put_task = upsert(t.task)
_PUT_TASK = _put_task.on_conflict_do_update(
    index_elements=[t.task.c.process_id, t.task.c.entry, t.task.c.reason],
    set_={"due_at": _put_task.excluded.due_at, "done_at": None},
)


async def _put_tasks(connection: AsyncConnection, head: AnyRow, process: Process, event: Event) -> None:
    """A state that waits for a role is a task; one that is overdue is the supervisor's too."""
    if process.version > 1:
        done = {"at": event.occurred_at, "process": process.id, "entry": process.entry, "overdue": process.overdue}
        await connection.execute(_CLOSE_TASKS, done)
    wanted = [(STATE, process.waits_for)] if isinstance(process.waits_for, Role) else []
    if process.overdue:
        wanted.append((OVERDUE, Role.SUPERVISOR))
    rows = [
        {
            "process_id": process.id,
            "entry": process.entry,
            "reason": reason,
            "role": role.name,
            "due_at": process.deadline or event.occurred_at,
            "opened_at": event.occurred_at,
            "done_at": None,
            "case_id": process.case_id,
            **_repeated(head),
        }
        for reason, role in wanted
    ]
    if rows:
        await connection.execute(_PUT_TASK, rows)


async def _settle(connection: AsyncConnection, head: AnyRow, process: Process) -> None:
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
        row = {
            "process_id": process.id,
            "entry": process.entry,
            "stop_id": appointment.stop,
            "person_id": head.person_id,
            "district_id": head.district_id,
            "starts_at": appointment.at,
            "status": "BOOKED",
        }
        await connection.execute(upsert(t.appointment).values(row).on_conflict_do_nothing())


_END_APPOINTMENT = text(
    "update appointment set status = :status where process_id = :process and entry < :entry and status = 'BOOKED'"
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


async def _answer(connection: AsyncConnection, event: Event, request: StepRequest) -> None:
    """Keep the key with its answer, and make the step's notes part of the history."""
    row = {
        "id": request.request_id,
        "fingerprint": request.fingerprint,
        "object_id": event.process_id,
        "answer": {"version": event.version, "seq": event.seq},
        "answered_at": event.recorded_at,
    }
    await connection.execute(insert(t.request).values(row))
    if request.notes:
        attach = update(t.note).where(t.note.c.id.in_(bindparam("notes", expanding=True))).values(attached=True)
        await connection.execute(attach, {"notes": list(request.notes)})
