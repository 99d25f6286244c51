import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.identity import issue
from domain.roles import Role
from workers import embedded
from workers.embedded.process import free_port
from workers.errors import BadSetting
from workers.server import run_api
from workers.settings import Settings
from workers.upgrade import upgrade

SECRET = "a secret of the tests, 32 bytes or more"


@pytest.fixture
async def settings(database: str, temporal_server: embedded.Temporal) -> Settings:
    """Settings of an API on the tests' servers."""
    return Settings(
        database_url=database,
        temporal_address=temporal_server.address,
        temporal_namespace=temporal_server.namespace,
        token_secret=SECRET,
        port=free_port(),
    )


@asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API that runs until the context ends."""
    token = issue(SECRET, subject=uuid4(), roles=[Role.SUPERVISOR], districts=None, hours=1, now=datetime.now(UTC))
    serving = asyncio.create_task(run_api(settings))
    transport = httpx.AsyncHTTPTransport(retries=8)  # until it listens: 0, 0.5, 1, 2, ... seconds apart
    address = settings.api_url.removesuffix("/graphql")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url=address, headers=headers, timeout=60) as client:
        yield client
    serving.cancel()
    await asyncio.wait([serving])
    assert serving.cancelled()


async def test_the_api_answers_beside_real_servers(settings: Settings) -> None:
    async with _running(settings) as api:
        ready = await api.get("/ready")
        answer = await api.post("/graphql", json={"query": "{ __typename }"})

    assert ready.json() == {"postgresql": True, "temporal": True}
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_the_api_starts_without_temporal_to_read(settings: Settings) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    async with _running(replace(settings, temporal_address=nobody)) as api:
        ready = await api.get("/ready")

    assert (ready.status_code, ready.json()["postgresql"]) == (200, True)


async def test_an_empty_database_takes_no_policy_that_cannot_be_used(database: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("policy: ours\nversion: yesterday\n")

    with pytest.raises(BadSetting, match="PRATICA_POLICY") as refused:
        await asyncio.to_thread(upgrade, Settings(database_url=database, policy=policy))

    assert "version" in str(refused.value)
    assert "processes" in str(refused.value)
