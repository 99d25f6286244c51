"""Many reminders due at once, and the worker killed twice on the way: everybody is told, and nobody twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks import burst
from tests.stories.deployment import deployed

REMINDERS = 3_000


async def test_a_worker_that_is_killed_on_the_way_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """What it had claimed is somebody's again when the claim has run out; the gateway is asked with the same keys."""
    async with deployed(tmp_path) as deployment, burst.sink() as into:
        deployment.settings |= {
            "PRATICA_GATEWAY_URL": f"http://127.0.0.1:{into.port}",
            "PRATICA_GATEWAY_SECRET": "a gateway's",
        }
        await deployment.kill("worker")
        await burst.scheduled(deployment, REMINDERS, due=datetime.now(UTC) - timedelta(seconds=1))
        for enough in (500, 1_500):
            await deployment.start("worker")
            await into.seen(enough)
            await deployment.kill("worker")
        await deployment.start("worker")
        async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as connection:
            sent: list[tuple[str, int]] = []
            while sent != [("SENT", REMINDERS)]:  # a question that takes PostgreSQL a moment
                asked = "select status, count(*)::int from message cross join pg_sleep(0.5) group by status"
                sent = await (await connection.execute(asked)).fetchall()
        seen, _again = await into.seen()
        assert len(seen) == REMINDERS
