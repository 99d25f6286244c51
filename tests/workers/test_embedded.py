import asyncio
import fcntl
import os
import re
import shutil
import signal
import socket
import sys
from pathlib import Path

import psycopg
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from workers import embedded
from workers.embedded.process import free_port
from workers.errors import AlreadyRunning, OperatorError, ServerFailed

_HOLD = """
import asyncio, pathlib, sys
from workers import embedded

async def hold() -> None:
    async with embedded.postgres(pathlib.Path(sys.argv[1])) as server:
        await server.create("kept")
        print("serving", flush=True)
        await asyncio.get_running_loop().create_future()

asyncio.run(hold())
"""


async def _databases(server: embedded.PostgreSQL) -> set[str]:
    async with await psycopg.AsyncConnection.connect(server.url("postgres")) as connection:
        return {row[0] for row in await (await connection.execute("SELECT datname FROM pg_database")).fetchall()}


async def test_killed_postgresql_has_what_was_committed_when_it_is_back(cluster: Path) -> None:
    async with embedded.postgres(cluster) as server:
        url = await server.create("kept")
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute("CREATE TABLE fact AS SELECT 1 AS id")

        await server.kill()
        with pytest.raises(psycopg.OperationalError):
            await psycopg.AsyncConnection.connect(url)
        await server.start()

        async with await psycopg.AsyncConnection.connect(url) as connection:
            assert await (await connection.execute("SELECT id FROM fact")).fetchone() == (1,)


async def test_killed_postgresql_finishes_no_statement(cluster: Path) -> None:
    """A backend would go on after the death of its postmaster, and commit."""
    async with embedded.postgres(cluster) as server:
        connection = await psycopg.AsyncConnection.connect(server.url("postgres"), autocommit=True)
        await connection.execute("CREATE TABLE fact (id bigint)")
        insert = "INSERT INTO fact SELECT sum(i) FROM generate_series(1, 5000000) AS i"
        busy = asyncio.ensure_future(connection.execute(insert))
        await asyncio.wait([busy], timeout=0.05)

        await server.kill()
        with pytest.raises(psycopg.OperationalError):
            await busy
        await connection.close()
        await server.start()

        async with await psycopg.AsyncConnection.connect(server.url("postgres")) as again:
            assert await (await again.execute("SELECT count(*) FROM fact")).fetchone() == (0,)


async def test_killed_temporal_has_its_workflows_when_it_is_back(tmp_path: Path) -> None:
    async with embedded.temporal(tmp_path, namespace="kept") as server:
        client = await Client.connect(server.address, namespace="kept")
        await client.start_workflow("Waiting", id="one", task_queue="nobody")

        await server.kill()
        await server.start()

        client = await Client.connect(server.address, namespace="kept")
        assert (await client.get_workflow_handle("one").describe()).workflow_type == "Waiting"


async def test_temporal_keeps_closed_runs_for_thirty_days(temporal_server: embedded.Temporal, temporal: Client) -> None:
    asked = DescribeNamespaceRequest(namespace=temporal_server.namespace)
    seen = await temporal.workflow_service.describe_namespace(asked)

    assert seen.config.workflow_execution_retention_ttl.ToTimedelta().days == 30


async def test_a_folder_in_use_names_the_process_that_uses_it(cluster: Path) -> None:
    async with embedded.postgres(cluster):
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
            async with embedded.postgres(cluster):
                pass


async def test_servers_end_with_a_killed_program_and_start_again_on_their_data(cluster: Path) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLD, str(cluster), stdout=asyncio.subprocess.PIPE
    )
    assert program.stdout
    assert await program.stdout.readline() == b"serving\n"

    program.kill()
    await program.wait()

    async with embedded.postgres(cluster) as server:
        assert "kept" in await _databases(server)


async def test_what_a_dead_program_left_behind_is_ended_first(cluster: Path) -> None:
    """Where the kernel does not end a child with its parent (macOS), the next start does."""
    async with embedded.postgres(cluster) as server:
        await server.stop()
        dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await dead.wait()
        with (server.home / "postgresql.lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            left = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "import signal; signal.pause()", pass_fds=[lock.fileno()]
            )
            lock.truncate()
            lock.write(f"{left.pid} {dead.pid}\n")

        await server.start()

        assert await left.wait() == -signal.SIGKILL


async def test_nobody_without_the_password_connects(cluster: Path) -> None:
    async with embedded.postgres(cluster) as server:
        anyone = f"postgresql://pratica@127.0.0.1:{server.port}/postgres"
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            await psycopg.AsyncConnection.connect(anyone)
        assert (server.home / "password").stat().st_mode & 0o077 == 0


async def test_a_server_that_cannot_start_says_why(cluster: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ServerFailed, match="Address already in use"):
        async with embedded.postgres(cluster, port=taken.getsockname()[1]):
            pass


async def test_a_server_that_ends_by_itself_says_so(cluster: Path) -> None:
    async with embedded.postgres(cluster) as server:
        ended = asyncio.ensure_future(server.ended())
        os.kill(server.pid, signal.SIGINT)
        assert "PostgreSQL ended by itself" in str(await ended)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data are kept behind a link")
async def test_a_moved_folder_says_how_to_bring_its_data_along(tmp_path: Path, cluster: Path) -> None:
    async with embedded.postgres(cluster) as server:
        await server.create("kept")
    moved = cluster.rename(tmp_path / "moved")

    with pytest.raises(OperatorError, match="copied or moved") as refused:
        async with embedded.postgres(moved):
            pass
    told = re.search("along: `(.*?)`", str(refused.value))
    assert told
    await (await asyncio.create_subprocess_shell(told[1])).wait()

    async with embedded.postgres(moved) as server:
        assert "kept" in await _databases(server)
    embedded.erase(moved)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data are kept behind a link")
async def test_deleting_the_link_begins_anew(cluster: Path) -> None:
    async with embedded.postgres(cluster) as server:
        await server.create("old")
    cluster.unlink()

    async with embedded.postgres(cluster) as server:
        assert "old" not in await _databases(server)
        assert not server.home.with_suffix(".old").exists()

        cluster.unlink()
        with pytest.raises(AlreadyRunning, match="whose folder was deleted"):
            async with embedded.postgres(cluster):
                pass
        assert "postgres" in await _databases(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data are kept behind a link")
async def test_what_is_left_of_a_folder_that_is_gone_is_named_and_kept(tmp_path: Path, cluster: Path) -> None:
    """It may have been copied or moved."""
    async with embedded.postgres(tmp_path / "clone" / "postgres") as server:
        assert server.home not in embedded.left()
    shutil.rmtree(tmp_path / "clone")
    async with embedded.postgres(cluster):
        assert server.home in embedded.left()
    shutil.rmtree(server.home)
    assert server.home not in embedded.left()


async def test_order_of_words_is_the_same_on_every_machine(postgres_server: embedded.PostgreSQL) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_server.url("postgres")) as connection:
        found = await connection.execute(
            "SELECT array_agg(w ORDER BY w), upper('è') FROM unnest('{b,à,a,B}'::text[]) w"
        )
        assert await found.fetchone() == (["B", "a", "b", "à"], "È")


def test_free_ports_differ_while_they_are_used() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as first:
        assert free_port() != first.getsockname()[1]
