"""A policy for all that is live: tried out, published, adopted, stopped half-way, its worker killed, gone on with."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import func, select
from temporalio.client import Client

from domain.roles import Role
from store import database
from store import tables as t
from tests.stories.deployment import Deployment, case_opening, insist
from tests.workflows.versions import LONGER, OTHER
from workers.demo.client import Documents
from workers.verify import differences
from workflows.converter import data_converter

CASES, AT_ONCE = 300, 10
HALF_WAY = 100

DOCUMENTS = Documents()


async def tell(client: httpx.AsyncClient, operation: str, **given: Any) -> Any:
    """Send a ready-made mutation until it is told what became of it; return the version that it answers."""
    asked = {"query": DOCUMENTS[operation], "variables": {"input": given}}
    async with asyncio.timeout(60):
        while True:
            try:
                (answer,) = (await client.post("/graphql", json=asked)).json()["data"].values()
            except httpx.TransportError:
                continue
            codes = [error["code"] for error in answer["userErrors"]]
            if "ENGINE_UNAVAILABLE" not in codes:
                assert codes == []
                return answer["policy"]


async def until(client: httpx.AsyncClient, part: str, stands: Any) -> Any:
    """Wait until the dry run or the adoption stands so, as PostgreSQL tells it; return it."""
    asked = {"query": DOCUMENTS["DryRun"], "variables": {"id": OTHER, "first": 1}}
    async with asyncio.timeout(120):
        while True:
            answer = (await client.post("/graphql", json=asked)).json()["data"]["policy"]
            if answer[part] and stands(answer[part]):
                return answer[part]


async def test_three_hundred_cases_adopt_a_policy_whatever_is_stopped_or_killed(deployment: Deployment) -> None:
    """Operators go on meanwhile; in the end every case has the new terms, and nothing differs anywhere."""
    world, opened = deployment.world, list[str]()
    async with deployment.client() as operator, deployment.client(role=Role.ADMINISTRATOR) as administrator:

        async def open_some(number: int) -> None:
            for turn in range(CASES // AT_ONCE):
                answer = await insist(operator, "tenantCaseOpen", case_opening(world, f"adopting-{number}-{turn}"))
                opened.append(answer["process"]["id"])

        await asyncio.gather(*(open_some(number) for number in range(AT_ONCE)))
        await tell(administrator, "SubmitPolicy", document=LONGER, idempotencyKey="submit")
        tried = await until(administrator, "dryRun", lambda run: run["state"] == "DONE")
        assert (tried["total"], tried["done"]) == (CASES, CASES)
        assert [(each["effectLabel"], each["count"]) for each in tried["counts"]] == [
            ("The deadline changes", CASES),
            ("The next reminder changes", CASES),
        ]

        await tell(administrator, "PublishPolicy", id=OTHER, adopt="ALL", idempotencyKey="publish")
        await until(administrator, "adoption", lambda adoption: adoption["done"] >= HALF_WAY)
        await deployment.kill("worker")
        await tell(administrator, "StopAdoption", id=OTHER, idempotencyKey="stop")
        stopped = await until(administrator, "adoption", lambda adoption: adoption["state"] == "STOPPED")
        assert HALF_WAY <= stopped["done"] < CASES
        await deployment.start("worker")
        urgent = {"id": opened[-1], "expectedVersion": 1, "urgency": "URGENT", "idempotencyKey": "meanwhile"}
        assert (await insist(operator, "tenantCaseSetUrgency", urgent))["process"]["version"] == 2
        await tell(administrator, "AdoptPolicy", id=OTHER, idempotencyKey="go on")
        await until(administrator, "adoption", lambda adoption: adoption["done"] >= 2 * HALF_WAY)
        await deployment.kill("worker")
        await deployment.start("worker")
        done = await until(administrator, "adoption", lambda adoption: adoption["state"] == "DONE")
        assert (done["total"], done["done"], done["failed"]) == (CASES, CASES, 0)

    engine = database.connect(deployment.database_url)
    temporal = await Client.connect(
        deployment.temporal.address, namespace=deployment.temporal.namespace, data_converter=data_converter
    )
    async with engine.connect() as connection:
        version = t.process.c.data["terms"]["policy"].astext
        terms = (await connection.execute(select(version, func.count()).group_by(version))).all()
        adopting = select(t.event.c.case_id, func.count()).where(t.event.c.name == "policy_adopted")
        each = (await connection.execute(adopting.group_by(t.event.c.case_id))).all()
    assert [tuple(row) for row in terms] == [(OTHER, CASES)]
    assert {count for _, count in each} == {1}
    assert [difference async for difference in differences(engine, temporal, now=datetime.now(UTC))] == []
    await engine.dispose()
