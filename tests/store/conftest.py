"""A small agency in a database of the test's own."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.roles import Role
from store.scope import Scope
from tests.store.desk import Desk
from tests.world import World


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
