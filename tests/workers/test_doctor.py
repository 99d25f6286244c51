"""What the doctor says of what answers at the API's address, of a folder, of an address of PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from workers.doctor import Finding, examine
from workers.embedded.process import free_port
from workers.settings import Settings


@asynccontextmanager
async def _answering(port: int, body: str) -> AsyncIterator[list[str]]:
    """A server that answers every request with this, and notes what was asked."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield asked


async def _seen(settings: Settings, part: str) -> Finding:
    (found,) = (each for each in await examine(settings) if each.part == part)
    return found


async def test_a_ready_api_is_well_whatever_proxies_the_environment_names(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    async with _answering(settings.port, '{"postgresql": true, "temporal": true}') as asked:
        found = await _seen(settings, "API")

    assert (found.seen, found.wrong, asked) == (settings.api_url, False, ["/ready"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>It works!</html>", ": another program answers"),
        ('{"status": "ok"}', ": another program answers"),
        ("[]", ": another program answers"),
        ('{"postgresql": false, "temporal": true}', " does not reach PostgreSQL"),
        ('{"postgresql": false, "temporal": false}', " does not reach PostgreSQL and Temporal"),
    ],
)
async def test_what_is_not_a_ready_api_is_not_well(settings: Settings, body: str, said: str) -> None:
    async with _answering(settings.port, body):
        found = await _seen(settings, "API")

    assert found.wrong
    assert found.seen == f"{settings.api_url}{said}"


async def test_a_data_folder_that_cannot_be_one_is_a_finding(settings: Settings) -> None:
    settings.data.touch()

    found = await _seen(replace(settings, data=settings.data / "data"), "Data folder")

    assert "cannot be used (Not a directory)" in found.seen
    assert "PRATICA_DATA" in found.remedy


@pytest.mark.parametrize("part", ["PostgreSQL", "Schema"])
async def test_an_address_that_makes_no_sense_to_postgresql_is_a_finding(settings: Settings, part: str) -> None:
    url = f"postgresql://pratica:secret@127.0.0.1:{free_port()}/pratica?no_such_option=1"

    found = await _seen(replace(settings, database_url=url), part)

    assert found.wrong
    assert "secret" not in found.seen
