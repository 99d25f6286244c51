"""A front end that works: it sends the ready-made documents over HTTP, on connections that it keeps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from api import identity
from domain.roles import Role
from tests.stories.deployment import SECRET, Deployment
from workers.demo.client import Documents

_SECONDS = 30
_POLL_SECONDS = 0.1
_IDLE_SECONDS = 3
"""An idle connection is closed from this side: the server would do it after five, perhaps as a request arrives."""


class FrontEnd:
    """Somebody's connections to the API."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._documents = Documents()

    async def send(self, document: str, **variables: Any) -> Any:
        """Return what the one field of a document answers. Raises RuntimeError if it is an error."""
        said = (await self._http.post("/graphql", json={"query": document, "variables": variables})).json()
        if said.get("errors"):
            raise RuntimeError(f"{said['errors']}")
        (answer,) = said["data"].values()
        return answer

    async def tell(self, operation: str, **given: Any) -> dict[str, Any]:
        """Take a mutation and return the object as it stands. Raises RuntimeError if it is refused."""
        answer = await self.send(self._documents[operation], input=given | {"idempotencyKey": uuid4().hex})
        if answer["userErrors"]:
            raise RuntimeError(f"{operation}: {answer['userErrors']}")
        answer.pop("userErrors")
        (stands,) = answer.values()
        shown: dict[str, Any] = stands
        return shown


@asynccontextmanager
async def front_end(
    deployment: Deployment, *, role: Role, districts: list[UUID] | None = None
) -> AsyncIterator[FrontEnd]:
    """Give the front end of somebody with a role, once the API answers; districts None is every one."""
    token = identity.issue(
        SECRET, subject=deployment.world.staff, roles=[role], districts=districts, hours=12, now=datetime.now(UTC)
    )
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{deployment.port}",
        headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
        limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
        timeout=_SECONDS,
    ) as http:
        async with asyncio.timeout(_SECONDS):
            while not await _ready(http):  # noqa: ASYNC110 (another process)
                await asyncio.sleep(_POLL_SECONDS)
        yield FrontEnd(http)


async def _ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/ready")).is_success
    except httpx.TransportError:
        return False
