"""The way to Temporal: one update a step, and what to say when it does not go through."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.choices import Label
from domain.events import StepRequest, TaskChange
from domain.refusals import Refusal, Refused
from workflows.messages import (
    BULK_QUEUE,
    CHANGE_TASK,
    DISPATCH,
    STEP,
    TASK_QUEUE,
    WOKEN,
    CaseStart,
    Rejection,
    StepAnswer,
    bulk_id,
    workflow_id,
)

ANSWER_WITHIN = timedelta(seconds=8)
"""How long a client waits for a step; then its outcome is unknown, and the same key asks again."""

HEALTH_EVERY = timedelta(seconds=1)
"""How often Temporal is asked whether it is there, so that a mutation can say at once that it is not."""


class Engine:
    """The cases' workflows, as the API sees them."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE, bulk_queue: str = BULK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue
        self._bulk_queue = bulk_queue
        self.available = False

    @asynccontextmanager
    async def watched(self) -> AsyncIterator["Engine"]:
        """Watch whether Temporal answers for as long as the context lasts."""
        await self._look()
        watching = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            watching.cancel()

    async def step(
        self, request: StepRequest, *, case_id: UUID, opens_case: str | None = None
    ) -> StepAnswer | Rejection:
        """Send a step to the workflow of its case, which `opens_case` (the workflow's name) starts.

        Returns the answer, or why the step is refused. Raises `Refused` when it could not be asked, or is not answered.
        """
        asking = self._open(request, case_id, opens_case) if opens_case else self._update(STEP, request, case_id)
        return await self._answered(asking)

    async def change_task(self, change: TaskChange, *, case_id: UUID) -> StepAnswer | Rejection:
        """Have something to do noted in its case; returns and raises as `step` does."""
        return await self._answered(self._update(CHANGE_TASK, change, case_id))

    def require(self) -> None:
        """Raise `Refused` (ENGINE_UNAVAILABLE) if Temporal is away, before anything is written."""
        if not self.available:
            raise Refused(Refusal.ENGINE_UNAVAILABLE)

    async def wake_dispatch(self) -> None:
        """Have dispatch look at what leaves; where there is none, there is nobody to wake.

        Raises `Refused` when it is not known whether it has heard.
        """
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                await wake_dispatch(self._client)
        except TimeoutError:
            raise Refused(Refusal.OUTCOME_UNKNOWN) from None
        except RPCError as error:
            raise self._refusal(error) from error

    async def _answered(self, asking: Coroutine[Any, Any, StepAnswer]) -> StepAnswer | Rejection:
        if not self.available:
            asking.close()
        self.require()
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                return await asking
        except WorkflowUpdateFailedError as failed:
            return _rejection(failed)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise Refused(Refusal.OUTCOME_UNKNOWN) from None
        except RPCError as error:
            raise self._refusal(error) from error

    async def wake(self, workflow: str) -> None:
        """Have the bulk workflow of this name look what there is to do. Raises `Refused` when it could not be told."""
        try:
            await wake(self._client, workflow, queue=self._bulk_queue)
        except RPCError as error:
            raise self._refusal(error) from error

    async def _update(self, update: str, request: StepRequest | TaskChange, case_id: UUID) -> StepAnswer:
        handle = self._client.get_workflow_handle(workflow_id(case_id))
        answer: StepAnswer = await handle.execute_update(update, request, id=request.request_id, result_type=StepAnswer)
        return answer

    async def _open(self, request: StepRequest, case_id: UUID, opens_case: str) -> StepAnswer:
        start: WithStartWorkflowOperation[Any, None] = WithStartWorkflowOperation(
            opens_case,
            CaseStart(case_id=case_id),
            id=workflow_id(case_id),
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
        answer: StepAnswer = await self._client.execute_update_with_start_workflow(
            STEP, request, start_workflow_operation=start, id=request.request_id, result_type=StepAnswer
        )
        return answer

    def _refusal(self, error: RPCError) -> Refused:
        if error.status is RPCStatusCode.UNAVAILABLE:
            # Sent, perhaps taken: only the next one can be told that nothing was written.
            self.available = False
        return Refused(Refusal[code_of(error)])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_EVERY.total_seconds())
            await self._look()

    async def _look(self) -> None:
        try:
            self.available = await self._client.service_client.check_health(timeout=HEALTH_EVERY)
        except (RPCError, RuntimeError):  # the latter from a client that has never reached it
            self.available = False


async def wake_dispatch(client: Client) -> None:
    """Have dispatch look at what is due; where there is none, there is nobody to wake."""
    try:
        await client.get_workflow_handle(DISPATCH).signal(WOKEN)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def wake(client: Client, workflow: str, *, queue: str = BULK_QUEUE) -> None:
    """Have the one bulk workflow of this name look what there is to do; it starts, or looks again before it ends."""
    await client.start_workflow(
        workflow,
        id=bulk_id(queue, workflow),
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        start_signal=WOKEN,
    )


UNTAKEN = (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError, RPCError)
"""What is raised when a case does not take an update, or is not known to have."""

_MEANT = {RPCStatusCode.NOT_FOUND: Refusal.CASE_ENDED, RPCStatusCode.RESOURCE_EXHAUSTED: Refusal.CASE_BUSY}


def code_of(error: BaseException) -> str:
    """Return the code of one of `UNTAKEN`: what the case refused (INTERNAL is a mistake of ours), or what is known."""
    match error:
        case WorkflowUpdateFailedError(cause=ApplicationError() as cause) if cause.type == Refused.__name__:
            return cause.message
        case WorkflowUpdateFailedError():
            return Refusal.INTERNAL.name
        case RPCError():
            return _MEANT.get(error.status, Refusal.OUTCOME_UNKNOWN).name
    return Refusal.OUTCOME_UNKNOWN.name


def _rejection(failed: WorkflowUpdateFailedError) -> Rejection:
    cause = failed.cause
    if isinstance(cause, ApplicationError) and cause.type == Refused.__name__:
        details = cause.details[0]
        return Rejection(code=details["code"], label=Label(**details["label"]), path=tuple(details["path"]))
    raise failed
