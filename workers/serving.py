"""The whole of Pratica in one process: servers, schema, worker and API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from workers.server import run_api
from workers.settings import Settings
from workers.stack import Stack, stack
from workers.upgrade import upgrade
from workers.worker import run_worker

_POLL_SECONDS = 0.05


@asynccontextmanager
async def serving(settings: Settings, *, anew: bool = False) -> AsyncIterator[Stack]:
    """Start everything, give it when the API answers, and stop everything at the end; `anew` as for `stack`.

    Raises OperatorError, alone or in a group, if a part cannot start or ends by itself.
    """
    async with stack(settings, anew=anew) as running:
        await asyncio.to_thread(upgrade, running.settings)
        async with asyncio.TaskGroup() as group:
            parts = [
                group.create_task(run_worker(running.settings)),
                group.create_task(run_api(running.settings)),
                group.create_task(_watch(running)),
            ]
            try:
                await _until_answered(settings.api_url)
                yield running
            finally:
                for part in parts:
                    part.cancel()


async def _watch(running: Stack) -> None:
    raise await running.ended()


async def _until_answered(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.post(url, json={"query": "{ __typename }"})
            except httpx.TransportError:
                await asyncio.sleep(_POLL_SECONDS)
            else:
                return
