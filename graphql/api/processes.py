"""Every process as a GraphQL type, derived from its declaration: its data, its deadline, its steps and why not."""

import asyncio
import inspect
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Context, Info
from api.derive import LOADERS, enum, make, output_fields, resolved
from api.errors import camel
from api.explain import DEADLINE_EXPLAINED, TERMS_EXPLAINED
from api.history import HISTORY
from api.messages import MESSAGES
from api.nodes import Node
from api.notes import NOTE, NoteNode, diary
from api.process_node import ProcessNode
from api.reminders import REMINDERS
from api.tasks import TASKS
from api.told import PROCESS, TOLD, resolver
from api.types import publish
from domain.case import Case
from domain.choices import Language
from domain.picture import picture
from domain.process import Process, Step
from domain.refusals import Refusal, Refused
from domain.roles import Party, Role
from store import casework

BOOKKEEPING = frozenset(Process.__dataclass_fields__) | {"tracks"}
"""What every process has: said once, on the interface."""


@strawberry.type(description="A role of the agency, or a party outside it.")
class WaitsFor:
    """Whom a state waits for."""

    name: str = strawberry.field(description="The role or the party: OPERATOR, TENANT, ...")
    label: str = strawberry.field(description="For people, in the caller's language.")
    agency: bool = strawberry.field(description="Whether the agency must act; otherwise somebody outside it.")


@strawberry.type(description="One step of a process, and whether the caller may take it now.")
class AvailableStep:
    """One step as a button needs it."""

    name: str
    label: str = strawberry.field(description="For a button, in the caller's language.")
    mutation: str = strawberry.field(description="The mutation that takes it.")
    open: bool = strawberry.field(description="Whether the caller may take it now.")
    code: str | None = strawberry.field(description="Why not, for programs.")
    reason: str | None = strawberry.field(description="Why not, for people.")


async def _load(context: Context, identifiers: list[UUID]) -> list[ProcessNode | None]:
    async with context.reading() as connection:
        rows = await casework.processes(connection, identifiers, scope=context.identity)
    return [ProcessNode(rows[identifier]) if identifier in rows else None for identifier in identifiers]


async def _load_tracks(context: Context, case_ids: list[UUID]) -> list[list[ProcessNode]]:
    async with context.reading() as connection:
        rows = await casework.tracks(connection, case_ids, scope=context.identity)
    found: dict[UUID, list[ProcessNode]] = {case_id: [] for case_id in case_ids}
    for row in rows:
        found[row.case_id].append(ProcessNode(row))
    return [found[case_id] for case_id in case_ids]


async def fetch(context: Context, identifier: UUID, /) -> ProcessNode | None:
    """Return a process that the caller may see, through the request's loader."""
    node: ProcessNode | None = await context.loader(_load).load(identifier)
    return node


async def refresh(context: Context, identifier: UUID, /, *, case: UUID) -> ProcessNode | None:
    """Return a process as it stands now: what the request has read before is forgotten.

    Its case is read with the same statement: nearly every answer shows its version too.
    """
    context.forget()
    node, _ = await asyncio.gather(fetch(context, identifier), fetch(context, case))
    return node


async def available_steps(context: Context, node: ProcessNode, /) -> list[AvailableStep]:
    """Return every step of a process but the opening one, and whether the caller may take it now."""
    process = node.process
    if isinstance(process, Case):
        tracks = await context.loader(_load_tracks).load(process.id)
        process.tracks = tuple(track.process for track in tracks if not track.process.ended)
    return [_available(context, process, step) for step in process.steps.values() if not step.opens]


def _available(context: Context, process: Process, step: Step) -> AvailableStep:
    why_not: Refused | None = None
    try:
        role_for(context, step)
        process.check(step, context.now)
    except Refused as refused:
        why_not = refused
    return AvailableStep(
        name=step.name,
        label=step.label.text(context.language),
        mutation=mutation_name(type(process), step),
        open=why_not is None,
        code=why_not.code if why_not else None,
        reason=why_not.label.text(context.language) if why_not else None,
    )


def role_for(context: Context, step: Step, /) -> Role:
    """Return the caller's role that allows a step; raise `Refused` (NOT_YOURS)."""
    mine = sorted(context.identity.roles & step.by, key=lambda role: role.rank)
    if not mine:
        raise Refused(Refusal.NOT_YOURS, roles=step.by)
    return mine[0]


def mutation_name(process: type[Process], step: Step, /) -> str:
    """Return the name of the mutation that takes a step: `arrearsSupportProposePlan`."""
    return camel(f"{process.kind.lower()}_{step.name}")


def waits_for(whom: Role | Party | None, language: Language, /) -> WaitsFor | None:
    """Return whom a state waits for, as GraphQL says it."""
    if not whom:
        return None
    return WaitsFor(name=whom.name, label=whom.label.text(language), agency=isinstance(whom, Role))


def _waits_for(self: ProcessNode, info: Info) -> WaitsFor | None:
    return waits_for(self.process.waits_for, info.context.language)


