"""Measure, on servers of their own: `python -m benchmarks`. Figures are JSON lines on stdout; the rest is on stderr."""

import argparse
import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks import burst, sizes, steps, worklist
from benchmarks.figures import Figure, table
from benchmarks.floor import floor_worker
from benchmarks.front_end import front_end
from benchmarks.seed import seed
from benchmarks.size import QUICK, Size
from domain.roles import Role
from store import database
from tests.stories.deployment import deployed

_console = Console(stderr=True, highlight=False)


async def _figures(size: Size) -> AsyncIterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            deployed(Path(folder)) as deployment,
            floor_worker(deployment) as floor,
            front_end(deployment, role=Role.SUPERVISOR) as supervisor,
            burst.sink() as into,
        ):
            _console.print(f"Writing {size.cases:,} cases.")
            engine = database.connect(deployment.database_url)
            await seed(engine, deployment.world, size.cases)
            await engine.dispose()
            for measured in (
                sizes.stored(deployment, size),
                worklist.measured(deployment, size),
                sizes.history(supervisor, deployment, floor),
                sizes.worker(supervisor, deployment, size),
                steps.measured(supervisor, floor, deployment.world, size),
                burst.measured(deployment, supervisor, size, into),
            ):
                async for figure in measured:
                    yield figure


async def _measure(size: Size) -> None:
    busy = os.getloadavg()[0]
    figures = []
    async for figure in _figures(size):
        print(figure.json(), flush=True)
        _console.print(f"{figure.name}: {figure.value:,.2f} {figure.unit}")
        figures.append(figure)
    drawn = table(figures)
    drawn.caption = f"Load average: {busy:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} processors."
    _console.print(drawn)


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="so little that the figures say nothing")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(QUICK if options.parse_args().quick else Size()))
