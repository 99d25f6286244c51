"""From declarations to GraphQL: a dataclass of the domain becomes an output type, an input type, an enum.

Ids become the objects that they point at (output) or global ids (input), closed lists enums, notes text, amounts
decimals. Nothing about a field is said twice.
"""

import asyncio
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ForwardRef, Optional
from uuid import UUID

import strawberry
from pydantic import AwareDatetime
from strawberry.types.enum import EnumValue

from api import ids
from api.context import Info
from api.requests import minted
from api.types import publish
from domain.choices import Choice
from domain.fields import Note, NoteText
from domain.process import Process
from domain.record import read_value
from domain.refusals import Refusal, Refused
from domain.shape import Shape, shapes

Fields = Mapping[str, tuple[Any, Any]]
"""The fields of a type by Python name: annotation, and what `strawberry.field` made."""

_SCALARS: dict[Any, Any] = {
    str: str,
    int: int,
    bool: bool,
    Decimal: Decimal,
    date: date,
    datetime: datetime,
    AwareDatetime: datetime,
    UUID: UUID,
}
_outputs: dict[type[Any], type[Any]] = {}
_inputs: dict[type[Any], type[Any]] = {}
_enums: set[type[Choice]] = set()

LOADERS: dict[str, Callable[[Info, UUID], Any]] = {}
"""How the object of an id is fetched (`None` if out of the caller's sight), by the name of its GraphQL type."""


def enum(declared: type[Choice], /, *, name: str = "") -> type[Choice]:
    """Return a closed list as a GraphQL enum, its values described by their labels."""
    if declared not in _enums:
        _enums.add(declared)
        strawberry.enum(declared, name=name or declared.__name__, description=inspect.getdoc(declared))
        values: list[EnumValue] = declared.__strawberry_definition__.values  # type: ignore[attr-defined]
        for value in values:
            label = declared[value.name].label
            value.description = f"{label.it} / {label.en}"
    return declared


def make(
    name: str,
    fields: Fields,
    /,
    *,
    description: str | None = None,
    bases: tuple[type[Any], ...] = (),
    is_input: bool = False,
    is_type_of: Callable[[Any, Any], bool] | None = None,
) -> type[Any]:
    """Return a GraphQL type with these fields, published under its name."""
    namespace: dict[str, Any] = {python_name: made for python_name, (_, made) in fields.items()}
    namespace["__annotations__"] = {python_name: annotation for python_name, (annotation, _) in fields.items()}
    namespace["__module__"] = publish.__module__
    if is_type_of:
        namespace["is_type_of"] = staticmethod(is_type_of)
    bare = types.new_class(name, bases, {}, lambda body: body.update(namespace))
    return publish(name, strawberry.type(bare, description=description, is_input=is_input))


# Out.


def output(declared: type[Any], /, *, name: str = "") -> type[Any]:
    """Return a nested dataclass as a GraphQL type that reads the dataclass's own fields."""
    if declared not in _outputs:
        _outputs[declared] = make(name or declared.__name__, output_fields(declared), description=_doc(declared))
    return _outputs[declared]


def output_fields(
    declared: type[Any], /, *, leave_out: frozenset[str] = frozenset(), always: frozenset[str] = frozenset()
) -> Fields:
    """Return the GraphQL fields of a dataclass; those in `always` are there even if it allows that they are not."""
    return {
        name: _output_field(name, replace(shape, optional=shape.optional and name not in always))
        for name, shape in shapes(declared).items()
        if name not in leave_out
    }


def resolved(annotation: Any, resolver: Callable[..., Any], /, *, description: str | None = None) -> tuple[Any, Any]:
    """Return a field with a resolver of `(self, info, ...)`, which may return types that are published later."""
    resolver.__annotations__["return"] = annotation
    resolver.__module__ = publish.__module__
    return annotation, strawberry.field(resolver=resolver, description=description)


def _output_field(name: str, shape: Shape) -> tuple[Any, Any]:
    target = shape.points_at or ("Note" if shape.type is Note else None)
    if not target:
        return _wrapped(_output_type(shape), shape), strawberry.field()

    async def one(self: Any, info: Info) -> Any:
        identifier = getattr(self, name)
        return identifier and await LOADERS[target](info, identifier)

    async def all_of_them(self: Any, info: Info) -> Any:
        found = await asyncio.gather(*(LOADERS[target](info, identifier) for identifier in getattr(self, name)))
        return [each for each in found if each]

    reference = ForwardRef(target)
    return resolved(list[reference], all_of_them) if shape.many else resolved(Optional[reference], one)  # type: ignore[valid-type]  # noqa: UP045


