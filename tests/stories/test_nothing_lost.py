"""Nothing lost, nothing invented: whatever is killed, what clients were told is what is stored, and what is live."""

import asyncio
import time
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api import ids
from store import database, log
from store import tables as t
from tests.stories.deployment import Deployment, case_opening, insist
from workers.verify import differences
from workflows.converter import data_converter

KILLS = (
    ("worker",),
    ("worker", "temporal"),
    ("api",),
    ("temporal",),
    ("postgres",),
    ("worker", "postgres"),
    ("api", "worker"),
    ("temporal", "postgres"),
)
"""`worker` with `temporal` comes first after a single worker: it is where a local activity loses a step."""

TENANTS = 6


class Tenant:
    """A front end that works on one case alone, so that any version it does not expect was lost or invented."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self.deployment = deployment
        self.name = name
        self.case = ""
        self.told: list[int] = []

    async def work(self, until: asyncio.Event) -> None:
        """Open a case, and change its urgency until told to stop; note what every answer says."""
        async with self.deployment.client() as client:
            opened = await insist(client, "tenantCaseOpen", case_opening(self.deployment.world, f"{self.name}-0"))
            self.case = opened["process"]["id"]
            self.told.append(opened["process"]["version"])
            for turn in count(1):
                if until.is_set():
                    return
                given = {
                    "id": self.case,
                    "expectedVersion": self.told[-1],
                    "urgency": ("ROUTINE", "URGENT")[turn % 2],
                    "idempotencyKey": f"{self.name}-{turn}",
                }
                answer = await insist(client, "tenantCaseSetUrgency", given)
                assert answer["userErrors"] == []
                self.told.append(answer["process"]["version"])


async def commits(engine: AsyncEngine) -> int:
    """Return how many events are stored."""
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(t.event))).scalar_one())


async def everybody_goes_on(tenants: list[Tenant]) -> None:
    """Wait until every client has been answered three times more."""
    goals = [len(tenant.told) + 3 for tenant in tenants]
    async with asyncio.timeout(120):
        while any(len(tenant.told) < goal for tenant, goal in zip(tenants, goals, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the clients' own tasks bring it about


async def test_whatever_is_killed_nothing_is_lost_and_nothing_invented(deployment: Deployment) -> None:
    """Parts are killed alone and in pairs, just after a commit that nobody has acknowledged yet."""
    engine = database.connect(deployment.database_url)
    tenants = [Tenant(deployment, f"tenant-{number}") for number in range(TENANTS)]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for tenant in tenants:
            group.create_task(tenant.work(stop))
        for parts in KILLS:
            # Everybody has been answered since the last kill: steps are under way in every stage.
            await everybody_goes_on(tenants)
            before = await commits(engine)
            while await commits(engine) == before:
                pass
            await asyncio.gather(*(deployment.kill(part) for part in parts))
            for part in reversed(parts):
                await deployment.start(part)
        await everybody_goes_on(tenants)
        stop.set()
    temporal = await Client.connect(
        deployment.temporal.address,
        namespace=deployment.temporal.namespace,
        data_converter=data_converter,
    )
    async with engine.connect() as connection:
        for tenant in tenants:
            assert tenant.told == list(range(1, len(tenant.told) + 1))
            _, case_id = ids.decode(tenant.case)
            steps = [event for event in await log.events(connection, case_id) if event.request]
            assert [event.version for event in steps] == tenant.told
            assert len({event.request and event.request.request_id for event in steps}) == len(steps)
    assert [difference async for difference in differences(engine, temporal, now=datetime.now(UTC))] == []
    await engine.dispose()


STEPS, AT_ONCE = 500, 20


async def test_what_you_wrote_is_what_you_read(deployment: Deployment) -> None:
    """Random steps, twenty at a time, each read back at once through another connection."""
    chance = Random(20261122)  # noqa: S311 (a fixed seed, to fail the same way twice)
    seen = 0

    async def work(writing: httpx.AsyncClient, reading: httpx.AsyncClient, number: int) -> None:
        nonlocal seen
        opened = await insist(writing, "tenantCaseOpen", case_opening(deployment.world, f"reader-{number}"))
        case, version, turn = opened["process"]["id"], 1, 0
        while seen < STEPS:
            turn += 1
            step, given = chance.choice(RANDOM_STEPS)
            key = {"id": case, "expectedVersion": version, "idempotencyKey": f"reader-{number}-{turn}"}
            answer = await insist(writing, step, given | key)
            read = await ask(
                reading, "query($id: ID!) { node(id: $id) { ... on Process { version stateName } } }", id=case
            )
            told = answer["process"] or {"version": version, "stateName": read["node"]["stateName"]}
            assert read["node"] == {"version": told["version"], "stateName": told["stateName"]}
            assert bool(answer["process"]) != bool(answer["userErrors"])
            version = told["version"]
            seen += 1

    async with deployment.client() as writing, deployment.client() as reading, asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(work(writing, reading, number))
    assert seen >= STEPS


RANDOM_STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("tenantCaseSetUrgency", {"urgency": "URGENT"}),
    ("tenantCaseSetUrgency", {"urgency": "ROUTINE"}),
    ("tenantCaseRecordInterview", {"needs": [{"area": "ECONOMIC", "note": "un po' di testo"}]}),
    ("tenantCaseTakeCharge", {}),
    ("tenantCaseMonitor", {}),
    ("tenantCaseResumeCharge", {}),
    ("tenantCaseFollowUp", {"note": "sta meglio"}),
    ("tenantCaseClose", {"outcome": "RESOLVED"}),
    ("tenantCaseReopen", {}),
)
"""Some are refused, depending on the state: a refusal must leave no trace either."""


async def test_postgresql_away_for_thirty_seconds(deployment: Deployment) -> None:
    """Every request is told so at once, in its code; a step under way is taken, and found when it is asked again."""
    async with deployment.client() as client:
        opened = await insist(client, "tenantCaseOpen", case_opening(deployment.world, "away-0"))
        given = {
            "id": opened["process"]["id"],
            "expectedVersion": 1,
            "urgency": "URGENT",
            "idempotencyKey": "away-1",
        }
        await deployment.kill("postgres")
        gone, told = time.monotonic(), set()
        while time.monotonic() - gone < AWAY_SECONDS:
            answer = await client.post("/graphql", json={"query": SET_URGENCY, "variables": {"input": given}})
            told |= {error["code"] for error in answer.json()["data"]["tenantCaseSetUrgency"]["userErrors"]}
            read = await client.post("/graphql", json={"query": VERSION, "variables": {"id": given["id"]}})
            told |= {error["extensions"]["code"] for error in read.json()["errors"]}
        assert told == {"STORE_UNAVAILABLE"}
        await deployment.start("postgres")
        taken = await insist(client, "tenantCaseSetUrgency", given)
        assert taken["process"]["version"] == 2


async def test_temporal_away_leaves_reading(deployment: Deployment) -> None:
    """Reads go on; mutations say that the engine is away; when it is back, the same key goes through."""
    async with deployment.client() as client:
        opened = await insist(client, "tenantCaseOpen", case_opening(deployment.world, "engine-0"))
        case = opened["process"]["id"]
        given = {"id": case, "expectedVersion": 1, "urgency": "URGENT", "idempotencyKey": "engine-1"}
        await deployment.kill("temporal")
        told: set[str] = set()
        async with asyncio.timeout(60):
            while "ENGINE_UNAVAILABLE" not in told:
                answer = await client.post("/graphql", json={"query": SET_URGENCY, "variables": {"input": given}})
                told |= {error["code"] for error in answer.json()["data"]["tenantCaseSetUrgency"]["userErrors"]}
        assert told <= {"ENGINE_UNAVAILABLE", "OUTCOME_UNKNOWN"}
        read = await ask(client, VERSION, id=case)
        assert read["node"]["version"] == 1
        await deployment.start("temporal")
        taken = await insist(client, "tenantCaseSetUrgency", given)
        assert taken["process"]["version"] == 2


async def test_the_same_key_is_the_same_request_or_refused(deployment: Deployment) -> None:
    """Twice at once it is one step; with another input, or another version, it is refused, now and later."""
    async with deployment.client() as client:
        opened = await insist(client, "tenantCaseOpen", case_opening(deployment.world, "key-0"))
        case = opened["process"]["id"]
        given = {"id": case, "expectedVersion": 1, "urgency": "URGENT", "idempotencyKey": "key-1"}
        same = await asyncio.gather(*(insist(client, "tenantCaseSetUrgency", given) for _ in range(4)))
        assert [answer["process"]["version"] for answer in same] == [2] * 4
        for other in ({"urgency": "DANGER"}, {"expectedVersion": 2}):
            answer = await insist(client, "tenantCaseSetUrgency", given | other)
            assert [error["code"] for error in answer["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]


async def test_two_operators_grant_the_last_thousand_euros(deployment: Deployment) -> None:
    """One grant, one clear refusal."""
    world = deployment.world
    async with deployment.client() as one, deployment.client() as other:

        async def assessed(client: httpx.AsyncClient, name: str) -> str:
            opened = await insist(client, "tenantCaseOpen", case_opening(world, f"{name}-case"))
            asked = {
                "case": opened["process"]["id"],
                "tenancy": ids.encode("Tenancy", world.tenancy),
                "purpose": "RENT",
                "requested": "1000.00",
                "idempotencyKey": f"{name}-ask",
            }
            contribution = (await insist(client, "contributionOpen", asked))["process"]["id"]
            found = {
                "id": contribution,
                "expectedVersion": 1,
                "measure": "DIFFICULTY",
                "isee": "4000",
                "monthsAssigned": 60,
                "eligible": "1000.00",
                "attested": True,
                "idempotencyKey": f"{name}-assess",
            }
            await insist(client, "contributionAssess", found)
            return str(contribution)

        def grant(contribution: str, name: str) -> dict[str, Any]:
            return {
                "id": contribution,
                "expectedVersion": 2,
                "fundingLine": ids.encode("FundingLine", world.funding_line),
                "amount": "1000.00",
                "idempotencyKey": f"{name}-grant",
            }

        first, second = await assessed(one, "one"), await assessed(other, "other")
        answers = await asyncio.gather(
            insist(one, "contributionGrant", grant(first, "one")),
            insist(other, "contributionGrant", grant(second, "other")),
        )
    states = sorted(answer["process"]["stateName"] for answer in answers if answer["process"])
    refusals = [error for answer in answers for error in answer["userErrors"]]
    assert states == ["GRANTED"]
    assert [(error["code"], error["path"]) for error in refusals] == [("FUNDS_SHORT", ["input", "fundingLine"])]


AWAY_SECONDS = 30
VERSION = "query ($id: ID!) { node(id: $id) { ... on Process { version } } }"
SET_URGENCY = """
    mutation ($input: TenantCaseSetUrgencyInput!) {
      tenantCaseSetUrgency(input: $input) { tenantCase { version } userErrors { code } }
    }
"""


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    """Return the data of a query; an error fails the test."""
    answer: dict[str, Any] = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data
