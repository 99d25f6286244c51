"""The policy through the API: submitted, tried out, published, adopted, and what is refused on the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from temporalio.client import Client

from api.engine import Engine
from domain.arrears_support import ArrearsSupport
from domain.fields import local_day
from domain.roles import Role
from store import tables as t
from tests.api.office import MORNING, Office, gid, opened
from tests.world import DOCUMENT, POLICY
from workers.worker import bulk_worker, case_worker

HEAD = "id status dryRun { state total done stale } adoption { state total done failed }"
ADMINISTRATOR = (Role.ADMINISTRATOR,)


def later(version: str, *changes: tuple[str, str]) -> str:
    """Return the shipped document as another version with these texts in place of those."""
    document = DOCUMENT.replace("version: 2026-11-22", f"version: {version}")
    for before, after in changes:
        assert before in document
        document = document.replace(before, after)
    return document


LONGER = later("2027-01-01", ("CONTACTED: {within: 5 working days", "CONTACTED: {within: 30 days"))
OTHER = "lombardia@2027-01-01"


class Desk:
    """An administrator of the whole agency, unless somebody else asks."""

    def __init__(self, office: Office) -> None:
        self.office = office

    async def write(self, mutation: str, given: dict[str, Any], more: str = "", **who: Any) -> dict[str, Any]:
        """Return a payload, its userErrors as codes."""
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {name}Input!) {{ {mutation}(input: $input) "
            f"{{ policy {{ {HEAD} }} {more} userErrors {{ code message path }} }} }}"
        )
        asked = {"input": {"idempotencyKey": uuid4().hex} | given}
        answer = await self.office.ask(document, asked, **({"roles": ADMINISTRATOR, "districts": ()} | who))
        payload: dict[str, Any] = answer[mutation]
        payload["userErrors"] = [error["code"] for error in payload["userErrors"]]
        return payload

    async def read(self, fields: str, version: str = OTHER, **who: Any) -> dict[str, Any]:
        """Return what is told of a version."""
        asked = f"query($id: ID!) {{ policy(id: $id) {{ {fields} }} }}"
        told: dict[str, Any] = await self.office.ask(
            asked, {"id": version}, **({"roles": (Role.SUPERVISOR,), "districts": ()} | who)
        )
        found: dict[str, Any] = told["policy"]
        return found

    async def until(self, part: str, state: str = "DONE", version: str = OTHER) -> dict[str, Any]:
        """Wait until a dry run or an adoption stands so."""
        async with asyncio.timeout(30):
            while True:
                told = (await self.read(HEAD, version))[part]
                if told and told["state"] == state:
                    return dict(told)

    async def tried_out(self, document: str = LONGER) -> None:
        """Submit a document and wait for its dry run."""
        submitted = await self.write("policySubmit", {"document": document})
        assert submitted["userErrors"] == []
        await self.until("dryRun", version=submitted["policy"]["id"])


@pytest.fixture
async def desk(database: str, temporal: Client) -> AsyncIterator[Desk]:
    """An office with workers of its own behind it."""
    office = await opened(database)
    queue = f"office-{uuid4()}"
    engine = Engine(temporal, task_queue=queue, bulk_queue=f"{queue}-bulk")
    office.services = replace(office.services, engine=engine)
    async with (
        case_worker(temporal, office.engine, office.services.policies, task_queue=queue),
        bulk_worker(temporal, office.engine, office.services.policies, task_queue=f"{queue}-bulk"),
        engine.watched(),
    ):
        yield Desk(office)
    await office.engine.dispose()


async def test_a_document_that_cannot_be_used_is_answered_whole_each_problem_with_its_line(desk: Desk) -> None:
    wrong = later("2027-01-01", ("saturday_works: false", "saturday_works: perhaps"), ("5 working days", "5 workdays"))
    refused = await desk.write("policySubmit", {"document": wrong}, "problems { line message }")
    assert (refused["policy"], refused["userErrors"]) == (None, ["POLICY_INVALID"])
    lines = DOCUMENT.splitlines()
    told = {lines[problem["line"] - 1].split(":")[0].strip() for problem in refused["problems"]}
    assert {"saturday_works", "CONTACTED"} <= told
    assert all(problem["message"] for problem in refused["problems"])


@pytest.mark.parametrize(
    "document", ["", "[" * 50_000, "a: &a [*a]", "policy: .nan", "\x00", "- " * 9_000, "!!python/x"]
)
async def test_no_document_is_a_bug(desk: Desk, document: str) -> None:
    refused = await desk.write("policySubmit", {"document": document})
    assert refused["userErrors"] == ["POLICY_INVALID"]


async def test_a_version_comes_into_force_after_its_dry_run_and_an_earlier_one_comes_back(desk: Desk) -> None:
    await desk.tried_out()
    published = await desk.write("policyPublish", {"id": OTHER, "adopt": "NEW_ONLY"})
    assert (published["userErrors"], published["policy"]["status"]) == ([], "IN_FORCE")
    assert (await desk.read("status", POLICY.id))["status"] == "WITHDRAWN"
    back = {"id": POLICY.id, "adopt": "NEW_ONLY"}
    assert (await desk.write("policyPublish", back))["userErrors"] == ["DRY_RUN_NEEDED"]
    assert (await desk.write("policyDryRun", {"id": POLICY.id}))["userErrors"] == []
    await desk.until("dryRun", version=POLICY.id)
    assert (await desk.write("policyPublish", back))["policy"]["status"] == "IN_FORCE"
    in_force = await desk.office.ask("{ policyInForce { id } }", roles=(Role.SUPERVISOR,))
    assert in_force == {"policyInForce": {"id": POLICY.id}}


async def test_a_dry_run_of_yesterday_is_none(desk: Desk) -> None:
    await desk.tried_out()
    desk.office.now = MORNING + timedelta(hours=24, seconds=1)
    assert (await desk.read(HEAD))["dryRun"]["stale"]
    refused = await desk.write("policyPublish", {"id": OTHER, "adopt": "ALL"})
    assert refused["userErrors"] == ["DRY_RUN_NEEDED"]


async def test_only_an_administrator_writes_and_only_who_supervises_reads(desk: Desk) -> None:
    for mutation, given in (
        ("policySubmit", {"document": LONGER}),
        ("policyDryRun", {"id": POLICY.id}),
        ("policyPublish", {"id": POLICY.id, "adopt": "ALL"}),
        ("policyAdopt", {"id": POLICY.id}),
        ("policyAdoptionStop", {"id": POLICY.id}),
    ):
        refused = await desk.write(mutation, given, roles=(Role.SUPERVISOR, Role.OPERATOR))
        assert refused == {"policy": None, "userErrors": ["NOT_YOURS"]}
    for question in ("policyInForce { id }", "policies { nodes { id } }", f'policy(id: "{POLICY.id}") {{ id }}'):
        assert await desk.office.refused(f"{{ {question} }}") == ["NOT_YOURS"]


async def test_what_makes_no_sense_is_refused_in_its_code(desk: Desk) -> None:
    office, again = desk.office, {"document": LONGER, "idempotencyKey": "k"}
    assert (await desk.write("policySubmit", again))["policy"]["id"] == OTHER
    assert (await desk.write("policySubmit", again))["policy"]["id"] == OTHER
    for mutation, given, code in (
        ("policySubmit", {"document": LONGER + "\n"}, "POLICY_VERSION_TAKEN"),
        ("policySubmit", {"document": DOCUMENT, "idempotencyKey": "k"}, "IDEMPOTENCY_KEY_REUSED"),
        ("policySubmit", {"document": "x" * 300_000}, "INPUT_INVALID"),
        ("policyDryRun", {"id": "nowhere@2020-01-01"}, "NOT_FOUND"),
        ("policyDryRun", {"id": "\x00"}, "NOT_FOUND"),
        ("policyPublish", {"id": "", "adopt": "ALL"}, "NOT_FOUND"),
        ("policyAdopt", {"id": OTHER}, "POLICY_NOT_IN_FORCE"),
        ("policyAdopt", {"id": POLICY.id}, "DRY_RUN_NEEDED"),
        ("policyAdoptionStop", {"id": POLICY.id}, "ADOPTION_NOT_RUNNING"),
    ):
        assert (await desk.write(mutation, given))["userErrors"] == [code], mutation
    stranger = await desk.write("policySubmit", {"document": later("2027-02-01")}, staff=uuid4())
    assert stranger["userErrors"] == ["STAFF_UNKNOWN"]
    office.services.engine.available = False
    away = await desk.write("policySubmit", {"document": later("2027-03-01")})
    assert away["userErrors"] == ["ENGINE_UNAVAILABLE"]
    assert await desk.office.ask('{ policy(id: "lombardia@2027-03-01") { id } }', roles=ADMINISTRATOR) == {
        "policy": None
    }


async def test_a_dry_run_tells_counts_first_then_each_in_the_reader_s_sight(desk: Desk) -> None:
    """A supervisor of one district hears of its cases, and of no other's."""
    office = desk.office
    mine, late = await office.open(), await office.open(at=MORNING - timedelta(days=20))
    theirs = await office.open(district=office.world.elsewhere)
    debt: dict[str, Any] = {"tenancy": str(office.world.tenancy), "balance": "900", "months_owed": 3}
    track = await office.track(mine, ArrearsSupport, **debt, source="LETTER")
    await desk.tried_out(
        later(
            "2027-01-01",
            ("CONTACTED: {within: 5 working days", "CONTACTED: {within: 30 days"),
            ("plan_months: {value: 60", "plan_months: {value: 48"),
        )
    )
    fields = (
        "dryRun { total done counts { kind effect count } changes(first: 2, filter: $filter) "
        "{ nodes { process { id } change { effects deadlineFrom deadlineTo limits { name before after } } }"
        " pageInfo { hasNextPage endCursor } } }"
    )

    async def told(given: dict[str, Any] | None = None, **who: Any) -> Any:
        asked = f"query($id: ID!, $filter: PolicyChangeFilterInput) {{ policy(id: $id) {{ {fields} }} }}"
        answer = await office.ask(
            asked, {"id": OTHER, "filter": given}, **({"roles": (Role.SUPERVISOR,), "districts": ()} | who)
        )
        return answer["policy"]["dryRun"]

    everything = await told()
    assert (everything["total"], everything["done"]) == (3, 3)
    assert everything["counts"] == [
        {"kind": "ARREARS_SUPPORT", "effect": "LIMITS", "count": 1},
        {"kind": "TENANT_CASE", "effect": "DEADLINE", "count": 3},
        {"kind": "TENANT_CASE", "effect": "NO_LONGER_OVERDUE", "count": 1},
        {"kind": "TENANT_CASE", "effect": "RUNG", "count": 3},
    ]
    assert everything["changes"]["pageInfo"]["hasNextPage"]
    (again,) = (await told({"effects": ["NO_LONGER_OVERDUE"]}))["changes"]["nodes"]
    assert again["process"]["id"] == gid("TenantCase", late)
    assert again["change"]["deadlineTo"] > again["change"]["deadlineFrom"]
    (limits,) = (await told({"kind": ["ARREARS_SUPPORT"]}))["changes"]["nodes"]
    assert limits["process"]["id"] == gid("ArrearsSupport", track)
    assert limits["change"]["limits"] == [{"name": "plan_months", "before": "60", "after": "48"}]
    elsewhere = await told(districts=[office.world.elsewhere])
    assert [(each["effect"], each["count"]) for each in elsewhere["counts"]] == [("DEADLINE", 1), ("RUNG", 1)]
    assert [each["process"]["id"] for each in elsewhere["changes"]["nodes"]] == [gid("TenantCase", theirs)]


