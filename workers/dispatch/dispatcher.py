"""Rounds of dispatch: everything that is due is claimed, told and recorded, batch after batch."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.client import Client

from domain.arrears_support import ArrearsSupport
from domain.dunning import evaluate
from domain.fields import local_day, start_of
from domain.ladder import STAFF, Whom, reminders_of
from domain.message import HUMAN
from domain.record import load
from domain.roles import Role
from domain.tasks import TaskReason
from store import dispatch
from store.database import AnyRow
from store.dunning import facts as dunning_facts
from store.jobs import Job, jobs
from store.policies import Policies
from store.projection import reminder_row
from store.telling import directory_of, facts_of
from workers.channels import Channels
from workers.dispatch import aftermath, dunning, referring
from workers.dispatch.acting import Act, by_hand, perform, step, task
from workers.dispatch.composing import Composed, Message, messages
from workflows.messages import DISPATCH, Rest, Round

BATCH = 500
"""Reminders claimed at once: few round trips a message, and little to do again when a process dies."""

LANES = 2
"""Batches under way at once: while one waits for a provider, the next is written; more make whoever reads wait."""

LEASE = timedelta(seconds=45)
"""How long a claim lasts unless whoever has it lives on; then somebody else takes it over."""

LONGEST_SLEEP = timedelta(days=1)
"""Dispatch looks again after so long even if nobody wakes it."""

Clock = Callable[[], datetime]

_HEARTBEAT_SECONDS = 3
_log = structlog.get_logger(__name__)


class Dispatcher:
    """The activity of dispatch, on one database and one set of channels."""

    def __init__(self, engine: AsyncEngine, policies: Policies, client: Client, channels: Channels) -> None:
        self._engine = engine
        self._policies = policies
        self._client = client
        self._channels = channels
        self._claiming = asyncio.Lock()  # who is told twice in one batch is not claimed by two

    @activity.defn(name=DISPATCH)
    async def round(self, given: Round) -> Rest:
        """Tell everything that is due, and say until when there is nothing more to do."""
        info = activity.info()
        # A round that is tried again goes on in the time of its own try, not in that of the first.
        since = given.now + (info.current_attempt_scheduled_time - info.scheduled_time)
        beating = asyncio.create_task(_beat())
        try:
            return Rest(until=await self.tell(_clock(since)))
        finally:
            beating.cancel()

    async def tell(self, clock: Clock) -> datetime:
        """Do what is due by that clock, until nothing is; return when something is again."""
        async with self._engine.begin() as connection:
            await dispatch.wake(connection)
            await dispatch.recover(connection, now=clock())
        async with asyncio.TaskGroup() as group:
            for _ in range(LANES):
                group.create_task(self._lane(clock))
        async with self._engine.begin() as connection:
            return await dispatch.sleep(connection, at_most=clock() + LONGEST_SLEEP)

    async def _lane(self, clock: Clock) -> None:
        while await self._settled(clock) or await self._told(clock):
            pass

    async def _told(self, clock: Clock) -> bool:
        """Tell one batch of reminders that are due; say whether there was one."""
        now = clock()
        async with self._claiming, self._engine.begin() as connection:
            rows = [*await dispatch.claim(connection, now=now, lease=now + LEASE, most=BATCH)]
            persons = {row.person_id for row in rows if row.whom == Whom.PERSON.name and row.person_id}
            midnight = start_of(local_day(now) + timedelta(days=1))
            rows += await dispatch.claim_of_persons(connection, persons, until=midnight, lease=now + LEASE)
        if not rows:
            return False
        async with self._engine.begin() as connection:
            known = await jobs(connection, rows, self._policies)
            await dispatch.settle(connection, [*_unknown(rows, known, now)])
            batch = _Batch(connection, known, self._policies, now=now)
            composed = await batch.write()
        await self._hand_over(composed, clock)
        await perform(self._client, batch.acts)
        async with self._engine.begin() as connection:
            await dispatch.settle(connection, [*batch.acted()])
        return True

    async def _settled(self, clock: Clock) -> bool:
        """See to one batch of messages that want something done; say whether there was one."""
        now = clock()
        async with self._engine.begin() as connection:
            rows = await dispatch.claim_messages(connection, now=now, lease=now + LEASE, most=BATCH)
            if not rows:
                return False
            told = await jobs(connection, await dispatch.told_by(connection, [row.id for row in rows]), self._policies)
            processes = await dispatch.processes(connection, {job.row.process_id for job in told})

            def opens(job: Job) -> datetime:
                row = processes[job.row.process_id]
                closures = load(row.kind, row.data).terms.closures
                return job.policy.timetable.next_minute(now, closures, any_day=job.rung.urgent)

            sight = aftermath.Sight(
                told=told,
                directory=await directory_of(connection, told, now),
                facts=await facts_of(connection, told, now),
                now=now,
                lease=now + LEASE,
                opens=opens,
            )
            outcome = aftermath.of(rows, sight)
            await dispatch.record(connection, outcome.messages)
        await perform(self._client, outcome.acts)
        async with self._engine.begin() as connection:
            await dispatch.record(connection, outcome.done)
        await self._hand_over(outcome.again, clock)
        return True

    async def _keep(self, messages: Sequence[UUID], clock: Clock) -> None:
        """Keep the claims on messages for as long as a slow provider, or its rate, takes over them."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            async with self._engine.begin() as connection:
                await dispatch.extend(connection, messages, lease=clock() + LEASE)

    async def _hand_over(self, composed: Sequence[Composed], clock: Clock) -> None:
        leaving = {each.outgoing.key: each for each in composed if each.outgoing}
        if not leaving:
            return
        keeping = asyncio.create_task(self._keep([each.message.id for each in leaving.values()], clock))
        try:
            handed = await self._channels.hand_over([each.outgoing for each in leaving.values() if each.outgoing])
        finally:
            keeping.cancel()
        now = clock()
        rows = [aftermath.handed_over(leaving[each.key], each, now=now) for each in handed]
        async with self._engine.begin() as connection:
            await dispatch.record(connection, rows)


