"""The processes as they are declared, in GraphQL: what front ends draw and documentation says, from one source."""

import inspect
from collections.abc import Sequence
from typing import Any

import strawberry

from api.context import Info
from api.derive import Fields, enum, resolved
from api.processes import WaitsFor, mutation_name, waits_for
from domain.case import Case
from domain.choices import Language
from domain.picture import picture
from domain.process import NEW, SAME, Process, States, Step
from domain.roles import Role

enum(Role)


@strawberry.type(description="A state of a process.")
class DeclaredState:
    """A state as it is declared."""

    name: str
    label: str = strawberry.field(description="In the caller's language.")
    waits_for: WaitsFor | None = strawberry.field(description="Whom it waits for; null for a state that ends it.")


@strawberry.type(description="Where a step leads from one state.")
class DeclaredMove:
    """A move as it is declared."""

    from_state: str | None = strawberry.field(description="Null where there is no process yet.")
    to_states: list[str] = strawberry.field(
        description="Where it may lead: the state itself where it leaves it as it is."
    )


@strawberry.type(description="A step of a process.")
class DeclaredStep:
    """A step as it is declared."""

    name: str
    label: str = strawberry.field(description="For a button, in the caller's language.")
    description: str = strawberry.field(description="What it is for.")
    mutation: str = strawberry.field(description="The mutation that takes it.")
    roles: list[Role] = strawberry.field(description="Who may take it.")
    moves: list[DeclaredMove] = strawberry.field(description="From which states it may be taken.")


@strawberry.type(description="A kind of process: its states, its steps and its picture.")
class ProcessDeclaration:
    """A process as it is declared."""

    kind: str = strawberry.field(description="TENANT_CASE, ARREARS_SUPPORT, ...")
    label: str = strawberry.field(description="In the caller's language.")
    description: str
    is_case: bool = strawberry.field(description="Whether it hosts others; those are tracks in a case.")
    states: list[DeclaredState]
    steps: list[DeclaredStep]
    picture: str = strawberry.field(description="As a Mermaid state diagram.")


def _declaration(process: type[Process], language: Language) -> ProcessDeclaration:
    return ProcessDeclaration(
        kind=process.kind,
        label=process.label.text(language),
        description=inspect.getdoc(process) or "",
        is_case=issubclass(process, Case),
        states=[_state(state, language) for state in process.State],
        steps=[_step(process, step, language) for step in process.steps.values()],
        picture=picture(process, language),
    )


def _state(state: States, language: Language) -> DeclaredState:
    return DeclaredState(
        name=state.name, label=state.label.text(language), waits_for=waits_for(state.waits_for, language)
    )


def _step(process: type[Process], step: Step, language: Language) -> DeclaredStep:
    return DeclaredStep(
        name=step.name,
        label=step.label.text(language),
        description=step.description,
        mutation=mutation_name(process, step),
        roles=sorted(step.by, key=lambda role: role.rank),
        moves=[
            DeclaredMove(
                from_state=None if source in NEW else source,
                to_states=[source if target in SAME else target for target in targets],
            )
            for source, targets in step.targets.items()
        ],
    )


def queries(processes: Sequence[type[Process]], /) -> Fields:
    """Return the query, by Python name."""

    def declared(self: Any, info: Info) -> list[ProcessDeclaration]:  # noqa: ARG001 (the root)
        return [_declaration(process, info.context.language) for process in processes]

    about = "Every kind of process: what it may go through, and who may take which step."
    return {"processes": resolved(list[ProcessDeclaration], declared, description=about)}
