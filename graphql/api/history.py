"""The history of a process in GraphQL: every step with who took it and when it happened, and the deadlines that passed.

The source of `history` has a `row` of the table `process`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import datetime
from typing import Annotated, Any, ForwardRef, Optional
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.connections import DEFAULT_FIRST, After, Connection, First, connection, order_of
from api.context import Context, Info
from api.derive import LOADERS, enum, make, resolved
from api.errors import camel
from api.ids import encode
from api.told import PROCESS, Told, chosen, itself, told_fields
from domain.choices import Label
from domain.events import DEADLINE_PASSED, POLICY_ADOPTED, TASK_DONE, TASK_RAISED, WINDOW_ENDED
from domain.fields import Note
from domain.process import NEW, Process
from domain.roles import Role
from domain.shape import Shape, shapes
from domain.tasks import TaskReason
from store.database import AnyRow
from store.history import HistoryOrder, history

_NO_STEPS = {
    DEADLINE_PASSED: Label("Termine scaduto", "Deadline passed"),
    POLICY_ADOPTED: Label("Nuovi termini adottati", "New terms adopted"),
    TASK_RAISED: Label("Da fare", "To be done"),
    TASK_DONE: Label("Fatto", "Done"),
    WINDOW_ENDED: Label("Non si riapre più", "Cannot be reopened any more"),
}
"""What happens that is no step."""


class _Entry:
    """What the fields of an entry are read from."""

    def __init__(self, row: AnyRow) -> None:
        self.row = row


def _label(context: Context, kind: str, name: str) -> str:
    label = _NO_STEPS.get(name) or Process.kinds[kind].steps[name].label
    return label.text(context.language)


def _reason_label(context: Context, reason: str | None) -> str | None:
    return reason and TaskReason[reason].label.text(context.language)


def _state(_context: Context, state: str) -> str | None:
    return None if state in NEW else state


def _state_label(context: Context, kind: str, state: str) -> str | None:
    return None if state in NEW else Process.kinds[kind].State[state].label.text(context.language)


def _given(_context: Context, kind: str, name: str, given: Mapping[str, Any] | None) -> Any:
    return None if given is None else _as_asked(Process.kinds[kind].steps[name].input, given)


def _as_asked(declared: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step's input said, but for its notes, which not everybody reads, and what it left out."""
    return {
        camel(name): [_value(shape, each) for each in given[name]] if shape.many else _value(shape, given[name])
        for name, shape in (shapes(declared) if declared else {}).items()
        if given.get(name) is not None and shape.type is not Note
    }


def _value(shape: Shape, value: Any) -> Any:
    if shape.points_at:
        return encode(shape.points_at, UUID(value))
    return _as_asked(shape.type, value) if is_dataclass(shape.type) else value


_FIELDS: dict[str, tuple[Any, Told, str]] = {
    "kind": (str, PROCESS["kind"], "The kind of the process that it happened to."),
    "kind_label": (str, PROCESS["kindLabel"], "In the caller's language."),
    "step": (
        str,
        Told(("name",), itself, repeats=True),
        f"The step that was taken, or {', '.join(f'`{name}`' for name in _NO_STEPS)}.",
    ),
    "label": (str, Told(("kind", "name"), _label, repeats=True), "The step, in the caller's language."),
    "from_state": (str | None, Told(("from_state",), _state, repeats=True), "Null for the step that opened it."),
    "from_state_label": (
        str | None,
        Told(("kind", "from_state"), _state_label, repeats=True),
        "In the caller's language.",
    ),
    "to_state": (str, Told(("to_state",), itself, repeats=True), "The state that it was left in."),
    "to_state_label": (str, Told(("kind", "to_state"), _state_label, repeats=True), "In the caller's language."),
    "version": (int, Told(("version",), itself), "The version of the process afterwards."),
    "occurred_at": (datetime, Told(("occurred_at",), itself), "When it happened."),
    "recorded_at": (datetime, Told(("recorded_at",), itself), "When it was told."),
    "given": (
        JSON | None,
        Told(("kind", "name", "given"), _given),
        "What was told with the step, as its input has it, without notes; null for what time did.",
    ),
    "policy": (
        str | None,
        Told(("policy",), itself, repeats=True),
        f"The version of the policy whose terms it has from then on; of `{POLICY_ADOPTED}` alone.",
    ),
    "role": (
        enum(Role) | None,
        chosen("actor_role", Role),
        "The role that allowed it, ENGINE where policy did; null for what time did.",
    ),
    "reason": (
        enum(TaskReason) | None,
        chosen("reason", TaskReason),
        "Why there was something to do beside the steps.",
    ),
    "reason_label": (str | None, Told(("reason",), _reason_label, repeats=True), "In the caller's language."),
    "clause": (
        str | None,
        Told(("clause",), lambda _, clause: clause or None),
        "Which clause of the policy gave somebody that to do, if one did.",
    ),
}


async def _process(self: _Entry, info: Info) -> Any:
    return await LOADERS["Process"](info, self.row.process_id)


async def _actor(self: _Entry, info: Info) -> Any:
    return self.row.actor_id and await LOADERS["Staff"](info, self.row.actor_id)


async def _notes(self: _Entry, info: Info) -> Any:
    found = await asyncio.gather(*(LOADERS["Note"](info, UUID(note)) for note in self.row.notes or ()))
    return [note for note in found if note]


ENTRY = make(
    "HistoryEntry",
    {
        **told_fields("HistoryEntry", _FIELDS),
        "process": resolved(ForwardRef("Process"), _process, description="What it happened to."),
        "actor": resolved(
            Optional[ForwardRef("Staff")],  # noqa: UP045 (a forward reference has no `|`)
            _actor,
            description="Who told it; null for what time did, and the engine.",
        ),
        "notes": resolved(
            list[ForwardRef("Note")],  # type: ignore[misc]
            _notes,
            description="What was written down with it, as far as the caller may read it.",
        ),
    },
    description="One line of a history: a step that was taken, or what happened without one.",
)


async def _history(
    self: Any,
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    order: enum(HistoryOrder) = HistoryOrder.OLDEST_FIRST.name,  # type: ignore[valid-type]
    whole_case: Annotated[bool, strawberry.argument(description="Of its case and all its tracks.")] = False,
) -> Connection:
    process_id = None if whole_case else self.row.id
    async with info.context.reading() as reading:
        page = await history(
            reading,
            self.row.case_id,
            order_of(HistoryOrder, order),
            process_id=process_id,
            first=first,
            after=after,
            scope=info.context.identity,
        )
    return Connection(page, _Entry)


HISTORY = resolved(connection("HistoryEntry"), _history, description="What has happened to it.")
"""The field `history` of every process."""