def _clock(since: datetime) -> Clock:
    """Return what time it is for a round: that of the workflow, and what has gone by since."""
    started = time.monotonic()
    return lambda: since + timedelta(seconds=time.monotonic() - started)


class _Batch:
    """Claimed reminders on their way to messages, tasks and steps."""

    def __init__(self, connection: AsyncConnection, told: Sequence[Job], policies: Policies, *, now: datetime) -> None:
        self._connection = connection
        self._policies = policies
        self._jobs = told
        self._now = now
        self.acts: list[Act] = []
        self._acting: list[Job] = []

    async def write(self) -> list[Composed]:
        """Write the messages and what became of each reminder; return the messages that are to be handed over."""
        now, settled = self._now, []
        late = await dispatch.processes(
            self._connection, {job.row.process_id for job in self._jobs if not self._on_time(job)}
        )
        due: list[Job] = []
        for job in self._jobs:
            if not job.row.present:
                settled.append(_settled(job, "CANCELLED", now, code="STATE_LEFT"))
            elif (row := late.get(job.row.process_id)) and not self._on_time(job) and (put := self._put_off(job, row)):
                settled.append(put)
            elif job.rung.tell:
                due.append(job)
            elif job.rung.dun:
                await self._dun(job)
            elif job.rung.repropose:
                await self._repropose(job)
            else:
                self._act(job)
        composed = await self._compose(due)
        lease = now + LEASE
        kept = await dispatch.keep(self._connection, [each.row(now=now, lease=lease) for each in composed])
        for each in composed:
            for job in each.message.jobs:
                if each.message.id in kept:
                    settled.append(_settled(job, "DONE", now, message_id=each.message.id))
                else:
                    settled.append(_settled(job, "SCHEDULED", None, leaves_at=await self._tomorrow(job)))
        await dispatch.settle(self._connection, settled)
        await self._schedule_next()
        return [each for each in composed if each.message.id in kept]

    def acted(self) -> Iterable[dict[str, Any]]:
        """Return what became of the reminders that are no messages, once they were acted upon."""
        return (_settled(job, "DONE", self._now) for job in self._acting)

    def _act(self, job: Job) -> None:
        rung = job.rung
        self._acting.append(job)
        if rung.task:
            # After the end, or after an event, it is not that nothing has moved.
            reason = TaskReason.FOLLOW_UP if job.row.ended or job.row.own else TaskReason.ESCALATED
            self.acts.append(task(job, reason, rung.task))
        elif rung.take:
            self.acts.append(step(job, rung.take, rung.given))

    async def _dun(self, job: Job) -> None:
        """Ask the dunning table, and have done what it says."""
        self._acting.append(job)
        rows = await dispatch.processes(self._connection, [job.row.process_id])
        arrears = load(job.row.kind, rows[job.row.process_id].data)
        if not isinstance(arrears, ArrearsSupport) or not job.policy.dunning:
            return
        facts = await dunning_facts(self._connection, arrears, self._policies, now=self._now)
        for each in dunning.done(job, arrears, evaluate(job.policy.dunning, facts), now=self._now):
            if isinstance(each, Act):
                self.acts.append(each)
            else:
                await dispatch.schedule(self._connection, [each])

    async def _repropose(self, job: Job) -> None:
        self._acting.append(job)
        self.acts.append(await referring.to_the_next(self._connection, job, now=self._now))

    async def _compose(self, due: Sequence[Job]) -> list[Composed]:
        directory = await directory_of(self._connection, due, self._now)
        facts = await facts_of(self._connection, due, self._now)
        composed = []
        for found in messages(due, directory):
            if not isinstance(found, Message):
                self._unreached(found[0])
            elif found.channels[0] in HUMAN:
                for job in found.jobs:
                    self._acting.append(job)
                    self.acts.append(by_hand(job, found.channels[0]))
            else:
                try:
                    composed.append(found.composed(facts, self._now))
                except ValueError:
                    _log.exception("a text says what is not known", clause=found.jobs[0].rung.clause)
                    for job in found.jobs:
                        self._unreached(job)
        return composed

    def _unreached(self, job: Job) -> None:
        """Nobody can be told: the operator must see to it; if it is the desk that is empty, the supervisor."""
        self._acting.append(job)
        if job.rung.tell in STAFF:
            self.acts.append(task(job, TaskReason.ESCALATED, Role.SUPERVISOR))
        else:
            self.acts.append(task(job, TaskReason.UNDELIVERED, Role.OPERATOR))

    def _on_time(self, job: Job) -> bool:
        """Whether it leaves on the day and in the hours that it was scheduled for."""
        if not job.rung.tell or job.rung.any_hour:
            return True
        return local_day(job.row.leaves_at) == local_day(self._now) and job.policy.timetable.open_at(self._now)

    def _put_off(self, job: Job, row: AnyRow) -> dict[str, Any] | None:
        """Return what becomes of a message whose hour has gone by; None if it may leave now all the same."""
        timetable, now = job.policy.timetable, self._now
        if job.row.leaves_at + timetable.oldest < now:
            return _settled(job, "CANCELLED", now, code="TOO_LATE")
        closures = load(row.kind, row.data).terms.closures
        leaves_at = timetable.next_minute(now, closures, any_day=job.rung.urgent)
        return None if leaves_at <= now else _settled(job, "SCHEDULED", None, leaves_at=leaves_at)

    async def _tomorrow(self, job: Job) -> datetime:
        rows = await dispatch.processes(self._connection, [job.row.process_id])
        row = rows[job.row.process_id]
        return job.policy.timetable.next_day(self._now, load(row.kind, row.data).terms.closures)

    async def _schedule_next(self) -> None:
        """Of what repeats, schedule the next time."""
        again = [job for job in self._jobs if job.row.present and job.rung.when.times > 1]
        if not again:
            return
        rows = await dispatch.processes(self._connection, {job.row.process_id for job in again})
        processes = {identifier: load(row.kind, row.data) for identifier, row in rows.items()}
        due = [
            reminder_row(processes[job.row.process_id], reminder)
            for job in again
            for reminder in reminders_of(
                processes[job.row.process_id], (job.rung,), job.policy.timetable, now=self._now
            )
        ]
        await dispatch.schedule(self._connection, due)


def _settled(
    job: Job,
    status: str,
    ended_at: datetime | None,
    *,
    code: str | None = None,
    message_id: UUID | None = None,
    leaves_at: datetime | None = None,
) -> dict[str, Any]:
    changed = {"status": status, "ended_at": ended_at, "code": code, "message_id": message_id, "leaves_at": leaves_at}
    return job.key | changed


def _unknown(rows: Sequence[AnyRow], known: Sequence[Job], now: datetime) -> Iterator[dict[str, Any]]:
    """Call off what no policy says anything of any more."""
    found = {job.name for job in known}
    for row in rows:
        key = {name: getattr(row, name) for name in ("process_id", "entry", "rung", "occurrence")}
        if ":".join(map(str, key.values())) not in found:
            yield key | {"status": "CANCELLED", "code": "RUNG_GONE", "ended_at": now}


async def _beat() -> None:
    """Say that the round goes on, so that one whose process has died is soon somebody else's."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(_HEARTBEAT_SECONDS)
