"""From reminders that are due to messages: who is told, by which channel, in which words, merged with what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.calendar_file import calendar_file
from domain.fields import local_day
from domain.message import HUMAN, Channel, MessageStatus, Outgoing
from domain.recipient import Recipient, RecipientKind
from domain.rendering import Rendered, render
from store.jobs import Job
from store.telling import Directory, Facts, said_of


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to one recipient, for one job or several; `channels` are those that reach them, in order."""

    id: UUID
    jobs: tuple[Job, ...]
    recipient: Recipient
    channels: tuple[Channel, ...]
    alone: bool

    @property
    def formal(self) -> bool:
        """Whether it is a formal notice."""
        return self.jobs[0].formal

    @cached_property
    def key(self) -> UUID:
        """What the provider of its first channel knows it by."""
        return uuid5(self.id, self.channels[0].name)

    def composed(self, facts: Facts, now: datetime, *, tries: int = 0) -> "Composed":
        """Return it in words, after so many tries. Raises ValueError if they say what is not known."""
        channel, policy = self.channels[0], self.jobs[0].policy
        said = [said_of(job, facts) for job in self.jobs]
        rendered = render(
            policy.wording, said, name=self.recipient.name, spoken=self.recipient.languages, channel=channel
        )
        outgoing = None
        if channel not in HUMAN and channel is not Channel.IN_APP:
            outgoing = Outgoing(
                key=self.key,
                channel=channel,
                to=self.recipient.addresses[channel],
                name=self.recipient.name,
                language=rendered.language,
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
                formal=self.formal,
                calendar=self._calendar(rendered, now) if channel is Channel.EMAIL else None,
            )
        return Composed(message=self, rendered=rendered, outgoing=outgoing, tries=tries)

    def _calendar(self, rendered: Rendered, now: datetime) -> bytes | None:
        """The first appointment that it is about, for the calendar of whoever is expected."""
        about = [job for job in self.jobs if job.row.starts_at and job.row.starts_at > now]
        if not about or self.recipient.kind is not RecipientKind.PERSON:
            return None
        job = min(about, key=lambda each: each.row.starts_at)
        return calendar_file(
            process=job.row.process_id,
            entry=job.row.entry,
            sequence=int(now.timestamp()) // 60,
            written_at=now,
            starts_at=job.row.starts_at,
            title=job.policy.wording.appointment(rendered.language),
            language=rendered.language,
            place=job.row.place or "",
            agency=job.policy.wording.agency,
            cancelled=job.rung.urgent,
        )


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A message in its words; `outgoing` is None for a notice in the application."""

    message: Message
    rendered: Rendered
    outgoing: Outgoing | None
    tries: int = 0

    def row(self, *, now: datetime, lease: datetime) -> dict[str, Any]:
        """Return its row, under way; a notice in the application has arrived."""
        message, arrived = self.message, self.outgoing is None
        return {
            "id": message.id,
            "recipient": message.recipient.kind.name,
            "recipient_id": message.recipient.id,
            "day": local_day(now),
            "alone": message.alone,
            "formal": message.formal,
            "channel": message.channels[0].name,
            "key": message.key,
            "channels": [channel.name for channel in message.channels[1:]],
            "language": self.rendered.language,
            "subject": self.rendered.subject,
            "body": self.rendered.text,
            "sent_to": self.outgoing and self.outgoing.to,
            "told": [job.key for job in message.jobs],
            "status": (MessageStatus.DELIVERED if arrived else MessageStatus.SENDING).name,
            "next_at": None if arrived else lease,
            "created_at": now,
            "ended_at": now if arrived else None,
        }


def messages(jobs: Iterable[Job], directory: Directory) -> Iterator[tuple[Job, Recipient | None] | Message]:
    """Yield the messages that tell these jobs; a job and whom it does not reach, if nothing does.

    What a person is to be told goes into one message, but for what is urgent or formal. Staff get one a channel.
    """
    together: dict[tuple[object, ...], list[tuple[Job, Recipient, tuple[Channel, ...]]]] = {}
    for job in jobs:
        recipients = directory.recipients(job)
        if not recipients:
            yield job, None
        for recipient in recipients:
            channels = tuple(recipient.reached_by(job.rung.by, formal=job.formal))
            if not channels:
                yield job, recipient
                continue
            alone = job.rung.urgent or job.formal
            person = recipient.kind is RecipientKind.PERSON and channels[0] not in HUMAN
            apart: tuple[object, ...] = (job.name,) if alone or channels[0] in HUMAN else ()
            key = (recipient.id, *apart, *(() if person else (channels[0],)))
            together.setdefault(key, []).append((job, recipient, channels))
    for group in together.values():
        told = tuple(job for job, _, _ in group)
        recipient = group[0][1]
        every = dict.fromkeys(channel for _, _, each in group for channel in each)
        # What is not written for text messages is not merged into one.
        common = tuple(channel for channel in every if all(channel in each for _, _, each in group))
        channels = common or tuple(channel for channel in every if channel is not Channel.SMS)
        yield Message(
            id=uuid5(NAMESPACE_OID, f"{told[0].name}:{recipient.id}"),
            jobs=told,
            recipient=recipient,
            channels=channels,
            alone=told[0].rung.urgent or told[0].formal,
        )