def _deadline_clause(self: ProcessNode) -> str | None:
    falls_due = self.process.falls_due() if self.process.deadline else None
    return falls_due and f"{self.process.terms.policy}#{falls_due[1].clause}"


async def _available_steps(self: ProcessNode, info: Info) -> list[AvailableStep]:
    return await available_steps(info.context, self)


async def _notes(self: ProcessNode, info: Info) -> Sequence[NoteNode]:
    return await diary(info.context, self.row.id)


def _picture(self: ProcessNode, info: Info) -> str:
    return picture(type(self.process), info.context.language, self.process.state)


@strawberry.interface(name="Process", description="What a case, and every track in it, has.")
class ProcessInterface(Node):
    """What every process shares; the source is a `ProcessNode`."""

    kind: str = strawberry.field(resolver=resolver(PROCESS["kind"]), description="TENANT_CASE, ARREARS_SUPPORT, ...")
    kind_label: str = strawberry.field(resolver=resolver(PROCESS["kindLabel"]), description="In the caller's language.")
    state_name: str = strawberry.field(
        resolver=resolver(PROCESS["stateName"]), description="Each kind has it as an enum too."
    )
    state_label: str = strawberry.field(
        resolver=resolver(PROCESS["stateLabel"]), description="In the caller's language."
    )
    version: int = strawberry.field(description="Send it back as `expectedVersion`.")
    waits_for: WaitsFor | None = strawberry.field(
        resolver=_waits_for, description="Whom the present state waits for; null once it has ended."
    )
    opened_at: datetime
    entered_at: datetime = strawberry.field(description="When the present state was entered.")
    deadline: datetime | None = strawberry.field(description="When the present state's term ends, by the policy.")
    deadline_clause: str | None = strawberry.field(
        resolver=_deadline_clause, description="Which clause of which version of the policy gave the deadline."
    )
    deadline_explained: DEADLINE_EXPLAINED[0] = DEADLINE_EXPLAINED[1]  # type: ignore[valid-type]
    terms_explained: TERMS_EXPLAINED[0] = TERMS_EXPLAINED[1]  # type: ignore[valid-type]
    overdue: bool = strawberry.field(description="Whether the deadline has passed.")
    paused_on: date | None = strawberry.field(description="The first day of the case's latest pause.")
    paused_until: date | None = strawberry.field(description="The day on which the case's latest pause ends, or ended.")
    ended_at: datetime | None = strawberry.field(
        resolver=resolver(PROCESS["endedAt"]), description="Null while it is open."
    )
    available_steps: list[AvailableStep] = strawberry.field(
        resolver=_available_steps, description="Every step, whether it is open to the caller now, and if not why not."
    )
    notes: Any = strawberry.field(
        resolver=_notes,
        graphql_type=list[NOTE],  # type: ignore[valid-type]
        description="Its diary, oldest first: what the caller may read of it.",
    )
    tasks: TASKS[0] = TASKS[1]  # type: ignore[valid-type]
    reminders: REMINDERS[0] = REMINDERS[1]  # type: ignore[valid-type]
    messages: MESSAGES[0] = MESSAGES[1]  # type: ignore[valid-type]
    history: HISTORY[0] = HISTORY[1]  # type: ignore[valid-type]
    picture: str = strawberry.field(
        resolver=_picture, description="The process as a Mermaid state diagram, its present state marked."
    )


publish("Process", ProcessInterface)


def types(processes: Sequence[type[Process]], /) -> list[type[Any]]:
    """Return the GraphQL type of each process."""
    for process in processes:
        LOADERS[process.__name__] = LOADERS["Process"] = _fetch_by_id
        TOLD[process.__name__] = PROCESS
        if process not in _types:
            _types[process] = _type(process)
    return [_types[process] for process in processes]


_types: dict[type[Process], type[Any]] = {}
"""A type is made once, whatever schemas it is part of."""


async def _fetch_by_id(info: Info, identifier: UUID) -> ProcessNode | None:
    return await fetch(info.context, identifier)


def _type(process: type[Process]) -> type[Any]:
    fields = dict(output_fields(process, leave_out=BOOKKEEPING))

    def state(self: ProcessNode) -> Any:
        return process.State[self.row.state]

    fields["state"] = resolved(enum(process.State, name=f"{process.__name__}State"), state)
    if issubclass(process, Case):

        async def tracks(self: ProcessNode, info: Info) -> Any:
            return await info.context.loader(_load_tracks).load(self.row.id)

        fields["tracks"] = resolved(list[ProcessInterface], tracks, description="Its tracks, oldest first.")
        kept = "The last day on which the file must be kept, by the policy; null while it is open."
        fields["retained_until"] = date | None, strawberry.field(description=kept)
    else:

        async def case(self: ProcessNode, info: Info) -> Any:
            return await fetch(info.context, self.row.case_id)

        fields["case"] = resolved(ProcessInterface, case, description="The case that it belongs to.")
    return make(
        process.__name__,
        fields,
        description=inspect.getdoc(process),
        bases=(ProcessInterface,),
        is_type_of=lambda value, _info: isinstance(value, ProcessNode) and value.row.kind == process.kind,
    )
