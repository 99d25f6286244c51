"""Real servers for the tests: started once a session from the wheels, on free ports, with data of their own."""

import asyncio
import os
import shutil
import sysconfig
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

import migrations
from store import database as databases
from tests.world import World
from workers import embedded
from workers.settings import PREFIX
from workflows.converter import data_converter

_TEMPLATE = "migrated"
_numbers = count(1)


@pytest.fixture(scope="session", autouse=True)
def _nobody_s_settings() -> Iterator[None]:
    """Nothing of the developer's own: a PRATICA_DATABASE_URL in the shell would be the database that is tested."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            environment.delenv(name)
        yield


@pytest.fixture(scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[embedded.PostgreSQL]:
    """A PostgreSQL server; its `kill()` and `start()` let a test take it away and bring it back."""
    directory = tmp_path_factory.mktemp("servers") / "postgres"
    try:
        async with embedded.postgres(directory) as server:
            yield server
    finally:
        embedded.erase(directory)


@pytest.fixture(scope="session")
async def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[embedded.Temporal]:
    """A Temporal server with a namespace `tests`; its `kill()` and `start()` let a test take it away and back."""
    async with embedded.temporal(tmp_path_factory.mktemp("servers"), namespace="tests") as server:
        yield server


@pytest.fixture(scope="session")
async def _template(postgres_server: embedded.PostgreSQL) -> str:
    url = await postgres_server.create(_TEMPLATE)
    await asyncio.to_thread(migrations.upgrade, url)
    return _TEMPLATE


@pytest.fixture
async def database(postgres_server: embedded.PostgreSQL, _template: str) -> AsyncIterator[str]:
    """The address (postgresql://...) of a migrated, empty database that this test alone uses."""
    name = f"test_{next(_numbers)}"
    yield await postgres_server.create(name, template=_template)
    await postgres_server.drop(name)


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


@pytest.fixture(scope="session")
async def temporal(temporal_server: embedded.Temporal) -> Client:
    """A client of the Temporal server. Workflows of all tests share its namespace: ids and task queues must differ."""
    return await Client.connect(
        temporal_server.address, namespace=temporal_server.namespace, data_converter=data_converter
    )


@pytest.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's time-skipping server for this test alone: months pass in milliseconds while a workflow waits."""
    binary = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    async with await WorkflowEnvironment.start_time_skipping(
        data_converter=data_converter, test_server_existing_path=binary
    ) as environment:
        yield environment
