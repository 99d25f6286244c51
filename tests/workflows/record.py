"""`python -m tests.workflows.record NAME`: store a history, to be replayed by every version to come."""

import asyncio
import sys
import tempfile
from pathlib import Path

from temporalio.client import Client

import migrations
from store import database
from tests.workflows.lives import live_a_case
from tests.world import POLICIES, Cases, World
from workers import embedded
from workers.worker import case_worker
from workflows.converter import data_converter


async def record(name: str) -> None:
    """Live a case on servers of its own, and write its history to `histories/NAME.json`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        async with (
            embedded.postgres(path / "postgres") as postgres,
            embedded.temporal(path, namespace="record") as temporal,
        ):
            url = await postgres.create("record")
            await asyncio.to_thread(migrations.upgrade, url)
            engine = database.connect(url)
            world = World()
            await world.settle(engine)
            client = await Client.connect(temporal.address, namespace="record", data_converter=data_converter)
            async with case_worker(client, engine, POLICIES, task_queue="record"):
                cases = Cases(client=client, task_queue="record")
                history = await cases.handle(await live_a_case(cases, world)).fetch_history()
            await engine.dispose()
        embedded.erase(path / "postgres")
    (Path(__file__).parent / "histories" / f"{name}.json").write_text(history.to_json() + "\n")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1]))
