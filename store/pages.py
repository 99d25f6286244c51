"""Pages of a list, by keyset: a page begins after the last row of the one before, whatever was added meanwhile.

A cursor is opaque to clients: base64url of the name of the order and the row's values in it; of names of people, which
belong in no log, only the row's id, with which one more statement finds them again. A page asks for one row more than
it has, to know whether there is a next.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Integer, Select, SmallInteger, and_, bindparam, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.refusals import Refusal, Refused
from store.database import AnyRow

MOST = 100
"""Rows of a page."""

_EVERYTHING = true()


@dataclass(frozen=True)
class Order:
    """How a list is sorted: columns, each with whether it ascends. The last ones tell any two rows apart.

    Nulls come last. Columns that all go one way and are never null are found by an index on them alone. `personal`:
    they hold names of people; the last one is the row's id, and all that a cursor has.
    """

    name: str
    keys: tuple[tuple[ColumnElement[Any], bool], ...]
    personal: bool = False

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """The columns, the first one first."""
        return [column for column, _ in self.keys]

    @property
    def told(self) -> list[ColumnElement[Any]]:
        """The columns whose values are in a cursor."""
        return self.columns[-1:] if self.personal else self.columns


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and whether more come before and after."""

    rows: Sequence[AnyRow]
    has_previous_page: bool
    has_next_page: bool
    order: Order

    def cursor(self, row: AnyRow, /) -> str:
        """Return where a row of this page stands."""
        values = [self.order.name, *(row._mapping[column] for column in self.order.told)]  # noqa: SLF001 (its public name)
        return urlsafe_b64encode(orjson.dumps(values, default=str)).decode().rstrip("=")


class Pages:
    """A statement in an order, to be read page by page. It may be kept: making one costs more than running it."""

    def __init__(self, statement: Select[Any], order: Order, *, sight: ColumnElement[bool] = _EVERYTHING) -> None:
        """`sight` is the clause by which the caller sees a row, for an order that is personal."""
        selected = statement.selected_columns
        missing = (column for column in order.columns if not selected.contains_column(column))
        ordered = statement.add_columns(*missing).order_by(*(_sorted(*key) for key in order.keys))
        # Within the text: PostgreSQL plans for a tenth of all rows when it does not know how many are wanted.
        self._statement = ordered.limit(bindparam("limit", type_=Integer, literal_execute=True))
        self._order = order
        self._again = select(*order.columns).where(order.columns[-1] == bindparam("id"), sight)
        # By which of the cursor's values are null: that is how the statements differ.
        self._after: dict[tuple[bool, ...], Select[Any]] = {}

    async def page(self, connection: AsyncConnection, *, first: int, after: str | None, **parameters: Any) -> "Page":
        """Return the `first` rows from the cursor `after` on; `parameters` are the statement's own.

        Raises `Refused` (PAGE_INVALID, CURSOR_INVALID).
        """
        if not 1 <= first <= MOST:
            raise Refused(Refusal.PAGE_INVALID, path=("first",), most=MOST)
        statement = self._statement
        if after is not None:
            values: Sequence[Any] = _read(self._order, after)
            if self._order.personal:
                values = await self._found_again(connection, *values)
            nulls = tuple(value is None for value in values)
            if nulls not in self._after:
                self._after[nulls] = statement.where(_beyond(self._order.keys, nulls))
            statement = self._after[nulls]
            parameters |= {f"after_{place}": value for place, value in enumerate(values) if value is not None}
        rows = (await connection.execute(statement, {"limit": first + 1, **parameters})).all()
        return Page(rows[:first], after is not None, len(rows) > first, self._order)

    async def _found_again(self, connection: AsyncConnection, identifier: object) -> Sequence[Any]:
        row = (await connection.execute(self._again, {"id": identifier})).one_or_none()
        if row is None:
            raise Refused(Refusal.CURSOR_INVALID, path=("after",))
        return tuple(row)


def _sorted(column: ColumnElement[Any], ascending: bool) -> ColumnElement[Any]:  # noqa: FBT001 (a key of an order)
    ordered = column.asc() if ascending else column.desc()
    return ordered.nulls_last() if _nullable(column) else ordered


def _nullable(column: ColumnElement[Any]) -> bool:
    nullable: bool = getattr(column, "nullable", True)
    return nullable


# The rows after a cursor.


def _beyond(keys: Sequence[tuple[ColumnElement[Any], bool]], nulls: Sequence[bool], at: int = 0) -> ColumnElement[bool]:
    """Return the clause: after a cursor, whose values are the parameters `after_0`, ... but for those that are null."""
    columns, ways = [column for column, _ in keys[at:]], {ascending for _, ascending in keys[at:]}
    values = [bindparam(f"after_{place}", type_=column.type) for place, column in enumerate(columns, start=at)]
    if len(ways) == 1 and not any(map(_nullable, columns)):
        left, right = tuple_(*columns), tuple_(*values)
        return left > right if ways.pop() else left < right
    (column, ascending), value = keys[at], values[0]
    same = column.is_(None) if nulls[at] else column == value
    after = [] if nulls[at] else [column > value if ascending else column < value]
    if _nullable(column) and not nulls[at]:
        after.append(column.is_(None))
    if at + 1 < len(keys):
        after.append(and_(same, _beyond(keys, nulls, at + 1)))
    return or_(*after)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant has its offset")
    return instant


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("PostgreSQL has no NUL")
    return text


_FROM_TEXT: Mapping[type, Callable[[str], Any]] = {
    str: _text,
    UUID: UUID,
    datetime: _instant,
    date: date.fromisoformat,
}


def _read(order: Order, cursor: str) -> list[Any]:
    try:
        name, *values = orjson.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        read = [_value(column, value) for column, value in zip(order.told, values, strict=True)]
    except (ValueError, TypeError):
        name = None
    if name != order.name:
        raise Refused(Refusal.CURSOR_INVALID, path=("after",))
    return read


def _value(column: ColumnElement[Any], value: Any) -> Any:
    if value is None and _nullable(column):
        return None
    kind = column.type.python_type
    if kind in _FROM_TEXT and isinstance(value, str):
        return _FROM_TEXT[kind](value)
    if kind is int and type(value) is int and abs(value) <= _largest(column):
        return value
    raise ValueError("not a value of this column")


def _largest(column: ColumnElement[Any]) -> int:
    return (1 << 15 if isinstance(column.type, SmallInteger) else 1 << 31) - 1
