"""What the months' database says of what was told and of what climbed, and whether all that is due is done.

The one place in which the demo looks past the API: lists of messages and of done tasks are not asked of it yet.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row

from workers.errors import OperatorError

_POLL_SECONDS = 0.01
_PATIENCE_SECONDS = 120.0


class NotDone(OperatorError):
    """Say what is still under way when it should have been done long ago."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One line: what a rung of the policy told whom, by which channel, and what became of it."""

    whom: str
    channel: str
    clause: str
    reminders: int
    delivered: int
    failed: int
    returned: int


@dataclass(frozen=True, kw_only=True)
class Summed:
    """All messages: by channel, those that told several things, reminders put off to another day and given up."""

    by_channel: dict[str, int]
    merged: int
    put_off: int
    given_up: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Climbed:
    """The supervisor's tasks of one reason."""

    reason: str
    open: int
    done: int


class Records:
    """The database, read only."""

    def __init__(self, connection: psycopg.AsyncConnection[dict[str, Any]]) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> AsyncIterator[Self]:
        """Give what is at an address for as long as the context lasts."""
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row) as connection:
            yield cls(connection)

    async def settled(self, now: datetime) -> None:
        """Return when everything that was due by `now` is done. Raises NotDone if it never is."""
        left: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    left = await self._left(now)
                    if not left:
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            found = ", ".join(f"{count} {what}" for what, count in left.items())
            raise NotDone(f"By {now:%-d %B %Y %H:%M} should have been done: {found}.") from None

    async def told(self) -> list[Told]:
        """Return what was told, line by line."""
        return [Told(**row) for row in await self._rows(_TOLD)]

    async def summed(self) -> Summed:
        """Return the sums."""
        (sums,) = await self._rows(_SUMS)
        return Summed(
            by_channel={row["channel"]: row["count"] for row in await self._rows(_BY_CHANNEL)},
            given_up={row["code"]: row["count"] for row in await self._rows(_GIVEN_UP)},
            **sums,
        )

    async def climbed(self) -> list[Climbed]:
        """Return what came on the supervisor's desk."""
        return [Climbed(**row) for row in await self._rows(_CLIMBED)]

    async def _left(self, now: datetime) -> dict[str, int]:
        (row,) = await self._rows(_LEFT, now=now)
        return {what: count for what, count in row.items() if count}

    async def _rows(self, statement: Any, **asked: object) -> list[dict[str, Any]]:
        return await (await self._connection.execute(statement, asked)).fetchall()


# Asleep is what wakes later; a case that time has done something to has marked it.
_LEFT = """
    select (select count(*) from dispatch where wakes_at <= %(now)s or wakes_at = 'infinity') as "rounds of dispatch",
           (select count(*) from reminder
             where status = 'CLAIMED' or (status = 'SCHEDULED' and leaves_at <= %(now)s)) as "reminders",
           (select count(*) from message where next_at <= %(now)s or status = 'SENDING') as "messages",
           (select count(*) from process where deadline <= %(now)s and not overdue and ended_at is null) as "deadlines"
"""
_EACH = """
    from message m
    cross join lateral jsonb_to_recordset(m.told) as k(process_id uuid, entry integer, rung text, occurrence smallint)
    join reminder r on (r.process_id, r.entry, r.rung, r.occurrence) = (k.process_id, k.entry, k.rung, k.occurrence)
"""
_TOLD = f"""
    select r.whom, m.channel, r.rung as clause, count(*) as reminders,
           count(*) filter (where m.status = 'DELIVERED') as delivered,
           count(*) filter (where m.status in ('PERMANENT_FAILURE', 'TEMPORARY_FAILURE', 'UNKNOWN')) as failed,
           count(*) filter (where m.status = 'RETURNED') as returned
      {_EACH}
     group by r.whom, m.channel, r.rung order by r.whom, m.channel, r.rung
"""
_SUMS = """
    select (select count(*) from message where jsonb_array_length(told) > 1) as merged,
           (select count(*) from reminder
             where status = 'DONE' and message_id is not null
               and (leaves_at at time zone 'Europe/Rome')::date > (due_at at time zone 'Europe/Rome')::date) as put_off
"""
_BY_CHANNEL = "select channel, count(*) from message group by channel order by channel"
_GIVEN_UP = """
    select code, count(*) from reminder
     where status = 'CANCELLED' and code is not null group by code order by code
"""
_CLIMBED = """
    select reason, count(*) filter (where done_at is null) as open, count(*) filter (where done_at is not null) as done
      from task where role = 'SUPERVISOR' group by reason order by reason
"""
