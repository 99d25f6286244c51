from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.tenant_case import TenantCase
from store import tables as t
from tests.stories.lived import a_year
from tests.world import World


async def test_a_convocation(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.change(t.person, world.person, phone="+39 333 1234567", given_name="Elda", family_name="Rovera")
        await year.until(2027, 1, 11, 9)
        await year.change(
            t.stop, world.stop, starts_at=year.now + timedelta(days=7), ends_at=year.now + timedelta(days=7, hours=4)
        )
        await year.open()
        await year.take(
            TenantCase,
            "convene",
            {"stop": str(world.stop), "appointment": (year.now + timedelta(days=7, hours=1)).isoformat()},
        )
        await year.later(days=20)
        import pprint

        pprint.pprint(await year.told())
        pprint.pprint(await year.tasks())
        assert 0
