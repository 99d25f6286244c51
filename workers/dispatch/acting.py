"""What dispatch asks of cases in the engine's name: somebody has something to do, a step is taken."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import structlog
from temporalio.client import Client

from api.engine import UNTAKEN, code_of
from domain.events import ENGINE, StepRequest, TaskChange
from domain.message import Channel
from domain.refusals import ASK_AGAIN, Refusal
from domain.roles import Role
from domain.tasks import TaskReason
from store.jobs import Job
from workflows.messages import CHANGE_TASK, STEP, StepAnswer, workflow_id

AT_ONCE = 10
"""Cases asked at the same time: operators' steps come first."""

_OVER = frozenset(refusal.name for refusal in (Refusal.TASK_OVER, Refusal.NOT_FOUND, Refusal.CASE_ENDED))
"""What a case says that has moved on."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that the case of a job is asked for it."""

    job: Job
    update: str
    request: TaskChange | StepRequest


def task(job: Job, reason: TaskReason, role: Role, *, of_this_entry: bool = True) -> Act:
    """Return that somebody has something to do; what is not `of_this_entry` stays to be done, whatever the state."""
    identifier = _identifier(job, reason.name)
    change = TaskChange(
        request_id=identifier,
        fingerprint=identifier,
        process_id=job.row.process_id,
        actor=ENGINE,
        reason=reason,
        role=role,
        entry=job.row.entry if of_this_entry else None,
        clause=job.rung.clause,
    )
    return Act(job=job, update=CHANGE_TASK, request=change)


def by_hand(job: Job, channel: Channel) -> Act:
    """Return that a person does what no machine can: a call, a letter brought by the custodian."""
    if channel is Channel.BY_HAND:
        return task(job, TaskReason.BY_HAND, Role.CUSTODIAN)
    return task(job, TaskReason.PHONE_CALL, Role.OPERATOR)


def step(job: Job, name: str, given: Mapping[str, Any]) -> Act:
    """Return that the engine takes a step of the process that the job is about."""
    identifier = _identifier(job, name)
    request = StepRequest(
        request_id=identifier,
        fingerprint=identifier,
        process_id=job.row.process_id,
        kind=job.row.kind,
        step=name,
        actor=ENGINE,
        entry=job.row.entry,
        given=dict(given),
    )
    return Act(job=job, update=STEP, request=request)


async def perform(client: Client, acts: Iterable[Act]) -> set[str]:
    """Ask the cases, and return the names of the jobs whose case could not take it now: ask again, it is asked once.

    What has moved on is over. A step that is refused all the same is the supervisor's to look at.
    """
    turns, again = asyncio.Semaphore(AT_ONCE), set[str]()

    async def ask(act: Act) -> None:
        async with turns:
            code = await _refusal(client, act)
            if code and code not in ASK_AGAIN | _OVER and isinstance(act.request, StepRequest):
                _log.warning("a step of the engine was refused", step=act.request.step, code=code)
                code = await _refusal(client, task(act.job, TaskReason.ESCALATED, Role.SUPERVISOR))
        if code in ASK_AGAIN:
            again.add(act.job.name)

    async with asyncio.TaskGroup() as group:
        for act in acts:
            group.create_task(ask(act))
    return again


async def _refusal(client: Client, act: Act) -> str | None:
    """Ask a case; return why it does not take it, None if it does."""
    handle = client.get_workflow_handle(workflow_id(act.job.row.case_id))
    try:
        answer: StepAnswer = await handle.execute_update(
            act.update, act.request, id=act.request.request_id, result_type=StepAnswer
        )
    except UNTAKEN as error:
        return code_of(error)
    return answer.rejection.code if answer.rejection else None


def _identifier(job: Job, what: str) -> str:
    return sha256(f"{job.name}:{what}".encode()).hexdigest()
