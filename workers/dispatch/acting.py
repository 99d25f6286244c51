"""What dispatch asks of cases in the engine's name: somebody has something to do, a step is taken."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from domain.events import ENGINE, StepRequest, TaskChange
from domain.message import Channel
from domain.roles import Role
from domain.tasks import TaskReason
from store.jobs import Job
from workflows.messages import CHANGE_TASK, STEP, StepAnswer, workflow_id

AT_ONCE = 10
"""Cases asked at the same time: operators' steps come first."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that a case is asked."""

    case_id: UUID
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
    return Act(case_id=job.row.case_id, update=CHANGE_TASK, request=change)


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
        expected_version=job.row.version,
        given=dict(given),
    )
    return Act(case_id=job.row.case_id, update=STEP, request=request)


async def perform(client: Client, acts: Iterable[Act]) -> None:
    """Ask the cases; what they refuse is over: the state was left, the case has ended. Asking twice asks once."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(act: Act) -> None:
        handle = client.get_workflow_handle(workflow_id(act.case_id))
        async with turns:
            try:
                await handle.execute_update(act.update, act.request, id=act.request.request_id, result_type=StepAnswer)
            except WorkflowUpdateFailedError:
                return
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise

    async with asyncio.TaskGroup() as group:
        for act in acts:
            group.create_task(ask(act))


def _identifier(job: Job, what: str) -> str:
    return sha256(f"{job.name}:{what}".encode()).hexdigest()
