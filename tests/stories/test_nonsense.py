"""Whatever is sent or asked is refused in a code that helps, or answered; never a bug, and never half-written."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy import func, select

from api import ids
from store import database
from store import tables as t
from tests.stories.deployment import KINDS, case_opening, deployed, insist

SCHEMA = build_schema((Path(__file__).parents[2] / "graphql" / "schema.graphql").read_text("utf-8"))
ROUNDS = 6
"""Inputs for each mutation."""

NASTY: dict[str, tuple[Any, ...]] = {
    "JSON": (None, [], {}, "balance", {"balance": "much"}, {"balanse": 1}, {"days_since": {"": -1}}, {"plan": []}),
    "ID": (
        "",
        "x",
        "VGVuYW50Q2FzZTox",
        "🙂",
        "A" * 5_000,
        ids.encode("Person", uuid4()),
        ids.encode("Nothing", uuid4()),
    ),
    "UUID": ("", "not-a-uuid", "00000000-0000-0000-0000-000000000000"),
    "String": ("", " ", "x", "\x00", "a\u202eb", "'; drop table person; --", "🙂" * 50, "x" * 30_000),
    "Int": (0, -1, 1, 2**31 - 1, -(2**31), 2**40, "1", 1.5),
    "Decimal": ("0", "-1", "0.001", "NaN", "Infinity", "1e400", "9" * 40, "", "dieci", 10),
    "Date": ("2026-02-30", "0001-01-01", "9999-12-31", "2026-11-22", "", "ieri"),
    "DateTime": (
        "2026-11-22T10:00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-10-25T02:30:00+02:00",
        "x",
    ),
    "Boolean": (True, False, "true"),
}


PLAUSIBLE: dict[str, Callable[[], Any]] = {
    "ID": lambda: ids.encode("Person", uuid4()),
    "UUID": lambda: f"{uuid4()}",
    "String": lambda: "Via Garibaldi 1",
    "Int": lambda: 1,
    "Decimal": lambda: "100.00",
    "Date": lambda: (datetime.now(UTC) + timedelta(days=20)).date().isoformat(),
    "DateTime": lambda: (datetime.now(UTC) + timedelta(seconds=1)).isoformat(),  # noqa: PLW0108 (now, not at import)
    "Boolean": lambda: True,
    "JSON": lambda: {"balance": 700, "monthly_rent": 300},
}
BADLY_ASKED = frozenset({"GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_LARGE", "QUERY_TOO_DEEP"})
"""The documents themselves make sense: otherwise nothing would be tried."""

NASTINESS = 0.06
"""How often a value is a nasty one: most are plausible, so that many inputs get far and are wrong in one place."""


class Nonsense:
    """Makes inputs of a type."""

    def __init__(self, seed: str, known: dict[str, Any]) -> None:
        self._chance = Random(seed)  # noqa: S311 (a fixed seed, to fail the same way twice)
        self._known = known

    def of(self, kind: GraphQLInputType, name: str = "") -> Any:
        """Return a value for an input field."""
        if self._nasty(NASTINESS / 8):
            return self._chance.choice([None, [], {}, "?", 0])
        if is_non_null_type(kind):
            return self.of(kind.of_type, name)
        if is_list_type(kind):
            return [self.of(kind.of_type, name) for _ in range(self._chance.choice([0, 1, 1, 2, 40]))]
        named = get_named_type(kind)
        if isinstance(named, GraphQLInputObjectType):
            fields = named.fields.items()
            return {key: self.of(field.type, key) for key, field in fields if self._wanted(field.type)}
        return self._leaf(named, name)

    def _leaf(self, kind: Any, name: str) -> Any:
        if isinstance(kind, GraphQLEnumType):
            return "NOTHING" if self._nasty() else self._chance.choice([*kind.values])
        if self._nasty():
            return self._chance.choice(NASTY[kind.name])
        return self._known.get(name, PLAUSIBLE[kind.name]())

    def _nasty(self, likelihood: float = NASTINESS) -> bool:
        return self._chance.random() < likelihood

    def _wanted(self, kind: GraphQLInputType) -> bool:
        return is_non_null_type(kind) or self._chance.random() < 0.6


@pytest.mark.parametrize("seed", range(2))
async def test_no_input_is_a_bug(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Every answer is a payload, user errors with code and message, or a coded error of the request."""
    mutations = SCHEMA.mutation_type
    assert isinstance(mutations, GraphQLObjectType)
    async with deployed(tmp_path_factory.mktemp("nonsense")) as deployment, deployment.client() as client:
        world = deployment.world
        opened = await insist(client, "tenantCaseOpen", case_opening(world, "nonsense"))
        known = {
            "case": opened["process"]["id"],
            "person": ids.encode("Person", world.person),
            "district": ids.encode("District", world.district),
            "tenancy": ids.encode("Tenancy", world.tenancy),
            "stop": ids.encode("Stop", world.stop),
            "fundingLine": ids.encode("FundingLine", world.funding_line),
            "service": ids.encode("PartnerService", world.partner_service),
            "servicePoint": ids.encode("ServicePoint", world.service_point),
            "text": "appointment",
            "languages": "it",
        }
        processes = await _one_of_each(client, known)
        others = await _told(client)
        for name, field in mutations.fields.items():
            (argument,) = field.args.values()
            query = f"mutation($input: {argument.type}) {{ {name}(input: $input) {{ userErrors {{ code message }} }} }}"
            process = next((processes[kind] for kind in KINDS if name.startswith(kind)), "")
            for turn in range(ROUNDS if "input" in field.args else 0):
                version = await _version(client, process) if process else 1
                about = {"id": process, "expectedVersion": version} if process else others.get(name, {})
                key = {"idempotencyKey": f"{name}-{seed}-{turn}"}
                given = Nonsense(f"{name}-{seed}-{turn}", known | about | key).of(argument.type)
                await _is_answered(client, query, {"input": given})
        await _every_question(client, seed, known, others)
        engine = database.connect(deployment.database_url)
        async with engine.connect() as connection:
            unread = select(func.count()).select_from(t.note).where(~t.note.c.attached)
            assert (await connection.execute(unread)).scalar_one() == 0
        await engine.dispose()
        assert "unexpected" not in (deployment.folder / "api.log").read_text("utf-8")


