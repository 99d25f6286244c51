"""The register, read and written: every entry by its declaration, within the caller's scope, once for each request.

Each function is part of its caller's transaction. What a function refuses, the caller rolls back.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import ARRAY, Select, Table, Uuid, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.choices import Choice
from domain.contact import Contact
from domain.record import read_value
from domain.refusals import Refusal, Refused
from domain.register import Person
from domain.registered import Registered
from domain.shape import Shape, shapes
from store import contacts, requests
from store import notes as store_notes
from store import tables as t
from store.casework import SCOPES
from store.columns import column_name, table_name
from store.database import AnyRow
from store.joins import Part
from store.requests import Asked
from store.scope import Scope, require, within

R = TypeVar("R", bound=Registered)

_NO_NOTES: Mapping[UUID, str] = MappingProxyType({})


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
    rows = await connection.execute(_by_id(_table(kind), scope), {"ids": [*identifiers]})
    return {row.id: stored(kind, row) for row in rows}


@lru_cache(16 * SCOPES)
def _by_id(table: Table, scope: Scope) -> Select[Any]:
    ids = bindparam("ids", type_=ARRAY(Uuid))
    return select(table).where(table.c.id == any_(ids), within(scope, table))


async def register(
    connection: AsyncConnection,
    entry: R,
    *,
    id: UUID,  # noqa: A002 (its name everywhere)
    asked: Asked,
    scope: Scope,
    now: datetime,
    notes: Mapping[UUID, str] = _NO_NOTES,
) -> Stored[R]:
    """Write a new entry and return it; a request that has done so before returns it as it stands.

    `notes` are the texts of the notes that the entry names, by id. Raises `Refused` if the id or the unique field
    is taken, what the entry names is not there, or its fields contradict each other.
    """
    kind = type(entry)
    known = await requests.answered(connection, asked, object_id=id, version=1, now=now)
    if known:
        return await _one(connection, kind, known, scope=scope)
    entry = await _checked(connection, entry, before=None, notes=notes, scope=scope, now=now)
    table = _table(kind)
    new = upsert(table).values(id=id, **_values(entry)).on_conflict_do_nothing(index_elements=["id"]).returning(table)
    with _unlike_others(kind):
        row = (await connection.execute(new)).one_or_none()
    if row is None:
        raise Refused(Refusal.ALREADY_EXISTS, path=("new_id",))
    return stored(kind, row)


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
    notes: Mapping[UUID, str] = _NO_NOTES,
) -> Stored[R]:
    """Change some fields of an entry and return it; a request that has done so before returns it as it stands.

    `changes` are values as a client gives them, by field; `notes` as for `register`. Raises `Refused` as it does, or if
    there is no such entry, or it has another version.
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
    for name in kind.filled & changes.keys():
        if changes[name] is None:
            raise Refused(Refusal.INPUT_INVALID, path=(name,), problem="it is always there and cannot be taken away")
    before = stored(kind, row).entry
    told = vars(before) | dict(changes)
    if isinstance(before, Contact) and contacts.moved(before, changes):
        told["district"] = None
    entry: R = read_value(kind, told)
    entry = await _checked(connection, entry, before=before, notes=notes, scope=scope, now=now)
    values = _values(entry) | {"version": row.version + 1}
    after = update(table).where(table.c.id == id).values(values).returning(table)
    with _unlike_others(kind):
        return stored(kind, (await connection.execute(after)).one())


async def pointing_at(
    connection: AsyncConnection, kind: type[R], field: str, identifiers: Collection[UUID], *, scope: Scope
) -> dict[UUID, list[Stored[R]]]:
    """Return, for each of these ids, the entries in sight whose `field` points at it, in the order of their ids."""
    table, found = _table(kind), {identifier: list[Stored[R]]() for identifier in identifiers}
    column = table.c[column_name(field, shapes(kind)[field])]
    rows = await connection.execute(
        select(table).where(column.in_(identifiers), within(scope, table)).order_by(table.c.id)
    )
    for row in rows:
        found[row._mapping[column]].append(stored(kind, row))  # noqa: SLF001 (a public name of SQLAlchemy's)
    return found


def folded(name: str, /) -> str:
    """Return a name as it is searched for: letters and digits without accents or case, one space between words.

    What begins with a prefix is a range: the column `search` is in the order of code points.
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(letter for letter in plain if letter.isalnum() or letter.isspace()).split())


async def _one(connection: AsyncConnection, kind: type[R], identifier: UUID, *, scope: Scope) -> Stored[R]:
    found = await load(connection, kind, [identifier], scope=scope)
    if identifier not in found:
        raise Refused(Refusal.NOT_FOUND, path=("id",))
    return found[identifier]


@contextmanager
def _unlike_others(kind: type[Registered]) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation) and kind.unique:
            raise Refused(Refusal.ALREADY_REGISTERED, path=(kind.unique,)) from None
        raise


async def _checked(
    connection: AsyncConnection,
    entry: R,
    *,
    before: R | None,
    notes: Mapping[UUID, str],
    scope: Scope,
    now: datetime,
) -> R:
    """Return the entry complete, its notes written, once what it points at is there and all its fields agree.

    What it pointed at `before` may be out of sight by now, or always have been; but notes are written in its case.
    """
    known = {
        (name, identifier)
        for name, _, shape in _COLUMNS[type(entry)]
        if before and shape.points_at and not (notes and name == "case")
        for _, identifier in _ids(getattr(before, name))
    }
    pointing = [
        ((name, *place), shape.points_at, identifier)
        for name, _, shape in _COLUMNS[type(entry)]
        if shape.points_at
        for place, identifier in _ids(getattr(entry, name))
        if (name, identifier) not in known
    ]
    await require(connection, pointing, scope=scope)
    complete: Any = entry
    if isinstance(entry, Contact):
        complete = await contacts.completed(connection, entry, staff_id=scope.staff_id, now=now)
    complete.check(now)
    await store_notes.write(connection, notes, process_id=getattr(complete, "case", None), scope=scope, now=now)
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


def stored(kind: type[R], row: AnyRow | Part, /) -> Stored[R]:
    """Return the entry that a row of its table holds."""
    values = {name: _read(shape, getattr(row, column)) for name, column, shape in _COLUMNS[kind]}
    return Stored(id=row.id, version=row.version, entry=kind(**values))


def partly_stored(kind: type[R], row: AnyRow | Part, columns: Collection[str], /) -> Stored[R]:
    """Return the entry that a row holds a part of; the fields of other columns than these are not to be read."""
    values = {name: _read(shape, getattr(row, column)) for name, column, shape in _COLUMNS[kind] if column in columns}
    version = row.version if "version" in columns else 0
    return Stored(id=row.id, version=version, entry=kind(**values))


def columns_of(kind: type[Registered], fields: Collection[str], /) -> frozenset[str]:
    """Return the columns of these fields (`version` is one), and of those that no entry can be made without."""
    return frozenset(
        [column for name, column, shape in _COLUMNS[kind] if name in fields or shape.required]
        + [column for column in ("version",) if column in fields]
    )


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
