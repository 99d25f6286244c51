"""Declare once: the sample process has one declaration, and with it everything that a process has."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api import ids
from api.context import Context, Identity, Services
from api.engine import Engine
from api.execution import Schema
from api.schema import build
from domain.choices import Language
from domain.process import Process
from domain.processes import PROCESSES
from domain.roles import Role
from store import database as databases
from store.policies import Policies
from tests.stories.sample import POLICY, KeyLoan
from tests.world import DOCUMENT, World
from workers.worker import case_worker


class FrontEnd:
    """Asks the API, as an operator who supervises too."""

    def __init__(self, schema: Schema, services: Services, world: World) -> None:
        self._schema, self._services, self._world = schema, services, world

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of the answer; an error of any kind fails the test."""
        roles = frozenset({Role.SUPERVISOR, Role.OPERATOR})
        context = Context(
            identity=Identity(staff_id=self._world.staff, roles=roles, districts=None),
            language=Language.IT,
            now=datetime.now(UTC),
            services=self._services,
        )
        result = await self._schema.execute(query, variable_values=variables, context_value=context)
        assert not result.errors, result.errors
        assert result.data
        return result.data


@pytest.fixture
async def front_end(database: str, temporal: Client) -> AsyncIterator[tuple[FrontEnd, World]]:
    """The product with one process more, and somebody who uses it."""
    engine = databases.connect(database)
    world = World()
    processes = (*PROCESSES, KeyLoan)
    await world.settle(engine, document=DOCUMENT + POLICY)
    async with _running(engine, temporal, processes) as cases:
        services = Services(
            database=engine,
            reading=databases.autocommit(engine),
            engine=cases,
            policies=Policies(processes),
            token_secret="",
            clock=lambda: datetime.now(UTC),
        )
        yield FrontEnd(build(processes), services, world), world
    await engine.dispose()


@asynccontextmanager
async def _running(engine: AsyncEngine, temporal: Client, processes: Sequence[type[Process]]) -> AsyncIterator[Engine]:
    queue = f"sample-{uuid4()}"
    worker = case_worker(temporal, engine, Policies(processes), task_queue=queue)
    async with worker, Engine(temporal, task_queue=queue).watched() as cases:
        yield cases


LOAN = (
    "id version state stateLabel deadline overdue picture keys availableSteps { name label mutation open code reason }"
)


async def test_one_declaration_is_enforced_asked_shown_timed_and_remembered(
    front_end: tuple[FrontEnd, World],
) -> None:
    """Typed mutations, refusals, available steps, worklist, deadline, picture, history: from the declaration alone."""
    asking, world = front_end
    opened = await asking.ask(
        "mutation($input: TenantCaseOpenInput!) { tenantCaseOpen(input: $input) { tenantCase { id } } }",
        input={
            "person": ids.encode("Person", world.person),
            "district": ids.encode("District", world.district),
            "idempotencyKey": "case",
            "occurredAt": (datetime.now(UTC) - timedelta(days=30)).isoformat(),
        },
    )
    case = opened["tenantCaseOpen"]["tenantCase"]["id"]
    lent_at = datetime.now(UTC) - timedelta(days=1)
    lent = await asking.ask(
        "mutation($input: KeyLoanOpenInput!) { keyLoanOpen(input: $input) "
        f"{{ keyLoan {{ {LOAN} }} userErrors {{ code }} }} }}",
        input={"case": case, "label": "Sala comune", "idempotencyKey": "lend", "occurredAt": lent_at.isoformat()},
    )
    loan = lent["keyLoanOpen"]["keyLoan"]
    shown = [loan[name] for name in ("state", "stateLabel", "keys", "overdue")]
    assert shown == ["LENT", "In prestito", "Sala comune", False]
    due = datetime.fromisoformat(loan["deadline"]) - lent_at
    assert timedelta(days=7) <= due < timedelta(days=10)
    assert "LENT --> LOST" in loan["picture"]
    steps = {each["name"]: each for each in loan["availableSteps"]}
    assert steps["give_back"] == {
        "name": "give_back",
        "label": "Registra la restituzione",
        "mutation": "keyLoanGiveBack",
        "open": True,
        "code": None,
        "reason": None,
    }

    async def take(step: str, version: int) -> dict[str, Any]:
        name = f"keyLoan{step}"
        answer = await asking.ask(
            f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) "
            f"{{ keyLoan {{ {LOAN} }} userErrors {{ code message path }} }} }}",
            input={"id": loan["id"], "expectedVersion": version, "idempotencyKey": f"{step}-{version}"},
        )
        payload: dict[str, Any] = answer[name]
        return payload

    extended = await take("Extend", 1)
    refusal = next(each for each in extended["keyLoan"]["availableSteps"] if each["name"] == "extend")
    assert (refusal["open"], refusal["code"]) == (False, "TOO_MANY")
    assert [error["code"] for error in (await take("Extend", 2))["userErrors"]] == ["TOO_MANY"]
    assert [error["code"] for error in (await take("Lose", 1))["userErrors"]] == ["STALE_VERSION"]
    lost = (await take("Lose", 2))["keyLoan"]
    assert lost["state"] == "LOST"
    worklist = await asking.ask(
        "{ worklist(filter: {role: CUSTODIAN}) { nodes { role process { id kind stateLabel } } } }"
    )
    assert [task["process"]["id"] for task in worklist["worklist"]["nodes"]] == [loan["id"]]
    returned = (await take("GiveBack", 3))["keyLoan"]
    assert (returned["state"], returned["deadline"]) == ("RETURNED", None)
    assert not any(each["open"] for each in returned["availableSteps"])
    told = await asking.ask(
        "query($id: ID!) { node(id: $id) { ... on Process { history { nodes { label } } } } }",
        id=loan["id"],
    )
    assert [event["label"] for event in told["node"]["history"]["nodes"]] == [
        "Presta le chiavi",
        "Proroga",
        "Segna come smarrite",
        "Registra la restituzione",
    ]
