"""HTTP: an ASGI application on uvicorn, in this process."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


async def serve(served: ASGIApp, listener: socket.socket, *, stop_seconds: int) -> None:
    """Serve on a listening socket until cancelled; then let requests under way end, for so many seconds."""
    config = uvicorn.Config(
        served,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=stop_seconds,
    )
    server = _Server(config)
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
