"""The register through HTTP, as a front end uses it: real PostgreSQL, and no Temporal, which it does not need."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api import ids
from api.app import application
from api.context import Services
from api.engine import Engine
from api.identity import issue
from api.schema import build
from domain.case_file import CaseFile
from domain.processes import PROCESSES
from domain.roles import Role
from store import database as databases
from store import projection
from store import tables as t
from store.policies import Policies
from tests.api.small import SECRET
from tests.world import POLICIES, World

SCHEMA = build()


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Agency:
    """The API on a database of the test's own, and whoever calls it."""

    services: Services
    world: World

    @property
    def engine(self) -> AsyncEngine:
        return self.services.database

    def id(self, type_name: str, identifier: UUID) -> str:
        return ids.encode(type_name, identifier)

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        role: Role = Role.OPERATOR,
        districts: Collection[UUID] | None = None,
        staff: UUID | None = None,
    ) -> dict[str, Any]:
        """Return the data of an answer without errors; an operator of the world's district asks, unless said."""
        token = issue(
            SECRET,
            subject=staff or self.world.staff,
            roles=[role],
            districts=[self.world.district] if districts is None else districts,
            hours=1,
            now=now(),
        )
        served = application(self.services, schema=SCHEMA)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(served), base_url="http://pratica", headers=headers
        ) as client:
            answer = (await client.post("/graphql", json={"query": document, "variables": variables or {}})).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def write(self, mutation: str, fields: str, given: Mapping[str, Any], **who: Any) -> Any:
        """Return the payload of a mutation: its object with `fields`, and its userErrors as (code, path)."""
        name = mutation[0].upper() + mutation[1:]
        selection = f"{fields} userErrors {{ code message path }}"
        document = f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        payload = (await self.ask(document, {"input": {"idempotencyKey": uuid4().hex} | dict(given)}, **who))[mutation]
        payload["userErrors"] = [(error["code"], error["path"]) for error in payload["userErrors"]]
        return payload

    async def open_case(self) -> str:
        case_id = uuid4()
        entry = CaseFile(case_id).take(self.world.open_case(case_id), now())
        await projection.project(self.engine, case_id, [entry], POLICIES)
        return self.id("TenantCase", case_id)


@pytest.fixture
async def agency(database: str) -> AsyncIterator[Agency]:
    """The API, with one of each in the register."""
    engine = databases.connect(database)
    world = World()
    await world.settle(engine)
    yield Agency(
        services=Services(
            database=engine,
            reading=databases.autocommit(engine),
            engine=Engine(await Client.connect("127.0.0.1:1", lazy=True)),
            policies=Policies(PROCESSES),
            token_secret=SECRET,
            clock=now,
        ),
        world=world,
    )
    await engine.dispose()


async def test_a_person_is_registered_read_back_and_amended(agency: Agency) -> None:
    district = agency.id("District", agency.world.district)
    given = {"identity": "DECLARED", "familyName": "Rossi", "languages": ["it"], "district": district}
    fields = "person { id version familyName phone languages district { name municipality { name } } }"
    made = await agency.write("personRegister", fields, given)
    assert made["userErrors"] == []
    person = made["person"]
    assert person["district"] == {"name": "San Fermo", "municipality": {"name": "Varese"}}
    amended = await agency.write(
        "personAmend", fields, {"id": person["id"], "expectedVersion": 1, "phone": "0332 123456"}
    )
    assert amended["person"] == person | {"phone": "0332 123456", "version": 2}
    found = await agency.ask("query($id: ID!) { node(id: $id) { ... on Person { phone } } }", {"id": person["id"]})
    assert found == {"node": {"phone": "0332 123456"}}


async def test_what_an_amendment_leaves_out_stays_and_null_takes_away(agency: Agency) -> None:
    given = {"familyName": "Rossi", "phone": "0332 123456", "email": "rossi@posta.example"}
    person = (await agency.write("personRegister", "person { id }", given))["person"]
    changes = {"id": person["id"], "expectedVersion": 1, "phone": None}
    amended = await agency.write("personAmend", "person { familyName phone email }", changes)
    assert amended["person"] == {"familyName": "Rossi", "phone": None, "email": "rossi@posta.example"}


