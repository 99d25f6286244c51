"""A front end: what it sends to the API, over HTTP, and what it hears.

As light as it can be: it shares the processors with what is measured, and a client for people's programs takes longer
over a request than the API does.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from api import identity
from domain.refusals import ASK_AGAIN
from domain.roles import Role
from tests.stories.deployment import SECRET, Deployment
from workers.demo.client import Documents

_SECONDS = 90
_POLL_SECONDS = 0.1


class FrontEnd:
    """Somebody's connections to the API."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = (
            f"Host: localhost:{port}\r\nAuthorization: Bearer {token}\r\nAccept-Language: en\r\n"
            "Content-Type: application/json\r\n"
        )
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._documents = Documents()

    async def send(self, document: str, **variables: Any) -> Any:
        """Return what the one field of a document answers. Raises RuntimeError if it is an error."""
        answered = await self._post(orjson.dumps({"query": document, "variables": variables}))
        said = orjson.loads(answered)
        if said.get("errors"):
            raise RuntimeError(f"{said['errors']}")
        (answer,) = said["data"].values()
        return answer

    async def tell(self, operation: str, **given: Any) -> dict[str, Any]:
        """Take a mutation and return the object as it stands. Raises RuntimeError if it is refused.

        What is not known yet, on a machine that is busy with other things, is asked again with the same key.
        """
        given["idempotencyKey"], answer = uuid4().hex, None
        while answer is None or any(error["code"] in ASK_AGAIN for error in answer["userErrors"]):
            answer = await self.send(self._documents[operation], input=given)
        if answer["userErrors"]:
            raise RuntimeError(f"{operation}: {answer['userErrors']}")
        answer.pop("userErrors")
        (stands,) = answer.values()
        shown: dict[str, Any] = stands
        return shown

    def close(self) -> None:
        """Close the connections."""
        for _, writer in self._idle:
            writer.close()

    async def _post(self, body: bytes) -> bytes:
        connection = await self._connection()
        reader, writer = connection
        writer.write(f"POST /graphql HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        *_, head = (await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length:")
        answer = await reader.readexactly(int(head.partition(b"\r\n")[0]))
        self._idle.append(connection)
        return answer

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():  # the server closes what is idle for some seconds
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


@asynccontextmanager
async def front_end(
    deployment: Deployment, *, role: Role, districts: list[UUID] | None = None
) -> AsyncIterator[FrontEnd]:
    """Give the front end of somebody with a role, once the API answers; districts None is every one."""
    token = identity.issue(
        SECRET, subject=deployment.world.staff, roles=[role], districts=districts, hours=12, now=datetime.now(UTC)
    )
    with closing(FrontEnd(deployment.port, token)) as speaking:
        async with asyncio.timeout(_SECONDS):
            while not await _ready(speaking):  # noqa: ASYNC110 (another process)
                await asyncio.sleep(_POLL_SECONDS)
        yield speaking


async def _ready(speaking: FrontEnd) -> bool:
    try:
        await speaking.send("{ cases(first: 1) { nodes { id } } }")
    except (OSError, RuntimeError):
        return False
    return True
