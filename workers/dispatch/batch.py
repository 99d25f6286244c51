"""A batch of claimed reminders on its way to messages, tasks and steps."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.arrears_support import ArrearsSupport
from domain.dunning import evaluate
from domain.fields import local_day
from domain.ladder import STAFF, Rung, reminders_of
from domain.message import HUMAN
from domain.process import Process
from domain.record import load
from domain.reminding import ReminderStatus
from domain.roles import Role
from domain.tasks import TaskReason
from store import dispatch
from store.database import AnyRow
from store.dunning import facts as dunning_facts
from store.jobs import Job, key_of
from store.policies import Policies
from store.projection import reminder_row
from store.telling import directory_of, facts_of
from workers.dispatch import dunning, referring
from workers.dispatch.acting import Act, by_hand, step, task
from workers.dispatch.composing import Composed, Message, messages

Settled = dict[str, Any]
"""What became of a reminder, as its row has it."""

_log = structlog.get_logger(__name__)


class Batch:
    """Reminders that were claimed: `write` them, perform `acts`, and say which were `acted` upon."""

    def __init__(
        self, connection: AsyncConnection, jobs: Sequence[Job], policies: Policies, *, now: datetime, lease: datetime
    ) -> None:
        self.acts: list[Act] = []
        self._acting: list[Job] = []
        self._connection = connection
        self._jobs = jobs
        self._policies = policies
        self._now = now
        self._lease = lease
        self._processes: dict[UUID, Process] = {}

    async def write(self) -> list[Composed]:
        """Write the messages and what became of each reminder; return the messages that are to be handed over."""
        settled, due = [_over(job, self._now, "STATE_LEFT") for job in self._jobs if not job.row.present], []
        standing = [job for job in self._jobs if job.row.present]
        late = {job.name for job in standing if not self._on_time(job)}
        await self._read(job for job in standing if job.name in late or _whole(job.rung))
        for job in standing:
            if job.name in late and (put_off := self._put_off(job)):
                settled.append(put_off)
            elif job.rung.tell:
                due.append(job)
            elif job.rung.dun:
                await self._dun(job)
            elif job.rung.repropose:
                process = self._processes[job.row.process_id]
                self._ask(await referring.to_the_next(self._connection, job, process, now=self._now))
            else:
                self._act(job)
        composed = await self._compose(due)
        rows = [each.row(now=self._now, lease=self._lease) for each in composed]
        kept = await dispatch.keep(self._connection, rows)
        await self._read(job for each in composed if each.message.id not in kept for job in each.message.jobs)
        settled += [
            _told(job, self._now, each.message.id) if each.message.id in kept else self._tomorrow(job)
            for each in composed
            for job in each.message.jobs
        ]
        await dispatch.settle(self._connection, settled)
        await self._schedule_next(job for job in standing if job.rung.when.times > 1)
        return [each for each in composed if each.message.id in kept]

    def acted(self, *, but: Collection[str]) -> list[Settled]:
        """Return what became of the reminders that are no messages, but for those that could not be acted upon."""
        return [_done(job, self._now) for job in self._acting if job.name not in but]

    async def _read(self, jobs: Iterable[Job]) -> None:
        """Have the whole processes of these jobs at hand."""
        missing = {job.row.process_id for job in jobs} - self._processes.keys()
        if missing:
            rows = await dispatch.processes(self._connection, missing)
            self._processes |= {identifier: load(row.kind, row.data) for identifier, row in rows.items()}

    def _on_time(self, job: Job) -> bool:
        """Whether it leaves on the day and in the hours that it was scheduled for."""
        if not job.rung.tell or job.rung.any_hour:
            return True
        return local_day(job.row.leaves_at) == local_day(self._now) and job.policy.timetable.open_at(self._now)

    def _put_off(self, job: Job) -> Settled | None:
        """Return what becomes of a message whose hour has gone by; None if it may leave now all the same."""
        timetable = job.policy.timetable
        if job.row.leaves_at + timetable.oldest < self._now:
            return _over(job, self._now, "TOO_LATE")
        closures = self._processes[job.row.process_id].terms.closures
        leaves_at = job.rung.leaves_at(self._now, timetable, closures, appointment=job.row.starts_at)
        return None if leaves_at <= self._now else _later(job, leaves_at)

    def _tomorrow(self, job: Job) -> Settled:
        """Return that a person who was told something today is told this on the next day that messages leave."""
        closures = self._processes[job.row.process_id].terms.closures
        return _later(job, job.policy.timetable.next_day(self._now, closures))

    async def _compose(self, due: Sequence[Job]) -> list[Composed]:
        directory = await directory_of(self._connection, due, self._now)
        facts = await facts_of(self._connection, due, self._now)
        composed = []
        for found in messages(due, directory):
            if not isinstance(found, Message):
                self._unreached(found[0])
            elif found.channels[0] in HUMAN:
                for job in found.jobs:
                    self._ask(by_hand(job, found.channels[0]))
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
        if job.rung.tell in STAFF:
            self._ask(task(job, TaskReason.ESCALATED, Role.SUPERVISOR))
        else:
            self._ask(task(job, TaskReason.UNDELIVERED, Role.OPERATOR))

    def _act(self, job: Job) -> None:
        rung = job.rung
        if rung.task:
            # After the end, or after an event, it is not that nothing has moved.
            reason = TaskReason.FOLLOW_UP if job.row.ended or job.row.own else TaskReason.ESCALATED
            self._ask(task(job, reason, rung.task))
        elif rung.take:
            self._ask(step(job, rung.take, rung.given))

    async def _dun(self, job: Job) -> None:
        """Ask the dunning table, and have done what it says."""
        self._acting.append(job)
        arrears = self._processes[job.row.process_id]
        if not isinstance(arrears, ArrearsSupport) or not job.policy.dunning:
            return
        facts = await dunning_facts(self._connection, arrears, self._policies, now=self._now)
        for each in dunning.done(job, arrears, evaluate(job.policy.dunning, facts), now=self._now):
            if isinstance(each, Act):
                self.acts.append(each)
            else:
                await dispatch.schedule(self._connection, [each])

    def _ask(self, act: Act) -> None:
        self._acting.append(act.job)
        self.acts.append(act)

    async def _schedule_next(self, repeating: Iterable[Job]) -> None:
        """Of what repeats, schedule the next time."""
        due = [
            reminder_row(process, reminder)
            for job in repeating
            for process in [self._processes[job.row.process_id]]
            for reminder in reminders_of(process, (job.rung,), job.policy.timetable, now=self._now)
        ]
        await dispatch.schedule(self._connection, due)


def unknown(rows: Sequence[AnyRow], known: Sequence[Job], now: datetime) -> list[Settled]:
    """Return that what no policy says anything of any more is called off."""
    found = {tuple(job.key.values()) for job in known}
    gone = {"status": ReminderStatus.CANCELLED.name, "code": "RUNG_GONE", "ended_at": now}
    return [key_of(row) | gone for row in rows if tuple(key_of(row).values()) not in found]


def _whole(rung: Rung) -> bool:
    """Whether it takes the whole process to do it."""
    return rung.dun or rung.repropose or rung.when.times > 1


def _done(job: Job, now: datetime) -> Settled:
    return job.key | {"status": ReminderStatus.DONE.name, "ended_at": now}


def _told(job: Job, now: datetime, message_id: UUID) -> Settled:
    return _done(job, now) | {"message_id": message_id}


def _over(job: Job, now: datetime, code: str) -> Settled:
    return job.key | {"status": ReminderStatus.CANCELLED.name, "code": code, "ended_at": now}


def _later(job: Job, leaves_at: datetime) -> Settled:
    return job.key | {"status": ReminderStatus.SCHEDULED.name, "leaves_at": leaves_at}
