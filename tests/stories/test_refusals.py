"""Who may do what, on which process: every refusal has its code, and changes nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api import ids
from domain.roles import Role
from tests.stories.deployment import Deployment, case_opening, insist


@pytest.fixture
async def case(deployment: Deployment) -> str:
    """The global id of a case at version 1."""
    async with deployment.client() as client:
        opened = await insist(client, "tenantCaseOpen", case_opening(deployment.world, uuid4().hex))
    return str(opened["process"]["id"])


async def refused(client: httpx.AsyncClient, mutation: str, given: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the code and the path of the one refusal that a mutation answers."""
    answer = await insist(client, mutation, {"idempotencyKey": uuid4().hex} | given)
    assert answer["process"] is None
    (error,) = answer["userErrors"]
    return error["code"], error["path"]


async def test_who_is_not_in_the_register_takes_no_step(deployment: Deployment, case: str) -> None:
    """Who acts is written in the history."""
    async with deployment.client(staff=uuid4()) as stranger:
        given = {"id": case, "expectedVersion": 1}
        assert await refused(stranger, "tenantCaseTakeCharge", given) == ("STAFF_UNKNOWN", [])


async def test_another_district_does_not_exist(deployment: Deployment, case: str) -> None:
    """An operator of another district cannot tell a case that is there from one that is not."""
    world = deployment.world
    async with deployment.client(role=Role.OPERATOR, districts=[world.elsewhere]) as client:
        for identifier in (case, ids.encode("TenantCase", uuid4())):
            given = {"id": identifier, "expectedVersion": 1}
            assert await refused(client, "tenantCaseRecordInterview", given) == ("NOT_FOUND", ["input", "id"])


async def test_a_role_that_may_not_take_a_step_is_told_who_may(deployment: Deployment, case: str) -> None:
    """A custodian does not close cases."""
    async with deployment.client(role=Role.CUSTODIAN, districts=[deployment.world.district]) as client:
        given = {"id": case, "expectedVersion": 1, "outcome": "RESOLVED"}
        assert (await refused(client, "tenantCaseClose", given))[0] == "NOT_YOURS"


async def test_an_id_is_of_its_type(deployment: Deployment, case: str) -> None:
    """A case is no arrears support, whatever its id is made to say, and hosts nothing as one."""
    _, case_id = ids.decode(case)
    disguised = ids.encode("ArrearsSupport", case_id)
    async with deployment.client() as client:
        stop = {"expectedVersion": 1, "reason": "DECLINED"}
        assert (await refused(client, "arrearsSupportStop", stop | {"id": case}))[0] == "ID_INVALID"
        assert (await refused(client, "arrearsSupportStop", stop | {"id": disguised}))[0] == "NOT_FOUND"
        practice = {"document": "ISEE", "case": disguised}
        assert await refused(client, "documentPracticeOpen", practice) == ("NOT_FOUND", ["input", "case"])


async def test_an_id_opens_one_process(deployment: Deployment, case: str) -> None:
    """A client mints ids of its own, but not somebody else's."""
    _, taken = ids.decode(case)
    async with deployment.client() as client:
        practice = {"document": "ISEE", "case": case, "newId": str(taken)}
        assert await refused(client, "documentPracticeOpen", practice) == ("ALREADY_EXISTS", ["input", "newId"])
        again = case_opening(deployment.world, uuid4().hex) | {"newId": str(taken)}
        assert await refused(client, "tenantCaseOpen", again) == ("ALREADY_EXISTS", ["input", "newId"])


async def test_a_track_opens_in_a_case_and_not_in_another_track(deployment: Deployment, case: str) -> None:
    """A track is no case."""
    async with deployment.client() as client:
        practice = {"document": "ISEE", "case": case, "idempotencyKey": uuid4().hex}
        track = (await insist(client, "documentPracticeOpen", practice))["process"]["id"]
        inside = practice | {"case": track}
        assert (await refused(client, "documentPracticeOpen", inside))[0] == "IDEMPOTENCY_KEY_REUSED"
        inside["idempotencyKey"] = uuid4().hex
        assert await refused(client, "documentPracticeOpen", inside) == ("NOT_FOUND", ["input", "case"])


async def test_many_at_once_on_one_case_are_one_step_and_clear_refusals(deployment: Deployment, case: str) -> None:
    """One is first; the others are told that the case has changed, or is busy and may be asked again."""
    query = (
        "mutation($input: TenantCaseSetUrgencyInput!) "
        "{ tenantCaseSetUrgency(input: $input) { tenantCase { version } userErrors { code } } }"
    )

    async def answer(client: httpx.AsyncClient) -> Any:
        given = {"id": case, "expectedVersion": 1, "urgency": "URGENT", "idempotencyKey": uuid4().hex}
        sent = await client.post("/graphql", json={"query": query, "variables": {"input": given}})
        return sent.json()["data"]["tenantCaseSetUrgency"]

    async with deployment.client() as client:
        answers = await asyncio.gather(*(answer(client) for _ in range(40)))
    assert [each["tenantCase"] for each in answers if not each["userErrors"]] == [{"version": 2}]
    refusals = {error["code"] for each in answers for error in each["userErrors"]}
    assert "STALE_VERSION" in refusals
    assert refusals <= {"STALE_VERSION", "CASE_BUSY"}


async def test_time_runs_forward(deployment: Deployment, case: str) -> None:
    """A fact is not in the future, and not before the one that was told before it; an instant has an offset."""
    now = datetime.now(UTC)
    async with deployment.client() as client:
        for at, code in (
            ((now + timedelta(hours=1)).isoformat(), "FACT_IN_FUTURE"),
            ((now - timedelta(days=1)).isoformat(), "FACT_BEFORE_LAST"),
            (now.replace(tzinfo=None).isoformat(), "INPUT_INVALID"),
        ):
            given = {"id": case, "expectedVersion": 1, "occurredAt": at}
            assert await refused(client, "tenantCaseRecordInterview", given) == (code, ["input", "occurredAt"])
