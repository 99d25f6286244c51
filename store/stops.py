"""A stop that is cancelled: whoever is booked there is told, and somebody finds them another appointment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.ladder import Rung
from domain.policy import Policy
from domain.process import Process
from domain.record import dump_value, load
from domain.register import Stop
from domain.reminding import STOP_CANCELLED, STOP_HELD
from store import tables as t
from store.database import autocommit
from store.policies import Policies

EVENT = "stop_cancelled"
"""The event of the policy whose ladder is climbed."""


async def amended(connection: AsyncConnection, stop_id: UUID, stop: Stop, policies: Policies, *, now: datetime) -> bool:
    """Schedule what follows from a stop as it stands now; say whether dispatch must be woken. Twice is as good as once.

    If it is cancelled, those with an appointment there, which is still to come, climb the ladder of their policy's
    event, and are reminded of the appointment no more. If it is held after all, what has not left yet is called off.
    """
    if stop.cancelled_at is None:
        held = await connection.execute(_HOLD, {"stop": stop_id, "now": now})
        return held.first() is not None
    return await _called_off(connection, stop_id, policies, now=now)


async def booked(engine: AsyncEngine, stop_id: UUID, policies: Policies, *, now: datetime) -> bool:
    """Have who was given an appointment while the stop was being cancelled hear of it; return as `amended` does."""
    async with autocommit(engine).connect() as connection:
        # Who cancels it has locked it: wait for them. Who comes after finds the appointment.
        asked = select(t.stop.c.cancelled_at).where(t.stop.c.id == stop_id).with_for_update(read=True)
        if (await connection.execute(asked)).scalar_one_or_none() is None:
            return False
    async with engine.begin() as connection:
        return await _called_off(connection, stop_id, policies, now=now)


async def _called_off(connection: AsyncConnection, stop_id: UUID, policies: Policies, *, now: datetime) -> bool:
    process, appointment = t.process.c, t.appointment.c
    expected = (
        select(process.kind, process.data)
        .join_from(t.process, t.appointment, process.id == appointment.process_id)
        .where(appointment.stop_id == stop_id, appointment.status == "BOOKED", appointment.starts_at > now)
        .where(appointment.entry == process.entry)
    )
    rows: list[dict[str, Any]] = []
    for row in await connection.execute(expected):
        moved = load(row.kind, row.data)
        policy = await policies.of(connection, moved.terms.policy)
        rows += _news(moved, policy, policy.events.get(EVENT, ()), now)
    if rows:
        await connection.execute(_CALL_OFF, {"reminders": rows, "now": now})
    return bool(rows)


def _news(process: Process, policy: Policy, ladder: Sequence[Rung], now: datetime) -> list[dict[str, Any]]:
    found = []
    closures, appointment = process.terms.closures, process.appointment_now()
    before = appointment.at if appointment else None
    for rung in ladder:
        due_at = rung.when.due(now, 1, closures)
        found.append(
            {
                "process_id": process.id,
                "entry": process.entry,
                "rung": f"{EVENT}/{rung.clause}",
                "whom": rung.tell and rung.tell.name,
                "due_at": due_at,
                "leaves_at": rung.leaves_at(due_at, policy.timetable, closures, appointment=before),
                "own": dump_value(rung),
            }
        )
    return found


# What was called off, and then held after all, may be called off again.
_CALL_OFF = text(
    f"""
    with news as (
        select * from jsonb_to_recordset(:reminders) as n(
            process_id uuid, entry integer, rung text, whom text, due_at timestamptz, leaves_at timestamptz, own jsonb)
    ), silenced as (
        update reminder r set status = 'CANCELLED', code = '{STOP_CANCELLED}', ended_at = :now
         where r.status = 'SCHEDULED' and r.whom = 'PERSON' and r.own is null
           and (r.process_id, r.entry) in (select process_id, entry from news)
    )
    insert into reminder (process_id, entry, rung, occurrence, whom, due_at, leaves_at, status, own)
    select process_id, entry, rung, 1, whom, due_at, leaves_at, 'SCHEDULED', own from news
    on conflict (process_id, entry, rung, occurrence) do update
       set status = 'SCHEDULED', code = null, ended_at = null, due_at = excluded.due_at,
           leaves_at = excluded.leaves_at, own = excluded.own
     where reminder.status = 'CANCELLED' and reminder.code = '{STOP_HELD}'
    """
).bindparams(bindparam("reminders", type_=JSONB))
_HOLD = text(
    f"""
    with booked as (
        select process_id, entry from appointment where stop_id = :stop and status = 'BOOKED' and starts_at > :now
    ), held as (
        update reminder r set status = 'CANCELLED', code = '{STOP_HELD}', ended_at = :now from booked b
         where (r.process_id, r.entry) = (b.process_id, b.entry)
           and r.status = 'SCHEDULED' and r.rung like '{EVENT}/%'
        returning r.process_id, r.entry
    )
    update reminder r set status = 'SCHEDULED', code = null, ended_at = null from held h
     where (r.process_id, r.entry) = (h.process_id, h.entry)
       and r.status = 'CANCELLED' and r.code = '{STOP_CANCELLED}' and r.leaves_at > :now
    returning r.process_id
    """
)
