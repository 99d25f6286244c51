"""What a caller may see: one clause, part of every statement on rows that belong to a district."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Table, or_, true

from domain.roles import Role


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Who looks: their districts (None is every district) and roles. An empty set of districts sees nothing."""

    staff_id: UUID
    roles: frozenset[Role]
    districts: frozenset[UUID] | None


def within(scope: Scope, table: Table, /) -> ColumnElement[bool]:
    """Return the clause that keeps the rows of a table with a `district_id` to the caller's districts.

    Where a row may belong to no district (a person met once), everybody of the agency sees it.
    """
    if scope.districts is None:
        return true()
    column = table.c.district_id
    mine = column.in_(scope.districts)
    return or_(mine, column.is_(None)) if column.nullable else mine
