"""Something to do beside the steps of a process, and that it is done: noted in its case, as a step is."""

import inspect
from dataclasses import dataclass
from typing import Any, ForwardRef, NamedTuple, Optional
from uuid import UUID

import strawberry

from api.context import Context, Info
from api.derive import Fields, Reader, input_fields, make, resolved
from api.errors import UserError
from api.ids import decode_parts, ordinal
from api.payloads import Outcome, concerning, outcome, request_of
from api.process_node import ProcessNode
from api.processes import refresh
from api.requests import fingerprint
from api.sending import require_same, send
from domain.events import Actor, TaskChange
from domain.fields import Note
from domain.refusals import Refusal, Refused
from domain.roles import Role
from domain.tasks import RAISED, TaskReason
from store import casework, worklist
from workflows.messages import Rejection


@dataclass(frozen=True, kw_only=True)
class TaskDone:
    """What was to be done beside the steps (`raised` is true of the task) is done; `note` says how it went.

    By the role that it is for, or a supervisor.
    """

    note: Note | None = None


class _Task(NamedTuple):
    """What names a task."""

    process_id: UUID
    entry: int
    reason: TaskReason


def _task_of(global_id: str) -> _Task:
    parts = decode_parts(global_id, UUID, ordinal, TaskReason.__getitem__, expected="Task", path=("id",))
    return _Task(*parts)


async def _done(context: Context, given: Any) -> ProcessNode | Rejection | None:
    key, task = request_of(context, given), _task_of(given.id)
    reader = Reader(key)
    reader.read(TaskDone, given)
    if task.reason not in RAISED:
        raise Refused(Refusal.TASK_OF_STEP, path=("id",))
    asked = {"mutation": "Task.done", "about": task, "notes": [*reader.notes.values()]}
    mark = fingerprint(asked)
    async with context.reading() as reading:
        anchor, answer, _ = await casework.before_step(
            reading, task.process_id, key, opens=None, scope=context.identity
        )
        if anchor is None:
            raise Refused(Refusal.NOT_FOUND, path=("id",))
        if answer:
            require_same(answer.fingerprint, mark)
            return await refresh(context, task.process_id, case=anchor.case_id)
        role = await worklist.role_of(reading, *task, scope=context.identity)
    change = TaskChange(
        request_id=key,
        fingerprint=mark,
        process_id=task.process_id,
        actor=Actor(id=context.identity.staff_id, role=_acting_as(context, role)),
        reason=task.reason,
        role=role,
        entry=task.entry,
        done=True,
        notes=tuple(reader.notes),
    )
    asking = context.services.engine.change_task(change, case_id=anchor.case_id)
    return await send(context, change, anchor.case_id, reader, asking)


def _acting_as(context: Context, role: Role) -> Role:
    for mine in (role, Role.SUPERVISOR):
        if mine in context.identity.roles:
            return mine
    raise Refused(Refusal.NOT_YOURS, roles={role, Role.SUPERVISOR})


def _process(self: Outcome) -> Any:
    return self.node


_PAYLOAD = make(
    "TaskDonePayload",
    {
        "process": resolved(
            Optional[ForwardRef("Process")],  # noqa: UP045 (a forward reference has no `|`)
            _process,
            description="What the task was about, as it stands; null, with the reasons, when nothing happened.",
        ),
        "user_errors": (list[UserError], strawberry.field()),
    },
    description="What is left to do.",
)


def _mutation() -> tuple[Any, Any]:
    about = inspect.getdoc(TaskDone)

    async def done(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL clients call it)
        return await outcome(info.context, _done(info.context, input))

    fields = {**concerning("Task"), **input_fields(TaskDone)}
    done.__annotations__["input"] = make("TaskDoneInput", fields, description=about, is_input=True)
    return resolved(_PAYLOAD, done, description=about)


MUTATIONS: Fields = {"task_done": _mutation()}
"""The mutation, by Python name."""
