"""What time it is: the system's, or that of a Temporal server that lets time pass as it is told."""

import time
from datetime import UTC, datetime, timedelta
from typing import Self

from google.protobuf.empty_pb2 import Empty
from starlette.types import ASGIApp, Receive, Scope, Send
from temporalio.client import Client
from temporalio.service import RPCError

from workers import engine
from workers.errors import ServerFailed
from workers.settings import Settings, variable

_PATIENCE = timedelta(seconds=2)


class Clock:
    """The system's."""

    def __call__(self) -> datetime:
        """Return what time it is."""
        return datetime.now(UTC)

    async def look(self) -> datetime:
        """Return what time it is, having looked."""
        return self()

    def before(self, served: ASGIApp) -> ASGIApp:
        """Return an application that looks at the clock before each request to `served`."""
        return served


class TemporalClock(Clock):
    """That of a time-skipping server: what was seen last, and what has gone by since.

    It leaps only when somebody lets time pass there, so one look a request is enough. While the server is away it goes
    on as clocks do.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen = datetime.min.replace(tzinfo=UTC)
        self._seen_at = time.monotonic()

    @classmethod
    async def seen(cls, client: Client) -> Self:
        """Return a clock that has been looked at. Raises ServerFailed if this Temporal has none."""
        clock = cls(client)
        try:
            await clock._fetch()
        except RPCError as error:
            message = f"Temporal tells no time ({error.message}): only its time-skipping server does, see "
            raise ServerFailed(f"{message}{variable('clock')}.") from error
        return clock

    def __call__(self) -> datetime:
        """Return what time it was at the last look, and what has gone by since."""
        return self._seen + timedelta(seconds=time.monotonic() - self._seen_at)

    async def look(self) -> datetime:
        """Ask the server; if it does not answer, go on."""
        try:
            await self._fetch()
        except (RPCError, RuntimeError):  # the latter from a client that cannot connect
            return self()
        return self()

    def before(self, served: ASGIApp) -> ASGIApp:
        """Return an application that looks at the clock before each request to `served`."""

        async def look_first(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self.look()
            await served(scope, receive, send)

        return look_first

    async def _fetch(self) -> None:
        answer = await self._client.test_service.get_current_time(Empty(), timeout=_PATIENCE)
        told = answer.time.ToDatetime(tzinfo=UTC)
        if told > self():  # of two answers under way, the later one may come first
            self._seen, self._seen_at = told, time.monotonic()


async def clock_of(settings: Settings) -> Clock:
    """Return the clock that the settings choose. Raises ServerFailed if it cannot be seen."""
    return Clock() if settings.clock == "system" else await TemporalClock.seen(await engine.connect(settings))
