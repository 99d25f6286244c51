"""Reminders that are all due in the same minute: how fast they leave, what waits meanwhile, and what it takes."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any
from uuid import uuid4

import orjson
import psycopg
from temporalio.client import Client

from api.engine import wake_dispatch
from benchmarks import cpu
from benchmarks.figures import Figure
from benchmarks.floor import ROOT
from benchmarks.front_end import FrontEnd
from benchmarks.load import Load
from benchmarks.size import Size
from domain.case_file import CaseFile
from store import database, policies
from store.projection import project
from tests.stories.deployment import Deployment
from tests.world import DOCUMENT, POLICIES, POLICY
from workers.embedded.process import free_port

AT_ONCE = 8
"""Requests under way of the bare loop."""

A_REQUEST = 100
"""Messages in one, as the gateway's protocol has it."""

_POLICY = "burst@2026-01-01"
_HOURS = 'messages: {hours: "08:30-19:30", days: working days'
_DOCUMENT = (
    DOCUMENT.replace("policy: lombardia", "policy: burst", 1)
    .replace(f"version: {POLICY.id.partition('@')[2]}", "version: 2026-01-01", 1)
    .replace(_HOURS, 'messages: {hours: "00:00-23:59", days: every day', 1)
)
"""It is measured at any hour."""

_POLL_SECONDS = 0.25
_READ = "{ worklist(first: 50) { nodes { id dueAt person { id familyName } } } }"


@dataclass(frozen=True, kw_only=True)
class Sink:
    """Where messages go."""

    port: int

    async def seen(self, enough: int = 0) -> tuple[dict[str, float], int]:
        """Return when each key came first, and how many came again, once there are enough."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /%d HTTP/1.1\r\nContent-Length: 0\r\n\r\n" % enough)
        *_, head = (await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length:")
        said = orjson.loads(await reader.readexactly(int(head.partition(b"\r\n")[0])))
        writer.close()
        return said["seen"], said["again"]

    async def bare(self, messages: Sequence[dict[str, Any]], *, a_request: int) -> float:
        """Send messages with nothing around them, so many in a request; return how many seconds it took."""
        batches = iter([messages[at : at + a_request] for at in range(0, len(messages), a_request)])

        async def lane() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            for batch in batches:
                body = json.dumps({"messages": batch}).encode()
                writer.write(b"POST /messages HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                *_, head = (await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length:")
                await reader.readexactly(int(head.partition(b"\r\n")[0]))
            writer.close()

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(lane())
        return time.perf_counter() - started


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """Run the sink as a process of its own."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.sink", str(port), cwd=ROOT)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    await Sink(port=port).seen()
                    break
                except ConnectionError:
                    await asyncio.sleep(_POLL_SECONDS)
        yield Sink(port=port)
    finally:
        process.kill()
        await process.wait()


async def scheduled(deployment: Deployment, number: int, *, due: datetime) -> None:
    """Write so many convened cases of as many people with a telephone, each with one reminder that is due then."""
    world, case_id = deployment.world, uuid4()
    engine = database.connect(deployment.database_url)
    now = datetime.now(UTC)
    async with engine.begin() as connection:
        await policies.submit(connection, _POLICY, _DOCUMENT, by=None, now=now)
    file = CaseFile(case_id)
    await project(engine, case_id, [file.take(world.open_case(case_id), now)], POLICIES)
    await engine.dispose()
    async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
        await connection.execute(
            _MANY, {"case": case_id, "number": number, "due": due, "policy": _POLICY, "district": world.district}
        )
        await connection.execute("analyze")


