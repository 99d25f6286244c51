"""Cases that sleep: what many of them take up in PostgreSQL, in Temporal's database and in the worker.

Each is opened through the API, and waits for its first deadline with its reminders scheduled. The worker keeps some of
them in its cache; the others are to cost it nothing.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from benchmarks import cpu
from benchmarks.figures import Figure
from benchmarks.load import Load
from benchmarks.sizes import history_of, in_postgresql
from benchmarks.stage import Stage
from benchmarks.steps import opened
from workers.settings import Settings

_AT_ONCE = 10
_WARM_UP = 20
_IN_USE = """
    select (page_count - freelist_count) * page_size
      from pragma_page_count, pragma_freelist_count, pragma_page_size
"""


async def measured(stage: Stage) -> AsyncIterator[Figure]:
    """Yield what the cases take up, with a worker that has only just started."""
    deployment, number = stage.deployment, stage.size.open_cases
    kept = min(Settings.cached_cases, number // 3)
    settled = (kept + number) // 2
    await deployment.kill("worker")
    await deployment.start("worker")
    worker = deployment.programs["worker"].pid

    async def turn() -> None:
        await opened(stage.supervisor, deployment.world)

    await Load().put([turn] * _AT_ONCE, _WARM_UP)
    temporal = deployment.temporal.home / "temporal.db"
    rows, pages, held = await in_postgresql(deployment), _in_sqlite(temporal), [cpu.memory(worker)]
    for already, until in pairwise((0, kept, settled, number)):
        await Load().put([turn] * _AT_ONCE, until - already, f"opening {number:,} cases, until {until:,}")
        held.append(cpu.memory(worker))
    for place, bytes_ in (
        ("PostgreSQL", await in_postgresql(deployment) - rows),
        ("Temporal's database", _in_sqlite(temporal) - pages),
    ):
        yield Figure(name=f"{place}, a sleeping case of {number:,}", value=bytes_ / number, unit="bytes")
    last = await opened(stage.supervisor, deployment.world)
    for unit, value in (await history_of(stage.floor, last)).items():
        yield Figure(name=f"history of a sleeping case, {unit}", value=value, unit=unit)
    empty, cached, beyond, full = held
    for cases, memory in ((kept, cached), (settled, beyond), (number, full)):
        name = f"worker with {cases:,} open cases, beside none"
        yield Figure(name=name, value=memory / 1e6, unit="MB", floor=empty / 1e6)
    yield Figure(name="worker, a case in its cache", value=(cached - empty) / kept, unit="bytes")
    # Python's collector comes late to cases that have left the cache: only then does it show what stays of them.
    yield Figure(name="worker, a case beyond its cache", value=(full - beyond) / (number - settled), unit="bytes")


def _in_sqlite(path: Path) -> int:
    """Return how many bytes of an SQLite database are in use, those in its log included."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (used,) = connection.execute(_IN_USE).fetchone()
    return int(used)
