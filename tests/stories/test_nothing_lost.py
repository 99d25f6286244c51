"""Nothing lost, nothing invented: whatever is killed, what clients were told is what is stored, and what is live."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from api import ids
from store import database, log
from store import tables as t
from tests.stories.deployment import Deployment, case_opening, deployed, insist
from workers.verify import differences

KILLS = (
    ("worker",),
    ("worker", "temporal"),
    ("api",),
    ("temporal",),
    ("postgres",),
    ("worker", "postgres"),
    ("api", "worker"),
    ("temporal", "postgres"),
)
"""`worker` with `temporal` comes first after a single worker: it is where a local activity loses a step."""

TENANTS = 6


@pytest.fixture(scope="module")
async def deployment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """One deployment for the stories of this file."""
    async with deployed(tmp_path_factory.mktemp("deployment")) as running:
        yield running


class Tenant:
    """A front end that works on one case alone, so that any version it does not expect was lost or invented."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self.deployment = deployment
        self.name = name
        self.case = ""
        self.told: list[int] = []

    async def work(self, until: asyncio.Event) -> None:
        """Open a case, and change its urgency until told to stop; note what every answer says."""
        async with self.deployment.client() as client:
            opened = await insist(client, "tenantCaseOpen", case_opening(self.deployment.world, f"{self.name}-0"))
            self.case = opened["process"]["id"]
            self.told.append(opened["process"]["version"])
            for turn in count(1):
                if until.is_set():
                    return
                given = {
                    "id": self.case,
                    "expectedVersion": self.told[-1],
                    "urgency": ("ROUTINE", "URGENT")[turn % 2],
                    "idempotencyKey": f"{self.name}-{turn}",
                }
                answer = await insist(client, "tenantCaseSetUrgency", given)
                assert answer["userErrors"] == []
                self.told.append(answer["process"]["version"])


async def commits(engine: AsyncEngine) -> int:
    """Return how many events are stored."""
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(t.event))).scalar_one())


async def everybody_goes_on(tenants: list[Tenant]) -> None:
    """Wait until every client has been answered three times more."""
    goals = [len(tenant.told) + 3 for tenant in tenants]
    async with asyncio.timeout(120):
        while any(len(tenant.told) < goal for tenant, goal in zip(tenants, goals, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the clients' own tasks bring it about


async def test_whatever_is_killed_nothing_is_lost_and_nothing_invented(deployment: Deployment) -> None:
    """Parts are killed alone and in pairs, just after a commit that nobody has acknowledged yet."""
    engine = database.connect(deployment.database_url)
    tenants = [Tenant(deployment, f"tenant-{number}") for number in range(TENANTS)]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for tenant in tenants:
            group.create_task(tenant.work(stop))
        for parts in KILLS:
            # Everybody has been answered since the last kill: steps are under way in every stage.
            await everybody_goes_on(tenants)
            before = await commits(engine)
            while await commits(engine) == before:
                pass
            await asyncio.gather(*(deployment.kill(part) for part in parts))
            for part in reversed(parts):
                await deployment.start(part)
        await everybody_goes_on(tenants)
        stop.set()
    temporal = await Client.connect(
        deployment.temporal.address,
        namespace=deployment.temporal.namespace,
        data_converter=pydantic_data_converter,
    )
    async with engine.connect() as connection:
        for tenant in tenants:
            assert tenant.told == list(range(1, len(tenant.told) + 1))
            _, case_id = ids.decode(tenant.case)
            steps = [event for event in await log.events(connection, case_id) if event.request]
            assert [event.version for event in steps] == tenant.told
            assert len({event.request and event.request.request_id for event in steps}) == len(steps)
    assert [difference async for difference in differences(engine, temporal)] == []
    await engine.dispose()
