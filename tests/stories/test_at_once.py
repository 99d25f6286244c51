"""Two requests at the same moment, and what two districts see of one case."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select
from temporalio.client import Client

from api import ids
from domain.roles import Role
from store import database
from store import tables as t
from tests.stories.deployment import Deployment, case_opening, insist
from workers.verify import differences
from workflows.converter import data_converter


async def opened(client: httpx.AsyncClient, deployment: Deployment) -> str:
    """Open a case, and return its global id."""
    answer = await insist(client, "tenantCaseOpen", case_opening(deployment.world, uuid4().hex))
    return str(answer["process"]["id"])


async def practices(client: httpx.AsyncClient, *given: dict[str, Any]) -> list[dict[str, Any]]:
    """Open document practices at the same moment, and return the answers."""
    sent = (insist(client, "documentPracticeOpen", {"document": "ISEE"} | each) for each in given)
    return await asyncio.gather(*sent)


async def nothing_differs(deployment: Deployment) -> None:
    """The log, the read model and the live workflows are the same."""
    engine = database.connect(deployment.database_url)
    server = deployment.temporal
    temporal = await Client.connect(server.address, namespace=server.namespace, data_converter=data_converter)
    assert [difference async for difference in differences(engine, temporal, now=datetime.now(UTC))] == []
    await engine.dispose()


async def test_one_key_sent_for_two_cases_at_once_is_two_practices(deployment: Deployment) -> None:
    """A front end's mistake; neither case is hurt by it."""
    async with deployment.client() as client:
        for _ in range(5):
            cases = [await opened(client, deployment) for _ in range(2)]
            key = uuid4().hex
            answers = await practices(client, *({"case": case, "idempotencyKey": key} for case in cases))
            taken = {answer["process"]["id"] for answer in answers if answer["process"]}
            codes = {error["code"] for answer in answers for error in answer["userErrors"]}
            assert len(taken) + len(codes) == 2
            assert codes <= {"IDEMPOTENCY_KEY_REUSED"}
    await nothing_differs(deployment)


async def test_one_id_minted_for_two_cases_at_once_is_one_practice(deployment: Deployment) -> None:
    """Whoever comes second is told so, and may mint another."""
    async with deployment.client() as client:
        for _ in range(5):
            cases = [await opened(client, deployment) for _ in range(2)]
            new = str(uuid4())
            minted = ({"case": case, "newId": new, "idempotencyKey": uuid4().hex} for case in cases)
            answers = await practices(client, *minted)
            errors = [(error["code"], error["path"]) for answer in answers for error in answer["userErrors"]]
            assert errors == [("ALREADY_EXISTS", ["input", "newId"])]
            (practice,) = [answer["process"]["id"] for answer in answers if answer["process"]]
            assert ids.decode(practice) == ("DocumentPractice", UUID(new))
    await nothing_differs(deployment)


async def test_a_note_that_was_corrected_before_anything_was_taken_is_the_one_that_is_kept(
    deployment: Deployment,
) -> None:
    """The key is the same: the first text belonged to a step that was refused."""
    async with deployment.client() as client:
        case = await opened(client, deployment)
        follow_up = {"id": case, "expectedVersion": 1, "idempotencyKey": uuid4().hex}
        refused = await insist(client, "tenantCaseFollowUp", follow_up | {"note": "Ha chiamato la figlia."})
        assert [error["code"] for error in refused["userErrors"]] == ["STEP_NOT_ALLOWED"]
        text = "Ha chiamato il figlio."
        await insist(client, "tenantCaseRecordInterview", follow_up | {"note": text})
        notes = (await client.post("/graphql", json={"query": f'{{ node(id: "{case}") {{ {_NOTES} }} }}'})).json()
    assert notes["data"]["node"]["notes"] == [{"text": text}]
    engine = database.connect(deployment.database_url)
    async with engine.connect() as connection:
        stored = await connection.execute(select(t.note.c.body).where(t.note.c.process_id == ids.decode(case)[1]))
        assert stored.scalars().all() == [text]
    await engine.dispose()


_NOTES = "... on TenantCase { notes { text } }"


async def test_who_takes_over_a_case_sees_its_person(deployment: Deployment) -> None:
    """Wherever the register has them; whoever gave it away sees the case no more."""
    world = deployment.world
    async with (
        deployment.client(role=Role.OPERATOR, districts=[world.district]) as here,
        deployment.client(role=Role.OPERATOR, districts=[world.elsewhere]) as there,
    ):
        case = await opened(here, deployment)
        given = {
            "id": case,
            "expectedVersion": 1,
            "operator": ids.encode("Staff", world.staff),
            "district": ids.encode("District", world.elsewhere),
            "idempotencyKey": uuid4().hex,
        }
        answer = await insist(here, "tenantCaseHandOver", given)
        assert answer["userErrors"] == []
        person = "{ node(id: %s) { ... on TenantCase { person { identity } district { name } } } }"
        asked = {"query": person % f'"{case}"'}
        assert (await here.post("/graphql", json=asked)).json()["data"] == {"node": None}
        seen = (await there.post("/graphql", json=asked)).json()["data"]["node"]
    assert seen == {"person": {"identity": "DECLARED"}, "district": {"name": "Biumo"}}
