"""What follows from how a message fared: another try, the next channel, something for somebody to do, a step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.fields import local_day
from domain.message import HUMAN, Channel, Handed, MessageStatus
from domain.recipient import RecipientKind
from domain.roles import Role
from domain.tasks import TaskReason
from store.database import AnyRow
from workers.dispatch.acting import Act, by_hand, step, task
from workers.dispatch.composing import Composed, Directory, Facts, Message
from workers.dispatch.jobs import Job

AGAIN = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
"""How long after each try that failed for now the next one comes; then the channel has failed."""

Status = MessageStatus


@dataclass(kw_only=True)
class Aftermath:
    """What to write at once, what to ask of cases, what to write once they were asked, and what to hand over again."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)
    again: list[Composed] = field(default_factory=list)


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


def of(
    rows: Sequence[AnyRow],
    told: Sequence[Job],
    directory: Directory,
    facts: Facts,
    *,
    now: datetime,
    lease: datetime,
) -> Aftermath:
    """Return what follows for messages that want something done."""
    found = Aftermath()
    by_message: dict[UUID, list[Job]] = {}
    for job in told:
        by_message.setdefault(job.row.message_id, []).append(job)
    for row in rows:
        _one(found, row, by_message.get(row.id, []), directory, facts, now=now, lease=lease)
    return found


def _one(
    found: Aftermath,
    row: AnyRow,
    told: Sequence[Job],
    directory: Directory,
    facts: Facts,
    *,
    now: datetime,
    lease: datetime,
) -> None:
    status, channel = Status[row.status], Channel[row.channel]
    over = {"id": row.id, "was": row.status, "code": row.code}
    if status is Status.DELIVERED:
        found.acts += [step(job, job.rung.receipt, {"received_on": _day(row.ended_at)}) for job in told if job.rung.receipt]
        found.done.append(over | {"status": row.status})
        return
    if status is Status.SENDING and channel is Channel.EMAIL:
        # It may have left before whoever sent it died: a second one would be one too many.
        found.messages.append(over | {"status": Status.UNKNOWN.name, "ended_at": now})
        return
    standing = [job for job in told if job.row.present]
    if status in {Status.SENDING, Status.TEMPORARY_FAILURE}:
        if not standing:
            found.messages.append(over | {"status": Status.CANCELLED.name, "code": "STATE_LEFT", "ended_at": now})
        else:
            _again(found, row, standing, [channel, *_left(row)], directory, facts, now=now, lease=lease)
        return
    left = _left(row) if status is Status.PERMANENT_FAILURE and standing else []
    if left and left[0] not in HUMAN:
        _again(found, row, standing, left, directory, facts, now=now, lease=lease)
        return
    found.done.append(over | {"status": row.status})
    if left:
        found.acts += [by_hand(job, left[0]) for job in standing]
    else:
        found.acts += [
            task(job, TaskReason.UNDELIVERED, Role.OPERATOR, of_this_entry=False)
            for job in told
            if row.recipient == RecipientKind.PERSON.name or job.row.present
        ]


def _again(
    found: Aftermath,
    row: AnyRow,
    told: Sequence[Job],
    channels: Sequence[Channel],
    directory: Directory,
    facts: Facts,
    *,
    now: datetime,
    lease: datetime,
) -> None:
    """Compose it anew, for the first of these channels by which the recipient is reached today."""
    recipient = next((each for job in told for each in directory.recipients(job) if each.id == row.recipient_id), None)
    reached = tuple(recipient.reached_by(channels, formal=row.formal)) if recipient else ()
    over = {"id": row.id, "was": row.status}
    if not recipient or not reached or reached[0] in HUMAN:
        left = [channel.name for channel in reached]
        failed = {"status": Status.PERMANENT_FAILURE.name, "code": "NO_ADDRESS", "next_at": now, "channels": left}
        found.messages.append(over | failed)
        return
    message = Message(id=row.id, jobs=tuple(told), recipient=recipient, channels=reached, alone=row.alone)
    same = reached[0].name == row.channel
    composed = message.composed(facts, now, tries=row.tries if same else 0)
    found.again.append(composed)
    written = composed.row(now=now, lease=lease)
    changed = {name: written[name] for name in ("channel", "key", "channels", "sent_to", "body")}
    found.messages.append(
        over | changed | {"status": Status.SENDING.name, "tries": composed.tries, "next_at": lease, "code": row.code}
    )


def _left(row: AnyRow) -> list[Channel]:
    return [Channel[name] for name in row.channels]


def _day(moment: datetime) -> str:
    return local_day(moment).isoformat()
