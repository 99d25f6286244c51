"""Somebody of the staff has a reminder leave before its time, and calls another one off: it is so."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from api.engine import wake_dispatch
from domain.ladder import clause_of
from domain.roles import Role
from domain.tenant_case import TenantCase
from store import reminders
from store import tables as t
from store.reminders import Key, ReminderFilter, ReminderOrder
from store.requests import Asked
from store.scope import Scope
from tests.stories.lived import Year, a_year
from tests.world import POLICIES, World


async def scheduled(year: Year, scope: Scope) -> dict[str, Key]:
    """What is to come, by its clause."""
    async with year.engine.connect() as connection:
        page = await reminders.reminders(
            connection, ReminderFilter(), ReminderOrder.LEAVES_ASC, first=100, after=None, scope=scope
        )
    return {clause_of(row.rung): Key(row.process_id, row.entry, row.rung, row.occurrence) for row in page.rows}


async def test_what_is_sent_now_leaves_now_and_what_is_called_off_never(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    """One message a day: what is sent after another one on the same day leaves on the next."""
    scope = Scope(staff_id=world.staff, roles=frozenset({Role.SUPERVISOR}), districts=None)
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.change(t.person, world.person, phone="+39 333 1234567")
        await year.until(2027, 1, 11, 9)  # a Monday
        at = year.now + timedelta(days=10)
        await year.change(t.stop, world.stop, starts_at=at, ends_at=at + timedelta(hours=4))
        await year.open()
        await year.take(TenantCase, "convene", {"stop": str(world.stop), "appointment": at.isoformat()})
        await year.later(minutes=5)
        found = await scheduled(year, scope)
        async with engine.begin() as connection:
            for write, clause in ((reminders.send_now, "appointment.2"), (reminders.cancel, "appointment.3")):
                asked = Asked(id=clause, fingerprint="f")
                await write(connection, found[clause], asked=asked, scope=scope, policies=POLICIES, now=year.now)
        await year.take(TenantCase, "set_urgency", {"urgency": "URGENT"})  # which reckons anew what is to come
        await wake_dispatch(year.environment.client)
        await year.later(days=20)
        assert await year.told() == [
            "2027-01-11 09:00 SMS PERSON appointment",
            "2027-01-12 08:30 SMS PERSON appointment_soon",
        ]
