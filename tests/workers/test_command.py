import asyncio
import fcntl
import os
import re
import shutil
import socket
import sysconfig
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import httpx
import pytest

from workers.embedded.process import free_port
from workers.stack import running

_PRATICA = shutil.which("pratica", path=sysconfig.get_path("scripts")) or "pratica"

Start = Callable[..., Coroutine[None, None, asyncio.subprocess.Process]]


@pytest.fixture
async def start(data: Path) -> AsyncIterator[Start]:
    """Run `pratica` with the data folder and a free port; what still runs at the end of the test is killed."""
    started: list[asyncio.subprocess.Process] = []
    environment = os.environ | {"PRATICA_DATA": str(data), "PRATICA_PORT": str(free_port())}

    async def run(*arguments: str, **settings: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            _PRATICA,
            *arguments,
            env=environment | settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _until(process: asyncio.subprocess.Process, words: str) -> str:
    """Read what the process prints up to the line that has these words."""
    assert process.stdout
    read = ""
    while words not in read:
        line = (await process.stdout.readline()).decode()
        assert line, f"it ended without {words!r}:\n{read}"
        read += line
    return read


async def _ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    output, _ = await process.communicate()
    return process.returncode, output.decode()


def _open_by_a_server(data: Path) -> list[str]:
    """Return the servers that still hold the lock of their data."""
    held = []
    for lock in (data / "postgres" / "postgresql.lock", data / "temporal" / "temporal.lock"):
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(lock.stem)
    return held


@pytest.mark.parametrize("end", ["terminate", "interrupt"])
async def test_a_stopped_up_leaves_nothing_running(data: Path, start: Start, end: str) -> None:
    up = await start("up")
    said = await _until(up, "╯")
    url = re.search(r"http://\S+", said)
    assert url
    async with httpx.AsyncClient() as client:
        assert (await client.post(url[0], json={"query": "{ __typename }"})).status_code < 500
    assert _open_by_a_server(data) == ["postgresql", "temporal"]

    up.send_signal({"terminate": 15, "interrupt": 2}[end])
    code, _ = await _ended(up)

    assert code == 0
    assert _open_by_a_server(data) == []
    assert (data / "running.json").read_text() == ""
    assert (data / "postgres" / "postgresql.log").read_text().endswith("database system is shut down\n")


async def test_after_a_killed_up_the_next_starts(data: Path, start: Start) -> None:
    first = await start("up")
    await _until(first, "Pratica is up")
    first.kill()
    await first.wait()

    second = await start("up")
    await _until(second, "Pratica is up")

    found = running(data)
    assert found
    assert found.pid == second.pid


async def test_a_second_up_says_that_one_runs(start: Start) -> None:
    first = await start("up")
    await _until(first, "Pratica is up")

    code, said = await _ended(await start("up"))

    assert code == 1
    assert f"process {first.pid}, at http://127.0.0.1:" in said


async def test_up_ends_when_a_server_dies(data: Path, start: Start) -> None:
    up = await start("up")
    await _until(up, "Pratica is up")
    server = int((data / "temporal" / "temporal.lock").read_text().split()[0])
    os.kill(server, 9)

    code, said = await _ended(up)

    assert code == 1
    assert "Temporal ended by itself" in said
    assert _open_by_a_server(data) == []


async def test_a_taken_port_of_the_api_is_named_before_anything_starts(data: Path, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = await _ended(await start("up", PRATICA_PORT=port))

    assert (code, said.count("\n")) == (1, 1)
    assert f"Port {port} of 127.0.0.1 cannot be used" in said
    assert "PRATICA_PORT" in said
    assert [each.name for each in data.iterdir()] == ["running.json"]


async def test_a_bad_setting_is_one_line_and_no_trace(start: Start) -> None:
    code, said = await _ended(await start("up", PRATICA_PORT="eight"))

    assert (code, said) == (1, "pratica: PRATICA_PORT cannot be `eight`: expected a port number.\n")


async def test_a_part_alone_says_what_it_needs(start: Start) -> None:
    for command in ("worker", "api", "migrate"):
        code, said = await _ended(await start(command))
        assert code == 1
        assert "PRATICA_DATABASE_URL, or start `pratica up` first" in said


async def test_doctor_says_what_is_wrong_and_what_to_do(start: Start, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("policy: lombardia\n")

    code, said = await _ended(await start("doctor", COLUMNS="200", PRATICA_POLICY=str(policy)))

    assert code == 1
    assert "start `pratica up`, or set PRATICA_DATABASE_URL" in said
    assert "`version` is missing" in said


async def test_migrate_says_that_postgresql_is_away(start: Start) -> None:
    port = free_port()
    url = f"postgresql://pratica:secret@127.0.0.1:{port}/pratica"

    code, said = await _ended(await start("migrate", PRATICA_DATABASE_URL=url))

    assert (code, said.count("\n")) == (1, 1), said
    assert f'PRATICA_DATABASE_URL asks: connection failed: connection to server at "127.0.0.1", port {port}' in said


async def test_doctor_finds_a_running_up_well(start: Start) -> None:
    up = await start("up", HTTP_PROXY=f"http://127.0.0.1:{free_port()}")
    async with asyncio.timeout(60):
        await _until(up, "Pratica is up")

    code, said = await _ended(await start("doctor", COLUMNS="200"))

    assert (code, "✗" in said) == (0, False), said