async def measured(deployment: Deployment, front_end: FrontEnd, size: Size, into: Sink) -> AsyncIterator[Figure]:
    """Yield how fast reminders leave, beside the same messages from a bare loop; and what else waits meanwhile."""
    message = {
        "channel": "sms",
        "to": "+39 333 0000000",
        "name": "",
        "language": "it",
        "subject": "",
        "text": "x" * 120,
    }
    one_by_one, together = [
        await into.bare([message | {"key": str(uuid4())} for _ in range(size.reminders)], a_request=a_request)
        for a_request in (1, A_REQUEST)
    ]
    before, _ = await into.seen()
    quiet, busy = Load(), Load()
    await quiet.put([lambda: _read(front_end)], size.requests)
    gateway = {"PRATICA_GATEWAY_URL": f"http://127.0.0.1:{into.port}", "PRATICA_GATEWAY_SECRET": "x"}
    deployment.settings |= gateway
    await deployment.kill("worker")
    await deployment.start("worker")
    await _asleep(deployment)
    worker = deployment.programs["worker"].pid
    await scheduled(deployment, size.reminders, due=datetime.now(UTC) - timedelta(seconds=1))
    due = datetime.now(UTC)
    await _wake(deployment)
    most, left = 0, 0
    while left < size.reminders:
        await busy.put([lambda: _read(front_end)], 5)
        most = max(most, cpu.memory(worker))
        seen, again = await into.seen()
        left = len(seen) - len(before)
    lags = sorted(at - due.timestamp() for key, at in seen.items() if key not in before)
    cuts = quantiles(lags, n=100, method="inclusive")
    if again:
        raise RuntimeError(f"{again} messages were sent twice")
    name = f"{size.reminders:,} reminders due at once"
    for beside, bare in (("", one_by_one), (f", beside {A_REQUEST} in a request", together)):
        rate, floor = size.reminders / lags[-1], size.reminders / bare
        yield Figure(name=f"{name}{beside}", value=rate, unit="reminders/s", better="more", floor=floor)
    for percent, lag in ((50, cuts[49]), (95, cuts[94]), (100, lags[-1])):
        yield Figure(name=f"{name}, lag p{percent}", value=lag, unit="s")
    yield Figure(name="worker, most of its memory meanwhile", value=most / 1e6, unit="MB")
    yield Figure(name="a page meanwhile, p95", value=busy.percentile(95), unit="ms", floor=quiet.percentile(95))


async def _read(front_end: FrontEnd) -> None:
    await front_end.send(_READ)


async def _asleep(deployment: Deployment) -> None:
    """Wait until dispatch has nothing to do: it has come up."""
    async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
        await connection.execute("update dispatch set wakes_at = 'infinity'")
        await _wake(deployment)
        while True:
            row = await (await connection.execute("select wakes_at < 'infinity' from dispatch")).fetchone()
            if row == (True,):
                return
            await asyncio.sleep(_POLL_SECONDS)


async def _wake(deployment: Deployment) -> None:
    await wake_dispatch(await Client.connect(deployment.temporal.address, namespace=deployment.temporal.namespace))


_MANY = """
    with n as (
        select g, gen_random_uuid() as case_id, gen_random_uuid() as person_id from generate_series(1, %(number)s) g
    ), people as (
        insert into person (id, identity, given_name, family_name, phone, district_id, search)
        select person_id, 'DECLARED', 'Elda', 'Rovera', '+39 333 ' || lpad(g::text, 7, '0'), %(district)s, 'rovera elda'
          from n returning id
    ), files as (
        insert into case_file (id, seq, person_id, district_id, urgency)
        select n.case_id, 1, n.person_id, %(district)s, 0 from n join people on people.id = n.person_id returning id
    ), processes as (
        insert into process (id, case_id, kind, state, version, entry, waits_for, opened_at, entered_at, deadline,
                             overdue, changed_seq, person_id, district_id, urgency, data)
        select n.case_id, n.case_id, p.kind, p.state, p.version, p.entry, p.waits_for, p.opened_at, p.entered_at,
               p.deadline, p.overdue, 1, n.person_id, p.district_id, p.urgency, p.data
          from n join files on files.id = n.case_id, process p where p.id = %(case)s
        returning id, entry
    )
    insert into reminder (process_id, entry, rung, occurrence, policy, whom, due_at, leaves_at, status)
    select id, entry, 'no_show.1', 1, %(policy)s, 'PERSON', %(due)s, %(due)s, 'SCHEDULED' from processes
"""
