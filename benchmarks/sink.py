"""A gateway that takes every message and does nothing with it: `python -m benchmarks.sink PORT`.

It keeps its promise: a message with the same key is taken once. `GET /` says what it has seen; `GET /500` answers once
it has seen so many.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import uvloop

from benchmarks.progress import shown
from workers.embedded.process import free_port

_POLL_SECONDS = 0.25
_LOOKS = 20
_LOST_AFTER_SECONDS = 180
"""Longer than it takes to take over from a worker that was killed."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a sink has taken: the messages, when each came (Unix time, ascending), and how many came once more."""

    messages: list[dict[str, Any]]
    times: list[float]
    again: int


@dataclass(frozen=True, kw_only=True)
class Sink:
    """Where messages go."""

    port: int

    @property
    def url(self) -> str:
        """Address of the gateway that it is."""
        return f"http://127.0.0.1:{self.port}"

    async def seen(self) -> Seen:
        """Return what it has taken so far."""
        return Seen(**orjson.loads(await self._ask("")))

    async def wait(self, enough: int) -> None:
        """Wait until it has taken so many."""
        await self._ask(str(enough))

    async def arrived(self, number: int, label: str) -> None:
        """Show how they arrive, until so many have. Raises TimeoutError if hardly any have for minutes."""
        for look in shown(_LOOKS, label):
            async with asyncio.timeout(_LOST_AFTER_SECONDS):
                await self.wait(number * (look + 1) // _LOOKS)

    async def _ask(self, path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"GET /{path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode())
            *_, head = (await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length:")
            return await reader.readexactly(int(head.partition(b"\r\n")[0]))
        finally:
            writer.close()


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """Run a sink as a process of its own."""
    into = Sink(port=free_port())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.sink", str(into.port), cwd=Path(__file__).parents[1]
    )
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    await into.wait(0)
                    break
                except ConnectionError:
                    await asyncio.sleep(_POLL_SECONDS)
        yield into
    finally:
        process.kill()
        await process.wait()


class _Gateway:
    """The program."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, dict[str, Any]]] = {}
        self._again = 0
        self._came = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                *_, rest = head.lower().partition(b"content-length:")
                body = await reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))
                if head.startswith(b"POST"):
                    answer = self._taken(body)
                    async with self._came:
                        self._came.notify_all()
                else:
                    answer = await self._told(head.split(b" ", 2)[1].lstrip(b"/"))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                    + answer
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _taken(self, body: bytes) -> bytes:
        now, results = time.time(), []
        for message in orjson.loads(body)["messages"]:
            key = message["key"]
            self._again += key in self._seen
            self._seen.setdefault(key, (now, message))
            results.append({"key": key, "status": "accepted", "id": key})
        return orjson.dumps({"results": results})

    async def _told(self, enough: bytes) -> bytes:
        if enough:
            async with self._came:
                await self._came.wait_for(lambda: len(self._seen) >= int(enough))
            return b"{}"
        times, messages = zip(*self._seen.values(), strict=True) if self._seen else ((), ())
        return orjson.dumps({"times": times, "messages": messages, "again": self._again})


async def _main(port: int) -> None:
    async with await asyncio.start_server(_Gateway().serve, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(int(sys.argv[1])))
