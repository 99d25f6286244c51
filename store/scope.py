"""What a caller may see: one clause, part of every statement on rows that belong to a district."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Table, exists, false, literal, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.process import Process
from domain.refusals import Refusal, Refused
from domain.register import District
from domain.registered import Registered
from domain.roles import STAFF, Role
from store import tables as t
from store.columns import table_name

_AGENCY_WIDE = frozenset(
    {
        t.municipality,
        t.district,
        t.closure,
        t.staff,
        t.absence,
        t.partner,
        t.partner_service,
        t.referent,
        t.funding_line,
    }
)
_THROUGH = {t.dwelling: t.building, t.tenancy: t.dwelling, t.event: t.case_file}


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Who looks: their roles and districts. None is every district; without any, only what belongs to none."""

    staff_id: UUID
    roles: frozenset[Role]
    districts: frozenset[UUID] | None


def within(scope: Scope, table: Table, /) -> ColumnElement[bool]:
    """Return the clause that keeps the rows of a table to what the caller may see; it denies unless it knows better.

    A row belongs to a district by its `district_id`, or by that of what it is in. Where it may belong to none (a
    person met once), everybody of the agency sees it; who is not of the agency sees nothing.
    """
    if not scope.roles & STAFF:
        return false()
    if table in _AGENCY_WIDE:
        return true()
    if table in _THROUGH:
        place = _THROUGH[table]
        (key,) = (key for key in table.foreign_keys if key.column.table is place)
        seen = select(place.c.id).where(within(scope, place))
        return true() if scope.districts is None else key.parent.in_(seen)
    column = table.c.get("district_id")
    if column is None:
        return false()
    if scope.districts is None:
        return true()
    mine: ColumnElement[bool] = column.in_(scope.districts)
    if table is t.person:
        # Who sees a case sees its person, wherever the register has them.
        file = t.case_file.c
        mine = or_(mine, exists().where(file.person_id == t.person.c.id, file.district_id.in_(scope.districts)))
    return or_(mine, column.is_(None)) if column.nullable else mine


async def require(
    connection: AsyncConnection, named: Iterable[tuple[tuple[str, ...], str, UUID]], *, scope: Scope
) -> None:
    """Make sure that what an input names is there and in the caller's sight, with one statement.

    Each is (path, type, id); the type is that of a global id, a process or an entry of the register. Raises `Refused`
    (NOT_FOUND) with the path of the first that is not. Of districts, that everybody reads, only the caller's own do.
    """
    named = list(named)
    if not named:
        return
    by_type: dict[str, set[UUID]] = {}
    for _, type_name, identifier in named:
        by_type.setdefault(type_name, set()).add(identifier)
    looks = [
        select(literal(type_name).label("type"), table.c.id).where(table.c.id.in_(wanted), within(scope, table), *more)
        for type_name, wanted in by_type.items()
        for table, *more in [_where(type_name, scope)]
    ]
    found = {(row.type, row.id) for row in await connection.execute(union_all(*looks))}
    for path, *what in named:
        if tuple(what) not in found:
            raise Refused(Refusal.NOT_FOUND, path=path)


def _where(type_name: str, scope: Scope) -> tuple[Table, *tuple[ColumnElement[bool], ...]]:
    if type_name == District.__name__ and scope.districts is not None:
        return t.district, t.district.c.id.in_(scope.districts)
    if type_name in Registered.kinds:
        return (t.metadata.tables[table_name(type_name)],)
    if type_name == Process.__name__:
        return (t.process,)
    return t.process, t.process.c.kind == table_name(type_name).upper()
