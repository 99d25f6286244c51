"""A case as an entity workflow: one writer, its tracks inside, an outbox that PostgreSQL follows in order.

`live` reads as the life of a case: it opens, takes steps and lets time pass, and ends when nothing can happen any more.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from domain.case_file import CaseFile
from domain.events import Entry, StepRequest, TaskChange
from domain.refusals import Refusal, Refused
from workflows.messages import (
    ADOPT,
    CARRIED,
    CHANGE_TASK,
    PROJECT,
    RESERVE,
    STEP,
    Adopt,
    Adopted,
    Batch,
    Carried,
    CaseStart,
    Claim,
    Rejection,
    Reserved,
    StepAnswer,
)

STEPS_IN_A_RUN = 80
"""Then the workflow continues as new: a short history replays fast after a crash, and the server allows no long one."""

ANSWERS_KEPT = 40
"""Answers carried along for keys asked again: the server forgets its own when the workflow continues as new."""

BATCH_SIZE = 50
"""Entries that one activity writes at the most, to stay well under the size of a payload."""

READABLE_WITHIN = timedelta(seconds=3)
"""How long a step waits to be readable in PostgreSQL before its answer says that it is not yet."""

OPENED_WITHIN = timedelta(minutes=1)
"""How long a new workflow waits for its opening step: an update-with-start that is refused leaves a workflow behind."""

UNTIL_IT_WORKS = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=5))


class CaseWorkflow:
    """What the workflow of every kind of case does; a subclass is the `@workflow.defn`."""

    def __init__(self, start: CaseStart) -> None:
        carried = start.carried or Carried(records=(), seq=0, answers=())
        self.file = CaseFile.restored(start.case_id, carried.records, carried.seq)
        self.answers = {answer.request_id: answer for answer in carried.answers}
        self.outbox: list[Entry] = []
        self.projected = carried.seq
        self.lagging = False
        self.awaiting: set[UUID] = set()
        self.steps_in_this_run = 0

    async def live(self) -> None:
        """Open, take steps while time passes, continue as new when the history grows, end when the case has."""
        try:
            await workflow.wait_condition(lambda: self.file.case is not None, timeout=OPENED_WITHIN)
        except TimeoutError:
            return
        projecting = asyncio.create_task(self._project())
        watching = asyncio.create_task(self._watch_time())
        while True:
            await workflow.wait_condition(lambda: self.file.expired(workflow.now()) or self._history_is_long())
            # A handler that is cut off by the end of a run loses its step: drain first.
            await workflow.wait_condition(lambda: workflow.all_handlers_finished() and not self.outbox)
            if self._history_is_long() or self.file.expired(workflow.now()):
                break
        watching.cancel()
        if self.file.expired(workflow.now()):
            self.outbox.extend(self.file.end(workflow.now()))
            await workflow.wait_condition(lambda: workflow.all_handlers_finished() and not self.outbox)
        projecting.cancel()
        if not self.file.expired(workflow.now()):
            workflow.continue_as_new(CaseStart(case_id=self.file.case_id, carried=self._carried()))

    @workflow.update(name=STEP)
    async def step(self, request: StepRequest) -> StepAnswer:
        """Take one step; return once PostgreSQL shows it, or at once if PostgreSQL does not answer."""
        if answer := self.answers.get(request.request_id):
            return answer
        request, rejection = await self._reserve(request)
        if rejection:
            return self._remember(request, version=request.expected_version or 0, rejection=rejection)
        return await self._written(request, self.file.take(request, workflow.now()))

    @step.validator
    def refuse(self, request: StepRequest) -> None:
        """Refuse what is not allowed before anything is written in the history."""
        if request.request_id in self.answers:
            return
        if request.process_id in self.awaiting:
            raise _failure(Refused(Refusal.STEP_IN_PROGRESS))
        try:
            self.file.decide(request, workflow.now())
        except Refused as refused:
            raise _failure(refused) from refused

    @workflow.update(name=CHANGE_TASK)
    async def change_task(self, change: TaskChange) -> StepAnswer:
        """Give somebody something to do, or note that it is done; return as a step does."""
        if answer := self.answers.get(change.request_id):
            return answer
        return await self._written(change, self.file.change_task(change, workflow.now()))

    @change_task.validator
    def refuse_change(self, change: TaskChange) -> None:
        """Refuse what is over before anything is written in the history."""
        if change.request_id in self.answers:
            return
        try:
            self.file.task_of(change, workflow.now())
        except Refused as refused:
            raise _failure(refused) from refused

    @workflow.update(name=ADOPT)
    async def adopt(self, given: Adopt) -> Adopted:
        """Give the case and its open tracks other terms; return once PostgreSQL shows it, or does not answer."""
        # A step that waits for what it reserves was accepted under the terms that there were.
        await workflow.wait_condition(lambda: not self.awaiting)
        entries = self.file.adopt(given.openings, workflow.now())
        self.steps_in_this_run += 1
        self.outbox.extend(entries)
        seq = self.file.seq
        await workflow.wait_condition(lambda: self.projected >= seq or self.lagging)
        return Adopted(changed=len(entries), seq=seq)

    @adopt.validator
    def refuse_adoption(self, given: Adopt) -> None:
        """Write nothing in the history if it would change nothing."""
        if not self.file.would_adopt(given.openings, workflow.now()):
            raise _failure(Refused(Refusal.NOTHING_TO_ADOPT))

    @workflow.query(name=CARRIED)
    def carried(self) -> Carried:
        """Return the case as it is."""
        return self._carried()

    async def _reserve(self, request: StepRequest) -> tuple[StepRequest, Rejection | None]:
        """Take what the step needs of a shared resource; meanwhile the process takes no other step.

        Return the step as it stands then: it was accepted before, so neither the time that has passed refuses it, nor a
        track that opened or ended meanwhile, which raises the case's version.
        """
        wanted = self.file.reservation(request, workflow.now())
        if not wanted:
            return request, None
        process, reservation = wanted
        at = request.occurred_at or max(workflow.now(), process.last_at or workflow.now())
        claim = Claim(
            case_id=self.file.case_id,
            process_id=process.id,
            entry=process.entry,
            reservation=reservation,
            at=at,
        )
        self.awaiting.add(process.id)
        try:
            reserved: Reserved = await workflow.execute_activity(
                RESERVE,
                claim,
                result_type=Reserved,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=UNTIL_IT_WORKS,
            )
        finally:
            self.awaiting.discard(process.id)
        version = self.file.process_of(request, workflow.now()).version
        return replace(request, occurred_at=at, expected_version=version), reserved.rejection

    async def _written(self, request: StepRequest | TaskChange, entry: Entry) -> StepAnswer:
        """Have the entry written, and answer once PostgreSQL shows it, or does not answer."""
        self.steps_in_this_run += 1
        self.outbox.append(entry)
        answer = self._remember(request, version=entry.event.version)
        await workflow.wait_condition(lambda: self.projected >= answer.seq or self.lagging)
        return replace(answer, visible=self.projected >= answer.seq)

    def _remember(
        self, request: StepRequest | TaskChange, *, version: int, rejection: Rejection | None = None
    ) -> StepAnswer:
        answer = StepAnswer(
            request_id=request.request_id,
            fingerprint=request.fingerprint,
            process_id=request.process_id,
            version=version,
            seq=self.file.seq,
            rejection=rejection,
        )
        self.answers[request.request_id] = answer
        for oldest in list(self.answers)[:-ANSWERS_KEPT]:
            del self.answers[oldest]
        return answer

    async def _project(self) -> None:
        """Drain the outbox, strictly in order; a batch that does not go through is tried until it does."""
        while True:
            await workflow.wait_condition(lambda: bool(self.outbox))
            batch = Batch(case_id=self.file.case_id, entries=tuple(self.outbox[:BATCH_SIZE]))
            try:
                await workflow.execute_activity(
                    PROJECT, batch, schedule_to_close_timeout=READABLE_WITHIN, retry_policy=UNTIL_IT_WORKS
                )
            except ActivityError:
                # Steps stop waiting and say so; a second activity, not a timer a step, keeps histories short.
                self.lagging = True
                await workflow.execute_activity(
                    PROJECT, batch, start_to_close_timeout=timedelta(seconds=30), retry_policy=UNTIL_IT_WORKS
                )
                self.lagging = False
            del self.outbox[: len(batch.entries)]
            self.projected = batch.entries[-1].event.seq

    async def _watch_time(self) -> None:
        """Mark what becomes due. A timer that turns out too early fires for nothing: cheaper than replacing it."""
        while True:
            await workflow.wait_condition(lambda: self.file.next_due() is not None)
            due = self.file.next_due() or workflow.now()
            if due > workflow.now():
                with suppress(TimeoutError):
                    await workflow.wait_condition(lambda: self._is_due_before(due), timeout=due - workflow.now())  # noqa: B023 (awaited here)
            self.outbox.extend(self.file.pass_deadlines(workflow.now()))
            await workflow.wait_condition(lambda: not self.file.expired(workflow.now()))

    def _is_due_before(self, moment: datetime) -> bool:
        due = self.file.next_due()
        return due is not None and due < moment

    def _history_is_long(self) -> bool:
        return self.steps_in_this_run >= STEPS_IN_A_RUN or workflow.info().is_continue_as_new_suggested()

    def _carried(self) -> Carried:
        return Carried(records=self.file.records(), seq=self.file.seq, answers=tuple(self.answers.values()))


def _failure(refused: Refused) -> ApplicationError:
    return ApplicationError(refused.code, Rejection.of(refused), type=Refused.__name__, non_retryable=True)
