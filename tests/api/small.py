"""A small schema behind the real edge, whose PostgreSQL and Temporal are not there unless a test brings them."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import httpx
import strawberry
from sqlalchemy import text
from starlette.applications import Starlette
from temporalio.client import Client

from api.app import application
from api.context import Info, Services
from api.engine import Engine
from api.execution import Schema
from api.identity import issue
from domain.processes import PROCESSES
from domain.refusals import Refusal, Refused
from domain.roles import Role
from store import database
from store.policies import Policies

SECRET = "a secret of the tests, 32 bytes or more"
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
BEGUN, END = asyncio.Event(), asyncio.Event()
"""When the field `slow` was asked for, and when it may answer."""

STAFF = UUID("6f6f0c0e-0000-4000-8000-000000000001")


@strawberry.enum
class Colour(Enum):
    RED = "red"


@strawberry.input
class Paint:
    colour: Colour
    litres: int


@strawberry.type
class Leaf:
    @strawberry.field
    def name(self) -> str:
        return "leaf"

    @strawberry.field
    def leaf(self) -> "Leaf":
        return Leaf()


@strawberry.type
class Query(Leaf):
    @strawberry.field
    def who(self, info: Info) -> str:
        return str(info.context.identity.staff_id)

    @strawberry.field
    def echo(self, word: str) -> str:
        return word

    @strawberry.field
    def paint(self, paint: Paint) -> int:
        return paint.litres

    @strawberry.field
    def day(self, day: date) -> date:
        return day

    @strawberry.field
    def amount(self) -> Decimal:
        return Decimal("1200.50")

    @strawberry.field
    async def refused(self) -> int | None:
        await asyncio.sleep(0)
        raise Refused(Refusal.ID_INVALID, path=("served_by",), expected="Staff")

    @strawberry.field
    def bug(self, secret: str = "") -> int | None:
        raise KeyError(secret)

    @strawberry.field
    def required_bug(self) -> int:
        raise KeyError

    @strawberry.field
    def unprintable(self) -> int | None:
        return "Mario Rossi"  # type: ignore[return-value]

    @strawberry.field
    async def stored(self, info: Info) -> int | None:
        async with info.context.reading() as connection:
            return (await connection.execute(text("SELECT 1"))).scalar()

    @strawberry.field
    async def slow(self) -> str:
        BEGUN.set()
        await END.wait()
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def write(self) -> str:
        return "written"


SCHEMA = Schema(Query, mutation=Mutation)


async def services(*, database_url: str = "postgresql://nobody@127.0.0.1:1/nothing") -> Services:
    """Services of an API that was started while nothing else ran."""
    engine = database.connect(database_url)
    return Services(
        database=engine,
        reading=database.autocommit(engine),
        engine=Engine(await Client.connect("127.0.0.1:1", lazy=True)),
        policies=Policies(PROCESSES),
        token_secret=SECRET,
        clock=lambda: NOW,
    )


async def served(**options: str) -> Starlette:
    return application(await services(**options), schema=SCHEMA)


def bearer() -> str:
    token = issue(SECRET, subject=STAFF, roles=[Role.SUPERVISOR], districts=None, hours=1, now=NOW)
    return f"Bearer {token}"


def client(served: Starlette, **headers: str) -> httpx.AsyncClient:
    """A client with a token, which reads English."""
    headers = {"Authorization": bearer(), "Accept-Language": "en"} | headers
    return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://pratica", headers=headers)
