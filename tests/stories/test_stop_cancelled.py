"""A stop is cancelled on the day before: whoever is expected there hears of it today, and the operator has to do."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from api.engine import wake_dispatch
from domain.register import Stop
from domain.roles import Role
from domain.tenant_case import TenantCase
from domain.terms import ROME
from store import register, stops
from store import tables as t
from store.requests import Asked
from store.scope import Scope
from tests.stories.lived import Year, a_year
from tests.world import POLICIES, World


async def cancel(year: Year) -> None:
    """Cancel the stop, as the API does."""
    scope = Scope(staff_id=year.world.staff, roles=frozenset({Role.SUPERVISOR}), districts=None)
    async with year.engine.begin() as connection:
        stored = await register.amend(
            connection,
            Stop,
            {"cancelled_at": year.now},
            id=year.world.stop,
            expected_version=1,
            asked=Asked(id="k", fingerprint="f"),
            scope=scope,
            now=year.now,
        )
        assert await stops.amended(connection, stored.id, stored.entry, POLICIES, now=year.now)
    await wake_dispatch(year.environment.client)


async def test_who_is_expected_at_a_stop_that_is_cancelled_hears_of_it_the_same_day(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    """Though there was a message that day already; and is not reminded of the appointment any more."""
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.change(t.person, world.person, phone="+39 333 1234567", given_name="Elda", family_name="Rovera")
        await year.until(2027, 1, 14, 9)  # a Thursday
        at = year.now + timedelta(days=5)
        await year.change(t.stop, world.stop, starts_at=at, ends_at=at + timedelta(hours=4))
        await year.open()
        await year.take(
            TenantCase, "convene", {"stop": str(world.stop), "appointment": (at + timedelta(hours=1)).isoformat()}
        )
        await year.until(2027, 1, 16, 11)  # a Saturday
        await cancel(year)
        await year.until(2027, 1, 19, 9)
        assert await year.told() == [
            "2027-01-14 09:00 SMS PERSON appointment",
            "2027-01-16 11:00 SMS PERSON appointment_cancelled",
        ]
        assert ("TENANT_CASE", "FOLLOW_UP", "OPERATOR") in await year.tasks()
        at += timedelta(days=7)
        other = {"starts_at": at, "ends_at": at + timedelta(hours=4), "cancelled_at": None}
        await year.change(t.stop, world.stop, **other)
        again = {"stop": str(world.stop), "appointment": (at + timedelta(hours=1)).isoformat()}
        await year.take(TenantCase, "convene", again)
        await year.later(hours=1)
        assert (await year.told())[-1].startswith("2027-01-19")
        assert "FOLLOW_UP" not in {reason for _, reason, _ in await year.tasks()}


async def test_who_is_expected_before_messages_leave_in_the_morning_is_told_at_night(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    """Expected at eight, told at ten in the evening: half past eight would be too late."""
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.change(t.person, world.person, phone="+39 333 1234567", given_name="Elda", family_name="Rovera")
        await year.until(2027, 1, 14, 9)
        at = datetime(2027, 1, 19, 8, tzinfo=ROME)
        await year.change(t.stop, world.stop, starts_at=at, ends_at=at + timedelta(hours=4))
        await year.open()
        await year.take(TenantCase, "convene", {"stop": str(world.stop), "appointment": at.isoformat()})
        await year.until(2027, 1, 18, 22)
        await cancel(year)
        await year.until(2027, 1, 19, 12)
        assert (await year.told())[-1] == "2027-01-18 22:00 SMS PERSON appointment_cancelled"