OPEN = "mutation($input: TenantCaseOpenInput!) { tenantCaseOpen(input: $input) { tenantCase { id deadline } } }"
SET_URGENCY = """
    mutation($input: TenantCaseSetUrgencyInput!) { tenantCaseSetUrgency(input: $input) { userErrors { code } } }
"""
EXPLAIN = """
    query($id: ID!) { node(id: $id) { ... on Process { version deadline deadlineExplained { policy clause because amount
      unit startsAt endsAt closedDaysSkipped } termsExplained { clause decides } ... on TenantCase { retainedUntil }
      history { nodes { step label policy } } } } }
"""


async def test_what_opens_after_a_publication_has_its_terms_and_what_is_live_adopts_them(desk: Desk) -> None:
    """Who asks why something is due is told the version, the clause, its reason, and the days that were closed."""
    office = desk.office
    office.now = datetime.now(UTC)
    given = {"person": gid("Person", office.world.person), "district": gid("District", office.world.district)}

    async def open_case() -> Any:
        key = {"idempotencyKey": uuid4().hex}
        return (await office.ask(OPEN, {"input": given | key}))["tenantCaseOpen"]["tenantCase"]

    before = await open_case()
    await desk.tried_out()
    assert (await desk.write("policyPublish", {"id": OTHER, "adopt": "NEW_ONLY"}))["userErrors"] == []
    after = await open_case()
    assert after["deadline"] > before["deadline"]
    told = (await office.ask(EXPLAIN, before))["node"]["deadlineExplained"]
    assert (told["policy"], told["clause"]) == (POLICY.id, "TENANT_CASE.CONTACTED")
    assert told["because"] == POLICY.clauses["TENANT_CASE.CONTACTED"]
    assert (told["amount"], told["unit"], told["endsAt"]) == (5, "WORKING_DAYS", before["deadline"])
    first, last = (local_day(datetime.fromisoformat(told[each])) for each in ("startsAt", "endsAt"))
    assert len(told["closedDaysSkipped"]) == (last - first).days - 1 - told["amount"]
    assert (await desk.write("policyAdopt", {"id": OTHER}))["userErrors"] == []
    adoption = await desk.until("adoption")
    assert adoption == {"state": "DONE", "total": 2, "done": 2, "failed": 0}
    adopted = (await office.ask(EXPLAIN, before))["node"]
    assert (adopted["version"], adopted["deadlineExplained"]["policy"]) == (1, OTHER)
    assert adopted["deadline"] == after["deadline"]
    assert adopted["history"]["nodes"][-1] == {
        "step": "policy_adopted",
        "label": "New terms adopted",
        "policy": OTHER,
    }
    renewed = await desk.write("policyAdopt", {"id": OTHER})
    assert renewed["userErrors"] == []


