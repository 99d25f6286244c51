"""What was raised to be done, and that it is: through the case's own workflow, by whom it is for, once."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from domain.events import ENGINE, TaskChange
from domain.roles import Role
from domain.tasks import TaskReason
from domain.tenant_case import TenantCase
from tests.api.office import Office, gid
from tests.world import POLICIES, Cases
from workers.worker import case_worker
from workflows.messages import CHANGE_TASK, StepAnswer

DONE = """
mutation($input: TaskDoneInput!) {
  taskDone(input: $input) { process { id version tasks { id } } userErrors { code path } }
}
"""
TASKS = "query($id: ID!) { node(id: $id) { ... on Process { tasks { id reason role raised } } } }"
HISTORY = """
query($id: ID!) { node(id: $id) { ... on Process { history { nodes {
  step label reason reasonLabel clause fromState toState version given role actor { name } notes { text }
} } } } }
"""


@pytest.fixture
async def cases(office: Office, temporal: Client) -> AsyncIterator[Cases]:
    """Cases whose workflows run, asked through the office's API."""
    office.services.engine._client = temporal
    office.services.engine.available = True
    queue = uuid4().hex
    async with case_worker(temporal, office.engine, POLICIES, sandbox=False, task_queue=queue):
        yield Cases(client=temporal, task_queue=queue)


async def raised(office: Office, cases: Cases, reason: TaskReason = TaskReason.PHONE_CALL) -> tuple[UUID, str]:
    """A case, and the id of a task that the engine has raised in it for an operator."""
    case = uuid4()
    await cases.open(office.world.open_case(case))
    change = TaskChange(
        request_id=uuid4().hex,
        fingerprint="f",
        process_id=case,
        actor=ENGINE,
        reason=reason,
        role=Role.OPERATOR,
        entry=1,
        clause="appointment.1",
    )
    answer = await cases.handle(case).execute_update(CHANGE_TASK, change, result_type=StepAnswer)
    assert answer.visible
    tasks = await office.ask(TASKS, {"id": gid("TenantCase", case)})
    (task,) = [each for each in tasks["node"]["tasks"] if each["raised"]]
    assert (task["reason"], task["role"]) == (reason.name, "OPERATOR")
    return case, task["id"]


async def done(office: Office, task: str, key: str = "", *, note: str | None = None, **who: Any) -> Any:
    given = {"id": task, "idempotencyKey": key or uuid4().hex} | ({"note": note} if note else {})
    payload = (await office.ask(DONE, {"input": given}, **who))["taskDone"]
    assert (payload["process"] is None) == bool(payload["userErrors"])
    return payload["process"] or [(error["code"], *error["path"]) for error in payload["userErrors"]]


async def test_it_is_done_once_and_the_history_says_so(office: Office, cases: Cases) -> None:
    """No version rises for it, so that no open form is stale."""
    case, task = await raised(office, cases)
    for _ in range(2):
        process = await done(office, task, "k", note="Ha risposto la figlia")
        assert (process["id"], process["version"]) == (gid("TenantCase", case), 1)
        assert task not in {each["id"] for each in process["tasks"]}
    assert await done(office, task) == [("TASK_OVER", "input", "id")]
    assert await done(office, task, "k") == [("IDEMPOTENCY_KEY_REUSED", "input", "idempotencyKey")]
    answer = await office.ask(HISTORY, {"id": gid("TenantCase", case)})
    _, asked, ended = answer["node"]["history"]["nodes"]
    assert asked == {
        "step": "task_raised",
        "label": "To be done",
        "reason": "PHONE_CALL",
        "reasonLabel": "To be called",
        "clause": "appointment.1",
        "fromState": "CONTACTED",
        "toState": "CONTACTED",
        "version": 1,
        "given": None,
        "role": "ENGINE",
        "actor": None,
        "notes": [],
    }
    assert ended | {"fromState": "", "toState": ""} == {
        "step": "task_done",
        "label": "Done",
        "reason": "PHONE_CALL",
        "reasonLabel": "To be called",
        "clause": None,
        "fromState": "",
        "toState": "",
        "version": 1,
        "given": None,
        "role": "OPERATOR",
        "actor": {"name": "Anna"},
        "notes": [{"text": "Ha risposto la figlia"}],
    }


async def test_it_is_for_whom_it_waits_or_a_supervisor(office: Office, cases: Cases) -> None:
    _, task = await raised(office, cases, TaskReason.UNDELIVERED)
    assert await done(office, task, roles=[Role.EDUCATOR]) == [("NOT_YOURS",)]
    assert await done(office, task, districts=[office.world.elsewhere]) == [("NOT_FOUND", "input", "id")]
    assert await done(office, task, staff=uuid4()) == [("STAFF_UNKNOWN",)]
    assert (await done(office, task, roles=[Role.EDUCATOR, Role.SUPERVISOR]))["version"] == 1


async def test_what_follows_from_the_state_is_done_by_a_step(office: Office, cases: Cases) -> None:
    case, task = await raised(office, cases)
    tasks = (await office.ask(TASKS, {"id": gid("TenantCase", case)}))["node"]["tasks"]
    (of_state,) = [each["id"] for each in tasks if not each["raised"]]
    assert await done(office, of_state) == [("TASK_OF_STEP", "input", "id")]
    for nonsense in ("x", gid("TenantCase", case), gid("Task", case)):
        assert await done(office, nonsense) == [("ID_INVALID", "input", "id")]
    await cases.take(case, office.world.request(TenantCase, "record_interview", on=case, version=1))
    assert await done(office, task) == [("TASK_OVER", "input", "id")], "with its state"


async def test_without_temporal_nothing_is_written_down(office: Office, cases: Cases) -> None:
    _, task = await raised(office, cases)
    office.services.engine.available = False
    assert await done(office, task, "k", note="Fatto") == [("ENGINE_UNAVAILABLE",)]
    office.services.engine.available = True
    assert (await done(office, task, "k", note="Fatto"))["version"] == 1
