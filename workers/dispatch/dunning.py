"""The rung of a ladder that asks the dunning table: what is done about arrears today."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain import dunning
from domain.arrears_support import ArrearsSupport
from domain.dunning import Decision, TaskKind
from domain.dunning_facts import Known, MessageKind, Sent, facts_of
from domain.fields import local_day
from domain.ladder import Reminder
from domain.message import MessageStatus
from domain.roles import Role
from domain.tasks import TaskReason
from store import dispatch
from store.database import AnyRow
from store.jobs import Job, rung_of, written
from store.policies import Policies
from store.projection import reminder_row
from workers.dispatch.acting import Act, step, task

_FAILED = {MessageStatus.PERMANENT_FAILURE.name, MessageStatus.RETURNED.name}


async def decided(
    connection: AsyncConnection, job: Job, arrears: ArrearsSupport, policies: Policies, *, now: datetime
) -> Decision | None:
    """Return what the policy's table says is to be done today; None if it has no table."""
    table = job.policy.dunning
    if not table:
        return None
    rows = await dispatch.sent_about(connection, arrears.id)
    sent = [each async for each in _sent(connection, rows, policies)]
    known = Known(messages=tuple(sent), paused_until=arrears.paused_until)
    return dunning.evaluate(table, facts_of(arrears, on=local_day(now), known=known))


def done(job: Job, arrears: ArrearsSupport, decision: Decision, *, now: datetime) -> Iterator[Act | dict[str, object]]:
    """Yield what follows from a decision: something to ask of the case, or a reminder to be scheduled."""
    action, clause = decision.does, f"dunning.{decision.row}"
    if action.send:
        rung = dunning.told(action, job.policy.wording.texts, because=decision.because, clause=clause)
        leaves_at = now if rung.any_hour else job.policy.timetable.next_minute(now, arrears.terms.closures)
        reminder = Reminder(rung=rung, occurrence=job.row.occurrence, due_at=now, leaves_at=leaves_at)
        name = f"{clause}:{job.row.rung}"  # the same letter may be asked for by several rungs, in turn
        yield reminder_row(arrears, reminder) | {"rung": name, "policy": None, "own": written(rung)}
    elif action.task:
        reason = TaskReason.PHONE_CALL if action.task is TaskKind.CALL else TaskReason.ESCALATED
        yield task(job, reason, action.role or Role.OPERATOR)
    elif action.escalate:
        yield step(job, "escalate", {"reason": action.escalate.name, "office": action.office})


async def _sent(connection: AsyncConnection, rows: Sequence[AnyRow], policies: Policies) -> AsyncIterator[Sent]:
    for row in rows:
        rung = rung_of(row, await policies.of(connection, row.policy) if row.policy else None)
        if rung and rung.text:
            yield Sent(kind=MessageKind(rung.text), on=local_day(row.at), failed=row.status in _FAILED)
