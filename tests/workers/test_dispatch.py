"""What is told leaves once, whoever dies, races, drops the line or sets the clock."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.service import RetryConfig

from domain.case_file import CaseFile
from domain.ladder import clause_of
from domain.message import MessageStatus, Receipt
from domain.tenant_case import TenantCase
from domain.terms import ROME
from store import dispatch
from store import tables as t
from store.projection import project
from tests.workers.channels.servers import FaultyPostOffice, Provider, answering, mail_provider, taken_and_answering
from tests.world import POLICIES, World
from workers import embedded
from workers.channels import channels
from workers.dispatch import Dispatcher
from workers.dispatch.dispatcher import LEASE
from workers.settings import Settings
from workflows.converter import data_converter

MORNING = datetime(2027, 1, 11, 9, tzinfo=ROME)
"""A Monday."""


@dataclass(kw_only=True)
class Office:
    """An agency whose tenants are told that they are expected; `office` is where it leaves."""

    engine: AsyncEngine
    world: World
    office: FaultyPostOffice
    provider: Provider
    dispatchers: list[Dispatcher]
    files: dict[UUID, CaseFile] = field(default_factory=dict)

    async def convened(self, number: int = 1, **person: Any) -> list[UUID]:
        """So many cases, each of a person of its own with a telephone, or as given."""
        made = []
        start = datetime(2027, 1, 18, 10, tzinfo=ROME)
        async with self.engine.begin() as connection:
            hours = {"starts_at": start, "ends_at": start + timedelta(hours=4)}
            await connection.execute(update(t.stop).where(t.stop.c.id == self.world.stop).values(hours))
        for each in range(number):
            case_id, tenant = uuid4(), uuid4()
            row = {"id": tenant, "identity": "DECLARED", "district_id": self.world.district} | person
            async with self.engine.begin() as connection:
                phone = {} if person else {"phone": f"+39 333 {each:07}"}
                await connection.execute(insert(t.person).values(row | phone))
            opening = self.world.open_case(case_id, at=MORNING)
            file = self.files[case_id] = CaseFile(case_id)
            entries = [file.take(replace(opening, given=opening.given | {"person": str(tenant)}), MORNING)]
            given = {"stop": str(self.world.stop), "appointment": start.isoformat()}
            entries.append(
                file.take(self.world.request(TenantCase, "convene", given, on=case_id, version=1, at=MORNING), MORNING)
            )
            await project(self.engine, case_id, entries, POLICIES)
            made.append(case_id)
        return made

    async def listen(self, case_id: UUID, at: datetime = MORNING) -> None:
        """The tenant comes: the state in which they are reminded is left."""
        request = self.world.request(TenantCase, "record_interview", {}, on=case_id, version=2, at=at)
        await project(self.engine, case_id, [self.files[case_id].take(request, at)], POLICIES)

    async def dispatch(self, at: datetime = MORNING, *, by: int = 0) -> datetime:
        """A round at that time; when there is something to do again."""
        return await self.dispatchers[by].tell(lambda: at)

    async def rows(self, table: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return [*await connection.execute(select(table))]

    async def statuses(self) -> list[str]:
        return sorted(row.status for row in await self.rows(t.message))

    def left(self) -> int:
        """How many text messages and letters the gateway has taken."""
        return sum(1 for _ in self.office.kept.newest_first())


@pytest.fixture
async def office(engine: AsyncEngine, world: World, temporal: Client, tmp_path: Path) -> AsyncIterator[Office]:
    """Two dispatchers, a gateway that can have a bad day, and a mail server with rules."""
    post, provider = FaultyPostOffice(tmp_path), Provider()
    async with post.serving(), mail_provider(provider) as port:
        settings = Settings(
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="pratica@example.org",
            gateway_url=post.gateway_url,
            gateway_secret=post.gateway_secret,
        )
        async with channels(settings) as first, channels(settings) as second:
            yield Office(
                engine=engine,
                world=world,
                office=post,
                provider=provider,
                dispatchers=[Dispatcher(engine, POLICIES, temporal, each) for each in (first, second)],
            )


async def test_two_dispatchers_tell_everybody_once(office: Office) -> None:
    await office.convened(60)
    await asyncio.gather(office.dispatch(by=0), office.dispatch(by=1))
    assert office.left() == 60
    assert await office.statuses() == ["SENT"] * 60
    assert await office.dispatch() > MORNING


async def test_a_state_that_is_left_while_its_reminder_is_claimed_is_not_told(office: Office) -> None:
    """Whoever claimed it has died; the tenant came in meanwhile; whoever takes the claim over tells nobody."""
    (case_id,) = await office.convened()
    async with office.engine.begin() as connection:
        claimed = await dispatch.claim(connection, now=MORNING, lease=MORNING + timedelta(seconds=45), most=10)
    assert [row.rung for row in claimed] == ["appointment.1"]
    await office.listen(case_id, MORNING + timedelta(seconds=20))
    assert await office.dispatch(MORNING + timedelta(seconds=30)) == MORNING + timedelta(seconds=45)
    await office.dispatch(MORNING + timedelta(minutes=2))
    assert office.left() == 0
    assert {(clause_of(row.rung), row.status, row.code) for row in await office.rows(t.reminder) if row.entry == 2} == {
        ("appointment.1", "CANCELLED", "STATE_LEFT"),
        ("appointment.2", "CANCELLED", "STATE_LEFT"),
        ("appointment.3", "CANCELLED", "STATE_LEFT"),
    }


async def test_whoever_dies_with_a_claim_is_replaced_and_nobody_is_told_twice(office: Office) -> None:
    """The gateway took the messages, and whoever sent them died before saying so: it is asked again, and knows them."""
    await office.convened(5)
    office.office.faults = [taken_and_answering(500)]
    await office.dispatch()
    assert (office.left(), await office.statuses()) == (5, ["TEMPORARY_FAILURE"] * 5)
    await office.dispatch(MORNING + timedelta(minutes=2))
    assert (office.left(), await office.statuses()) == (5, ["SENT"] * 5)


async def test_a_mail_server_that_takes_a_message_and_drops_the_line_never_gets_it_again(office: Office) -> None:
    await office.convened(email="elda@example.org")
    office.provider.messages["elda@example.org"] = Provider.DROP
    await office.dispatch()
    assert await office.statuses() == ["UNKNOWN"]
    for hours in (1, 5, 30):
        await office.dispatch(MORNING + timedelta(hours=hours))
    assert len(office.provider.seen) == 1


async def test_mail_whose_sender_died_in_between_is_not_sent_by_another(office: Office) -> None:
    """It may have left: once at most."""
    await office.convened(email="elda@example.org")
    office.provider.messages["elda@example.org"] = Provider.SILENCE
    lost = asyncio.ensure_future(office.dispatch())
    while not office.provider.seen:
        await asyncio.wait([lost], timeout=0.01)
    lost.cancel()
    await asyncio.wait([lost])
    await office.dispatch(MORNING + timedelta(minutes=2), by=1)
    assert await office.statuses() == ["UNKNOWN"]
    assert len(office.provider.seen) == 1


async def test_a_receipt_may_come_before_the_answer(office: Office) -> None:
    """And twice, and the older one after the newer."""
    await office.convened()

    async def receipt_first(well: Any, scope: Any, receive: Any, send: Any) -> None:
        (message,) = await office.rows(t.message)
        await told(MessageStatus.DELIVERED, message.key)
        await well(scope, receive, send)

    async def told(status: MessageStatus, key: UUID) -> None:
        async with office.engine.begin() as connection:
            await dispatch.receive(connection, [Receipt(key=key, status=status, at=MORNING)] * 2, now=MORNING)

    office.office.faults = [receipt_first]
    await office.dispatch()
    (message,) = await office.rows(t.message)
    assert (message.status, message.sent_at is not None) == ("DELIVERED", True)
    await told(MessageStatus.PERMANENT_FAILURE, message.key)
    assert await office.statuses() == ["DELIVERED"]
    await told(MessageStatus.DELIVERED, uuid4())


async def test_a_provider_that_wants_to_be_left_alone_is(office: Office) -> None:
    await office.convened()
    office.office.faults = [answering(429, retry_after="1800")]
    assert await office.dispatch() == MORNING + timedelta(seconds=1800)
    (message,) = await office.rows(t.message)
    assert (message.status, message.tries) == ("TEMPORARY_FAILURE", 0)


async def test_what_fails_for_good_goes_by_the_next_channel(office: Office) -> None:
    """An e-mail address that does not exist, a letter instead; nobody by any: somebody has to call."""
    await office.convened(email="gone@example.org", address="Via Due 2")
    office.provider.recipients["gone@example.org"] = "550 5.1.1 no such user"
    await office.dispatch()
    (message,) = await office.rows(t.message)
    assert (message.channel, message.status, message.sent_to) == ("LETTER", "SENT", "Via Due 2")


async def test_a_clock_that_jumps_sends_nothing_at_night_nothing_old_and_nothing_twice(office: Office) -> None:
    await office.convened()
    night = MORNING.replace(hour=22, minute=40)
    assert await office.dispatch(night) == datetime(2027, 1, 12, 8, 30, tzinfo=ROME)
    assert office.left() == 0
    await office.dispatch(datetime(2027, 1, 12, 8, 30, tzinfo=ROME))
    assert office.left() == 1
    await office.dispatch(MORNING)
    await office.dispatch(MORNING + timedelta(days=400))
    assert office.left() == 1
    assert {row.code for row in await office.rows(t.reminder) if clause_of(row.rung) == "appointment.2"} == {"TOO_LATE"}


async def test_nobody_is_told_of_an_appointment_that_has_passed(office: Office) -> None:
    (case_id,) = await office.convened()
    late = datetime(2027, 1, 25, 9, tzinfo=ROME)
    request = office.world.request(
        TenantCase,
        "convene",
        {"stop": str(office.world.stop), "appointment": datetime(2027, 1, 18, 11, tzinfo=ROME).isoformat()},
        on=case_id,
        version=2,
        at=MORNING,
    )
    await project(office.engine, case_id, [office.files[case_id].take(request, late)], POLICIES)
    await office.dispatch(late)
    assert office.left() == 0


async def test_a_rung_that_no_policy_knows_any_more_tells_nobody_and_holds_up_nothing(office: Office) -> None:
    first, second = await office.convened(2)
    async with office.engine.begin() as connection:
        of = t.reminder.c.process_id
        await connection.execute(update(t.reminder).where(of == first).values(policy="nobody@1999-01-01"))
    assert await office.dispatch() > MORNING
    assert office.left() == 1
    gone = [row.code for row in await office.rows(t.reminder) if row.process_id == first and row.ended_at == MORNING]
    assert "RUNG_GONE" in gone
    assert second


async def test_what_a_case_could_not_be_asked_is_asked_again_when_the_claim_ends(
    office: Office, temporal_server: embedded.Temporal
) -> None:
    """Temporal is away when somebody has to be called: nobody's work is lost, and what else was due has left."""
    (called,) = await office.convened(identity="DECLARED")
    await office.convened(3)
    impatient = RetryConfig(max_retries=1, max_elapsed_time_millis=1)
    address, namespace = temporal_server.address, temporal_server.namespace
    client = await Client.connect(address, namespace=namespace, data_converter=data_converter, retry_config=impatient)
    office.dispatchers[0]._client = client
    await temporal_server.kill()
    try:
        assert await office.dispatch() == MORNING + LEASE
    finally:
        await temporal_server.start()
    assert office.left() == 3
    assert [row.process_id for row in await office.rows(t.reminder) if row.status == "CLAIMED"] == [called]
    await office.dispatch(MORNING + LEASE, by=1)
    assert [row.process_id for row in await office.rows(t.reminder) if row.status == "DONE" and not row.message_id] == [
        called
    ]
    assert office.left() == 3
