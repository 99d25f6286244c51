"""Rounds of dispatch: everything that is due is claimed, told and recorded, batch after batch."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from domain.fields import local_day, start_of
from domain.ladder import Whom
from domain.record import load
from store import dispatch
from store.jobs import Job, jobs
from store.policies import Policies
from store.telling import directory_of, facts_of
from workers.channels import Channels
from workers.dispatch import aftermath
from workers.dispatch.acting import perform
from workers.dispatch.batch import Batch, unknown
from workers.dispatch.composing import Composed
from workflows.messages import DISPATCH, Rest, Round

BATCH_SIZE = 500
"""Reminders claimed at once: few round trips a message, and little to do again when a process dies."""

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
        # One batch at a time: with two, a burst leaves hardly sooner, and whoever reads meanwhile waits twice as long.
        while await self._settled(clock) or await self._told(clock):
            pass
        async with self._engine.begin() as connection:
            return await dispatch.sleep(connection, at_most=clock() + LONGEST_SLEEP)

    async def _told(self, clock: Clock) -> bool:
        """Tell one batch of reminders that are due; say whether there was one."""
        now = clock()
        async with self._engine.begin() as connection:
            rows = [*await dispatch.claim(connection, now=now, lease=now + LEASE, most=BATCH_SIZE)]
            persons = {row.person_id for row in rows if row.whom == Whom.PERSON.name and row.person_id}
            midnight = start_of(local_day(now) + timedelta(days=1))
            rows += await dispatch.claim_of_persons(connection, persons, until=midnight, lease=now + LEASE)
        if not rows:
            return False
        async with self._engine.begin() as connection:
            known = await jobs(connection, rows, self._policies)
            await dispatch.settle(connection, unknown(rows, known, now))
            batch = Batch(connection, known, self._policies, now=now, lease=now + LEASE)
            composed = await batch.write()
        await self._hand_over(composed, clock)
        # Those whose case could not be asked now stay claimed until the lease ends.
        later = await perform(self._client, batch.acts)
        async with self._engine.begin() as connection:
            await dispatch.settle(connection, batch.acted(but=later))
        return True

    async def _settled(self, clock: Clock) -> bool:
        """See to one batch of messages that want something done; say whether there was one."""
        now = clock()
        async with self._engine.begin() as connection:
            rows = await dispatch.claim_messages(connection, now=now, lease=now + LEASE, most=BATCH_SIZE)
            if not rows:
                return False
            told = await jobs(connection, await dispatch.told_by(connection, [row.id for row in rows]), self._policies)
            processes = await dispatch.processes(connection, {job.row.process_id for job in told})

            def opens(job: Job) -> datetime:
                row = processes[job.row.process_id]
                closures = load(row.kind, row.data).terms.closures
                return job.rung.leaves_at(now, job.policy.timetable, closures, appointment=job.row.starts_at)

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
        later = await perform(self._client, outcome.acts)
        async with self._engine.begin() as connection:
            await dispatch.record(connection, outcome.followed(but=later))
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


async def _beat() -> None:
    """Say that the round goes on, so that one whose process has died is soon somebody else's."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(_HEARTBEAT_SECONDS)
