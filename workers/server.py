"""The API process: the GraphQL application on uvicorn."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp
from temporalio.client import Client

from api.app import application
from api.context import Services
from api.engine import Engine, wake_dispatch
from api.receipts import ReceiptsEndpoint
from api.schema import build
from domain.message import Receipt
from domain.processes import PROCESSES
from store import database, dispatch
from store.policies import Policies
from workers import memory, web
from workers.clock import Clock, clock_of
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
    clock = await clock_of(settings)
    postgres = database.connect(settings.database_url, pool_size=DATABASE_CONNECTIONS)
    try:
        async with Engine(client).watched() as engine:
            services = Services(
                database=postgres,
                reading=database.autocommit(postgres),
                engine=engine,
                policies=Policies(PROCESSES),
                token_secret=settings.token_secret,
                clock=clock,
            )
            receipts = _receipts(settings, postgres, client, clock)
            served = application(services, schema=build(), cors_origins=settings.cors_origins, receipts=receipts)
            memory.settle()
            await serve(clock.before(served), host=settings.host, port=settings.port)
    finally:
        await postgres.dispose()


async def serve(served: ASGIApp, *, host: str, port: int) -> None:
    """Serve an ASGI application until cancelled. Raises PortTaken or BadSetting."""
    with listening(host=host, port=port, setting="PRATICA_PORT") as listener:
        await web.serve(served, listener, stop_seconds=STOP_SECONDS)


def _receipts(settings: Settings, postgres: AsyncEngine, client: Client, clock: Clock) -> ReceiptsEndpoint | None:
    """Return where receipts are taken: kept first, then dispatch sees to what follows from them."""
    if not settings.receipt_secret:
        return None

    async def take(receipts: Sequence[Receipt]) -> None:
        async with postgres.begin() as connection:
            await dispatch.receive(connection, receipts, now=clock())
        await wake_dispatch(client)

    return ReceiptsEndpoint(secret=settings.receipt_secret, take=take, clock=clock)
