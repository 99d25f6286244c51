"""Fields that the columns of a row tell by themselves: said once, read one by one or a whole page at a time.

A type whose objects are rows lists such fields in `TOLD`. Its ordinary resolvers are made from the same entries
(`resolver`), so that there is one way in which a column becomes a value; `api.finished` reads whole rows with them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.context import Context, Info
from api.derive import Fields, resolved
from api.errors import camel
from api.ids import encode
from domain.choices import Choice
from domain.fields import Note
from domain.process import Process
from domain.registered import Registered
from domain.shape import Shape, shapes
from store.columns import column_name


@dataclass(frozen=True)
class Told:
    """A field that is `tell(context, *values)` of these columns: pure, and never of anything else.

    `repeats`: many rows hold the same, so that it is worth remembering.
    """

    columns: tuple[str, ...]
    tell: Callable[..., Any]
    repeats: bool = False


@dataclass(frozen=True)
class Refers:
    """A field that is another row, read along under the name `reference`; null where that has no id.

    If its type is not always the same, `type_name` tells it from one `column` of the other row.
    """

    reference: str
    column: str = ""
    type_name: Callable[[Any], str] = str


TOLD: dict[str, Mapping[str, Told | Refers]] = {}
"""By GraphQL type and field: what can be read from rows alone."""


def itself(_context: Context, value: Any) -> Any:
    """Tell what a column holds."""
    return value


def resolver(told: Told, /) -> Callable[..., Any]:
    """Return the resolver of a field of a source with a `row`."""

    def resolve(self: Any, info: Info) -> Any:
        return told.tell(info.context, *(getattr(self.row, column) for column in told.columns))

    return resolve


def told_fields(type_name: str, declared: Mapping[str, tuple[Any, Told, str]], /) -> Fields:
    """Return fields of a type whose objects have a `row`, from (annotation, how they are told, description) by name."""
    TOLD[type_name] = {camel(name): told for name, (_, told, _) in declared.items()}
    return {
        name: resolved(annotation, resolver(told), description=description)
        for name, (annotation, told, description) in declared.items()
    }


def chosen(column: str, members: Any, /) -> Told:
    """Return a field that is a member of a closed list, of which the column holds the name, or nothing."""
    return Told((column,), lambda _context, name: name and members[name], repeats=True)


def global_id(type_name: str, /) -> Told:
    """Return the field `id` of a row whose type is always the same."""
    return Told(("id",), lambda _context, identifier: encode(type_name, identifier))


# The register.


def _of_entry(shape: Shape, column: str) -> Told:
    is_choice = isinstance(shape.type, type) and issubclass(shape.type, Choice)
    return chosen(column, shape.type) if is_choice else Told((column,), itself)


def _entry(kind: type[Registered]) -> Mapping[str, Told]:
    """An entry's own values; not what it points at, nor its lists."""
    own = {
        name: shape
        for name, shape in shapes(kind).items()
        if not shape.points_at and not shape.many and shape.type is not Note
    }
    return {camel(name): _of_entry(shape, column_name(name, shape)) for name, shape in own.items()} | {
        "id": global_id(kind.__name__),
        "version": Told(("version",), itself),
    }


TOLD.update({kind.__name__: _entry(kind) for kind in Registered.kinds.values()})

# Processes.

PROCESS: Mapping[str, Told] = {
    "id": Told(("kind", "id"), lambda _context, kind, identifier: encode(Process.kinds[kind].__name__, identifier)),
    "kind": Told(("kind",), itself, repeats=True),
    "kindLabel": Told(("kind",), lambda context, kind: Process.kinds[kind].label.text(context.language), repeats=True),
    "stateName": Told(("state",), itself, repeats=True),
    "stateLabel": Told(
        ("kind", "state"),
        lambda context, kind, state: Process.kinds[kind].State[state].label.text(context.language),
        repeats=True,
    ),
    "version": Told(("version",), itself),
    "openedAt": Told(("opened_at",), itself),
    "enteredAt": Told(("entered_at",), itself),
    "deadline": Told(("deadline",), itself),
    "overdue": Told(("overdue",), itself),
    "endedAt": Told(("ended_at",), itself),
}
"""What the row of a process tells without the process in it; lists ask for little else."""
