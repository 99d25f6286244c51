"""Many at work at once, and how long each of their turns takes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter

from benchmarks.progress import shown

Turn = Callable[[], Awaitable[None]]
"""Does something once."""


@dataclass(kw_only=True)
class Load:
    """What some rounds took: each turn in milliseconds, all of them together in seconds."""

    turns: list[float] = field(default_factory=list)
    seconds: float = 0.0

    async def put(self, workers: Sequence[Turn], times: int, label: str = "") -> None:
        """Have the workers take so many turns between them, each one after the other; show how far it is."""
        left = shown(times, label)

        async def work(turn: Turn) -> None:
            for _ in left:
                started = perf_counter()
                await turn()
                self.turns.append(1_000 * (perf_counter() - started))

        started = perf_counter()
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(work(worker))
        self.seconds += perf_counter() - started

    def percentile(self, percent: int) -> float:
        """Return how many milliseconds so many in a hundred turns took at the most."""
        return quantiles(self.turns, n=100, method="inclusive")[percent - 1]

    @property
    def a_second(self) -> float:
        """Turns a second."""
        return len(self.turns) / self.seconds
