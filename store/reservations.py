"""Shares of what several cases share: money of a funding line, places at a stop. Taken under a row lock, once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.fields import local_day
from domain.process import Ceiling, Reservation
from domain.refusals import Refusal, Refused
from store import tables as t

# Each takes its share only if it is there, and says with a row that it was: the row's lock is the queue.
_TAKE: Mapping[str, str] = {
    "FUNDING": """
        update funding_line set committed = committed + :amount
         where id = :resource and committed + :amount <= budget
           and starts_on <= :day and (ends_on is null or ends_on >= :day)
        returning id
    """,
    "STOP": """
        update stop set booked = booked + :amount
         where id = :resource and booked + :amount <= capacity and cancelled_at is null
        returning id
    """,
}
_GIVE_BACK: Mapping[str, str] = {
    "FUNDING": "update funding_line set committed = committed - :amount where id = :resource",
    "STOP": "update stop set booked = booked - :amount where id = :resource",
}
_REFUSAL: Mapping[str, tuple[Refusal, str]] = {
    "FUNDING": (Refusal.FUNDS_SHORT, "funding_line"),
    "STOP": (Refusal.STOP_FULL, "stop"),
}
_held = t.reservation.c


async def reserve(engine: AsyncEngine, *, process_id: UUID, entry: int, reservation: Reservation, at: datetime) -> None:
    """Take the share for one entry of a process; asking again for the same takes nothing more. Raises `Refused`.

    A process that holds the same share already, for the state it is in, keeps it: an appointment is moved within a full
    stop. One that asked for another in this entry, and in the end did not take the step, gives that back.
    """
    key = {"process_id": process_id, "entry": entry}
    async with engine.begin() as connection:
        held = select(t.reservation).where(_held.process_id == process_id, _held.status == "HELD")
        rows = {row.entry: row for row in await connection.execute(held.with_for_update())}
        known = rows.pop(entry, None)
        same = {"kind": reservation.kind, "resource_id": reservation.resource, "amount": reservation.amount}
        if known and known._mapping.items() >= same.items():  # noqa: SLF001 (a public name of SQLAlchemy's)
            return
        if known:
            given_back = {"resource": known.resource_id, "amount": known.amount}
            await connection.execute(text(_GIVE_BACK[known.kind]), given_back)
            await connection.execute(t.reservation.delete().where(_held.process_id == process_id, _held.entry == entry))
        await _require_open(connection, reservation)
        kept = next((row for row in rows.values() if row._mapping.items() >= same.items()), None)  # noqa: SLF001
        if kept:
            moved = update(t.reservation).where(_held.process_id == process_id, _held.entry == kept.entry)
            await connection.execute(moved.values(entry=entry))
            return
        if reservation.under:
            await _require_below(connection, reservation.under, reservation)
        share = {"resource": reservation.resource, "amount": reservation.amount, "day": local_day(at)}
        if (await connection.execute(text(_TAKE[reservation.kind]), share)).one_or_none() is None:
            code, field = _REFUSAL[reservation.kind]
            raise Refused(code, path=(field,), amount=reservation.amount)
        under = reservation.under and reservation.under.key
        row = key | same | {"status": "HELD", "taken_at": at, "ceiling": under}
        await connection.execute(insert(t.reservation).values(row))


async def _require_open(connection: AsyncConnection, reservation: Reservation) -> None:
    """Refuse an appointment outside the hours of its stop."""
    if not reservation.at:
        return
    stop = t.stop.c
    hours = select(stop.starts_at, stop.ends_at).where(stop.id == reservation.resource)
    starts_at, ends_at = (await connection.execute(hours)).one()
    if not starts_at <= reservation.at < ends_at:
        raise Refused(Refusal.OUTSIDE_HOURS, path=("appointment",), starts=starts_at, ends=ends_at)


async def _require_below(connection: AsyncConnection, ceiling: Ceiling, reservation: Reservation) -> None:
    """Refuse a share with which all that are under the same ceiling would exceed it; whoever asks next waits."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(ceiling.key, 0))))
    taken = select(func.coalesce(func.sum(_held.amount), 0))
    taken = taken.where(_held.ceiling == ceiling.key, _held.status != "RELEASED")
    left = ceiling.most - (await connection.execute(taken)).scalar_one()
    if reservation.amount > left:
        raise Refused(Refusal.YEARLY_MOST_REACHED, path=("amount",), most=ceiling.most, left=left)
