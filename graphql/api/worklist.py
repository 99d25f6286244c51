"""The worklist: what waits for whom, and since when."""

from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ForwardRef, Optional
from uuid import UUID

import strawberry

from api.connections import DEFAULT_FIRST, After, Asked, Connection, First, asked_of_nodes, connection, read_filter
from api.context import Context, Info
from api.derive import Fields, enum, input_type, make, resolved
from api.errors import camel
from api.processes import ProcessNode
from api.references import columns_asked, referred
from api.told import PROCESS, TOLD, Refers, Told, itself, resolver
from domain.case import Urgency
from domain.process import Process
from domain.register import District, Person, Staff
from domain.registered import Registered
from domain.roles import Role
from store import tables as t
from store import worklist as tasks
from store.database import AnyRow
from store.joins import Part
from store.worklist import TaskReason, WorklistFilter, WorklistOrder

_ENTRIES: Mapping[str, type[Registered]] = {"person": Person, "district": District, "assignee": Staff}
_URGENCIES: Sequence[Urgency] = [*Urgency]


class TaskNode:
    """What the fields of a task are read from: its row, and what was read along with it."""

    def __init__(self, row: AnyRow, references: tasks.References) -> None:
        self.row = row
        self.references = references


def _id(_context: Context, process: UUID, entry: int, reason: str) -> str:
    return urlsafe_b64encode(f"Task:{process}:{entry}:{reason}".encode()).decode().rstrip("=")


def _maybe(type_name: str) -> Any:
    return Optional[ForwardRef(type_name)]  # noqa: UP045 (a forward reference has no `|`)


_FIELDS: Mapping[str, tuple[Any, Told | Refers, str]] = {
    "id": (
        strawberry.ID,
        Told(("process_id", "entry", "reason"), _id),
        "The same for as long as there is something to do.",
    ),
    "process": (
        ForwardRef("Process"),
        Refers("process", "kind", lambda kind: Process.kinds[kind].__name__),
        "What waits.",
    ),
    "kind": (str, PROCESS["kind"], "The kind of the process: TENANT_CASE, ARREARS_SUPPORT, ..."),
    "kind_label": (str, PROCESS["kindLabel"], "In the caller's language."),
    "state_name": (str, PROCESS["stateName"], "The state that waits."),
    "state_label": (str, PROCESS["stateLabel"], "In the caller's language."),
    "role": (enum(Role), Told(("role",), lambda _, role: Role[role], repeats=True), "Whom it waits for."),
    "reason": (
        enum(TaskReason),
        Told(("reason",), lambda _, reason: TaskReason[reason], repeats=True),
        "Why there is a task.",
    ),
    "urgency": (
        enum(Urgency),
        Told(("urgency",), lambda _, rank: _URGENCIES[rank], repeats=True),
        "How urgent the case is.",
    ),
    "due_at": (datetime, Told(("due_at",), itself), "By when; when it began, if it has no deadline."),
    "overdue": (bool, Told(("due_at",), lambda context, due: due <= context.now), "Whether `dueAt` has passed."),
    "opened_at": (datetime, Told(("opened_at",), itself), "Since when it waits."),
    "person": (_maybe("Person"), Refers("person"), "Whom the case is about, if the caller may see them."),
    "district": (_maybe("District"), Refers("district"), "Where."),
    "assignee": (_maybe("Staff"), Refers("assignee"), "Who is to do it; null while it is anybody's."),
}
TOLD["Task"] = {camel(name): told for name, (_, told, _) in _FIELDS.items()}


def _field(annotation: Any, told: Told | Refers, description: str) -> tuple[Any, Any]:
    if isinstance(told, Told):
        return resolved(annotation, resolver(told), description=description)
    reference = told.reference
    if reference == "process":
        return resolved(annotation, lambda self: ProcessNode(Part(self.row, reference)), description=description)
    kind = _ENTRIES[reference]
    return resolved(
        annotation,
        lambda self: referred(kind, self.row, reference, self.references[reference]),
        description=description,
    )


TASK = make(
    "Task",
    {name: _field(*declared) for name, declared in _FIELDS.items()},
    description="Something to do: a state that waits for a role of the agency, or a deadline that went by.",
)


def _read_along(asked: Asked | None) -> tasks.References:
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


_ALL = _read_along(None)


async def _load(context: Context, process_ids: list[UUID]) -> Sequence[Sequence[TaskNode]]:
    async with context.reading() as connection:
        found = await tasks.open_tasks(connection, process_ids, scope=context.identity, references=_ALL)
    return [[TaskNode(row, _ALL) for row in found[process_id]] for process_id in process_ids]


async def _of_process(self: ProcessNode, info: Info) -> Any:
    return await info.context.loader(_load).load(self.row.id)


OF_PROCESS = resolved(list[TASK], _of_process, description="What there is to do on it, soonest due first.")  # type: ignore[valid-type]
"""The field `tasks` of every process."""


async def _worklist(
    self: Any,  # noqa: ARG001 (strawberry's first argument)
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    filter: Optional[input_type(WorklistFilter)] = None,  # type: ignore[valid-type]  # noqa: A002, UP045
    order: enum(WorklistOrder) = WorklistOrder.DUE_ASC,  # type: ignore[valid-type]
) -> Any:
    context, references = info.context, _read_along(asked_of_nodes(info))
    given = read_filter(WorklistFilter, filter)
    async with context.reading() as reading:
        page = await tasks.worklist(
            reading,
            given,
            order,
            first=first,
            after=after,
            scope=context.identity,
            now=context.now,
            references=references,
        )
    return Connection(page, lambda row: TaskNode(row, references))


QUERIES: Fields = {
    "worklist": resolved(connection("Task"), _worklist, description="What there is to do, for the caller's roles."),
}
"""The queries, by Python name."""
