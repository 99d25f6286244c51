"""A typed mutation for every step of every process, derived from its declaration; and the one way they all go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from api import ids
from api.context import Context, Info
from api.derive import Fields, Reader, input_fields, make, resolved
from api.payloads import Outcome, changing, making, outcome, payload, request_of
from api.process_node import ProcessNode
from api.processes import refresh, role_for
from api.requests import fingerprint, minted
from api.sending import require_same, send
from domain.case import Case
from domain.dry_run import opening
from domain.events import Actor, StepRequest
from domain.fields import Moment, local_day
from domain.process import Process, Step
from domain.record import blank, dump_input, read_input, read_value
from domain.refusals import Refusal, Refused
from domain.terms import CLOSED_DAYS_BEFORE, CLOSED_DAYS_KNOWN, CLOSED_DAYS_RENEWED
from store import casework
from store.calendars import closed_days
from store.database import AnyRow
from store.scope import require
from workflows.messages import Rejection


def mutations(processes: Sequence[type[Process]], /) -> Fields:
    """Return the mutation fields of all the steps, by Python name: `tenant_case_open`, `arrears_support_agree`, ..."""
    for process in processes:
        if process not in _fields:
            _fields[process] = _steps_of(process)
    return {name: field for process in processes for name, field in _fields[process].items()}


_fields: dict[type[Process], Fields] = {}
"""A process's mutations are made once, whatever schemas they are part of."""


def _steps_of(process: type[Process]) -> Fields:
    answer = payload(process.__name__, field=process.kind.lower())
    return {f"{process.kind.lower()}_{step.name}": _mutation(process, step, answer) for step in process.steps.values()}


def _mutation(process: type[Process], step: Step, answer: type[Any]) -> tuple[Any, Any]:
    name = f"{process.__name__}{''.join(word.capitalize() for word in step.name.split('_'))}Input"
    fields = {**_common(process, step), **input_fields(step.input)}
    given = make(name, fields, is_input=True, description=_about(step))

    async def take(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL calls them)
        return await take_step(info.context, process, step, input)

    take.__annotations__["input"] = given
    return resolved(answer, take, description=_about(step))


def _about(step: Step) -> str:
    roles = ", ".join(sorted(role.name for role in step.by))
    return f"{step.label.it} / {step.label.en}. {step.description}\n\nBy {roles}."


def _common(process: type[Process], step: Step) -> Fields:
    """Return what every step's input has beside its own fields."""
    text = "When it happened, if not now; never in the future."
    when = {"occurred_at": (datetime | None, strawberry.field(description=text, default=strawberry.UNSET))}
    if not step.opens:
        return {**changing(), **when}
    case = (strawberry.ID, strawberry.field(description="The case that it belongs to."))
    return {**({} if issubclass(process, Case) else {"case": case}), **making(), **when}


async def take_step(context: Context, process: type[Process], step: Step, given: Any, /) -> Outcome:
    """Take one step for the caller; every expected refusal is an answer."""
    return await outcome(context, _take(context, process, step, given))