def _output_type(shape: Shape) -> Any:
    if shape.type in _SCALARS:
        return _SCALARS[shape.type]
    return enum(shape.type) if issubclass(shape.type, Choice) else output(shape.type)


def _wrapped(inner: Any, shape: Shape) -> Any:
    annotation = list[inner] if shape.many else inner
    return Optional[annotation] if shape.optional else annotation  # noqa: UP045 (a forward reference has no `|`)


# In.


@dataclass
class Reader:
    """Turns the value of a derived input into what pydantic checks: ids decoded, texts set aside as notes."""

    request_id: str
    notes: dict[UUID, str] = field(default_factory=dict)
    """Texts to store before the step carries their ids."""
    named: list[tuple[tuple[str, ...], str, UUID]] = field(default_factory=list)
    """What the input names, as (path, type, id): to be looked up before anything is done."""
    anywhere: list[tuple[tuple[str, ...], str, UUID]] = field(default_factory=list)
    """And what may be out of the caller's sight."""

    def read(self, declared: type[Any] | None, value: Any, /, path: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the fields that the client gave. Raises `Refused` for a malformed id."""
        if declared is None:
            return {}
        given: dict[str, Any] = {}
        for name, shape in shapes(declared).items():
            item = strawberry.UNSET if shape.kept else getattr(value, name)
            if item is strawberry.UNSET:
                continue
            here = (*path, name)
            if shape.many and item is not None:
                given[name] = [self._item(shape, each, (*here, str(place))) for place, each in enumerate(item)]
            else:
                given[name] = self._item(shape, item, here)
        return given

    def _item(self, shape: Shape, item: Any, path: tuple[str, ...]) -> Any:
        if item is None:
            return None
        if shape.type is Note:
            text = read_value(NoteText, item, path=path)
            # Of its text too: a key sent again with the text corrected, after nothing was taken, is not the old note.
            identifier = minted(self.request_id, "\n".join([*path, text]))
            self.notes[identifier] = text
            return identifier
        if shape.points_at:
            any_process = shape.points_at == Process.__name__
            type_name, identifier = ids.decode(item, expected=None if any_process else shape.points_at, path=path)
            if any_process and LOADERS.get(type_name) is not LOADERS[Process.__name__]:
                raise Refused(Refusal.ID_INVALID, path=path, expected=Process.__name__)
            (self.anywhere if shape.anywhere else self.named).append((path, type_name, identifier))
            return identifier
        if shape.type in _inputs:
            return self.read(shape.type, item, path)
        return item


def input_fields(declared: type[Any] | None, /, *, partial: bool = False) -> Fields:
    """Return the GraphQL input fields of a dataclass; what has a default, or anything if `partial`, may be left out."""
    given = {name: shape for name, shape in (shapes(declared) if declared else {}).items() if not shape.kept}
    return {name: _input_field(shape, required=shape.required and not partial) for name, shape in given.items()}


def input_type(declared: type[Any], /) -> type[Any]:
    """Return a nested dataclass as a GraphQL input type."""
    if declared not in _inputs:
        name = f"{declared.__name__}Input"
        _inputs[declared] = make(name, input_fields(declared), description=_doc(declared), is_input=True)
    return _inputs[declared]


def _input_field(shape: Shape, *, required: bool) -> tuple[Any, Any]:
    annotation = _wrapped(_input_type(shape), shape)
    about = f"{'Ids' if shape.many else 'The id'} of a `{shape.points_at}`." if shape.points_at else None
    if required:
        return annotation, strawberry.field(description=about)
    return Optional[annotation], strawberry.field(description=about, default=strawberry.UNSET)  # noqa: UP045


def _input_type(shape: Shape) -> Any:
    if shape.points_at:
        return strawberry.ID
    if shape.type is Note:
        return str
    if shape.type in _SCALARS:
        return _SCALARS[shape.type]
    return enum(shape.type) if issubclass(shape.type, Choice) else input_type(shape.type)


def _doc(declared: type[Any]) -> str | None:
    return inspect.getdoc(declared)
