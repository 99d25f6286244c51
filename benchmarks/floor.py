"""The least that a durable step can be: a Temporal update, whose activity writes one row into PostgreSQL.

Run as a program, this is the worker: `python -m benchmarks.floor ADDRESS NAMESPACE DATABASE_URL`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import uvloop
from psycopg_pool import AsyncConnectionPool
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.stories.deployment import Deployment

TASK_QUEUE = "floor"
INSERT = "insert"
CONNECTIONS = 10
"""As many as the product's worker has."""

ROOT = Path(__file__).parents[1]

_TABLE = "create table floor (workflow text, step integer, at timestamptz default now(), primary key (workflow, step))"


@workflow.defn
class Floor:
    """Something that takes one step after the other, and ends when it is told to."""

    def __init__(self) -> None:
        self._steps = 0

    @workflow.run
    async def run(self) -> None:
        """Wait for steps."""
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def step(self) -> int:
        """Take a step; return once PostgreSQL has it."""
        self._steps += 1
        step = self._steps
        values = [workflow.info().workflow_id, step]
        await workflow.execute_activity(INSERT, args=values, start_to_close_timeout=timedelta(seconds=30))
        return step


class Rows:
    """The activity."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    @activity.defn(name=INSERT)
    async def insert(self, case: str, step: int) -> None:
        """Write one row."""
        async with self._pool.connection() as connection:
            await connection.execute("insert into floor (workflow, step) values (%s, %s)", [case, step])


@asynccontextmanager
async def floor_worker(deployment: Deployment) -> AsyncIterator[Client]:
    """Run the worker as a process beside the deployment's own; give a client that asks its workflows."""
    async with await psycopg.AsyncConnection.connect(deployment.database_url) as connection:
        await connection.execute(_TABLE)
    temporal = deployment.temporal
    arguments = ["-m", "benchmarks.floor", temporal.address, temporal.namespace, deployment.database_url]
    with (deployment.folder / "floor.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield await Client.connect(temporal.address, namespace=temporal.namespace)
    finally:
        process.terminate()
        await process.wait()


async def begun(client: Client) -> WorkflowHandle[Floor, None]:
    """Start one workflow of the floor, and see it take its first step."""
    handle = await client.start_workflow(Floor.run, id=f"floor/{uuid4()}", task_queue=TASK_QUEUE)
    await handle.execute_update(Floor.step)
    return handle


async def main(address: str, namespace: str, database_url: str) -> None:
    """Run the worker until it is ended."""
    client = await Client.connect(address, namespace=namespace)
    autocommit = {"autocommit": True}
    async with AsyncConnectionPool(database_url, kwargs=autocommit, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        await Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[Floor],
            activities=[Rows(pool).insert],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ).run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(*sys.argv[1:]))
