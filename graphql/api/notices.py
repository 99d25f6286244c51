"""Notices in the application, in GraphQL: those of whoever asks, and that they have read them."""

import inspect
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ForwardRef, Optional

import strawberry
from pydantic import Field

from api import ids
from api.connections import DEFAULT_FIRST, After, Connection, First, connection
from api.context import Context, Info
from api.derive import Fields, make, resolved
from api.errors import UserError
from api.messages import processes
from api.payloads import Outcome, outcome
from api.told import Told, global_id, itself, told_fields
from domain.record import read_value
from store import messages
from store.database import AnyRow
from store.pages import MOST


class NoticeNode:
    """What the fields of a notice are read from: the row of its message."""

    def __init__(self, row: AnyRow) -> None:
        self.row = row


_FIELDS: dict[str, tuple[Any, Told, str]] = {
    "id": (strawberry.ID, global_id("Notice"), "Send it to `noticeRead`."),
    "subject": (str, Told(("subject",), itself), "What it is about, in a line."),
    "body": (str, Told(("body",), itself), "What there is to know."),
    "language": (str, Told(("language",), itself, repeats=True), "The language that it is in, by its ISO 639 code."),
    "created_at": (datetime, Told(("created_at",), itself), "Since when it is there."),
    "read_at": (datetime | None, Told(("read_at",), itself), "When it was read; null while it was not."),
}
make(
    "Notice",
    {
        **told_fields("Notice", _FIELDS),
        "processes": resolved(
            list[ForwardRef("Process")],  # type: ignore[misc]
            processes,
            description="What it is about, as far as the caller sees it.",
        ),
    },
    description="Something that whoever asks is told in the application.",
)

Unread = Annotated[
    bool | None, strawberry.argument(description="Only those that were not read yet; false for the others.")
]


async def _notices(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    unread: Unread = None,
) -> Connection:
    async with info.context.reading() as reading:
        page = await messages.notices(reading, unread=unread, first=first, after=after, scope=info.context.identity)
    return Connection(page, NoticeNode)


QUERIES: Fields = {
    "notices": resolved(connection("Notice"), _notices, description="What the caller is told, the latest first."),
}
"""The query, by Python name."""


@dataclass(frozen=True, kw_only=True)
class ReadNotices:
    """The caller has read these notices of theirs, all of them or none; the same again changes nothing."""

    ids: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST)]


def _read_notices(self: Outcome) -> Any:
    return self.node


_PAYLOAD = make(
    "NoticePayload",
    {
        "notices": resolved(
            Optional[list[ForwardRef("Notice")]],  # type: ignore[misc]  # noqa: UP045
            _read_notices,
            description="As they were named; null, with the reasons, when nothing happened.",
        ),
        "user_errors": (list[UserError], strawberry.field()),
    },
    description="What was read.",
)


async def _read(context: Context, given: Any) -> list[NoticeNode]:
    named = read_value(ReadNotices, {"ids": given.ids}).ids
    wanted = [ids.decode(each, expected="Notice", path=("ids", str(place)))[1] for place, each in enumerate(named)]
    async with context.services.database.begin() as connection:
        found = await messages.read(connection, wanted, scope=context.identity, now=context.now)
    return [NoticeNode(found[each]) for each in wanted]


def _mutation() -> tuple[Any, Any]:
    about = inspect.getdoc(ReadNotices)

    async def read(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL clients call it)
        return await outcome(info.context, _read(info.context, input))

    fields = {"ids": (list[strawberry.ID], strawberry.field(description=f"Ids of `Notice`s, up to {MOST}."))}
    read.__annotations__["input"] = make("NoticeReadInput", fields, description=about, is_input=True)
    return resolved(_PAYLOAD, read, description=about)


MUTATIONS: Fields = {"notice_read": _mutation()}
"""The mutation, by Python name."""