async def test_closed_days_that_run_out_are_renewed_as_they_were_counted(desk: Desk) -> None:
    """Saturday is worked under the policy in force by then; not for a case that has not adopted it."""
    office = desk.office
    office.now = datetime.now(UTC)
    given = {"person": gid("Person", office.world.person), "district": gid("District", office.world.district)}
    case = (await office.ask(OPEN, {"input": given | {"idempotencyKey": "a"}}))["tenantCaseOpen"]["tenantCase"]
    await desk.tried_out(later("2027-01-01", ("saturday_works: false", "saturday_works: true")))
    await desk.write("policyPublish", {"id": OTHER, "adopt": "NEW_ONLY"})
    office.now += timedelta(days=900)
    urgent = {"id": case["id"], "expectedVersion": 1, "urgency": "URGENT", "idempotencyKey": "b"}
    step = (
        "mutation($input: TenantCaseSetUrgencyInput!) { tenantCaseSetUrgency(input: $input) { userErrors { code } } }"
    )
    assert await office.ask(step, {"input": urgent}) == {"tenantCaseSetUrgency": {"userErrors": []}}
    async with office.engine.connect() as connection:
        terms = (await connection.execute(select(t.process.c.data["terms"]))).scalar_one()
    assert (terms["policy"], terms["closures"]["saturday_works"]) == (POLICY.id, False)
    assert date.fromisoformat(terms["closures"]["until"]) > local_day(office.now) + timedelta(days=1_000)