async def _take(context: Context, process: type[Process], step: Step, given: Any) -> ProcessNode | Rejection | None:
    actor = Actor(id=context.identity.staff_id, role=role_for(context, step))
    key = request_of(context, given)
    reader = Reader(key)
    read = reader.read(step.input, given)
    about = _about_what(process, step, given, key)
    typed = read_input(step, read)
    values = dump_input(typed)
    at = read_value(Moment, given.occurred_at, path=("occurred_at",)) if given.occurred_at else None
    asked = {
        "step": f"{process.kind}.{step.name}",
        "about": [about.process_id, about.anchor, about.expected_version],
        "at": at and at.isoformat(),
        "given": values,
        "notes": list(reader.notes.values()),
    }
    request = StepRequest(
        request_id=key,
        fingerprint=fingerprint(asked),
        process_id=about.process_id,
        kind=process.kind,
        step=step.name,
        actor=actor,
        expected_version=about.expected_version,
        occurred_at=at,
        given=values,
        notes=tuple(reader.notes),
    )
    async with context.reading() as connection:
        opens = about.process_id if step.opens else None
        anchor, answer, in_force = await casework.before_step(
            connection, about.anchor, key, opens=opens, scope=context.identity
        )
        if answer:
            require_same(answer.fingerprint, request.fingerprint)
            return await refresh(context, answer.object_id, case=anchor.case_id if anchor else answer.object_id)
        if not about.opens_case and (anchor is None or not about.fits(anchor)):
            raise Refused(Refusal.NOT_FOUND, path=("case",) if step.opens else ("id",))
        await require(connection, reader.named, scope=context.identity)
        await require(connection, reader.anywhere, scope=replace(context.identity, districts=None))
        if step.opens and given.new_id:  # one statement, and so a transaction by itself
            await casework.mint(connection, about.process_id, case_id=anchor.case_id if anchor else about.process_id)
        district = anchor.district_id if anchor else read["district"]
        request = await _with_policy(context, connection, request, anchor, in_force=in_force, district=district)
    if about.opens_case:
        _would_open(request, step, typed, now=context.now)
    case_id = anchor.case_id if anchor else about.process_id
    opens_case = process.__name__ if about.opens_case else None
    return await send(
        context, request, case_id, reader, context.services.engine.step(request, case_id=case_id, opens_case=opens_case)
    )


@dataclass(frozen=True, kw_only=True)
class _About:
    """Which process a mutation is about, and the one that exists already (`anchor`, of the type that its id says)."""

    process_id: UUID
    anchor: UUID
    anchor_type: str
    expected_version: int | None = None
    opens_case: bool = False

    def fits(self, anchor: AnyRow) -> bool:
        """Whether the row is what the id says; a track opens in a case, in nothing else."""
        kind = Process.kinds[anchor.kind]
        return kind.__name__ == self.anchor_type and (self.anchor == self.process_id or issubclass(kind, Case))


def _about_what(process: type[Process], step: Step, given: Any, key: str) -> _About:
    if not step.opens:
        type_name, identifier = ids.decode(given.id, expected=process.__name__, path=("id",))
        version = given.expected_version
        return _About(process_id=identifier, anchor=identifier, anchor_type=type_name, expected_version=version)
    if issubclass(process, Case):
        new = given.new_id or minted(key)
        return _About(process_id=new, anchor=new, anchor_type=process.__name__, opens_case=True)
    type_name, case_id = ids.decode(given.case, path=("case",))
    # Of its case, so that the same key sent at once for two of them makes two.
    return _About(process_id=given.new_id or minted(key, str(case_id)), anchor=case_id, anchor_type=type_name)


async def _with_policy(
    context: Context,
    connection: AsyncConnection,
    request: StepRequest,
    anchor: AnyRow | None,
    *,
    in_force: str | None,
    district: UUID,
) -> StepRequest:
    """Resolve the policy `in_force` into what the step carries: workflows read neither policy nor calendar.

    A process that exists already has its terms; when its closed days run out it is given more, counted as they were.
    """
    today = local_day(context.now)
    process = Process.kinds[request.kind]
    existing = None if process.steps[request.step].opens else anchor
    if existing and date.fromisoformat(existing.closures_until) - today > CLOSED_DAYS_RENEWED:
        return request
    policy = None if existing else await context.services.policies.of(connection, in_force)
    known = await closed_days(
        connection,
        [district],
        start=max(today - CLOSED_DAYS_BEFORE, min(today, local_day(request.occurred_at or context.now))),
        until=today + CLOSED_DAYS_KNOWN,
        saturday_works=policy.saturday_works if policy else anchor is not None and anchor.saturday_works,
    )
    if policy is None:
        return replace(request, closures=known[district])
    return replace(request, opening=opening(policy, process, known[district]))


def _would_open(request: StepRequest, step: Step, typed: object, *, now: datetime) -> None:
    """Decide before anything is started: a refused first step would leave a workflow behind."""
    if request.opening:
        process = blank(request.kind, id=request.process_id, case_id=request.process_id, opening=request.opening)
        process.after(step, typed, at=request.occurred_at or now, now=now)
