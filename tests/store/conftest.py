"""A small agency in a database of the test's own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.roles import Role
from store import database as databases
from store.scope import Scope
from tests.store.desk import Desk
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


@pytest.fixture
def desk(engine: AsyncEngine, world: World) -> Desk:
    """An operator of the world's district."""
    return Desk(
        engine, Scope(staff_id=world.staff, roles=frozenset({Role.OPERATOR}), districts=frozenset({world.district}))
    )


@pytest.fixture
def elsewhere(engine: AsyncEngine, world: World) -> Desk:
    """An operator of another district."""
    return Desk(
        engine, Scope(staff_id=world.staff, roles=frozenset({Role.OPERATOR}), districts=frozenset({world.elsewhere}))
    )


@pytest.fixture
def everywhere(engine: AsyncEngine, world: World) -> Desk:
    """A supervisor of the whole agency."""
    return Desk(engine, Scope(staff_id=world.staff, roles=frozenset({Role.SUPERVISOR}), districts=None))
