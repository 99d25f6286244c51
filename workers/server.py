"""The API process: the GraphQL application on uvicorn."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import uvicorn
from starlette.types import ASGIApp

from api.app import application
from api.context import Services
from api.engine import Engine
from api.schema import build
from domain.processes import PROCESSES
from store import database
from store.policies import Policies
from workers import memory
from workers.embedded.process import listening
from workers.engine import connect
from workers.settings import Settings

DATABASE_CONNECTIONS = 20
"""As many statements run at once; requests beyond them wait up to 5 s for their turn."""

STOP_SECONDS = 10
"""How long requests under way may take to end when the API is stopped; a step answers within 8."""


async def run_api(settings: Settings) -> None:
    """Serve the API until cancelled; then take no more requests, and let those under way end.

    Raises OperatorError: a taken port.
    """
    client = await connect(settings, lazy=True)  # without Temporal, reading goes on
    postgres = database.connect(settings.database_url, pool_size=DATABASE_CONNECTIONS)
    try:
        async with Engine(client).watched() as engine:
            services = Services(
                database=postgres,
                reading=database.autocommit(postgres),
                engine=engine,
                policies=Policies(PROCESSES),
                token_secret=settings.token_secret,
                clock=_system_clock,
            )
            served = application(services, schema=build(), cors_origins=settings.cors_origins)
            memory.settle()
            await serve(served, host=settings.host, port=settings.port)
    finally:
        await postgres.dispose()


async def serve(served: ASGIApp, *, host: str, port: int) -> None:
    """Serve an ASGI application until cancelled. Raises PortTaken or BadSetting."""
    config = uvicorn.Config(
        served,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = _Server(config)
    with listening(host=host, port=port, setting="PRATICA_PORT") as listener:
        serving = asyncio.ensure_future(server.serve([listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command, which cancels."""
        yield


def _system_clock() -> datetime:
    return datetime.now(UTC)
