"""Everything that runs in production, each part a process of its own that can be killed and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

import migrations
from api import identity, ids
from domain.processes import PROCESSES
from domain.refusals import ASK_AGAIN
from domain.roles import Role
from store import database
from tests.world import World
from workers import embedded
from workers.embedded.process import free_port

SECRET = "a secret of the tests, long enough to sign tokens"
KINDS = tuple(process.__name__[0].lower() + process.__name__[1:] for process in PROCESSES)
"""What the names of mutations begin with, and what a payload calls its process."""


@dataclass(kw_only=True)
class Deployment:
    """PostgreSQL, Temporal, a worker and an API; `world` is the register."""

    postgres: embedded.PostgreSQL
    temporal: embedded.Temporal
    database_url: str
    folder: Path
    port: int
    world: World = field(default_factory=World)
    programs: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    """More of them, for parts that are started from now on."""

    def client(
        self, *, staff: UUID | None = None, role: Role = Role.SUPERVISOR, districts: list[UUID] | None = None
    ) -> httpx.AsyncClient:
        """Return a front end's connection to the API, by default a supervisor's of every district."""
        token = identity.issue(
            SECRET,
            subject=staff or self.world.staff,
            roles=[role],
            districts=districts,
            hours=1,
            now=datetime.now(UTC),
        )
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
            timeout=20,
        )

    async def start(self, part: str) -> None:
        """Start a part that is not running."""
        if part in {"postgres", "temporal"}:
            await getattr(self, part).start()
            return
        environment = os.environ | {
            "PRATICA_DATABASE_URL": self.database_url,
            "PRATICA_TEMPORAL_ADDRESS": self.temporal.address,
            "PRATICA_TEMPORAL_NAMESPACE": self.temporal.namespace,
            "PRATICA_TOKEN_SECRET": SECRET,
            "PRATICA_DATA": str(self.folder / "data"),
            "PRATICA_PORT": str(self.port),
            "PRATICA_SANDBOX": "off",
            **self.settings,
        }
        with (self.folder / f"{part}.log").open("ab") as log:
            self.programs[part] = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("pratica")), part, env=environment, stdout=log, stderr=log
            )

    async def kill(self, part: str) -> None:
        """SIGKILL a part: it has no chance to finish anything."""
        if part in {"postgres", "temporal"}:
            await getattr(self, part).kill()
            return
        program = self.programs.pop(part)
        program.send_signal(signal.SIGKILL)
        await program.wait()


@asynccontextmanager
async def deployed(folder: Path) -> AsyncIterator[Deployment]:
    """Start everything on servers of its own, and stop it at the end."""
    try:
        async with (
            embedded.postgres(folder / "postgres") as postgres,
            embedded.temporal(folder / "temporal", namespace="deployment") as temporal,
        ):
            url = await postgres.create("deployment")
            await asyncio.to_thread(migrations.upgrade, url)
            deployment = Deployment(
                postgres=postgres, temporal=temporal, database_url=url, folder=folder, port=free_port()
            )
            engine = database.connect(url)
            await deployment.world.settle(engine)
            await engine.dispose()
            for part in ("worker", "api"):
                await deployment.start(part)
            try:
                yield deployment
            finally:
                for part in list(deployment.programs):
                    await deployment.kill(part)
    finally:
        embedded.erase(folder / "postgres")


async def insist(client: httpx.AsyncClient, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
    """Send a mutation as a front end does: with the same key until it is told what became of it; return its payload.

    `mutation` is the field's name; the payload's process has `id`, `version` and `stateName`.
    """
    name = mutation[0].upper() + mutation[1:]
    kind = next(kind for kind in KINDS if mutation.startswith(kind))
    query = (
        f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{"
        f" {kind} {{ id version stateName }} userErrors {{ code message path }} }} }}"
    )
    async with asyncio.timeout(120):
        while True:
            try:
                response = await client.post("/graphql", json={"query": query, "variables": {"input": given}})
            except httpx.TransportError:
                await asyncio.sleep(0.05)  # a client's own patience: nobody is there to say when to come back
                continue
            answer = response.json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
            payload: dict[str, Any] = (answer.get("data") or {}).get(mutation) or {}
            codes |= {error["code"] for error in payload.get("userErrors", [])}
            if not codes & ASK_AGAIN:
                assert not answer.get("errors"), answer
                return {"process": payload[kind], "userErrors": payload["userErrors"]}


def case_opening(world: World, key: str) -> dict[str, Any]:
    """Return the input of `tenantCaseOpen`."""
    return {
        "person": ids.encode("Person", world.person),
        "district": ids.encode("District", world.district),
        "idempotencyKey": key,
    }
