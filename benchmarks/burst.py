"""Reminders that are all due in the same minute: how fast they leave, what waits meanwhile, and what it takes.

The floor is a bare loop: the same messages in their words, to the same sink, by the client that the gateway's channel
has, as many requests at once as it makes; without a database, and with nobody who could say what became of them.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any
from uuid import uuid4

import httpx

from benchmarks import cpu, due
from benchmarks.figures import Figure
from benchmarks.load import Load
from benchmarks.sink import Sink, sink
from benchmarks.stage import Stage
from workers.channels.gateway import MOST_AT_ONCE, REQUESTS_AT_ONCE

_READS_BETWEEN = 5
_LIMITED_SECONDS = 4
_READ = "{ worklist(first: 50) { nodes { id dueAt person { id familyName } } } }"


@dataclass(kw_only=True)
class _Burst:
    """What was seen of one: `lags` in seconds, ascending; `again`, messages that the sink was given once more.

    `quiet` and `busy`: the reads before it and meanwhile. `memory`: the worker's, at the most.
    """

    messages: list[dict[str, Any]]
    lags: list[float]
    again: int
    quiet: Load
    busy: Load
    memory: int


async def measured(stage: Stage) -> AsyncIterator[Figure]:
    """Yield how fast reminders leave, beside the same from a bare loop; a worker that is killed; a provider's limit."""
    size = stage.size
    name = f"{size.reminders:,} reminders due at once"
    burst = await _burst(stage, name, size.reminders)
    for a_request in (1, MOST_AT_ONCE):
        floor = size.reminders / await _bare(burst.messages, a_request=a_request)
        yield Figure(
            name=f"{name}, beside a bare loop with {a_request} a request",
            value=size.reminders / burst.lags[-1],
            unit="reminders/s",
            better="more",
            floor=floor,
        )
    cuts = quantiles(burst.lags, n=100, method="inclusive")
    for percent, lag in ((50, cuts[49]), (95, cuts[94]), (100, burst.lags[-1])):
        yield Figure(name=f"{name}, lag p{percent}", value=lag, unit="s")
    yield Figure(name=f"{name}, most of the worker's memory", value=burst.memory / 1e6, unit="MB")
    yield _reads(name, burst)

    name = f"{size.reminders:,} reminders, the worker killed {size.kills} times"
    killed = await _burst(stage, name, size.reminders, kills=size.kills)
    yield Figure(name=f"{name}, lag p100", value=killed.lags[-1], unit="s", floor=burst.lags[-1])
    yield Figure(name=f"{name}, given to the gateway again", value=killed.again, unit="messages")
    yield _reads(name, killed)

    name = f"most in any second, of a provider that takes {size.rate}"
    limited = await _burst(stage, name, _LIMITED_SECONDS * size.rate, rate=size.rate)
    most = max(bisect_left(limited.lags, lag + 1) - at for at, lag in enumerate(limited.lags))
    yield Figure(name=name, value=most, unit="messages", floor=size.rate)


async def _burst(stage: Stage, label: str, number: int, *, kills: int = 0, rate: int = 0) -> _Burst:
    """Have so many told, and read meanwhile; the worker is killed when as many again have left, `kills` times.

    Raises RuntimeError if somebody was told twice, or a message is not known to have left.
    """
    deployment, quiet, busy, memory = stage.deployment, Load(), Load(), 0

    async def read() -> None:
        await stage.supervisor.send(_READ)

    async with sink() as into:
        await due.restarted(deployment, into, rate=rate)
        await due.scheduled(deployment, number, due=datetime.now(UTC) - timedelta(seconds=1))
        await quiet.put([read], stage.size.requests)
        since = time.time()
        await due.wake(deployment)
        after = [number * kill // (kills + 1) for kill in range(1, kills + 1)]
        telling = asyncio.gather(into.arrived(number, label), due.killed(deployment, into, after))
        while not telling.done():
            await busy.put([read], _READS_BETWEEN)
            if worker := deployment.programs.get("worker"):
                memory = max(memory, cpu.memory(worker.pid))
        await telling
        await due.told(deployment)
        seen = await into.seen()
    if not len(seen.messages) == len({message["to"] for message in seen.messages}) == number:
        raise RuntimeError(f"{number} were to be told, {len(seen.messages)} messages left")
    lags = [at - since for at in seen.times]
    return _Burst(messages=seen.messages, lags=lags, again=seen.again, quiet=quiet, busy=busy, memory=memory)


async def _bare(messages: Sequence[dict[str, Any]], *, a_request: int) -> float:
    """Send the same under other keys with nothing around them; return how many seconds it took."""
    again = [message | {"key": str(uuid4())} for message in messages]
    batches = iter([again[at : at + a_request] for at in range(0, len(again), a_request)])

    async def lane(client: httpx.AsyncClient, into: Sink) -> None:
        for batch in batches:
            answer = await client.post(f"{into.url}/messages", json={"messages": batch})
            if not all(result["status"] == "accepted" for result in answer.raise_for_status().json()["results"]):
                raise RuntimeError("the sink did not take a message")

    headers = {"Authorization": f"Bearer {due.SECRET}"}
    async with sink() as into, httpx.AsyncClient(headers=headers, trust_env=False) as client:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(REQUESTS_AT_ONCE):
                group.create_task(lane(client, into))
        return time.perf_counter() - started


def _reads(name: str, burst: _Burst) -> Figure:
    busy, quiet = burst.busy.percentile(95), burst.quiet.percentile(95)
    return Figure(name=f"{name}, a page meanwhile, p95", value=busy, unit="ms", floor=quiet)
