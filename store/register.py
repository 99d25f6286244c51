"""The register, read and written: every entry by its declaration, within the caller's scope, once for each request.

Each function is part of its caller's transaction. What a function refuses, the caller rolls back.
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Table, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.choices import Choice
from domain.contact import Contact
from domain.record import read_value
from domain.refusals import Refusal, Refused
from domain.register import Person
from domain.registered import Registered
from domain.shape import Shape, shapes
from store import contacts, requests
from store import tables as t
from store.columns import column_name, table_name
from store.database import AnyRow
from store.requests import Asked
from store.scope import Scope, require, within

R = TypeVar("R", bound=Registered)

_LAST = "\U0010ffff"
"""The last code point: what begins with a prefix comes before the prefix and this."""


@dataclass(frozen=True, kw_only=True)
class Stored(Generic[R]):
    """An entry as the register holds it; its version is 1 when it is made, and rises with every amendment."""

    id: UUID
    version: int
    entry: R


async def load(
    connection: AsyncConnection, kind: type[R], identifiers: Collection[UUID], *, scope: Scope
) -> dict[UUID, Stored[R]]:
    """Return those of these entries that the caller may see."""
    table = _table(kind)
    rows = await connection.execute(select(table).where(table.c.id.in_(identifiers), within(scope, table)))
    return {row.id: _stored(kind, row) for row in rows}


async def register(
    connection: AsyncConnection,
    entry: R,
    *,
    id: UUID,  # noqa: A002 (its name everywhere)
    asked: Asked,
    scope: Scope,
    now: datetime,
) -> Stored[R]:
    """Write a new entry and return it; a request that has done so before returns it as it stands.

    Raises `Refused` if the id is taken, what the entry names is not there, or its fields contradict each other.
    """
    kind = type(entry)
    known = await requests.answered(connection, asked, object_id=id, version=1, now=now)
    if known:
        return await _one(connection, kind, known, scope=scope)
    values = _values(await _checked(connection, entry, scope=scope, now=now, named={*shapes(kind)}))
    table = _table(kind)
    new = upsert(table).values(id=id, **values).on_conflict_do_nothing().returning(table)
    row = (await connection.execute(new)).one_or_none()
    if row is None:
        raise Refused(Refusal.ALREADY_EXISTS, path=("new_id",))
    return _stored(kind, row)


async def amend(
    connection: AsyncConnection,
    kind: type[R],
    changes: Mapping[str, object],
    *,
    id: UUID,  # noqa: A002
    expected_version: int,
    asked: Asked,
    scope: Scope,
    now: datetime,
) -> Stored[R]:
    """Change some fields of an entry and return it; a request that has done so before returns it as it stands.

    `changes` are values as a client gives them, by field. Raises `Refused` as `register` does, or if there is no such
    entry, or it has another version.
    """
    known = await requests.answered(connection, asked, object_id=id, version=expected_version + 1, now=now)
    if known:
        return await _one(connection, kind, known, scope=scope)
    table = _table(kind)
    locked = select(table).where(table.c.id == id, within(scope, table)).with_for_update(key_share=True)
    row = (await connection.execute(locked)).one_or_none()
    if row is None:
        raise Refused(Refusal.NOT_FOUND, path=("id",))
    if row.version != expected_version:
        raise Refused(Refusal.STALE_VERSION, path=("expected_version",), version=row.version, expected=expected_version)
    before = _stored(kind, row).entry
    entry: R = read_value(kind, vars(before) | dict(changes))
    changed = {name for name in shapes(kind) if getattr(entry, name) != getattr(before, name)}
    values = _values(await _checked(connection, entry, scope=scope, now=now, named=changed))
    after = update(table).where(table.c.id == id).values(**values, version=row.version + 1).returning(table)
    return _stored(kind, (await connection.execute(after)).one())


async def persons_named(
    connection: AsyncConnection, name: str, *, scope: Scope, first: int, after: UUID | None = None
) -> Sequence[Stored[Person]]:
    """Return the first persons whose name begins so (family name, given name), in alphabetical order.

    Case, accents and punctuation do not matter. `after` is the last person of the page before.
    """
    prefix, person = folded(name), t.person.c
    page = (
        select(t.person)
        .where(person.search >= prefix, person.search < prefix + _LAST, within(scope, t.person))
        .order_by(person.search, person.id)
        .limit(first)
    )
    if after:
        last = select(person.search).where(person.id == after).correlate(None).scalar_subquery()
        page = page.where(tuple_(person.search, person.id) > tuple_(last, after))
    return [_stored(Person, row) for row in await connection.execute(page)]


def folded(name: str, /) -> str:
    """Return a name as it is searched for: letters and digits without accents or case, words apart by one space."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(letter for letter in plain if letter.isalnum() or letter.isspace()).split())


async def _one(connection: AsyncConnection, kind: type[R], identifier: UUID, *, scope: Scope) -> Stored[R]:
    found = await load(connection, kind, [identifier], scope=scope)
    if identifier not in found:
        raise Refused(Refusal.NOT_FOUND, path=("id",))
    return found[identifier]


async def _checked(connection: AsyncConnection, entry: R, *, scope: Scope, now: datetime, named: Collection[str]) -> R:
    """Return the entry complete, once what its fields in `named` point at is there and all fields agree."""
    pointing = [
        ((name, *place), shape.points_at, identifier)
        for name, _, shape in _COLUMNS[type(entry)]
        if name in named and shape.points_at
        for place, identifier in _ids(getattr(entry, name))
    ]
    await require(connection, pointing, scope=scope)
    complete: Any = entry
    if isinstance(entry, Contact):
        complete = await contacts.completed(connection, entry, staff_id=scope.staff_id, now=now)
    complete.check(now)
    return complete  # type: ignore[no-any-return]


def _ids(value: Any) -> list[tuple[tuple[str, ...], UUID]]:
    if value is None:
        return []
    return [((str(place),), each) for place, each in enumerate(value)] if isinstance(value, tuple) else [((), value)]


# Between rows and entries.


def _table(kind: type[Registered]) -> Table:
    return t.metadata.tables[table_name(kind.__name__)]


_COLUMNS: Mapping[type[Registered], Sequence[tuple[str, str, Shape]]] = {
    kind: [(name, column_name(name, shape), shape) for name, shape in shapes(kind).items()]
    for kind in Registered.kinds.values()
}
"""The fields of each kind of entry: name, column, shape."""


def _stored(kind: type[R], row: AnyRow) -> Stored[R]:
    values = {name: _read(shape, getattr(row, column)) for name, column, shape in _COLUMNS[kind]}
    return Stored(id=row.id, version=row.version, entry=kind(**values))


def _values(entry: Registered) -> dict[str, Any]:
    values = {column: _written(getattr(entry, name)) for name, column, _ in _COLUMNS[type(entry)]}
    if isinstance(entry, Person):
        values["search"] = folded(f"{entry.family_name or ''} {entry.given_name or ''}")
    return values


def _read(shape: Shape, value: Any) -> Any:
    if value is None:
        return None
    if shape.many:
        return tuple(_read(Shape(type=shape.type), each) for each in value)
    return shape.type[value] if isinstance(shape.type, type) and issubclass(shape.type, Choice) else value


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    return value.name if isinstance(value, Choice) else value
