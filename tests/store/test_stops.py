"""A stop that is cancelled while somebody is being given an appointment there."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.case_file import CaseFile
from domain.register import Stop
from domain.tenant_case import TenantCase
from domain.terms import ROME
from store import stops
from store import tables as t
from store.projection import project
from store.register import stored
from tests.world import POLICIES, World, row_is_awaited

MORNING = datetime(2027, 1, 11, 9, tzinfo=ROME)


async def test_who_is_booked_at_a_stop_while_it_is_being_cancelled_hears_of_it_too(
    engine: AsyncEngine, world: World
) -> None:
    """Whoever cancels it does not see the appointment yet; whoever writes the appointment waits to see them."""
    case_id, start = uuid4(), MORNING + timedelta(days=7)
    async with engine.begin() as connection:
        hours = {"starts_at": start, "ends_at": start + timedelta(hours=4)}
        await connection.execute(update(t.stop).where(t.stop.c.id == world.stop).values(hours))
    file = CaseFile(case_id)
    entries = [file.take(world.open_case(case_id, at=MORNING), MORNING)]
    given = {"stop": str(world.stop), "appointment": start.isoformat()}
    entries.append(file.take(world.request(TenantCase, "convene", given, on=case_id, version=1, at=MORNING), MORNING))
    async with engine.begin() as connection:
        cancelled = update(t.stop).where(t.stop.c.id == world.stop).values(cancelled_at=MORNING).returning(t.stop)
        row = (await connection.execute(cancelled)).one()
        assert not await stops.amended(connection, row.id, stored(Stop, row).entry, POLICIES, now=MORNING)
        booking = asyncio.create_task(project(engine, case_id, entries, POLICIES))
        while not await row_is_awaited(engine):
            assert not booking.done()
    assert await booking, "dispatch is woken"
    async with engine.connect() as connection:
        reminder = t.reminder.c
        to_come = select(reminder.rung).where(reminder.status == "SCHEDULED", reminder.whom == "PERSON")
        assert (await connection.execute(to_come)).scalars().all() == ["stop_cancelled/called_off.1"]
