"""Who is to do what, in GraphQL: many at once, and the same again changes nothing, so that no key is asked."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Collection
from typing import Any, ForwardRef, Optional

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import Context, Info
from api.derive import Fields, Reader, input_fields, make, resolved
from api.errors import UserError
from api.payloads import Outcome, outcome
from api.processes import fetch
from domain.assignment import ASSIGNERS, CLAIMERS, AssignTasks, ClaimTasks, ReleaseTasks
from domain.record import read_value
from domain.refusals import Refusal, Refused
from domain.roles import Role
from store import assignments
from store.scope import require

Write = Callable[[AsyncConnection, Any, Context], Awaitable[None]]
"""What a mutation does with its checked input, within one transaction."""


def _processes(self: Outcome) -> Any:
    return self.node


_PAYLOAD = make(
    "AssignmentPayload",
    {
        "processes": resolved(
            Optional[list[ForwardRef("Process")]],  # type: ignore[misc]  # noqa: UP045
            _processes,
            description="As they were named; null, with the reasons, when nothing happened.",
        ),
        "user_errors": (list[UserError], strawberry.field()),
    },
    description="What was assigned, claimed or released.",
)


async def _assign(connection: AsyncConnection, given: AssignTasks, context: Context) -> None:
    await require(connection, [(("staff",), "Staff", given.staff)], scope=context.identity)
    await assignments.assign(connection, given.processes, given.staff, scope=context.identity, now=context.now)


async def _claim(connection: AsyncConnection, given: ClaimTasks, context: Context) -> None:
    await require(connection, [((), "Staff", context.identity.staff_id)], scope=context.identity)
    await assignments.claim(connection, given.processes, scope=context.identity, now=context.now)


async def _release(connection: AsyncConnection, given: ReleaseTasks, context: Context) -> None:
    await assignments.release(connection, given.processes, scope=context.identity)


def _mutation(name: str, declared: type[Any], by: Collection[Role], write: Write) -> tuple[Any, Any]:
    async def take(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL clients call it)
        return await outcome(info.context, _take(info.context, declared, by, write, input))

    roles = ", ".join(role.name for role in sorted(by, key=lambda role: role.rank))
    about = f"{inspect.getdoc(declared)}\n\nBy {roles}."
    take.__annotations__["input"] = make(f"{name}Input", input_fields(declared), description=about, is_input=True)
    return resolved(_PAYLOAD, take, description=about)


async def _take(context: Context, declared: type[Any], by: Collection[Role], write: Write, given: Any) -> Any:
    if not context.identity.roles & {*by}:
        raise Refused(Refusal.NOT_YOURS, roles=by)
    read = read_value(declared, Reader("").read(declared, given))
    async with context.services.database.begin() as connection:
        await write(connection, read, context)
    context.forget()
    return await asyncio.gather(*(fetch(context, process) for process in read.processes))


MUTATIONS: Fields = {
    "task_assign": _mutation("TaskAssign", AssignTasks, ASSIGNERS, _assign),
    "task_claim": _mutation("TaskClaim", ClaimTasks, CLAIMERS, _claim),
    "task_release": _mutation("TaskRelease", ReleaseTasks, CLAIMERS, _release),
}
"""The mutations, by Python name."""