async def test_an_agency_that_closes_has_all_that_is_live_adopt_its_calendar(desk: Desk) -> None:
    """The same policy with other closed days: the dry run says what it would move, the adoption moves it."""
    office = desk.office
    office.now = datetime.now(UTC)
    given = {"person": gid("Person", office.world.person), "district": gid("District", office.world.district)}
    case = (await office.ask(OPEN, {"input": given | {"idempotencyKey": "a"}}))["tenantCaseOpen"]["tenantCase"]
    days = {"startsOn": office.now.date().isoformat(), "endsOn": (office.now.date() + timedelta(days=20)).isoformat()}
    closing = "mutation($input: ClosureRegisterInput!) { closureRegister(input: $input) { userErrors { code } } }"
    closed = {"reason": "Ferie", "idempotencyKey": "b", **days}
    answer = await office.ask(closing, {"input": closed}, roles=(Role.SUPERVISOR,), districts=())
    assert answer == {"closureRegister": {"userErrors": []}}
    await desk.write("policyDryRun", {"id": POLICY.id})
    await desk.until("dryRun", version=POLICY.id)
    counted = await desk.read("dryRun { counts { effect count } }", POLICY.id)
    assert counted["dryRun"]["counts"] == [{"effect": "DEADLINE", "count": 1}, {"effect": "RUNG", "count": 1}]
    await desk.write("policyAdopt", {"id": POLICY.id})
    await desk.until("adoption", version=POLICY.id)
    told = (await office.ask(EXPLAIN, case))["node"]
    assert datetime.fromisoformat(told["deadline"]) > datetime.fromisoformat(case["deadline"]) + timedelta(days=14)
    assert days["endsOn"] in told["deadlineExplained"]["closedDaysSkipped"]


