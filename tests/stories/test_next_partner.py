"""A referral that no partner answers, on the time-skipping server: passed on by the engine, then left to a person."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.external_referral import ExternalReferral
from domain.terms import ROME
from store import tables as t
from tests.stories.lived import Year, a_year
from tests.world import World


@dataclass(frozen=True, kw_only=True)
class Network:
    """Three services for health in the order in which they match; others that do not."""

    year: Year
    first: UUID
    second: UUID
    third: UUID

    async def drafted(self, consent: str) -> UUID:
        """A referral to the first service, not sent yet."""
        draft = {"service": str(self.first), "area": "HEALTH"}
        referral = await self.year.take(ExternalReferral, "open", draft)
        return await self.year.take(ExternalReferral, "record_consent", {"scope": consent}, on=referral)

    async def sent(self, consent: str) -> UUID:
        """A referral to the first service, sent now."""
        return await self.year.take(ExternalReferral, "send", on=await self.drafted(consent))

    async def told(self) -> list[str]:
        """What referents were told, in order, by the address that it went to."""
        return [f"{_at(each.created_at)} {each.sent_to}" for each in await self.year.messages(recipient="REFERENT")]

    async def proposed(self, referral: UUID) -> list[str]:
        """When it was proposed to another service, by whom, where it led, and to which one; as the log has it."""
        event = t.event.c
        rows = select(event.occurred_at, event.actor_role, event.to_state, event.request)
        ranked = {str(each): name for name, each in vars(self).items()}
        async with self.year.engine.connect() as connection:
            found = await connection.execute(
                rows.where(event.process_id == referral, event.name == "repropose").order_by(event.seq)
            )
            return [
                f"{_at(row.occurred_at)} {row.actor_role} {row.to_state} {ranked[row.request['given']['service']]}"
                for row in found
            ]

    async def service(self, referral: UUID) -> str:
        """The service that it is proposed to, as the read model has it."""
        async with self.year.engine.connect() as connection:
            row = select(t.process.c.data["service"].astext).where(t.process.c.id == referral)
            return str((await connection.execute(row)).scalar_one())


def _at(moment: datetime) -> str:
    return moment.astimezone(ROME).strftime("%m-%d %H:%M")


@pytest.fixture
async def network(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> AsyncIterator[Network]:
    """A case with an operator and a supervisor; it is Monday 11 January 2027, 9 o'clock."""
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.until(2027, 1, 11, 9)
        await year.add(t.staff, name="Bruno", roles=["SUPERVISOR"], email="bruno@example.org")
        await _referents(year, world.partner, "caritas")
        third = await _service(year, "gelso")
        second = await _service(year, "arca", free_places=2)
        await _service(year, "closed", free_places=9, status="INACTIVE")
        await _service(year, "elsewhere", free_places=9, districts=[world.elsewhere])
        await year.open(operator=world.staff)
        yield Network(year=year, first=world.partner_service, second=second, third=third)


async def _service(year: Year, name: str, **offered: Any) -> UUID:
    """A partner with a service, a referent and a deputy."""
    partner = await year.add(t.partner, name=name, kind="CHARITY", status="ACTIVE")
    await _referents(year, partner, name)
    service = {"name": name, "area": "HEALTH", "status": "ACTIVE", "channel": "EMAIL"} | offered
    return await year.add(t.partner_service, partner_id=partner, **service)


async def _referents(year: Year, partner: UUID, name: str) -> None:
    deputy = await year.add(t.referent, partner_id=partner, name="Vice", email=f"vice.{name}@example.org")
    referent = {"name": "Referente", "email": f"{name}@example.org", "deputy_id": deputy}
    await year.add(t.referent, partner_id=partner, **referent)


async def test_a_referral_that_nobody_answers_goes_to_the_next_partner_until_none_is_left(network: Network) -> None:
    """Each referent is told at once and reminded, then the deputy, then it is passed on, by the ladder of Lombardy."""
    year = network.year
    referral = await network.sent("NETWORK")
    await year.until(2027, 1, 18, 23, 59)
    assert await network.proposed(referral) == []
    await year.until(2027, 1, 19, 0, 1)
    assert await network.proposed(referral) == ["01-19 00:00 ENGINE REQUESTED second"]
    assert await network.service(referral) == str(network.second)

    await year.until(2027, 2, 1, 23, 59)
    assert await network.proposed(referral) == [
        "01-19 00:00 ENGINE REQUESTED second",
        "01-26 00:00 ENGINE REQUESTED third",
    ]
    assert ("EXTERNAL_REFERRAL", "ESCALATED", "OPERATOR") not in await year.tasks()
    await year.until(2027, 2, 2, 0, 1)
    assert ("EXTERNAL_REFERRAL", "ESCALATED", "OPERATOR") in await year.tasks()
    await year.until(2027, 2, 13)
    assert await year.state(referral) == "REQUESTED"
    assert await network.service(referral) == str(network.third)
    assert await network.told() == [
        "01-11 09:00 caritas@example.org",
        "01-13 08:30 caritas@example.org",
        "01-15 08:30 vice.caritas@example.org",
        "01-19 08:30 arca@example.org",
        "01-21 08:30 arca@example.org",
        "01-25 08:30 vice.arca@example.org",
        "01-26 08:30 gelso@example.org",
        "01-28 08:30 gelso@example.org",
        "02-01 08:30 vice.gelso@example.org",
    ]
    assert (await year.told("STAFF"))[-1] == "2027-02-12 08:30 EMAIL STAFF task_overdue"


async def test_a_consent_for_one_partner_makes_it_a_draft_for_the_next(network: Network) -> None:
    """The operator asks the tenant again; the next partner knows nothing until then."""
    year = network.year
    referral = await network.sent("THIS_PARTNER")
    await year.until(2027, 1, 19, 9)
    assert await network.proposed(referral) == ["01-19 00:00 ENGINE DRAFT second"]
    assert ("EXTERNAL_REFERRAL", "STATE", "OPERATOR") in await year.tasks()
    assert {each.partition("@")[0][12:] for each in await network.told()} == {"caritas", "vice.caritas"}


async def test_a_partner_that_answers_keeps_the_referral(network: Network) -> None:
    year = network.year
    referral = await network.sent("NETWORK")
    await year.until(2027, 1, 18, 18)
    await year.take(ExternalReferral, "accept", {"how": "PHONE"}, on=referral)
    await year.until(2027, 1, 21)
    assert await network.proposed(referral) == []
    assert await year.state(referral) == "ACCEPTED"


async def test_what_is_told_after_its_term_is_left_to_the_operator(network: Network) -> None:
    """Sent two weeks ago and told today: nobody was reminded, and the answer may be told next."""
    year = network.year
    referral = await network.drafted("NETWORK")
    await year.until(2027, 1, 25, 9)
    await year.take(ExternalReferral, "send", on=referral, at=datetime(2027, 1, 11, 10, tzinfo=ROME))
    await year.later(days=1)
    assert await network.proposed(referral) == []
    assert await year.state(referral) == "REQUESTED"
    assert ("EXTERNAL_REFERRAL", "ESCALATED", "OPERATOR") in await year.tasks()
