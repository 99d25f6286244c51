"""Many reminders due at once, and the worker killed twice on the way: everybody is told, and nobody twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks import due
from benchmarks.sink import sink
from tests.stories.deployment import deployed

REMINDERS = 3_000


async def test_a_worker_that_is_killed_on_the_way_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """What it had claimed is somebody's again when the claim has run out; the gateway is asked with the same keys."""
    async with deployed(tmp_path) as deployment, sink() as into:
        await due.restarted(deployment, into)
        await due.scheduled(deployment, REMINDERS, due=datetime.now(UTC) - timedelta(seconds=1))
        await due.wake(deployment)
        await due.killed(deployment, into, after=(500, 1_500))
        await due.told(deployment)
        async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
            sent = await (await connection.execute("select status, count(*) from message group by status")).fetchall()
        assert sent == [("SENT", REMINDERS)]
        assert len((await into.seen()).messages) == REMINDERS
