"""An office with cases: decided by the domain, written by the projection, asked about through the schema."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from graphql import GraphQLError
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api import ids
from api.context import Context, Identity, Services
from api.engine import Engine
from api.execution import Schema
from api.schema import build
from domain.case_file import CaseFile
from domain.choices import Language
from domain.process import Process
from domain.processes import PROCESSES
from domain.roles import Role
from domain.tenant_case import TenantCase
from store import database as databases
from store import tables as t
from store.policies import Policies
from store.projection import project
from tests.world import POLICIES, World

SCHEMA = build()
MORNING = datetime(2026, 11, 16, 9, tzinfo=UTC)
"""A Monday."""


@dataclass
class Office:
    """Cases, and whoever asks about them."""

    services: Services
    world: World
    now: datetime = MORNING
    files: dict[UUID, CaseFile] = field(default_factory=dict)

    @property
    def engine(self) -> AsyncEngine:
        return self.services.database

    async def person(self, family_name: str, *, district: UUID | None = None, **more: Any) -> UUID:
        """Register somebody."""
        identifier = uuid4()
        row = {"id": identifier, "identity": "DECLARED", "family_name": family_name, "given_name": "Ada"}
        await self.add(t.person, **{**row, "district_id": district or self.world.district, **more})
        return identifier

    async def add(self, table: Any, **row: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(row))

    async def open(self, *, at: datetime = MORNING, **given: Any) -> UUID:
        """Open a case, of the world's person and district unless said."""
        case_id = uuid4()
        self.files[case_id] = CaseFile(case_id)
        whole = {"person": self.world.person, "district": self.world.district} | given
        await self._put(case_id, TenantCase, "open", {k: _plain(v) for k, v in whole.items()}, on=case_id, at=at)
        return case_id

    async def track(self, case_id: UUID, process: type[Process], *, at: datetime = MORNING, **given: Any) -> UUID:
        """Open a track in a case."""
        track = uuid4()
        await self._put(case_id, process, "open", given, on=track, at=at)
        return track

    async def take(
        self,
        case_id: UUID,
        step: str,
        *,
        on: UUID | None = None,
        at: datetime,
        notes: tuple[UUID, ...] = (),
        **given: Any,
    ) -> None:
        """Take a step of a case, or of a track of it; `notes` are those that it carries."""
        moving = next(each for each in self.files[case_id].processes if each.id == (on or case_id))
        version = moving.version
        await self._put(case_id, type(moving), step, given, on=moving.id, at=at, version=version, notes=notes)

    async def _put(
        self,
        case_id: UUID,
        process: type[Process],
        step: str,
        given: Mapping[str, Any],
        *,
        on: UUID,
        at: datetime,
        version: int | None = None,
        notes: tuple[UUID, ...] = (),
    ) -> None:
        request = replace(self.world.request(process, step, given, on=on, at=at, version=version), notes=notes)
        await project(self.engine, case_id, [self.files[case_id].take(request, at)], POLICIES)

    async def let_deadlines_pass(self, case_id: UUID, now: datetime) -> None:
        await project(self.engine, case_id, self.files[case_id].pass_deadlines(now), POLICIES)

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None, **who: Any) -> dict[str, Any]:
        """Return the data of an answer without errors."""
        result = await self.answer(document, variables, **who)
        assert not result.errors, result.errors
        data: dict[str, Any] = result.data
        return data

    async def refused(self, document: str, variables: Mapping[str, Any] | None = None, **who: Any) -> list[str]:
        """Return the codes of an answer's errors."""
        errors: list[GraphQLError] = (await self.answer(document, variables, **who)).errors or []
        return [(error.extensions or {})["code"] for error in errors]

    async def answer(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        roles: Collection[Role] = (Role.OPERATOR,),
        districts: Collection[UUID] | None = None,
        staff: UUID | None = None,
        schema: Schema = SCHEMA,
    ) -> Any:
        """Ask, as an operator of the world's district unless said."""
        mine = [self.world.district] if districts is None else districts
        context = Context(
            identity=Identity(
                staff_id=staff or self.world.staff, roles=frozenset(roles), districts=frozenset(mine) or None
            ),
            language=Language.EN,
            now=self.now,
            services=self.services,
        )
        return await schema.execute(document, variable_values=dict(variables or {}), context_value=context)

    def statements(self) -> list[str]:
        """Return a list that grows with every statement sent from now on."""
        sent: list[str] = []
        event.listen(
            self.engine.sync_engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]), once=False
        )
        return sent


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def gid(type_name: str, identifier: UUID) -> str:
    """Return the id that clients know."""
    return ids.encode(type_name, identifier)


async def opened(database: str) -> Office:
    """Return an office with one of each in its register."""
    engine = databases.connect(database)
    world = World()
    await world.settle(engine)
    return Office(
        services=Services(
            database=engine,
            reading=databases.autocommit(engine),
            engine=Engine(await Client.connect("127.0.0.1:1", lazy=True)),
            policies=Policies(PROCESSES),
            token_secret="not used here",
            clock=lambda: MORNING,
        ),
        world=world,
    )
