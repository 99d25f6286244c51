"""What several cases share: nobody takes more than there is, nobody keeps what they gave up."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.contribution import Contribution
from domain.document_practice import DocumentPractice
from domain.events import StepRequest
from domain.process import Reservation
from domain.refusals import Refused
from domain.tenant_case import TenantCase
from store import tables as t
from store.reservations import reserve
from tests.world import Cases, World, row_is_awaited
from workers.verify import differences


async def places(engine: AsyncEngine, *stops: UUID) -> list[int]:
    """Return how many places are taken at each of these stops."""
    async with engine.connect() as connection:
        booked = {row.id: row.booked for row in await connection.execute(select(t.stop.c.id, t.stop.c.booked))}
    return [booked[stop] for stop in stops]


async def next_weeks(engine: AsyncEngine, world: World) -> tuple[UUID, datetime]:
    """Return another stop beside the world's, and when both begin."""
    other = uuid4()
    async with engine.begin() as connection:
        stop = (await connection.execute(select(t.stop).where(t.stop.c.id == world.stop))).one()
        await connection.execute(insert(t.stop).values({**stop._mapping, "id": other}))
    return other, stop.starts_at


def convene(world: World, case_id: UUID, version: int, stop: UUID, at: datetime) -> StepRequest:
    given = {"stop": str(stop), "appointment": at.isoformat()}
    return world.request(TenantCase, "convene", given, on=case_id, version=version)


async def test_a_place_is_kept_whatever_happens_to_the_tracks_meanwhile(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """A track that opens raises the case's version; the convocation was accepted before, and has its place."""
    case_id, track = uuid4(), uuid4()
    _, starts_at = await next_weeks(engine, world)
    await cases.open(world.open_case(case_id))
    async with engine.begin() as connection:
        await connection.execute(select(t.stop).where(t.stop.c.id == world.stop).with_for_update())
        convening = asyncio.create_task(cases.take(case_id, convene(world, case_id, 1, world.stop, starts_at)))
        opened = world.request(DocumentPractice, "open", {"document": "ISEE"}, on=track)
        while not convening.done() and not (await row_is_awaited(engine)):
            pass
        await cases.take(case_id, opened)
        assert not convening.done()
    assert (await convening).version == 3
    assert await places(engine, world.stop) == [1]
    assert [difference async for difference in differences(engine, cases.client, now=datetime.now(UTC))] == []


async def test_an_appointment_moves_within_a_full_stop_and_away_from_it(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """One's own place does not stand in the way, and another may have it as soon as it is given up."""
    case_id = uuid4()
    other, starts_at = await next_weeks(engine, world)
    async with engine.begin() as connection:
        await connection.execute(update(t.stop).where(t.stop.c.id == world.stop).values(capacity=1))
    await cases.open(world.open_case(case_id))
    for version, (stop, hours, taken) in enumerate(
        [(world.stop, 0, [1, 0]), (world.stop, 1, [1, 0]), (other, 0, [0, 1]), (world.stop, 2, [1, 0])], start=1
    ):
        answer = await cases.take(case_id, convene(world, case_id, version, stop, starts_at + timedelta(hours=hours)))
        assert answer.rejection is None
        assert await places(engine, world.stop, other) == taken
    outside = await cases.take(case_id, convene(world, case_id, 5, other, starts_at + timedelta(hours=4)))
    assert outside.rejection
    assert (outside.rejection.code, outside.rejection.path) == ("OUTSIDE_HOURS", ("appointment",))
    assert await places(engine, world.stop, other) == [1, 0]


async def test_what_was_taken_for_a_step_that_was_not_is_given_back_when_another_is_asked(
    world: World, engine: AsyncEngine
) -> None:
    """In the same entry of the same process only the last share counts, however often it is asked for."""
    process_id, now = uuid4(), datetime.now(UTC)
    other, starts_at = await next_weeks(engine, world)
    for stop in (world.stop, other, other):
        share = Reservation(kind="STOP", resource=stop, amount=Decimal(1), at=starts_at)
        await reserve(engine, process_id=process_id, entry=1, reservation=share, at=now)
    assert await places(engine, world.stop, other) == [0, 1]


async def test_a_measure_pays_a_tenancy_no_more_than_its_yearly_most(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """Whatever the cases and the lines: what was granted before in the year counts."""
    async with engine.begin() as connection:
        await connection.execute(update(t.funding_line).values(budget=10_000))
    codes: list[Any] = []
    for _ in range(2):
        case_id, track = uuid4(), uuid4()
        await cases.open(world.open_case(case_id))
        asked = {"tenancy": str(world.tenancy), "purpose": "RENT", "requested": "2000"}
        await cases.take(case_id, world.request(Contribution, "open", asked, on=track))
        found = {"measure": "DIFFICULTY", "isee": "4000", "months_assigned": 60, "eligible": "2000", "attested": True}
        await cases.take(case_id, world.request(Contribution, "assess", found, on=track, version=1))
        grant = {"funding_line": str(world.funding_line), "amount": "2000"}
        answer = await cases.take(case_id, world.request(Contribution, "grant", grant, on=track, version=2))
        codes.append(answer.rejection and answer.rejection.code)
    assert codes == [None, "YEARLY_MOST_REACHED"]


async def test_a_line_pays_from_its_first_day_in_rome(world: World, engine: AsyncEngine) -> None:
    """At half past midnight it is still the day before in UTC."""
    async with engine.begin() as connection:
        await connection.execute(update(t.funding_line).values(starts_on=date(2027, 1, 1)))
    share = Reservation(kind="FUNDING", resource=world.funding_line, amount=Decimal(100))
    before = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    with pytest.raises(Refused, match="FUNDS_SHORT"):
        await reserve(engine, process_id=uuid4(), entry=1, reservation=share, at=before)
    after = datetime(2026, 12, 31, 23, 1, tzinfo=UTC)
    await reserve(engine, process_id=uuid4(), entry=1, reservation=share, at=after)
