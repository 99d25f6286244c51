"""A small agency in a database of the test's own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from store import database as databases
from tests.world import World


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """The test's database."""
    engine = databases.connect(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    """The agency's register."""
    world = World()
    await world.settle(engine)
    return world
