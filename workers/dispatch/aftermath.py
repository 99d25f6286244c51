"""What follows from how a message fared: another try, the next channel, something for somebody to do, a step."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.fields import local_day
from domain.message import HUMAN, Channel, Handed
from domain.message import MessageStatus as Status
from domain.recipient import RecipientKind
from domain.roles import Role
from domain.tasks import TaskReason
from store.database import AnyRow
from store.jobs import Job
from store.telling import Directory, Facts
from workers.dispatch.acting import Act, by_hand, step, task
from workers.dispatch.composing import Composed, Message

AGAIN = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
"""How long after each try that failed for now the next one comes; then the channel has failed."""


@dataclass(kw_only=True)
class Aftermath:
    """What to write at once, what to ask of cases, what to write once they were asked, and what to hand over again."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)
    again: list[Composed] = field(default_factory=list)

    def followed(self, *, but: Collection[str]) -> list[dict[str, Any]]:
        """Return what to write of messages for which cases were asked, but not of those `but` whose jobs are left."""
        left = {act.job.row.message_id for act in self.acts if act.job.name in but}
        return [row for row in self.done if row["id"] not in left]


def handed_over(composed: Composed, handed: Handed, *, now: datetime) -> dict[str, Any]:
    """Return what became of a message that was handed over, as its row has it."""
    row = {"id": composed.message.id, "status": handed.status.name, "code": handed.code or None}
    row["provider_id"] = handed.provider_id or None
    match handed.status:
        case Status.SENT | Status.UNKNOWN:
            return row | {"sent_at": now}
        case Status.TEMPORARY_FAILURE if handed.retry_after:
            return row | {"next_at": now + handed.retry_after}
        case Status.TEMPORARY_FAILURE if composed.tries < len(AGAIN):
            return row | {"tries": composed.tries + 1, "next_at": now + AGAIN[composed.tries]}
        case _:
            return row | {"status": Status.PERMANENT_FAILURE.name, "next_at": now, "ended_at": now}


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What it takes to say what follows: the reminders that messages are for, who is told, facts, and the time."""

    told: Sequence[Job]
    directory: Directory
    facts: Facts
    now: datetime
    lease: datetime
    opens: Callable[[Job], datetime]
    """From when on a job's message may leave: now, or when quiet hours and closed days are over."""


def of(rows: Sequence[AnyRow], sight: Sight) -> Aftermath:
    """Return what follows for messages that want something done."""
    found = Aftermath()
    for row in rows:
        _one(found, row, [job for job in sight.told if job.row.message_id == row.id], sight)
    return found


def _one(found: Aftermath, row: AnyRow, told: Sequence[Job], sight: Sight) -> None:
    now, standing, left = sight.now, [job for job in told if job.row.present], [Channel[name] for name in row.channels]
    over = {"id": row.id, "was": row.status, "code": row.code}
    match Status[row.status]:
        case Status.DELIVERED:  # a formal notice, whose receipt lets its term begin
            day = {"received_on": local_day(row.ended_at).isoformat()}
            found.acts += [step(job, job.rung.receipt, day) for job in standing if job.rung.receipt]
            found.done.append(over | {"status": row.status})
        case Status.SENDING if row.channel == Channel.EMAIL.name:
            # It may have left before whoever sent it died: a second one would be one too many.
            found.messages.append(over | {"status": Status.UNKNOWN.name, "ended_at": now})
        case Status.SENDING | Status.TEMPORARY_FAILURE if not standing:
            found.messages.append(over | {"status": Status.CANCELLED.name, "code": "STATE_LEFT", "ended_at": now})
        case Status.SENDING | Status.TEMPORARY_FAILURE:
            _again(found, row, standing, [Channel[row.channel], *left], sight)
        case Status.PERMANENT_FAILURE if standing and left and left[0] not in HUMAN:
            _again(found, row, standing, left, sight)
        case Status.PERMANENT_FAILURE if standing and left:
            found.acts += [by_hand(job, left[0]) for job in standing]
            found.done.append(over | {"status": row.status})
        case _:
            found.acts += [
                task(job, TaskReason.UNDELIVERED, Role.OPERATOR, of_this_entry=False)
                for job in (told if row.recipient == RecipientKind.PERSON.name else standing)
            ]
            found.done.append(over | {"status": row.status})


def _again(found: Aftermath, row: AnyRow, told: Sequence[Job], channels: Sequence[Channel], sight: Sight) -> None:
    """Compose it anew, for the first of these channels by which the recipient is reached today; not at night."""
    if (opens := sight.opens(told[0])) > sight.now:
        found.messages.append(
            {"id": row.id, "was": row.status, "status": row.status, "code": row.code, "next_at": opens}
        )
        return
    everybody = (each for job in told for each in sight.directory.recipients(job))
    recipient = next((each for each in everybody if each.id == row.recipient_id), None)
    reached = tuple(recipient.reached_by(channels, formal=row.formal)) if recipient else ()
    over = {"id": row.id, "was": row.status}
    if not recipient or not reached or reached[0] in HUMAN:
        left = [channel.name for channel in reached]
        failed = {"status": Status.PERMANENT_FAILURE.name, "code": "NO_ADDRESS", "channels": left}
        found.messages.append(over | failed | {"next_at": sight.now})
        return
    message = Message(id=row.id, jobs=tuple(told), recipient=recipient, channels=reached, alone=row.alone)
    tries = row.tries if reached[0].name == row.channel else 0
    try:
        composed = message.composed(sight.facts, sight.now, tries=tries)
    except ValueError:  # what it would say is not known any more
        failed = {"status": Status.PERMANENT_FAILURE.name, "code": "TEXT_LACKS_VALUE", "channels": []}
        found.messages.append(over | failed | {"next_at": sight.now})
        return
    written = composed.row(now=sight.now, lease=sight.lease)
    changed = {name: written[name] for name in ("channel", "key", "channels", "sent_to", "body", "status", "next_at")}
    found.again.append(composed)
    found.messages.append(over | changed | {"tries": tries})
