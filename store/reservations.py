"""Shares of what several cases share: money of a funding line, places at a stop. Taken under a row lock, once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.process import Reservation
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
_REFUSAL: Mapping[str, tuple[Refusal, str]] = {
    "FUNDING": (Refusal.FUNDS_SHORT, "funding_line"),
    "STOP": (Refusal.STOP_FULL, "stop"),
}


async def reserve(engine: AsyncEngine, *, process_id: UUID, entry: int, reservation: Reservation, at: datetime) -> None:
    """Take the share for one entry of a process; asking again for the same takes nothing more. Raises `Refused`."""
    async with engine.begin() as connection:
        taken = await connection.execute(
            text("select from reservation where process_id = :process and entry = :entry"),
            {"process": process_id, "entry": entry},
        )
        if taken.one_or_none() is not None:
            return
        share = {"resource": reservation.resource, "amount": reservation.amount, "day": at.date()}
        if (await connection.execute(text(_TAKE[reservation.kind]), share)).one_or_none() is None:
            code, field = _REFUSAL[reservation.kind]
            raise Refused(code, path=(field,), amount=reservation.amount)
        row = {
            "process_id": process_id,
            "entry": entry,
            "kind": reservation.kind,
            "resource_id": reservation.resource,
            "amount": reservation.amount,
            "status": "HELD",
            "taken_at": at,
        }
        await connection.execute(insert(t.reservation).values(row))
