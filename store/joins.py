"""What a row refers to, read along with it: columns of other tables, under the name of each reference."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, select

from store.database import AnyRow


class Part:
    """The part of a row that belongs to one reference: it reads like a row of the table referred to."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: AnyRow, reference: str) -> None:
        self._row = row
        self._prefix = _prefix(reference)

    def __getattr__(self, column: str) -> Any:
        return getattr(self._row, self._prefix + column)


class Joined:
    """Columns of a table, and of what its rows refer to; where there is nothing to refer to, they are null."""

    def __init__(self, table: Table, columns: Iterable[ColumnElement[Any]]) -> None:
        self._from: FromClause = table
        self._columns = [*columns]

    def through(self, table: Table, *on: ColumnElement[bool]) -> "Joined":
        """Join a table that is only on the way."""
        self._from = self._from.outerjoin(table, and_(*on))
        return self

    def along(self, reference: str, table: Table, *on: ColumnElement[bool], columns: Collection[str]) -> "Joined":
        """Read these columns, and the id, of what each row refers to."""
        return self.beside(reference, {name: table.c[name] for name in sorted({"id", *columns})}).through(table, *on)

    def beside(self, reference: str, columns: Mapping[str, ColumnElement[Any]]) -> "Joined":
        """Read what the rows themselves say of what they refer to."""
        self._columns += [column.label(_prefix(reference) + name) for name, column in columns.items()]
        return self

    def select(self) -> Select[Any]:
        """Return the statement."""
        return select(*self._columns).select_from(self._from)


def _prefix(reference: str) -> str:
    return f"{reference}__"
