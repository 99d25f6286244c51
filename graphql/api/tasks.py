"""A task in GraphQL: something that waits for a role of the agency, read from one row with all that it refers to."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ForwardRef, Optional
from uuid import UUID

import strawberry

from api.connections import Asked
from api.context import Context, Info
from api.derive import enum, make, resolved
from api.ids import encode
from api.process_node import ProcessNode
from api.references import columns_asked, referred
from api.told import PROCESS, TOLD, Refers, Told, chosen, itself, told_fields
from domain.case import Urgency
from domain.process import Process
from domain.register import District, Person, Staff
from domain.registered import Registered
from domain.roles import Role
from domain.tasks import RAISED, TaskReason
from store import tables as t
from store.database import AnyRow
from store.joins import Part
from store.reminders import MOST
from store.worklist import References, done_tasks, open_tasks

_ENTRIES: Mapping[str, type[Registered]] = {"person": Person, "district": District, "assignee": Staff}
_URGENCIES: Sequence[Urgency] = [*Urgency]


class TaskNode:
    """What the fields of a task are read from: its row, and what was read along with it."""

    def __init__(self, row: AnyRow, references: References) -> None:
        self.row = row
        self.references = references


def _id(_context: Context, process: UUID, entry: int, reason: str) -> str:
    return encode("Task", f"{process}:{entry}:{reason}")


def _overdue(context: Context, due_at: datetime, done_at: datetime | None) -> bool:
    return due_at <= (done_at or context.now)


_FIELDS: dict[str, tuple[Any, Told, str]] = {
    "id": (
        strawberry.ID,
        Told(("process_id", "entry", "reason"), _id),
        "The same for as long as it exists.",
    ),
    "kind": (str, PROCESS["kind"], "The kind of the process: TENANT_CASE, ARREARS_SUPPORT, ..."),
    "kind_label": (str, PROCESS["kindLabel"], "In the caller's language."),
    "state_name": (str, PROCESS["stateName"], "The state that waits, or waited."),
    "state_label": (str, PROCESS["stateLabel"], "In the caller's language."),
    "role": (enum(Role), chosen("role", Role), "Whom it waits for."),
    "reason": (enum(TaskReason), chosen("reason", TaskReason), "Why there is a task."),
    "raised": (
        bool,
        Told(("reason",), lambda _, reason: TaskReason[reason] in RAISED, repeats=True),
        "Whether `taskDone` ends it; otherwise a step of the process does.",
    ),
    "urgency": (
        enum(Urgency),
        Told(("urgency",), lambda _, rank: _URGENCIES[rank], repeats=True),
        "How urgent the case is.",
    ),
    "due_at": (datetime, Told(("due_at",), itself), "By when; when it began, if it has no deadline."),
    "overdue": (
        bool,
        Told(("due_at", "done_at"), _overdue),
        "Whether `dueAt` has passed, or had when it was done.",
    ),
    "opened_at": (datetime, Told(("opened_at",), itself), "Since when it waits."),
    "done_at": (
        datetime | None,
        Told(("done_at",), itself),
        "When it was done, or its state was left; null while there is something to do. The `history` says by whom.",
    ),
}


def _process(self: TaskNode) -> ProcessNode:
    return ProcessNode(Part(self.row, "process"))


def _entry(reference: str, description: str) -> tuple[Any, Any]:
    kind = _ENTRIES[reference]

    def one(self: TaskNode) -> Any:
        return referred(kind, self.row, reference, self.references[reference])

    annotation: Any = Optional[ForwardRef(kind.__name__)]  # noqa: UP045 (a forward reference has no `|`)
    return resolved(annotation, one, description=description)


TASK = make(
    "Task",
    {
        **told_fields("Task", _FIELDS),
        "process": resolved(ForwardRef("Process"), _process, description="What waits."),
        "person": _entry("person", "Whom the case is about, if the caller may see them."),
        "district": _entry("district", "Where."),
        "assignee": _entry("assignee", "Who is to do it; null while it is anybody's, and once it is done."),
    },
    description="Something to do: a state that waits for a role of the agency, or a deadline that went by.",
)
TOLD["Task"] = {
    **TOLD["Task"],
    "process": Refers("process", "kind", lambda kind: Process.kinds[kind].__name__),
    **{reference: Refers(reference) for reference in _ENTRIES},
}


def read_along(asked: Asked | None, /) -> References:
    """Return what to read along with tasks of which this is asked; None is everything."""
    references: dict[str, Collection[str]] = {
        name: columns_asked(kind, asked and asked[name])
        for name, kind in _ENTRIES.items()
        if asked is None or name in asked
    }
    if asked is None or "process" in asked:
        references["process"] = _process_columns(asked and asked["process"])
    return references


def _process_columns(asked: Asked | None) -> Collection[str]:
    if asked is None or not PROCESS.keys() | {"__typename"} >= asked.keys():
        return t.process.c.keys()
    return {"kind", *(column for name in asked if name in PROCESS for column in PROCESS[name].columns)}


_ALL = read_along(None)


async def _open(context: Context, process_ids: list[UUID]) -> Sequence[Sequence[TaskNode]]:
    return await _load(context, process_ids, open_tasks)


async def _done(context: Context, process_ids: list[UUID]) -> Sequence[Sequence[TaskNode]]:
    return await _load(context, process_ids, done_tasks)


_OfProcesses = Callable[..., Awaitable[Mapping[UUID, list[AnyRow]]]]


async def _load(context: Context, process_ids: list[UUID], read: _OfProcesses) -> Sequence[Sequence[TaskNode]]:
    async with context.reading() as connection:
        found = await read(connection, process_ids, scope=context.identity, references=_ALL)
    return [[TaskNode(row, _ALL) for row in found[process_id]] for process_id in process_ids]


Done = Annotated[bool, strawberry.argument(description="What was done instead of what there is to do.")]


async def _of_process(self: ProcessNode, info: Info, *, done: Done = False) -> Any:
    return await info.context.loader(_done if done else _open).load(self.row.id)


TASKS = resolved(
    list[TASK],  # type: ignore[valid-type]
    _of_process,
    description=f"What there is to do on it, soonest due first; or what was done, the latest first and {MOST} at most.",
)
"""The field `tasks` of every process."""
