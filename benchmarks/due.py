"""Reminders that are all due at once: written as rows, told by a worker that may be killed on the way."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
from temporalio.client import Client

from api.engine import wake_dispatch
from benchmarks.sink import Sink
from domain.case_file import CaseFile
from store import database, policies
from store.projection import project
from tests.stories.deployment import Deployment
from tests.world import DOCUMENT, POLICIES, POLICY

SECRET = "a gateway's"  # noqa: S105 (invented)

_POLICY = "burst@2026-01-01"
_HOURS = 'messages: {hours: "08:30-19:30", days: working days'
_DOCUMENT = (
    DOCUMENT.replace("policy: lombardia", "policy: burst", 1)
    .replace(f"version: {POLICY.id.partition('@')[2]}", "version: 2026-01-01", 1)
    .replace(_HOURS, 'messages: {hours: "00:00-23:59", days: every day', 1)
)
"""It is measured at any hour."""


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


async def restarted(deployment: Deployment, into: Sink, *, rate: int = 0) -> None:
    """Start the worker anew with this gateway; return once its dispatch has nothing to do. Rate 0 is no limit."""
    deployment.settings |= {
        "PRATICA_GATEWAY_URL": into.url,
        "PRATICA_GATEWAY_SECRET": SECRET,
        "PRATICA_GATEWAY_RATE": str(rate),
    }
    await deployment.kill("worker")
    await deployment.start("worker")
    async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
        await connection.execute("update dispatch set wakes_at = 'infinity'")
        await wake(deployment)
        await _until(connection, "select wakes_at < 'infinity' from dispatch")


async def wake(deployment: Deployment) -> None:
    """Have dispatch look at once."""
    await wake_dispatch(await Client.connect(deployment.temporal.address, namespace=deployment.temporal.namespace))


async def killed(deployment: Deployment, into: Sink, after: Iterable[int]) -> None:
    """SIGKILL the worker each time that the sink has taken so many, and start it again."""
    for enough in after:
        await into.wait(enough)
        await deployment.kill("worker")
        await deployment.start("worker")


async def told(deployment: Deployment) -> None:
    """Wait until dispatch knows what became of everything that was scheduled here."""
    async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
        await _until(connection, _TOLD, _POLICY)


async def _until(connection: psycopg.AsyncConnection, holds: str, *given: str) -> None:
    """Ask until it is so: a question that takes PostgreSQL a moment."""
    while (await (await connection.execute(holds, given)).fetchone()) != (True,):
        await connection.execute("select pg_sleep(0.25)")


_TOLD = """
    select not exists (select from reminder where policy = %s and status <> 'DONE')
       and not exists (select from message where status in ('SENDING', 'TEMPORARY_FAILURE'))
"""
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
