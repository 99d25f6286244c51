"""A step through GraphQL: one practice, to which a paper is brought and sent back, over and over."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from api import ids
from benchmarks.figures import Figure
from benchmarks.floor import Floor, begun
from benchmarks.front_end import FrontEnd
from benchmarks.load import Load, Turn
from benchmarks.size import Size
from benchmarks.stage import Stage
from tests.world import World

WRITERS_ON_ONE_CASE = 9
"""Temporal refuses the eleventh update in flight on one workflow; a tenth would be at its edge."""

_PAPER = "ISEE"


async def opened(front_end: FrontEnd, world: World) -> dict[str, Any]:
    """Open a case, and return it."""
    person, district = ids.encode("Person", world.person), ids.encode("District", world.district)
    return await front_end.tell("OpenCase", person=person, district=district)


class Writer:
    """Somebody at work on a practice of their own: each turn advances it by one step."""

    def __init__(self, front_end: FrontEnd, practice: dict[str, Any]) -> None:
        self._front_end = front_end
        self._practice = practice

    @classmethod
    async def on(cls, front_end: FrontEnd, case: dict[str, Any]) -> "Writer":
        """Open a practice in a case, and ask for its one paper."""
        writer = cls(front_end, await front_end.tell("OpenPractice", case=case["id"], document="ISEE"))
        in_a_year = datetime.now(UTC).date() + timedelta(days=365)
        await writer._take("AskPapers", titles=[_PAPER], dueOn=in_a_year.isoformat())
        return writer

    async def turn(self) -> None:
        """Bring the paper, or send it back."""
        if self._practice["stateName"] == "COLLECTING":
            await self._take("UploadPaper", title=_PAPER, reference="archive/1")
        else:
            await self._take("RejectPaper", title=_PAPER, fault="UNREADABLE")

    async def _take(self, operation: str, **given: Any) -> None:
        about = {"id": self._practice["id"], "expectedVersion": self._practice["version"]}
        self._practice = await self._front_end.tell(operation, **about, **given)


async def measured(stage: Stage) -> AsyncIterator[Figure]:
    """Yield the figures of a step, each beside the floor's."""
    front_end, floor, world, size = stage.supervisor, stage.floor, stage.deployment.world, stage.size
    for level in size.levels:
        cases = await asyncio.gather(*(opened(front_end, world) for _ in range(level)))
        writers = await asyncio.gather(*(Writer.on(front_end, case) for case in cases))
        handles = await asyncio.gather(*(begun(floor) for _ in range(level)))
        async for figure in _beside(f"step, {level} at once", writers, [_turn(each) for each in handles], size):
            yield figure
    case = await opened(front_end, world)
    together = [await Writer.on(front_end, case) for _ in range(WRITERS_ON_ONE_CASE)]
    on_one = [_turn(await begun(floor))] * WRITERS_ON_ONE_CASE
    async for figure in _beside(f"step, {WRITERS_ON_ONE_CASE} writers on one case", together, on_one, size):
        yield figure


async def _beside(name: str, writers: list[Writer], least: list[Turn], size: Size) -> AsyncIterator[Figure]:
    """Take turns with the floor, so that what else the machine does meets both."""
    steps, floor = Load(), Load()
    for _ in range(size.rounds):
        await floor.put(least, size.steps, f"{name}, the floor")
        await steps.put([writer.turn for writer in writers], size.steps, name)
    yield Figure(name=name, value=steps.a_second, unit="steps/s", better="more", floor=floor.a_second)
    for percent in (50, 95):
        value, least_ms = steps.percentile(percent), floor.percentile(percent)
        yield Figure(name=f"{name}, p{percent}", value=value, unit="ms", floor=least_ms)


def _turn(handle: Any) -> Turn:
    async def turn() -> None:
        await handle.execute_update(Floor.step)

    return turn
