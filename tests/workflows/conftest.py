"""A worker on its own task queue and database, and a small agency in it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from tests.world import POLICIES, Cases
from workers.worker import case_worker


@pytest.fixture
async def cases(engine: AsyncEngine, temporal: Client) -> AsyncIterator[Cases]:
    """Cases that a worker of this test alone carries, sandboxed as in production's default."""
    queue = f"cases-{uuid4()}"
    async with case_worker(temporal, engine, POLICIES, task_queue=queue):
        yield Cases(client=temporal, task_queue=queue)
