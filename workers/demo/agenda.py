"""The months: a time that passes only when nobody has anything to do any more, for as long as the next one waits."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from workers.demo.weeks import OFFICE_OPENS, ROME, Weeks, WeeksOver, moment

_QUARTERS = 30
"""Quarters of an hour, from when the offices open, at which something is begun."""


class Agenda:
    """Lets those who wait for a moment go on when it comes, and time pass while everybody waits.

    `let_pass` lets it pass until a moment, and returns when everything that was due by then is done.
    """

    def __init__(self, now: datetime, end: datetime, let_pass: Callable[[datetime], Awaitable[None]]) -> None:
        self.now, self.end = now, end
        self._let_pass = let_pass
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._busy = 0
        self._quiet = asyncio.Event()

    async def until(self, when: datetime) -> None:
        """Wait for a moment. Raises WeeksOver if it lies behind the end."""
        if when > self.end:
            raise WeeksOver
        if when <= self.now:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (when, next(self._numbers), turn))
        self._rests()
        await turn

    async def live(self, stories: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Live these stories, each until it ends or the months are over."""
        async with asyncio.TaskGroup() as group:
            for story in stories:
                self._busy += 1
                group.create_task(self._one(story))
            while self._busy or self._waiting:
                await self._quiet.wait()
                self._quiet.clear()
                if self._waiting:
                    await self._pass(self._waiting[0][0])
        await self._pass(self.end)

    async def _pass(self, moment: datetime) -> None:
        await self._let_pass(moment)
        self.now = moment
        while self._waiting and self._waiting[0][0] <= moment:
            _, _, turn = heapq.heappop(self._waiting)
            self._busy += 1
            turn.set_result(None)

    async def _one(self, story: Coroutine[Any, Any, None]) -> None:
        try:
            await story
        except WeeksOver:
            pass
        finally:
            self._rests()

    def _rests(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._quiet.set()


class Later:
    """How far one story has come in the months; whoever goes on waits until it is then."""

    def __init__(self, agenda: Agenda, weeks: Weeks, chance: Random) -> None:
        self._agenda, self.weeks, self._chance = agenda, weeks, chance

    @property
    def now(self) -> datetime:
        """What time it is."""
        return self._agenda.now.astimezone(UTC)

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.astimezone(ROME).date()

    async def days(self, later: int) -> datetime:
        """Go on by that many working days, to some quarter of an hour in the working hours."""
        return await self.on(self.working_day(self.today, later=later))

    async def on(self, day: date) -> datetime:
        """Go on to a day, or to the first working day after it."""
        quarter = timedelta(minutes=15 * self._chance.randrange(_QUARTERS))
        return await self.at(moment(self.working_day(day), OFFICE_OPENS) + quarter)

    async def at(self, when: datetime) -> datetime:
        """Go on to that moment."""
        await self._agenda.until(when)
        return self.now

    def working_day(self, day: date, *, later: int = 0) -> date:
        """Return the first working day from `day` on, or that many working days later. Raises WeeksOver."""
        try:
            return self.weeks.working_day(day, later=later)
        except (StopIteration, IndexError):
            raise WeeksOver from None
