"""What a declared type is made of: how tables, GraphQL types and inputs are derived from one dataclass."""

import dataclasses
from dataclasses import MISSING, dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

KEPT = "kept by the engine"
"""Marks a field that the engine writes and no client: how much of a stop is booked, of a budget committed."""

ANYWHERE = "of any district"
"""Marks an id that may name what is out of the caller's sight: where a case is handed over to."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One field; `type` is the innermost type: str, Decimal, a `Choice`, a dataclass, an id of `domain.fields`, ..."""

    type: Any
    optional: bool = False
    """None is allowed."""
    many: bool = False
    """A tuple of any length of that type."""
    required: bool = True
    """There is no default."""
    kept: bool = False
    """The engine writes it, never a client: `Annotated[..., KEPT]`."""
    anywhere: bool = False
    """It may be out of the caller's sight: `Annotated[..., ANYWHERE]`."""

    @property
    def points_at(self) -> str | None:
        """The name of what an id points at: `PersonId` points at "Person"; None for anything else."""
        name = self.type.__name__ if isinstance(self.type, NewType) else ""
        return name.removesuffix("Id") if name.endswith("Id") else None


def shapes(declared: type[Any]) -> dict[str, Shape]:
    """Return the shape of every field of a dataclass, in order."""
    hints = get_type_hints(declared, include_extras=True)
    return {
        field.name: dataclasses.replace(
            _shape(hints[field.name]),
            required=field.default is MISSING and field.default_factory is MISSING,
        )
        for field in dataclasses.fields(declared)
    }


def _shape(hint: Any) -> Shape:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inside = _shape(arguments[0])
        return dataclasses.replace(inside, kept=KEPT in arguments, anywhere=ANYWHERE in arguments)
    if origin in (Union, UnionType):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return dataclasses.replace(_shape(inner), optional=NoneType in arguments)
    if origin is tuple:
        return Shape(type=_shape(arguments[0]).type, many=True)
    return Shape(type=hint)
