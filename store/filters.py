"""What a list is narrowed to: a dataclass whose fields are named after the columns of its table.

    district: DistrictId | None          the row's `district_id` is this one
    status: Several[Status]              its `status` is one of these
    urgency: Urgency | None              its `urgency` (a rank) is that of this member
    opened_from, opened_to: Day | None   its `opened_at` is on these local days of Italy, both included

A field that is None, or empty, narrows nothing.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator
from sqlalchemy import ColumnElement, Integer, Table

from domain.choices import Choice
from domain.fields import start_of
from domain.process import Process
from domain.shape import Shape, shapes
from store.columns import column_name

_FROM, _TO = "_from", "_to"


def _known(kind: str) -> str:
    if kind not in Process.kinds:
        raise ValueError(f"expected one of {', '.join(Process.kinds)}")
    return kind


Kind = Annotated[str, AfterValidator(_known)]
"""A kind of process, by name: `ARREARS_SUPPORT`."""


C = TypeVar("C")

Several = Annotated[tuple[C, ...], AfterValidator(lambda members: tuple(dict.fromkeys(members)))]
"""Any of these members of a closed list; never more of them than there are, because what is said twice counts once."""


def matching(given: Any, table: Table, /, *, leave_out: Collection[str] = ()) -> Iterator[ColumnElement[bool]]:
    """Yield a clause for each field of a filter but those to `leave_out`, which mean something of their own."""
    for name, shape in _shapes(type(given)).items():  # type: ignore[arg-type]
        value = getattr(given, name)
        if value is None or value == () or name in leave_out:
            continue
        if name.endswith(_FROM):
            yield table.c[f"{name.removesuffix(_FROM)}_at"] >= start_of(value)
        elif name.endswith(_TO):
            yield table.c[f"{name.removesuffix(_TO)}_at"] < start_of(value + timedelta(days=1))
        else:
            column = table.c[column_name(name, shape)]
            wanted = [_stored(column, each) for each in (value if shape.many else [value])]
            yield column.in_(wanted) if len(wanted) > 1 else column == wanted[0]


@cache
def _shapes(declared: Hashable) -> Mapping[str, Shape]:
    return shapes(declared)  # type: ignore[arg-type]


def _stored(column: ColumnElement[Any], value: Any) -> Any:
    if not isinstance(value, Choice):
        return value
    return value.rank if isinstance(column.type, Integer) else value.name
