"""What fails in the evening is told by another channel in the morning: quiet hours hold for every try."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.message import MessageStatus, Receipt
from domain.tenant_case import TenantCase
from store import dispatch
from store import tables as t
from tests.stories.lived import Year, a_year
from tests.world import World
from workers.activities import wake_dispatch


async def _fails(year: Year) -> None:
    """The provider says that the text message has not arrived."""
    async with year.engine.begin() as connection:
        key = (await connection.execute(select(t.message.c.key).where(t.message.c.channel == "SMS"))).scalar_one()
        failed = Receipt(key=key, status=MessageStatus.PERMANENT_FAILURE, at=year.now)
        await dispatch.receive(connection, [failed], now=year.now)
    await wake_dispatch(year.environment.client)


async def test_nobody_is_written_to_at_night_because_another_channel_failed(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.change(t.person, world.person, phone="+39 333 1234567", email="elda@example.org")
        await year.until(2027, 1, 8, 9)  # a Friday
        starts = year.now + timedelta(days=14)
        await year.change(t.stop, world.stop, starts_at=starts, ends_at=starts + timedelta(hours=4))
        await year.open()
        await year.take(TenantCase, "convene", {"stop": str(world.stop), "appointment": starts.isoformat()})
        await year.until(2027, 1, 8, 20)
        await _fails(year)
        await year.until(2027, 1, 11, 12)
        told = await year.told()
    assert [(at, channel) for at, channel, *_ in told if at.startswith("2027-01")] == [("2027-01-11 08:30", "EMAIL")]
