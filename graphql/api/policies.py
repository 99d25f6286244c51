"""The versions of the policy in GraphQL: submitted, tried out on all that is live, published, adopted.

policySubmit     a document is checked whole; if it can be used it is kept, and a dry run begins
policyDryRun     another dry run of a version, as of now
policyPublish    it is in force for what opens from now on; what is live adopts it too, if that is asked
policyAdopt      what is live adopts the version in force: the first time, after it was stopped, or because closed
days have changed
policyAdoptionStop   it goes no further; `policyAdopt` goes on with it
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ForwardRef, Optional
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from api.connections import DEFAULT_FIRST, After, Connection, First, connection, read_filter
from api.context import Context, Info
from api.derive import LOADERS, Fields, enum, input_type, make, output, resolved
from api.errors import UserError, user_error
from api.payloads import Outcome, key, outcome, payload, request_of
from api.requests import fingerprint, minted
from domain.dry_run import PolicyChange, PolicyEffect
from domain.marked_yaml import Problem
from domain.policy import PolicyInvalid
from domain.process import Process
from domain.publication import PUBLISHERS, READERS, Adopting, AdoptionState, DryRunState, PolicyStatus
from domain.refusals import Refusal, Refused
from store import adoptions, dry_runs, policies
from store.database import AnyRow
from store.dry_runs import PolicyChangeFilter, change_of
from store.requests import Asked, answered
from workflows.messages import ADOPTION, DRY_RUN

DRY_RUN_HOLDS = timedelta(hours=24)
"""How old a dry run may be for what it tells to be published."""

DOCUMENT_MOST = 200_000
"""Characters of a document: ten times the one that is shipped."""


class _Row:
    """What fields that are columns, and no more, are read from."""

    def __init__(self, row: AnyRow) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "row":
            raise AttributeError(name)
        return getattr(self.row, name)


def _staff(column: str) -> Any:
    async def one(self: _Row, info: Info) -> Any:
        identifier = getattr(self.row, column)
        return identifier and await LOADERS["Staff"](info, identifier)

    return one


_MAYBE_STAFF: Any = Optional[ForwardRef("Staff")]  # noqa: UP045 (a forward reference has no `|`)


_MAYBE_PROCESS: Any = Optional[ForwardRef("Process")]  # noqa: UP045 (as above)


def _kind_label(self: _Row, info: Info) -> str:
    return Process.kinds[self.row.kind].label.text(info.context.language)


async def _process(self: _Row, info: Info) -> Any:
    return await LOADERS["Process"](info, self.row.process_id)


async def _case(self: _Row, info: Info) -> Any:
    return await LOADERS["Process"](info, self.row.case_id)


# Dry runs.


def _effect(self: _Row) -> PolicyEffect:
    return PolicyEffect[self.row.effect]


def _effect_label(self: _Row, info: Info) -> str:
    return PolicyEffect[self.row.effect].label.text(info.context.language)


_COUNT = make(
    "PolicyEffectCount",
    {
        "kind": (str, strawberry.field()),
        "kind_label": resolved(str, _kind_label, description="In the caller's language."),
        "effect": resolved(enum(PolicyEffect), _effect),
        "effect_label": resolved(str, _effect_label, description="In the caller's language."),
        "count": (int, strawberry.field(description="Processes, as far as the caller may see them.")),
    },
    description="How many processes of a kind would change in one way; a process may change in several.",
)


def _change(self: _Row) -> Any:
    return change_of(self.row)


make(
    "ProcessPolicyChange",
    {
        "process": resolved(_MAYBE_PROCESS, _process, description="Null if it is out of sight by now."),
        "kind": (str, strawberry.field()),
        "kind_label": resolved(str, _kind_label, description="In the caller's language."),
        "change": resolved(output(PolicyChange), _change),
    },
    description="What a version of the policy would change of one process.",
)


def _dry_run_state(self: _Row) -> DryRunState:
    return DryRunState.DONE if self.row.ended_at else DryRunState.RUNNING


def _stale(self: _Row, info: Info) -> bool:
    return not _holds(self.row, info.context.now)


async def _counts(self: _Row, info: Info) -> Sequence[_Row]:
    async with info.context.reading() as reading:
        found = await dry_runs.counts(reading, self.row.id, scope=info.context.identity)
    return [_Row(row) for row in found]


async def _changes(
    self: _Row,
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    filter: Any = None,  # noqa: A002 (what GraphQL clients call it)
) -> Connection:
    given = read_filter(PolicyChangeFilter, filter)
    async with info.context.reading() as reading:
        page = await dry_runs.changes(
            reading, self.row.id, given, first=first, after=after, scope=info.context.identity
        )
    return Connection(page, _Row)


_changes.__annotations__["filter"] = Optional[input_type(PolicyChangeFilter)]  # noqa: UP045
_DRY_RUN = make(
    "PolicyDryRun",
    {
        "state": resolved(enum(DryRunState), _dry_run_state),
        "started_at": (datetime, strawberry.field(description="As of when it compares.")),
        "ended_at": (datetime | None, strawberry.field()),
        "stale": resolved(bool, _stale, description="Whether it is too old, or not done, to be published upon."),
        "total": (int, strawberry.field(description="Live cases when it began.")),
        "done": (int, strawberry.field(description="Those that have been compared.")),
        "counts": resolved(list[_COUNT], _counts, description="What would change, by kind."),  # type: ignore[valid-type]
        "changes": resolved(connection("ProcessPolicyChange"), _changes, description="What would change, one by one."),
    },
    description="What a version of the policy would change of all that is live, if it were adopted.",
)


# Adoptions.

make(
    "PolicyAdoptionFailure",
    {
        "case": resolved(_MAYBE_PROCESS, _case, description="Null if it is out of sight by now."),
        "code": (str, strawberry.field(description="Why, for programs.")),
        "failed_at": (datetime, strawberry.field()),
    },
    description="A case that could not adopt the policy; the others have gone on.",
)


def _adoption_state(self: _Row) -> AdoptionState:
    return AdoptionState[self.row.state]


async def _failures(self: _Row, info: Info, *, first: First = DEFAULT_FIRST, after: After = None) -> Connection:
    async with info.context.reading() as reading:
        page = await adoptions.failures(reading, self.row.id, first=first, after=after, scope=info.context.identity)
    return Connection(page, _Row)


_ADOPTION = make(
    "PolicyAdoption",
    {
        "state": resolved(enum(AdoptionState), _adoption_state),
        "started_at": (datetime, strawberry.field()),
        "started_by": resolved(_MAYBE_STAFF, _staff("started_by")),
        "ended_at": (datetime | None, strawberry.field(description="When it was done or stopped.")),
        "total": (int, strawberry.field(description="Live cases when it began.")),
        "done": (int, strawberry.field(description="Those that have been gone through.")),
        "failed": (int, strawberry.field(description="Those that could not adopt it; each is in `failures`.")),
        "failures": resolved(connection("PolicyAdoptionFailure"), _failures),
    },
    description="How far all that is live has adopted a version of the policy.",
)


# Versions.


def _name(self: _Row) -> str:
    name: str = self.row.id.partition("@")[0]
    return name


def _version(self: _Row) -> str:
    version: str = self.row.id.partition("@")[2]
    return version


def _status(self: _Row) -> PolicyStatus:
    return policies.status(self.row)


async def _dry_run(self: _Row, info: Info) -> _Row | None:
    async with info.context.reading() as reading:
        row = await dry_runs.latest(reading, self.row.id)
    return _Row(row) if row else None


async def _adoption(self: _Row, info: Info) -> _Row | None:
    async with info.context.reading() as reading:
        row = await adoptions.latest(reading, self.row.id)
    return _Row(row) if row else None


_POLICY = make(
    "Policy",
    {
        "id": (strawberry.ID, strawberry.field(description="Name and version: `lombardia@2026-11-22`.")),
        "name": resolved(str, _name),
        "version": resolved(str, _version),
        "document": (str, strawberry.field(description="The document (YAML); it never changes.")),
        "status": resolved(enum(PolicyStatus), _status),
        "submitted_at": (datetime, strawberry.field()),
        "submitted_by": resolved(_MAYBE_STAFF, _staff("submitted_by"), description="Null for the first one."),
        "published_at": (datetime | None, strawberry.field(description="The last time; null for a draft.")),
        "published_by": resolved(_MAYBE_STAFF, _staff("published_by")),
        "dry_run": resolved(Optional[_DRY_RUN], _dry_run, description="The latest."),  # noqa: UP045
        "adoption": resolved(Optional[_ADOPTION], _adoption, description="The latest."),  # noqa: UP045
    },
    description="A version of the policy: the document from which deadlines and limits come.",
)


def _readable(context: Context) -> None:
    if not context.identity.roles & READERS:
        raise Refused(Refusal.NOT_YOURS, roles=READERS)


async def _one(context: Context, identifier: str | None = None) -> _Row | None:
    async with context.reading() as reading:
        row = await policies.version(reading, identifier)
    return _Row(row) if row else None


async def _policy(self: Any, info: Info, id: strawberry.ID) -> _Row | None:  # noqa: A002, ARG001 (what GraphQL calls them)
    _readable(info.context)
    return None if "\0" in id else await _one(info.context, id)


async def _in_force(self: Any, info: Info) -> _Row | None:  # noqa: ARG001 (the root)
    _readable(info.context)
    return await _one(info.context)


async def _policies(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
) -> Connection:
    _readable(info.context)
    async with info.context.reading() as reading:
        page = await policies.versions(reading, first=first, after=after)
    return Connection(page, _Row)


_WHO_READS = f"By {', '.join(role.name for role in sorted(READERS, key=lambda role: role.rank))}."

QUERIES: Fields = {
    "policy": resolved(Optional[_POLICY], _policy, description=f"A version of the policy. {_WHO_READS}"),  # noqa: UP045
    "policy_in_force": resolved(
        Optional[_POLICY],  # noqa: UP045
        _in_force,
        description=f"The version that what opens now gets its terms from. {_WHO_READS}",
    ),
    "policies": resolved(
        connection("Policy"), _policies, description=f"The versions of the policy, the latest first. {_WHO_READS}"
    ),
}
"""The queries, by Python name."""


# Writing.


@dataclass(frozen=True, kw_only=True)
class _Submitted(Outcome):
    """What became of a document: `node` is the version that it is, or `problems` say why it is none."""

    problems: Sequence[Problem] = ()


_PROBLEM = make(
    "PolicyProblem",
    {
        "line": (int, strawberry.field(description="In the document, from 1.")),
        "message": (str, strawberry.field(description="What is wrong, and what to do.")),
    },
    description="One thing that is wrong with a policy document.",
)


def _stands(self: _Submitted) -> Any:
    return self.node


_SUBMITTED = make(
    "PolicySubmitPayload",
    {
        "policy": resolved(Optional[_POLICY], _stands),  # noqa: UP045
        "problems": (
            list[_PROBLEM],  # type: ignore[valid-type]
            strawberry.field(description="Everything that is wrong with the document, in the order of its lines."),
        ),
        "user_errors": (list[UserError], strawberry.field()),
    },
    description="The version that the document is; null, with the reasons, when it cannot be used.",
)
_PAYLOAD = payload("Policy", field="policy")

Write = Callable[[AsyncConnection, Context, Any, datetime], Awaitable[None]]
"""What a mutation does to the version that its input names, within one transaction."""


async def _try_out(connection: AsyncConnection, _context: Context, given: Any, now: datetime) -> None:
    await dry_runs.start(connection, given.id, now=now)


async def _publish(connection: AsyncConnection, context: Context, given: Any, now: datetime) -> None:
    await _require_dry_run(connection, given.id, now)
    by = context.identity.staff_id
    await policies.publish(connection, given.id, by=by, now=now)
    await adoptions.stop_others(connection, given.id, now=now)
    if given.adopt is Adopting.ALL:
        await adoptions.start(connection, given.id, by=by, now=now, published_at=now)


async def _adopt(connection: AsyncConnection, context: Context, given: Any, now: datetime) -> None:
    await policies.locked(connection)
    row = await policies.version(connection, given.id)
    if row is None or not row.in_force:
        raise Refused(Refusal.POLICY_NOT_IN_FORCE, path=("id",))
    last = await adoptions.latest(connection, given.id)
    if not (last and last.started_at >= row.published_at and last.state != AdoptionState.DONE.name):
        await _require_dry_run(connection, given.id, now)
    by = context.identity.staff_id
    await adoptions.start(connection, given.id, by=by, now=now, published_at=row.published_at)


async def _stop(connection: AsyncConnection, _context: Context, given: Any, now: datetime) -> None:
    await adoptions.stop(connection, given.id, now=now)


async def _require_dry_run(connection: AsyncConnection, identifier: str, now: datetime) -> None:
    run = await dry_runs.latest(connection, identifier)
    if run is None or not _holds(run, now):
        hours = DRY_RUN_HOLDS // timedelta(hours=1)
        raise Refused(Refusal.DRY_RUN_NEEDED, path=("id",), hours=hours)


def _holds(run: AnyRow, now: datetime) -> bool:
    return bool(run.ended_at and run.started_at >= now - DRY_RUN_HOLDS)


def _writable(context: Context, *, wakes: str) -> None:
    if not context.identity.roles & PUBLISHERS:
        raise Refused(Refusal.NOT_YOURS, roles=PUBLISHERS)
    if wakes:
        context.services.engine.require()


async def _written(
    context: Context, given: Any, identifier: str, said: dict[str, Any], *, write: Write, wakes: str
) -> _Row | None:
    """Do what is asked of a version, once for each key, and have Temporal go on with it."""
    asked = Asked(id=request_of(context, given), fingerprint=fingerprint(said))
    async with context.services.database.begin() as connection:
        await policies.require_staff(connection, context.identity.staff_id)
        # Whatever has a key is known by a UUID.
        known = await answered(connection, asked, object_id=_uuid(identifier), version=1, now=context.now)
        if not known:
            await write(connection, context, given, context.now)
    if wakes:
        await context.services.engine.wake(wakes)
    context.forget()
    return await _one(context, identifier)


def _uuid(identifier: str) -> UUID:
    return minted("policy", identifier)


def _mutation(name: str, about: str, write: Write, *, wakes: str = "", more: Fields | None = None) -> tuple[Any, Any]:
    async def take(context: Context, given: Any) -> _Row | None:
        _writable(context, wakes=wakes)
        if "\0" in given.id or await _one(context, given.id) is None:
            raise Refused(Refusal.NOT_FOUND, path=("id",))
        said = {"mutation": name, "about": given.id, "given": [getattr(given, each).name for each in more or ()]}
        return await _written(context, given, given.id, said, write=write, wakes=wakes)

    async def mutate(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL calls them)
        return await outcome(info.context, take(info.context, input))

    fields: Fields = {
        "id": (strawberry.ID, strawberry.field(description="The version: `lombardia@2026-11-22`.")),
        **(more or {}),
        **key(),
    }
    about = f"{about}\n\nBy ADMINISTRATOR."
    mutate.__annotations__["input"] = make(f"{name}Input", fields, description=about, is_input=True)
    return resolved(_PAYLOAD, mutate, description=about)


async def _submit(self: Any, info: Info, input: Any) -> _Submitted:  # noqa: A002, ARG001 (what GraphQL calls them)
    try:
        done = await outcome(info.context, _kept(info.context, input))
    except PolicyInvalid as invalid:
        refused = Refused(Refusal.POLICY_INVALID, path=("document",), count=len(invalid.errors))
        error = user_error(refused, info.context.language)
        return _Submitted(node=None, user_errors=[error], problems=invalid.errors)
    return _Submitted(node=done.node, user_errors=done.user_errors)


async def _kept(context: Context, given: Any) -> _Row | None:
    _writable(context, wakes=DRY_RUN)
    if len(given.document) > DOCUMENT_MOST:
        problem = f"at most {DOCUMENT_MOST} characters"
        raise Refused(Refusal.INPUT_INVALID, path=("document",), problem=problem)
    policy = await context.services.policies.read(given.document)

    async def write(connection: AsyncConnection, context: Context, given: Any, now: datetime) -> None:
        by = context.identity.staff_id
        await policies.submit(connection, policy.id, given.document, by=by, now=now)
        await dry_runs.start(connection, policy.id, now=now)

    said = {"mutation": "PolicySubmit", "given": given.document}
    return await _written(context, given, policy.id, said, write=write, wakes=DRY_RUN)


_ABOUT_SUBMIT = (
    "Bring a document: it is checked whole, kept as a draft, and tried out on all that is live.\n\nBy ADMINISTRATOR."
)
_submit.__annotations__["input"] = make(
    "PolicySubmitInput",
    {"document": (str, strawberry.field(description="YAML, as the one that is shipped.")), **key()},
    description=_ABOUT_SUBMIT,
    is_input=True,
)
_WHO_ADOPTS = {"adopt": (enum(Adopting), strawberry.field(description="Whether all that is live adopts it too."))}

MUTATIONS: Fields = {
    "policy_submit": resolved(_SUBMITTED, _submit, description=_ABOUT_SUBMIT),
    "policy_dry_run": _mutation(
        "PolicyDryRun", "Try a version out, as of now, on all that is live.", _try_out, wakes=DRY_RUN
    ),
    "policy_publish": _mutation(
        "PolicyPublish",
        "Put a version in force, an earlier one too, after a dry run of the last day.",
        _publish,
        wakes=ADOPTION,
        more=_WHO_ADOPTS,
    ),
    "policy_adopt": _mutation(
        "PolicyAdopt",
        "Have all that is live adopt the version in force, or what closed days it has by now, after a dry run of the"
        " last day; go on with what was stopped.",
        _adopt,
        wakes=ADOPTION,
    ),
    "policy_adoption_stop": _mutation("PolicyAdoptionStop", "Have the adoption of a version go no further.", _stop),
}
"""The mutations, by Python name."""
