"""Measure, on servers of their own: `python -m benchmarks`. Figures are JSON lines on stdout; the rest is on stderr."""

import asyncio
import os
from enum import StrEnum, auto
from typing import Annotated

import typer
import uvloop

from benchmarks import burst, sizes, sleeping, steps, worklist
from benchmarks.figures import table
from benchmarks.progress import console
from benchmarks.size import QUICK, Size
from benchmarks.stage import staged


class Part(StrEnum):
    """What can be measured, in this order: what comes later leaves more behind."""

    SIZES = auto()
    WORKLIST = auto()
    STEPS = auto()
    SLEEPING = auto()
    BURST = auto()


_MEASURED = {
    Part.SIZES: sizes.measured,
    Part.WORKLIST: worklist.measured,
    Part.STEPS: steps.measured,
    Part.SLEEPING: sleeping.measured,
    Part.BURST: burst.measured,
}


async def _measure(parts: list[Part], size: Size) -> None:
    busy = os.getloadavg()[0]
    figures = []
    async with staged(size) as stage:
        for part in Part:
            if part not in parts:
                continue
            async for figure in _MEASURED[part](stage):
                print(figure.json(), flush=True)
                console.print(f"{figure.name}: {figure.value:,.2f} {figure.unit}")
                figures.append(figure)
    drawn = table(figures)
    drawn.caption = f"Load average: {busy:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} processors."
    console.print(drawn)


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure.", show_default="everything")] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="So little that the figures say nothing.")] = False,
) -> None:
    """Measure, and print one JSON object a figure."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(parts or [*Part], QUICK if quick else Size()))


if __name__ == "__main__":
    typer.run(main)
