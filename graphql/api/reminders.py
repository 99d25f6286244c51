"""Reminders in GraphQL: what will be told to whom and when, why, and the mutations that call off or send now."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, ForwardRef, Optional
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from api.connections import DEFAULT_FIRST, After, Connection, First, connection, order_of, read_filter
from api.context import Context, Info
from api.derive import LOADERS, Fields, enum, input_type, make, resolved
from api.ids import decode_parts, encode, ordinal, word
from api.payloads import concerning, outcome, payload, request_of
from api.requests import fingerprint
from api.told import Told, chosen, itself, told_fields
from domain.ladder import Deed, Whom
from domain.message import Channel
from domain.reminding import DECIDERS, HANDLERS, ReminderStatus
from domain.roles import Role
from store import reminders
from store.database import AnyRow
from store.jobs import Job, job_of
from store.reminders import MOST, Key, ReminderFilter, ReminderOrder
from store.requests import Asked


class ReminderNode:
    """What the fields of a reminder are read from: its row, and its rung if its policy still knows it."""

    def __init__(self, row: AnyRow, job: Job | None) -> None:
        self.row = row
        self.job = job


async def _nodes(
    context: Context, connection: AsyncConnection, rows: Iterable[AnyRow], /
) -> Callable[[AnyRow], ReminderNode]:
    """Return the function from each of these rows to its node."""
    found = {_key(row): ReminderNode(row, await job_of(connection, row, context.services.policies)) for row in rows}
    return lambda row: found[_key(row)]


def _key(row: AnyRow) -> Key:
    return Key(row.process_id, row.entry, row.rung, row.occurrence)


def key_of(global_id: str, /) -> Key:
    """Return the key that a global id is of. Raises `Refused` (ID_INVALID)."""
    process_id, entry, occurrence, rung = decode_parts(
        global_id, UUID, ordinal, ordinal, word, expected="Reminder", path=("id",)
    )
    return Key(process_id, entry, rung, occurrence)


_FIELDS: dict[str, tuple[Any, Told, str]] = {
    "id": (
        strawberry.ID,
        Told(
            ("process_id", "entry", "occurrence", "rung"),
            lambda _, *key: encode("Reminder", ":".join(map(str, key))),
        ),
        "The same for as long as it exists.",
    ),
    "whom": (enum(Whom) | None, chosen("whom", Whom), "Who is told; null for what is done otherwise."),
    "occurrence": (int, Told(("occurrence",), itself), "The first time, the second, ... of what is repeated."),
    "due_at": (datetime, Told(("due_at",), itself), "When, as the policy counts."),
    "leaves_at": (datetime, Told(("leaves_at",), itself), "When it leaves, in the hours in which people are told."),
    "status": (enum(ReminderStatus), chosen("status", ReminderStatus), "How it stands."),
    "code": (str | None, Told(("code",), itself), "Why it was cancelled, for programs."),
    "ended_at": (datetime | None, Told(("ended_at",), itself), "When it was done, or cancelled."),
}


def _channels(self: ReminderNode) -> Sequence[Channel]:
    return self.job.rung.by if self.job else ()


def _text(self: ReminderNode) -> str | None:
    return self.job.rung.text if self.job else None


def _role(self: ReminderNode) -> Role | None:
    return self.job.rung.task if self.job else None


def _step(self: ReminderNode) -> str | None:
    return self.job.rung.step if self.job else None


def _does(self: ReminderNode) -> Deed | None:
    return self.job.rung.does if self.job else None


def _does_label(self: ReminderNode, info: Info) -> str | None:
    return self.job.rung.does.label.text(info.context.language) if self.job else None


def _urgent(self: ReminderNode) -> bool:
    return bool(self.job and self.job.rung.urgent)


def _formal(self: ReminderNode) -> bool:
    return bool(self.job and self.job.formal)


def _clause(self: ReminderNode) -> str:
    return f"{self.row.policy}#{self.job.rung.clause if self.job else self.row.rung}"


def _because(self: ReminderNode) -> str | None:
    return self.job.rung.because if self.job else None


async def _process(self: ReminderNode, info: Info) -> Any:
    return await LOADERS["Process"](info, self.row.process_id)


async def _person(self: ReminderNode, info: Info) -> Any:
    return self.row.person_id and await LOADERS["Person"](info, self.row.person_id)


async def _message(self: ReminderNode, info: Info) -> Any:
    return self.row.message_id and await LOADERS["Message"](info, self.row.message_id)


async def _ended_by(self: ReminderNode, info: Info) -> Any:
    return self.row.ended_by and await LOADERS["Staff"](info, self.row.ended_by)


REMINDER = make(
    "Reminder",
    {
        **told_fields("Reminder", _FIELDS),
        "does": resolved(enum(Deed) | None, _does, description="What happens then."),
        "does_label": resolved(str | None, _does_label, description="In the caller's language."),
        "channels": resolved(list[enum(Channel)], _channels, description="By the first of these that reaches them."),  # type: ignore[misc]
        "text": resolved(str | None, _text, description="The name of the text, as `textPreview` takes it."),
        "role": resolved(enum(Role) | None, _role, description="Whose task it becomes, if it becomes one."),
        "step": resolved(str | None, _step, description="The step that the engine takes, if it takes one."),
        "urgent": resolved(bool, _urgent, description="Whether it leaves also on days of rest, and by itself."),
        "formal": resolved(bool, _formal, description="Whether it is a formal notice."),
        "clause": resolved(str, _clause, description="Which clause of which version of the policy asks for it."),
        "because": resolved(str | None, _because, description="Why, as the policy says; in its author's words."),
        "process": resolved(ForwardRef("Process"), _process, description="What it is about."),
        "person": resolved(
            Optional[ForwardRef("Person")],  # noqa: UP045 (a forward reference has no `|`)
            _person,
            description="Whom the case is about, if the caller may see them.",
        ),
        "message": resolved(
            Optional[ForwardRef("Message")],  # noqa: UP045
            _message,
            description="The message that told it, once there is one; of several, to several supervisors, the first.",
        ),
        "ended_by": resolved(
            Optional[ForwardRef("Staff")],  # noqa: UP045
            _ended_by,
            description="Who cancelled it, if somebody did.",
        ),
    },
    description=(
        "What the policy has the engine do when time passes: somebody is told, has something to do, or a step is taken."
    ),
)


# Lists.


async def _due(
    self: Any,  # noqa: ARG001 (strawberry's first argument)
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    filter: Optional[input_type(ReminderFilter)] = None,  # type: ignore[valid-type]  # noqa: A002, UP045
    order: enum(ReminderOrder) = ReminderOrder.LEAVES_ASC.name,  # type: ignore[valid-type]
) -> Connection:
    given, sorted_by = read_filter(ReminderFilter, filter), order_of(ReminderOrder, order)
    async with info.context.reading() as reading:
        page = await reminders.reminders(
            reading, given, sorted_by, first=first, after=after, scope=info.context.identity
        )
        node = await _nodes(info.context, reading, page.rows)
    return Connection(page, node)


async def _load(context: Context, process_ids: list[UUID]) -> Sequence[Sequence[ReminderNode]]:
    async with context.reading() as reading:
        rows = await reminders.of_processes(reading, process_ids, scope=context.identity)
        node = await _nodes(context, reading, chain.from_iterable(rows.values()))
    return [[*map(node, rows[process_id])] for process_id in process_ids]


async def _of_process(self: Any, info: Info) -> Any:
    return await info.context.loader(_load).load(self.row.id)


REMINDERS = resolved(
    list[REMINDER],  # type: ignore[valid-type]
    _of_process,
    description=f"What its states have told people and will tell them, oldest first; the latest {MOST}.",
)
"""The field `reminders` of every process."""

QUERIES: Fields = {
    "reminders_due": resolved(
        connection("Reminder"), _due, description="What will be told to whom and when: soonest first."
    ),
}
"""The query, by Python name."""


# Mutations.

Write = Callable[..., Awaitable[None]]


async def _cancel(context: Context, given: Any) -> ReminderNode:
    return await _write(context, given, "Reminder.cancel", reminders.cancel)


async def _send_now(context: Context, given: Any) -> ReminderNode:
    """The row first, then the signal; the same key asked again signals again."""
    context.services.engine.require()
    sent = await _write(context, given, "Reminder.sendNow", reminders.send_now)
    await context.services.engine.wake_dispatch()
    return sent


async def _write(context: Context, given: Any, mutation: str, write: Write) -> ReminderNode:
    request, key = request_of(context, given), key_of(given.id)
    asked = Asked(id=request, fingerprint=fingerprint({"mutation": mutation, "about": key}))
    scope, policies = context.identity, context.services.policies
    async with context.services.database.begin() as connection:
        await write(connection, key, asked=asked, scope=scope, policies=policies, now=context.now)
        row = await reminders.find(connection, key, scope=scope)
        node = await _nodes(context, connection, [row])
    context.forget()
    return node(row)


def _mutation(name: str, about: str, take: Callable[[Context, Any], Awaitable[ReminderNode]]) -> tuple[Any, Any]:
    async def taken(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL clients call it)
        return await outcome(info.context, take(info.context, input))

    handlers, deciders = (
        ", ".join(role.name for role in sorted(by, key=lambda role: role.rank)) for by in (HANDLERS, DECIDERS)
    )
    about = f"{about}\n\nBy {handlers}; a formal notice, or what is no message, by {deciders}."
    taken.__annotations__["input"] = make(name, concerning("Reminder"), description=about, is_input=True)
    return resolved(_PAYLOAD, taken, description=about)


_PAYLOAD = payload("Reminder", field="reminder")
MUTATIONS: Fields = {
    "reminder_cancel": _mutation(
        "ReminderCancelInput",
        "Call a reminder off that has not left yet. Of one that repeats, the next time comes all the same.",
        _cancel,
    ),
    "reminder_send_now": _mutation(
        "ReminderSendNowInput",
        "Have a message leave at once; in quiet hours, at the first permitted minute. A person has one message a day:"
        " if they have had one already, it leaves on the next.",
        _send_now,
    ),
}
"""The mutations, by Python name."""
