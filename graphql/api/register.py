"""The register in GraphQL, derived from its declarations: a type, a mutation that makes one and one that amends it."""

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ForwardRef
from uuid import UUID

import strawberry

from api import ids
from api.context import Context, Info
from api.derive import LOADERS, Fields, Reader, input_fields, make, output_fields, resolved
from api.errors import camel
from api.nodes import Node
from api.payloads import changing, making, outcome, payload, request_of
from api.requests import fingerprint, minted
from domain.partner import Partner, PartnerService, Referent
from domain.record import dump_value, read_value
from domain.refusals import Refusal, Refused
from domain.register import Person, Stop, Tenancy
from domain.registered import Registered
from store import register, stops
from store.columns import table_name
from store.register import Stored
from store.requests import Asked

_LISTS: Mapping[type[Registered], Mapping[str, tuple[type[Registered], str]]] = MappingProxyType(
    {
        Person: {"tenancies": (Tenancy, "holder")},
        Partner: {"services": (PartnerService, "partner"), "referents": (Referent, "partner")},
    }
)
"""Short lists of what points at an entry: the field that they are, and by which field they point."""


class RegisterNode:
    """What the fields of an entry are read from; those that are not here are the entry's own."""

    def __init__(self, stored: Stored[Any]) -> None:
        self.stored = stored
        self.version = stored.version

    @property
    def global_id(self) -> str:
        """The id that clients know."""
        return ids.encode(type(self.stored.entry).__name__, self.stored.id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stored.entry, name)


# Reading.


def types() -> list[type[Any]]:
    """Return the GraphQL type of each kind of entry."""
    return [_TYPES[kind] for kind in Registered.kinds.values()]


def _type(kind: type[Registered]) -> type[Any]:
    version = strawberry.field(description="Send it back as `expectedVersion`.")
    lists = {name: _list(points, by) for name, (points, by) in _LISTS.get(kind, {}).items()}
    return make(
        kind.__name__,
        {"version": (int, version), **output_fields(kind, always=kind.filled), **lists},
        description=inspect.getdoc(kind),
        bases=(Node,),
        is_type_of=lambda value, _info: isinstance(value, RegisterNode) and isinstance(value.stored.entry, kind),
    )


def _list(kind: type[Registered], by: str) -> tuple[Any, Any]:
    async def load(context: Context, identifiers: list[UUID]) -> Sequence[Any]:
        async with context.reading() as connection:
            found = await register.pointing_at(connection, kind, by, identifiers, scope=context.identity)
        return [[RegisterNode(each) for each in found[identifier]] for identifier in identifiers]

    async def entries(self: RegisterNode, info: Info) -> Any:
        return await info.context.loader(load).load(self.stored.id)

    return resolved(list[ForwardRef(kind.__name__)], entries)  # type: ignore[misc]


def _fetch(kind: type[Registered]) -> Any:
    async def load(context: Context, identifiers: list[UUID]) -> Sequence[Any]:
        async with context.reading() as connection:
            found = await register.load(connection, kind, identifiers, scope=context.identity)
        return [RegisterNode(found[each]) if each in found else None for each in identifiers]

    async def fetch(info: Info, identifier: UUID) -> Any:
        return await info.context.loader(load).load(identifier)

    return fetch


# Writing.


def mutations() -> Fields:
    """Return the mutations, by Python name: `person_register`, `person_amend`, `contact_record`, ..."""
    return _MUTATIONS


def _mutations(kind: type[Registered]) -> Fields:
    name = table_name(kind.__name__)
    answer = payload(kind.__name__, field=name)

    async def make_one(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL clients call it)
        return await outcome(info.context, _register(info.context, kind, input))

    async def amend_one(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001
        return await outcome(info.context, _amend(info.context, kind, input))

    amendment = "What is left out stays as it is; null takes it away."
    return {
        f"{name}_{kind.verb}": _mutation(kind, kind.verb, {**making(), **input_fields(kind)}, answer, make_one),
        f"{name}_amend": _mutation(
            kind, "amend", {**changing(), **input_fields(kind, partial=True)}, answer, amend_one, more=amendment
        ),
    }


def _mutation(
    kind: type[Registered], verb: str, fields: Fields, answer: type[Any], resolver: Any, *, more: str = ""
) -> tuple[Any, Any]:
    roles = ", ".join(role.name for role in sorted(kind.written_by, key=lambda role: role.rank))
    about = "\n\n".join(
        filter(None, [f"{kind.label.it} / {kind.label.en}. {inspect.getdoc(kind)}", more, f"By {roles}."])
    )
    resolver.__annotations__["input"] = make(
        f"{kind.__name__}{camel(f'_{verb}')}Input", fields, description=about, is_input=True
    )
    return resolved(answer, resolver, description=about)


async def _register(context: Context, kind: type[Registered], given: Any) -> RegisterNode:
    reader = _reader(context, kind, given)
    entry = read_value(kind, reader.read(kind, given))
    new = given.new_id or minted(reader.request_id)
    asked = _asked(reader, f"{kind.__name__}.{kind.verb}", [new], dump_value(entry))
    async with context.services.database.begin() as connection:
        stored = await register.register(
            connection, entry, id=new, asked=asked, scope=context.identity, now=context.now, notes=reader.notes
        )
    context.forget()
    return RegisterNode(stored)


async def _amend(context: Context, kind: type[Registered], given: Any) -> RegisterNode:
    reader = _reader(context, kind, given)
    _, identifier = ids.decode(given.id, expected=kind.__name__, path=("id",))
    changes = reader.read(kind, given)
    asked = _asked(reader, f"{kind.__name__}.amend", [identifier, given.expected_version], changes)
    async with context.services.database.begin() as connection:
        stored = await register.amend(
            connection,
            kind,
            changes,
            id=identifier,
            expected_version=given.expected_version,
            asked=asked,
            scope=context.identity,
            now=context.now,
            notes=reader.notes,
        )
        news = isinstance(stored.entry, Stop) and await stops.amended(
            connection, stored.id, stored.entry, context.services.policies, now=context.now
        )
        if news:
            context.services.engine.require()
    context.forget()
    if news:
        await context.services.engine.wake_dispatch()
    return RegisterNode(stored)


def _reader(context: Context, kind: type[Registered], given: Any) -> Reader:
    if not context.identity.roles & kind.written_by:
        raise Refused(Refusal.NOT_YOURS, roles=kind.written_by)
    return Reader(request_of(context, given))


def _asked(reader: Reader, mutation: str, about: Sequence[Any], given: Mapping[str, Any]) -> Asked:
    said = {"mutation": mutation, "about": about, "given": given, "notes": [*reader.notes.values()]}
    return Asked(id=reader.request_id, fingerprint=fingerprint(said))


# Types and fields are made once, whatever schemas they are part of.
_TYPES = {kind: _type(kind) for kind in Registered.kinds.values()}
_MUTATIONS: Fields = {name: field for kind in Registered.kinds.values() for name, field in _mutations(kind).items()}
LOADERS.update({kind.__name__: _fetch(kind) for kind in Registered.kinds.values()})
