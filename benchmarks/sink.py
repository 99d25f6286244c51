"""A gateway that takes every message and does nothing with it: `python -m benchmarks.sink PORT`.

It keeps its promise: a message with the same key is taken once. `GET /` says what it has seen; `GET /500` waits until
it has seen so many.
"""

import asyncio
import sys
import time

import orjson
import uvloop

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_seen: dict[str, float] = {}
_again = 0
_came = asyncio.Condition()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection's requests."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            *_, rest = head.lower().partition(b"content-length:")
            body = await reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))
            if head.startswith(b"POST"):
                answer = _taken(body)
                async with _came:
                    _came.notify_all()
            else:
                enough = int(head.split(b" ", 2)[1].lstrip(b"/") or 0)
                async with _came:
                    await _came.wait_for(lambda: len(_seen) >= enough)  # noqa: B023 (awaited here)
                answer = orjson.dumps({"seen": _seen, "again": _again})
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                + answer
            )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _taken(body: bytes) -> bytes:
    global _again  # noqa: PLW0603 (a program of its own)
    now, results = time.time(), []
    for message in orjson.loads(body)["messages"]:
        key = message["key"]
        _again += key in _seen
        _seen.setdefault(key, now)
        results.append({"key": key, "status": "accepted", "id": key})
    return orjson.dumps({"results": results})


async def main(port: int) -> None:
    """Serve until killed."""
    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1])))