async def test_a_client_speaks_of_what_it_makes_by_an_id_of_its_own(agency: Agency) -> None:
    own = uuid4()
    made = await agency.write("personRegister", "person { id }", {"newId": str(own)})
    assert made["person"]["id"] == agency.id("Person", own)
    again = await agency.write("personRegister", "person { id }", {"newId": str(own)})
    assert again == {"person": None, "userErrors": [("ALREADY_EXISTS", ["input", "newId"])]}


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(agency: Agency) -> None:
    given = {"idempotencyKey": "k", "familyName": "Rossi"}
    first, second = await asyncio.gather(*(agency.write("personRegister", "person { id }", given) for _ in range(2)))
    assert first == second
    other = await agency.write("personRegister", "person { id }", given | {"familyName": "Bianchi"})
    assert other["userErrors"] == [("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])]
    colleague = await agency.write("personRegister", "person { id }", given, staff=uuid4())
    assert colleague["person"]["id"] != first["person"]["id"]


@pytest.mark.parametrize(
    ("mutation", "given", "code", "path"),
    [
        ("personRegister", {"familyName": "x" * 2_000}, "INPUT_INVALID", "familyName"),
        ("personRegister", {"familyName": "a\0b"}, "INPUT_INVALID", "familyName"),
        ("personRegister", {"languages": None}, "INPUT_INVALID", "languages"),
        ("personRegister", {"district": "nonsense"}, "ID_INVALID", "district"),
        ("personRegister", {"district": ids.encode("Person", uuid4())}, "ID_INVALID", "district"),
        ("personRegister", {"district": ids.encode("District", uuid4())}, "NOT_FOUND", "district"),
        ("personRegister", {"idempotencyKey": ""}, "INPUT_INVALID", "idempotencyKey"),
        ("personRegister", {"bornOn": "9999-12-31"}, "INPUT_INVALID", "bornOn"),
        ("personAmend", {"id": "", "expectedVersion": 1}, "ID_INVALID", "id"),
        ("personAmend", {"id": ids.encode("Person", uuid4()), "expectedVersion": 1}, "NOT_FOUND", "id"),
        ("noteAdd", {"process": ids.encode("TenantCase", uuid4()), "text": "x"}, "NOT_FOUND", "process"),
        ("noteAdd", {"process": ids.encode("Person", uuid4()), "text": "x"}, "ID_INVALID", "process"),
        ("noteAdd", {"process": ids.encode("TenantCase", uuid4()), "text": " "}, "INPUT_INVALID", "text"),
        ("noteAdd", {"process": ids.encode("TenantCase", uuid4()), "text": "x" * 10_001}, "INPUT_INVALID", "text"),
    ],
)
async def test_bad_input_is_refused_by_its_field_and_leaves_nothing(
    agency: Agency, mutation: str, given: dict[str, Any], code: str, path: str
) -> None:
    refused = await agency.write(mutation, "__typename", given)
    assert refused["userErrors"] == [(code, ["input", path])]
    async with agency.engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(t.request))).scalar() == 0


async def test_only_the_roles_of_an_entry_write_it(agency: Agency) -> None:
    line = {"code": "K1", "name": "Servizi", "budget": "494414.00", "startsOn": "2026-01-01"}
    fields = "fundingLine { budget committed }"
    refused = await agency.write("fundingLineRegister", fields, line, role=Role.OPERATOR)
    assert refused == {"fundingLine": None, "userErrors": [("NOT_YOURS", [])]}
    made = await agency.write("fundingLineRegister", fields, line, role=Role.SUPERVISOR)
    assert made["fundingLine"] == {"budget": "494414.00", "committed": "0.00"}


async def test_a_partner_without_its_own_register_sees_and_writes_nothing(agency: Agency) -> None:
    person = agency.id("Person", agency.world.person)
    asked = "query($id: ID!) { node(id: $id) { id } }"
    assert await agency.ask(asked, {"id": person}, role=Role.PARTNER_REFERENT) == {"node": None}
    refused = await agency.write("personRegister", "person { id }", {}, role=Role.PARTNER_REFERENT)
    assert refused["userErrors"] == [("NOT_YOURS", [])]


async def test_another_district_is_out_of_sight(agency: Agency) -> None:
    person = agency.id("Person", agency.world.person)
    asked = "query($id: ID!) { node(id: $id) { id } }"
    assert await agency.ask(asked, {"id": person}, districts=[agency.world.elsewhere]) == {"node": None}
    amending = {"id": person, "expectedVersion": 1, "phone": None}
    refused = await agency.write("personAmend", "person { id }", amending, districts=[agency.world.elsewhere])
    assert refused["userErrors"] == [("NOT_FOUND", ["input", "id"])]


async def test_a_directory_is_read_with_its_services_and_referents(agency: Agency) -> None:
    partner = (await agency.write("partnerRegister", "partner { id }", {"name": "Caritas", "kind": "CHARITY"}))[
        "partner"
    ]
    deputy = (await agency.write("referentRegister", "referent { id }", {"partner": partner["id"], "name": "Sara"}))[
        "referent"
    ]
    await agency.write(
        "referentRegister", "referent { id }", {"partner": partner["id"], "name": "Ugo", "deputy": deputy["id"]}
    )
    service = {"partner": partner["id"], "name": "Mensa", "area": "SOCIAL", "channel": "PHONE", "freePlaces": 3}
    await agency.write("partnerServiceRegister", "partnerService { id }", service)
    asked = (
        "query($id: ID!) { node(id: $id) { ... on Partner { name services { name freePlaces }"
        " referents { name deputy { name } } } } }"
    )
    found = (await agency.ask(asked, {"id": partner["id"]}))["node"]
    assert found["services"] == [{"name": "Mensa", "freePlaces": 3}]
    assert sorted(each["name"] for each in found["referents"]) == ["Sara", "Ugo"]
    assert {"name": "Ugo", "deputy": {"name": "Sara"}} in found["referents"]


