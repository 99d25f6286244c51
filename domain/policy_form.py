"""What a policy document must hold, from the processes' declarations; and what to do about what it should not."""

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from types import NoneType
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, StringConstraints, create_model
from pydantic_core import ErrorDetails

from domain.conditions import PROBLEM
from domain.dunning import DunningTable
from domain.facts import instead
from domain.ladder import Rung
from domain.process import Process
from domain.terms import Term
from domain.timetable import Timetable
from domain.wording import Sections

_T = TypeVar("_T")
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
_Because = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


_WHAT_TO_WRITE = {
    "bool_type": "write true or false",
    "dict_type": "write what it holds under it, each with its name",
    "int_type": "write a whole number",
    "string_pattern_mismatch": "use small letters, digits and hyphens",
    "string_too_short": "write a text",
    "string_type": "write a text",
    "tuple_type": "write a list between square brackets",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Deadline(_Part):
    within: Term
    because: _Because
    fixed: bool = False


class _Limit(_Part, Generic[_T]):
    value: _T
    because: _Because


def form(declared: Mapping[str, type[Process]]) -> tuple[type[BaseModel], Any]:
    """Return the document's shape: a field for each process, each of its waiting states, each of its limits."""
    sections = {}
    for kind, process in declared.items():
        deadlines = {state.name: (_Deadline, ...) for state in process.State if state.waits_for}
        types = get_type_hints(process.Limits, include_extras=True)
        limits = {field.name: _limit(field, types[field.name]) for field in fields(process.Limits)}
        ladders = {state.name: (str, ...) if state.waits_for else (str, "") for state in process.State}
        sections[kind] = _part({"deadlines": _part(deadlines), "limits": _part(limits), "ladders": _part(ladders)})
    return _part(
        {
            "policy": (_Name, ...),
            "version": (date, ...),
            "saturday_works": (bool, ...),
            "messages": (Timetable, Timetable()),
            "ladders": (dict[str, tuple[Rung, ...]], ...),
            "events": _part({"stop_cancelled": (str, "")}),
            "processes": _part(sections),
            "dunning": (DunningTable | None, None),
        },
        Sections,
    )


def _part(shape: Mapping[str, Any], base: type[BaseModel] = _Part) -> tuple[type[BaseModel], Any]:
    """A mapping of the document as a field; it may be left out when everything in it may."""
    part = create_model("Part", __base__=base, **shape)
    return part, ... if any(field.is_required() for field in part.model_fields.values()) else part()


def _limit(field: Field[Any], declared_type: Any) -> tuple[Any, Any]:
    required = field.default is MISSING and field.default_factory is MISSING
    return _Limit.__class_getitem__(declared_type), ... if required else None


def advice(error: ErrorDetails, shape: type[BaseModel], declared: Mapping[str, type[Process]]) -> str:
    """Say in words what is wrong and what to do."""
    *outer, name = error["loc"] or ("document",)
    match error["type"], outer:
        case "missing", ["processes", str(kind), section]:
            return _missing(declared[kind], section, str(name))
        case "missing", _:
            said = "is missing: add it"
        case "extra_forbidden", ["processes", str(kind), "deadlines"] if name in declared[kind].State.__members__:
            return f"{name} waits for nobody: remove its deadline"
        case "extra_forbidden" | "unexpected_keyword_argument", _:
            said = f"means nothing here: {instead(str(name), _names(shape, outer))}"
        case "dataclass_type", _ if error["ctx"]["class_name"] == Term.__name__:
            said = f"is {reprlib.repr(error['input'])}: write it with its unit, such as '10 working days'"
        case "model_type" | "dataclass_type", _:
            said = f"needs names under it: {', '.join(_names(shape, error['loc']))}"
        case problem, _ if problem == PROBLEM:
            return error["msg"]
        case "value_error", _:
            return f"`{name}`: {error['ctx']['error']}"
        case problem, _:
            what = _WHAT_TO_WRITE.get(problem) or error["msg"].replace("Input should", "it should")
            said = f"is {reprlib.repr(error['input'])}: {what}"
    return f"`{name}` {said}"


def _missing(process: type[Process], section: str | int, name: str) -> str:
    match section:
        case "deadlines":
            example = f"{name}: {{within: 10 working days, because: ...}}"
            return f"{process.kind} has no deadline for {_waiting(process, name)}: add `{example}`"
        case "ladders":
            return f"{process.kind} has no ladder for {_waiting(process, name)}: add `{name}: office`"
        case "limits":
            return f"{process.kind} has no limit {name}: add `{name}: {{value: ..., because: ...}}`"
        case _:
            return f"`{name}` is missing: add it"


def _waiting(process: type[Process], state: str) -> str:
    awaited = process.State[state].waits_for
    return f"{state}, which waits for {awaited.label.en if awaited else 'nobody'}"


def _names(shape: Any, path: Iterable[str | int]) -> list[str]:
    """What the document may name at this path."""
    for part in path:
        shape = _under(shape, part)
    return [field.name for field in fields(shape)] if is_dataclass(shape) else list(getattr(shape, "model_fields", {}))


def _under(shape: Any, part: str | int) -> Any:
    if is_dataclass(shape):
        inner = get_type_hints(shape).get(str(part))
    elif get_origin(shape) in (tuple, dict):
        inner = get_args(shape)[0 if isinstance(part, int) else 1]
    else:
        field = getattr(shape, "model_fields", {}).get(part)
        inner = field.annotation if field else None
    return (
        next((each for each in get_args(inner) if is_dataclass(each)), inner) if NoneType in get_args(inner) else inner
    )
