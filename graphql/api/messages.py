"""Messages in GraphQL: what was really sent, to whom, and what became of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ForwardRef, Optional
from uuid import UUID

import strawberry

from api.connections import DEFAULT_FIRST, After, Connection, First, connection, read_filter
from api.context import Context, Info
from api.derive import LOADERS, Fields, enum, input_type, make, resolved
from api.told import Told, chosen, global_id, itself, told_fields
from domain.message import Channel, MessageStatus
from domain.recipient import RecipientKind
from store import messages
from store.database import AnyRow
from store.messages import MessageFilter
from store.reminders import MOST


class MessageNode:
    """What the fields of a message are read from: its row."""

    def __init__(self, row: AnyRow) -> None:
        self.row = row


_FIELDS: dict[str, tuple[Any, Told, str]] = {
    "id": (strawberry.ID, global_id("Message"), "The same for as long as it exists."),
    "channel": (enum(Channel), chosen("channel", Channel), "By which it left last."),
    "status": (enum(MessageStatus), chosen("status", MessageStatus), "What became of it."),
    "code": (str | None, Told(("code",), itself), "Why it failed or was cancelled, for programs."),
    "language": (str, Told(("language",), itself, repeats=True), "The language that it is in, by its ISO 639 code."),
    "formal": (bool, Told(("formal",), itself), "Whether it is a formal notice."),
    "recipient_kind": (enum(RecipientKind), chosen("recipient", RecipientKind), "What kind of people it is for."),
    "created_at": (datetime, Told(("created_at",), itself), "When it was written."),
    "sent_at": (datetime | None, Told(("sent_at",), itself), "When it was handed over."),
    "ended_at": (datetime | None, Told(("ended_at",), itself), "When it was known what became of it."),
}


def _recipient(kind: RecipientKind, type_name: str, description: str) -> tuple[Any, Any]:
    async def one(self: MessageNode, info: Info) -> Any:
        if self.row.recipient != kind.name:
            return None
        return await LOADERS[type_name](info, self.row.recipient_id)

    return resolved(Optional[ForwardRef(type_name)], one, description=description)  # noqa: UP045


def _words(column: str, description: str) -> tuple[Any, Any]:
    async def words(self: MessageNode, info: Info) -> str | None:
        if self.row.recipient == RecipientKind.PERSON.name:
            seen = await LOADERS["Person"](info, self.row.recipient_id)
        else:
            seen = self.row.whole
        return getattr(self.row, column) if seen else None

    return resolved(str | None, words, description=description)


async def processes(self: Any, info: Info) -> Any:
    """Return the processes that a row of messages is about, as far as they are in sight."""
    about = dict.fromkeys(UUID(key["process_id"]) for key in self.row.told)
    found = await asyncio.gather(*(LOADERS["Process"](info, each) for each in about))
    return [each for each in found if each]


MESSAGE = make(
    "Message",
    {
        **told_fields("Message", _FIELDS),
        "subject": _words("subject", "Empty where the channel has none; null for who may not see the person."),
        "body": _words("body", "Null for who may not see the person, or all that it is about."),
        "person": _recipient(RecipientKind.PERSON, "Person", "Who it is for, if a person whom the caller may see."),
        "staff": _recipient(RecipientKind.STAFF, "Staff", "Who it is for, if somebody of the staff."),
        "referent": _recipient(RecipientKind.REFERENT, "Referent", "Who it is for, if a partner's referent."),
        "processes": resolved(
            list[ForwardRef("Process")],  # type: ignore[misc]
            processes,
            description="What it is about, as far as the caller sees it: several reminders may make one message.",
        ),
    },
    description="A message to somebody: what was really sent, and what became of it.",
)


async def _load(context: Context, identifiers: list[UUID]) -> Sequence[MessageNode | None]:
    async with context.reading() as reading:
        found = await messages.load(reading, identifiers, scope=context.identity)
    return [MessageNode(found[each]) if each in found else None for each in identifiers]


async def _fetch(info: Info, identifier: UUID) -> MessageNode | None:
    node: MessageNode | None = await info.context.loader(_load).load(identifier)
    return node


LOADERS["Message"] = _fetch


async def _load_of_processes(context: Context, process_ids: list[UUID]) -> Sequence[Sequence[MessageNode]]:
    async with context.reading() as reading:
        rows = await messages.of_processes(reading, process_ids, scope=context.identity)
    return [[MessageNode(row) for row in rows[process_id]] for process_id in process_ids]


async def _of_process(self: Any, info: Info) -> Any:
    return await info.context.loader(_load_of_processes).load(self.row.id)


MESSAGES = resolved(
    list[MESSAGE],  # type: ignore[valid-type]
    _of_process,
    description=f"What was really sent about it, oldest first; the latest {MOST}.",
)
"""The field `messages` of every process."""


async def _messages(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    filter: Optional[input_type(MessageFilter)] = None,  # type: ignore[valid-type]  # noqa: A002, UP045
) -> Connection:
    given = read_filter(MessageFilter, filter)
    async with info.context.reading() as reading:
        page = await messages.messages(reading, given, first=first, after=after, scope=info.context.identity)
    return Connection(page, MessageNode)


QUERIES: Fields = {
    "messages": resolved(connection("Message"), _messages, description="Messages, the latest first; for supervisors."),
}
"""The query, by Python name."""
