"""Other versions of the policy, and cases that adopt them."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from domain import policy
from domain.calendar import closures
from domain.dry_run import opening
from domain.fields import local_day
from domain.policy import Policy
from domain.processes import PROCESSES
from domain.terms import CLOSED_DAYS_KNOWN
from store import adoptions, policies
from store.database import AnyRow
from tests.world import DOCUMENT, Cases, World
from workflows.messages import ADOPT, Adopt, Adopted

OTHER = "lombardia@2027-01-01"


def other(*changes: tuple[str, str]) -> str:
    """Return the shipped document as another version with these texts in place of those."""
    document = DOCUMENT.replace("version: 2026-11-22", "version: 2027-01-01")
    for before, after in changes:
        assert before in document
        document = document.replace(before, after)
    return document


LONGER = other(("CONTACTED: {within: 5 working days", "CONTACTED: {within: 30 days"))
SHORTER = other(("CONTACTED: {within: 5 working days", "CONTACTED: {within: 1 hour"))


def terms(rules: Policy) -> Adopt:
    """Return what the policy gives every kind of process from today on."""
    today = local_day(datetime.now(UTC))
    known = closures(None, start=today, until=today + CLOSED_DAYS_KNOWN, saturday_works=rules.saturday_works)
    return Adopt(openings={kind.kind: opening(rules, kind, known) for kind in PROCESSES})


async def adopt(cases: Cases, case_id: UUID, document: str) -> Adopted:
    """Have one case adopt a document."""
    given = terms(policy.load(document, PROCESSES))
    taken: Adopted = await cases.handle(case_id).execute_update(ADOPT, given, result_type=Adopted)
    return taken


async def published(engine: AsyncEngine, world: World, document: str, *, adopting: bool = False) -> str:
    """Put a document in force, and ask that all that is live adopt it."""
    rules, now = policy.load(document, PROCESSES), datetime.now(UTC)
    async with engine.begin() as connection:
        await policies.submit(connection, rules.id, document, by=world.staff, now=now)
        await policies.publish(connection, rules.id, by=world.staff, now=now)
        if adopting:
            await adoptions.start(connection, rules.id, by=world.staff, now=now, published_at=now)
    return rules.id


async def done(engine: AsyncEngine, version: str) -> AnyRow:
    """Wait until the adoption of a version is done, and return it."""
    async with asyncio.timeout(60):
        while True:
            async with engine.connect() as connection:
                found = await adoptions.latest(connection, version)
            if found and found.state == "DONE":
                return found