async def test_every_term_that_runs_is_explained(office: Office) -> None:
    """Danger has an hour beside the state's own term, and is what decides."""
    case = await office.open()
    await office.take(case, "set_urgency", at=MORNING, urgency="DANGER")
    told = (await office.ask(EXPLAIN, {"id": gid("TenantCase", case)}))["node"]
    assert told["termsExplained"] == [
        {"clause": "TENANT_CASE.CONTACTED", "decides": False},
        {"clause": "TENANT_CASE.danger_within", "decides": True},
    ]
    assert (told["deadlineExplained"]["unit"], told["deadlineExplained"]["closedDaysSkipped"]) == ("HOURS", [])
    await office.take(case, "close", at=MORNING, outcome="RESOLVED")
    told = (await office.ask(EXPLAIN, {"id": gid("TenantCase", case)}))["node"]
    assert told["deadlineExplained"] is None
    assert told["termsExplained"][-2:] == [
        {"clause": "TENANT_CASE.reopen_within", "decides": False},
        {"clause": "TENANT_CASE.retain_for", "decides": False},
    ]


async def test_how_long_the_file_is_kept_is_told_once_it_has_ended(office: Office) -> None:
    """Ten years in Lombardy; 16 November 2036 is a Sunday."""
    case = await office.open()
    asked = {"id": gid("TenantCase", case)}
    assert (await office.ask(EXPLAIN, asked))["node"]["retainedUntil"] is None
    await office.take(case, "close", at=MORNING, outcome="RESOLVED")
    assert (await office.ask(EXPLAIN, asked))["node"]["retainedUntil"] == "2036-11-17"


async def test_versions_are_paged_the_latest_first(desk: Desk) -> None:
    await desk.write("policySubmit", {"document": LONGER})
    asked = "query($after: String) { policies(first: 1, after: $after) { nodes { id status } pageInfo { endCursor } } }"
    seen: list[Any] = []
    after = None
    for _ in range(2):
        page = (await desk.office.ask(asked, {"after": after}, roles=(Role.SUPERVISOR,)))["policies"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert {(each["id"], each["status"]) for each in seen} == {(OTHER, "DRAFT"), (POLICY.id, "IN_FORCE")}
    assert isinstance(desk.office.world.staff, UUID)