async def test_a_stranger_is_counted_and_a_contact_joins_a_case(agency: Agency) -> None:
    point = agency.id("ServicePoint", agency.world.service_point)
    given = {
        "channel": "WALK_IN",
        "outcome": "INFORMED",
        "servicePoint": point,
        "stop": agency.id("Stop", agency.world.stop),
    }
    places = "district { name } operator { name } occurredAt"
    fields = f"contact {{ person {{ id }} {places} case {{ kind }} note {{ text author {{ name }} }} }}"
    stranger = (await agency.write("contactRecord", fields, given))["contact"]
    assert (stranger["person"], stranger["district"], stranger["operator"]) == (
        None,
        {"name": "San Fermo"},
        {"name": "Anna"},
    )
    assert stranger["occurredAt"]
    joined = {
        "outcome": "ADDED_TO_CASE",
        "case": await agency.open_case(),
        "person": agency.id("Person", agency.world.person),
        "note": "Chiede della bolletta.",
    }
    met = await agency.write("contactRecord", fields, given | joined)
    assert met["userErrors"] == []
    assert met["contact"]["case"] == {"kind": "TENANT_CASE"}
    assert met["contact"]["note"] == {"text": "Chiede della bolletta.", "author": {"name": "Anna"}}


async def test_a_contact_in_the_future_or_without_its_case_is_refused(agency: Agency) -> None:
    point, stop = agency.id("ServicePoint", agency.world.service_point), agency.id("Stop", agency.world.stop)
    given = {"channel": "WALK_IN", "outcome": "INFORMED", "servicePoint": point, "stop": stop}
    ahead = await agency.write("contactRecord", "contact { id }", given | {"occurredAt": "2199-01-01T00:00:00Z"})
    assert ahead["userErrors"] == [("FACT_IN_FUTURE", ["input", "occurredAt"])]
    caseless = await agency.write("contactRecord", "contact { id }", given | {"outcome": "CASE_OPENED"})
    assert caseless["userErrors"] == [("CASE_MISSING", ["input", "case"])]


async def test_a_diary_is_read_by_those_it_is_for(agency: Agency) -> None:
    case = await agency.open_case()
    psychologist = uuid4()
    async with agency.engine.begin() as connection:
        await connection.execute(insert(t.staff).values(id=psychologist, name="Paola"))
    for_all = {"process": case, "text": "Ha chiamato:\nrichiamare domani."}
    confidential = {"process": case, "text": "Riservata.", "readers": ["PSYCHOLOGIST"]}
    assert (await agency.write("noteAdd", "note { text process { kind } }", for_all))["note"] == {
        "text": "Ha chiamato:\nrichiamare domani.",
        "process": {"kind": "TENANT_CASE"},
    }
    kept = await agency.write("noteAdd", "note { id }", confidential, role=Role.PSYCHOLOGIST, staff=psychologist)
    asked = "query($id: ID!) { node(id: $id) { ... on Process { notes { text author { name } } } } }"
    operators = (await agency.ask(asked, {"id": case}))["node"]["notes"]
    assert [note["text"] for note in operators] == [for_all["text"]]
    psychologists = (await agency.ask(asked, {"id": case}, role=Role.PSYCHOLOGIST))["node"]["notes"]
    assert [note["text"] for note in psychologists] == [for_all["text"], "Riservata."]
    alone = "query($id: ID!) { node(id: $id) { id } }"
    assert await agency.ask(alone, {"id": kept["note"]["id"]}) == {"node": None}
    author = await agency.ask(alone, {"id": kept["note"]["id"]}, staff=psychologist)
    assert author["node"]


async def test_who_is_not_of_the_staff_writes_no_note(agency: Agency) -> None:
    note = {"process": await agency.open_case(), "text": "x"}
    refused = await agency.write("noteAdd", "note { id }", note, staff=uuid4())
    assert refused["userErrors"] == [("NOT_FOUND", [])]


async def test_a_page_of_objects_takes_a_statement_a_level(agency: Agency) -> None:
    tenancies = []
    for number in range(5):
        given = {
            "code": f"X{number}",
            "holder": agency.id("Person", agency.world.person),
            "dwelling": agency.id("Dwelling", agency.world.dwelling),
            "startsOn": "2015-01-01",
            "balance": "100.00",
            "balanceOn": "2026-01-01",
        }
        tenancies.append((await agency.write("tenancyRegister", "tenancy { id }", given))["tenancy"]["id"])
    asked = (
        "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Tenancy { code holder { tenancies { code } }"
        " dwelling { building { district { municipality { name } } } } } } }"
    )
    statements: list[str] = []
    event.listen(
        agency.engine.sync_engine, "before_cursor_execute", lambda _c, _x, statement, *_: statements.append(statement)
    )
    found = (await agency.ask(asked, {"ids": tenancies}))["nodes"]
    assert [each["code"] for each in found] == [f"X{number}" for number in range(5)]
    assert found[0]["dwelling"]["building"]["district"]["municipality"] == {"name": "Varese"}
    assert len(found[0]["holder"]["tenancies"]) == 6
    assert len(statements) == 7
