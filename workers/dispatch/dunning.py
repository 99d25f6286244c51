"""The rung of a ladder that asks the dunning table: what is done about arrears today."""

from collections.abc import Iterator
from datetime import datetime

from domain import dunning
from domain.arrears_support import ArrearsSupport
from domain.dunning import Decision, TaskKind
from domain.ladder import Reminder
from domain.record import dump_value
from domain.roles import Role
from domain.tasks import TaskReason
from store.jobs import Job
from store.projection import reminder_row
from workers.dispatch.acting import Act, step, task


def done(job: Job, arrears: ArrearsSupport, decision: Decision, *, now: datetime) -> Iterator[Act | dict[str, object]]:
    """Yield what follows from a decision: something to ask of the case, or a reminder to be scheduled."""
    action, clause = decision.does, f"dunning.{decision.row}"
    if action.send:
        rung = dunning.told(action, job.policy.wording.texts, because=decision.because, clause=clause)
        leaves_at = rung.leaves_at(now, job.policy.timetable, arrears.terms.closures)
        reminder = Reminder(rung=rung, occurrence=job.row.occurrence, due_at=now, leaves_at=leaves_at)
        name = f"{clause}:{job.row.rung}"  # the same letter may be asked for by several rungs, in turn
        yield reminder_row(arrears, reminder) | {"rung": name, "policy": None, "own": dump_value(rung)}
    elif action.task:
        reason = TaskReason.PHONE_CALL if action.task is TaskKind.CALL else TaskReason.ESCALATED
        yield task(job, reason, action.role or Role.OPERATOR)
    elif action.escalate:
        yield step(job, "escalate", {"reason": action.escalate.name, "office": action.office})