async def _every_question(
    client: httpx.AsyncClient, seed: int, known: dict[str, Any], others: dict[str, dict[str, Any]]
) -> None:
    """Ask every field of the query, for all that its objects tell without an argument."""
    questions = SCHEMA.query_type
    assert isinstance(questions, GraphQLObjectType)
    for name, field in questions.fields.items():
        declared = ", ".join(f"${each}: {argument.type}" for each, argument in field.args.items())
        passed = ", ".join(f"{each}: ${each}" for each in field.args)
        asked = f"{name}({passed}) {_selection(field.type)}" if passed else f"{name} {_selection(field.type)}"
        query = f"query({declared}) {{ {asked} }}" if declared else f"{{ {asked} }}"
        for turn in range(ROUNDS if field.args else 1):
            nonsense = Nonsense(f"{name}-{seed}-{turn}", known | others.get(name, {}))
            wanted = {
                each: argument.type
                for each, argument in field.args.items()
                if turn or is_non_null_type(argument.type)  # first with nothing that may be left out
            }
            await _is_answered(client, query, {each: nonsense.of(kind, each) for each, kind in wanted.items()})


def _selection(kind: Any, depth: int = 3) -> str:
    """Return a selection of everything that an object tells, so many objects deep."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLObjectType) and depth:
        told = [f"{name} {_selection(field.type, depth - 1)}" for name, field in named.fields.items() if not field.args]
        return f"{{ {' '.join(told)} }}"
    return "" if is_leaf_type(named) else "{ __typename }"


async def _one_of_each(client: httpx.AsyncClient, known: dict[str, Any]) -> dict[str, str]:
    """Open every kind of track in the case; return the ids, by the prefix of their mutations."""
    openings: dict[str, dict[str, Any]] = {
        "arrearsSupport": {"tenancy": known["tenancy"], "balance": "900.00", "monthsOwed": 3, "source": "ACCOUNTS"},
        "contribution": {"tenancy": known["tenancy"], "purpose": "RENT", "requested": "900.00"},
        "maintenanceResolution": {"place": "COMMON_PARTS", "category": "WATER", "description": "perde"},
        "documentPractice": {"document": "ISEE"},
        "externalReferral": {"area": "HEALTH", "service": known["service"]},
    }
    ids_of = {"tenantCase": known["case"]}
    for kind, given in openings.items():
        opened = await insist(client, f"{kind}Open", given | {"case": known["case"], "idempotencyKey": kind})
        assert not opened["userErrors"], opened
        ids_of[kind] = opened["process"]["id"]
    assert tuple(ids_of) == KINDS
    return ids_of


async def _told(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Return what fields that are about no process and no entry are asked with, by their names."""
    query = "{ remindersDue(first: 1) { nodes { id } } worklist(filter: {role: OPERATOR}) { nodes { id } } }"
    found = (await client.post("/graphql", json={"query": query})).json()["data"]
    reminder = {"id": found["remindersDue"]["nodes"][0]["id"]}
    task = {"id": found["worklist"]["nodes"][0]["id"]}
    notice = {"ids": ids.encode("Notice", uuid4())}
    on_reminders = dict.fromkeys(("reminderCancel", "reminderSendNow", "reminderPreview"), reminder)
    return on_reminders | {"taskDone": task, "noticeRead": notice}


async def _version(client: httpx.AsyncClient, process: str) -> int:
    query = "query($id: ID!) { node(id: $id) { ... on Process { version } } }"
    answer = await client.post("/graphql", json={"query": query, "variables": {"id": process}})
    return int(answer.json()["data"]["node"]["version"])


async def _is_answered(client: httpx.AsyncClient, query: str, given: dict[str, Any]) -> None:
    response = await client.post("/graphql", json={"query": query, "variables": given})
    answer = response.json()
    for error in answer.get("errors", []):
        assert error["extensions"]["code"] not in {"INTERNAL", *BADLY_ASKED}, (query, given, answer)
        assert error["message"]
    for payload in (answer.get("data") or {}).values():
        for error in payload.get("userErrors", []) if isinstance(payload, dict) else ():
            assert error["code"], (query, given, answer)
            assert error["message"], (query, given, answer)
