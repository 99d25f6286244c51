"""What fails in the evening is told by another channel in the morning: quiet hours hold for every try."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.message import MessageStatus
from domain.tenant_case import TenantCase
from domain.terms import ROME
from store import tables as t
from tests.stories.lived import a_year
from tests.world import World


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
        (message,) = await year.messages(channel="SMS")
        await year.receipt(message, MessageStatus.PERMANENT_FAILURE)
        await year.until(2027, 1, 11, 12)
        (message,) = await year.messages()
    assert message.channel == "EMAIL"
    assert message.sent_at.astimezone(ROME).strftime("%d %H:%M") == "11 08:30"
