"""What was told to whom in the months and what climbed, and whether all that is due is done."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row

from workers.demo.client import Desk
from workers.demo.weeks import ROME
from workers.errors import OperatorError

_A_PAGE = 100
_FAILED = frozenset({"PERMANENT_FAILURE", "TEMPORARY_FAILURE", "UNKNOWN"})
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
class Sums:
    """All messages: by channel, those that told several things; and reminders that were put off to another day."""

    by_channel: dict[str, int]
    merged: int
    put_off: int


@dataclass(frozen=True, kw_only=True)
class Climbed:
    """The supervisor's tasks of one reason."""

    reason: str
    open: int
    done: int


async def told(supervisor: Desk, now: datetime) -> tuple[list[Told], Sums]:
    """Return what was told, line by line, and the sums, as the API tells a supervisor."""
    reminders = [each async for each in _all(supervisor, "RemindersDue", now, filter={"status": "DONE"})]
    messages = [each async for each in _all(supervisor, "Messages", now)]
    left = [each for each in reminders if each["message"]]
    lines: dict[tuple[str, str, str], Counter[str]] = {}
    for each in left:
        line = each["whom"], each["message"]["channel"], each["clause"].rpartition("#")[2]
        lines.setdefault(line, Counter())[each["message"]["status"]] += 1
    together = Counter(each["message"]["id"] for each in left)
    sums = Sums(
        by_channel=dict(sorted(Counter(each["channel"] for each in messages).items())),
        merged=sum(count > 1 for count in together.values()),
        put_off=sum(_day(each["leavesAt"]) > _day(each["dueAt"]) for each in left),
    )
    return [_line(*line, became) for line, became in sorted(lines.items())], sums


async def climbed(supervisor: Desk, since: datetime, now: datetime) -> list[Climbed]:
    """Return what has come on the supervisor's desk since then, by reason, as the API tells them."""
    found: Counter[tuple[str, bool]] = Counter()
    async for case in _all(supervisor, "CaseTasks", now):
        for process in (case, *case["tracks"]):
            for task in (*process["tasks"], *process["done"]):
                if task["role"] == "SUPERVISOR" and datetime.fromisoformat(task["openedAt"]) >= since:
                    found[task["reason"], task["doneAt"] is not None] += 1
    reasons = sorted({reason for reason, _ in found})
    return [Climbed(reason=reason, open=found[reason, False], done=found[reason, True]) for reason in reasons]


def _line(whom: str, channel: str, clause: str, became: Counter[str]) -> Told:
    return Told(
        whom=whom,
        channel=channel,
        clause=clause,
        reminders=became.total(),
        delivered=became["DELIVERED"],
        failed=sum(became[status] for status in _FAILED),
        returned=became["RETURNED"],
    )


async def _all(desk: Desk, operation: str, now: datetime, **asked: Any) -> AsyncIterator[dict[str, Any]]:
    """Yield the nodes of every page."""
    after = None
    while True:
        page = await desk.ask(operation, now, first=_A_PAGE, after=after, **asked)
        for node in page["nodes"]:
            yield node
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _day(written: str) -> Any:
    return datetime.fromisoformat(written).astimezone(ROME).date()


class Records:
    """The months' database, read only: what is still under way, which the API tells nobody, and time must wait for."""

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

    async def _left(self, now: datetime) -> dict[str, int]:
        counts = await (await self._connection.execute(_LEFT, {"now": now})).fetchone() or {}
        return {what: count for what, count in counts.items() if count}


# Asleep is what wakes later; a case that time has done something to has marked it.
_LEFT = """
    select (select count(*) from dispatch where wakes_at <= %(now)s or wakes_at = 'infinity') as "rounds of dispatch",
           (select count(*) from reminder
             where status = 'CLAIMED' or (status = 'SCHEDULED' and leaves_at <= %(now)s)) as "reminders",
           (select count(*) from message where next_at <= %(now)s or status = 'SENDING') as "messages",
           (select count(*) from process where deadline <= %(now)s and not overdue and ended_at is null) as "deadlines"
"""
