"""What tables are made of, and how a declaration of the register becomes one.

Ids are UUIDs, minted by clients or derived from the request. Closed lists are stored by name. Every instant is
`timestamptz`, every amount `numeric(12,2)` EUR.
"""

import dataclasses
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from domain.choices import Choice
from domain.fields import Note
from domain.registered import Registered
from domain.shape import Shape, shapes

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

_TYPES: dict[Any, TypeEngine[Any]] = {
    str: Text(),
    int: Integer(),
    bool: Boolean(),
    Decimal: Numeric(12, 2),
    date: Date(),
    datetime: DateTime(timezone=True),
    AwareDatetime: DateTime(timezone=True),
}


def uid() -> Column[object]:
    """Return the primary key that most tables have."""
    return Column("id", Uuid, primary_key=True)


def ref(name: str, target: str, *, nullable: bool = False) -> Column[object]:
    """Return a foreign key to the `id` of the table `target`."""
    return Column(name, Uuid, ForeignKey(f"{target}.id"), nullable=nullable)


def at(name: str, *, nullable: bool = False) -> Column[object]:
    """Return a column for an instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def euro(name: str) -> Column[object]:
    """Return a column for an amount in EUR, to the cent."""
    return Column(name, Numeric(12, 2), nullable=False)


def words(name: str, *, nullable: bool = False) -> Column[object]:
    """Return a column for a text, or for the name of a member of a closed list."""
    return Column(name, Text, nullable=nullable)


def lists(name: str) -> Column[object]:
    """Return a column for texts, empty unless given."""
    return Column(name, ARRAY(Text), nullable=False, server_default="{}")


# The register.


def table_name(declared: str, /) -> str:
    """Return the name of the table of a type: `ServicePoint` is in `service_point`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", declared).lower()


def column_name(field: str, shape: Shape, /) -> str:
    """Return the name of the column of a field: `district`, one id, is in `district_id`."""
    return f"{field}_id" if _target(shape) and not shape.many else field


def register_table(declared: type[Registered], /, *more: Column[object] | CheckConstraint) -> Table:
    """Return the table of an entry of the register: a column a field, and a version for those who change it."""
    defaults = {field.name: field.default for field in dataclasses.fields(declared)}
    return Table(
        table_name(declared.__name__),
        metadata,
        uid(),
        *(
            _column(name, shape, default=defaults[name], filled=name in declared.filled)
            for name, shape in shapes(declared).items()
        ),
        *more,
        *([UniqueConstraint(declared.unique)] if declared.unique else []),
        Column("version", Integer, nullable=False, server_default="1"),
    )


def _target(shape: Shape) -> str | None:
    """Where an id points, None if the field is not an id."""
    return "Note" if shape.type is Note else shape.points_at


def _column(field: str, shape: Shape, *, default: object, filled: bool) -> Column[object]:
    name, target = column_name(field, shape), _target(shape)
    nullable = shape.optional and not filled
    if shape.many:
        inner = Uuid() if target else _type(shape)
        return Column(name, ARRAY(inner), nullable=False, server_default="{}")
    if target:
        return ref(name, table_name(target), nullable=nullable)
    return Column(name, _type(shape), nullable=nullable, server_default=_default(default))


def _type(shape: Shape) -> TypeEngine[Any]:
    is_choice = isinstance(shape.type, type) and issubclass(shape.type, Choice)
    return Text() if is_choice else _TYPES[shape.type]


def _default(value: object) -> str | None:
    if isinstance(value, Choice):
        return value.name
    return str(value).lower() if isinstance(value, (bool, int, Decimal)) else None
