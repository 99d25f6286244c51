"""The policy document: the figures that an agency sets for each process, and why.

    policy: lombardia
    version: 2026-11-01
    saturday_works: false
    processes:
      ARREARS_SUPPORT:
        deadlines:                # one for each state that waits for somebody
          OPENED: {within: 10 working days, because: agency practice}
        limits:                   # what the process leaves to policy: its `Limits`
          tolerance_days: {value: 5, because: agency practice}

The processes' declarations say what must be there. A document is loaded whole or not at all, and `PolicyInvalid` names
every line at fault with what to do about it.
"""

import difflib
import json
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from datetime import date
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, create_model
from pydantic_core import ErrorDetails

from domain.marked_yaml import MarkedYaml, Problem
from domain.process import Process
from domain.terms import CLOSED_DAYS_RENEWED, Closures, Term, Terms


class PolicyInvalid(ValueError):
    """A policy document cannot be used; `errors` has everything that is wrong with it, in the order of its lines."""

    def __init__(self, errors: Iterable[Problem]) -> None:
        self.errors = tuple(sorted(set(errors)))
        super().__init__("\n".join(map(str, self.errors)))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy document that has been checked against the processes.

    `id` names its version ("lombardia@2026-11-01"); `clauses` says why, by the id ("ARREARS_SUPPORT.OPENED") which
    every `Term` from it carries. `deadlines` and `settings` are by kind of process: take them with `terms`, `limits`.
    """

    id: str
    saturday_works: bool
    clauses: Mapping[str, str]
    deadlines: Mapping[str, Mapping[str, Term]]
    settings: Mapping[str, Any]

    def terms(self, kind: str, closures: Closures) -> Terms:
        """Return what a process of this kind, in a place with these closed days, carries with it."""
        return Terms(policy=self.id, deadlines=dict(self.deadlines[kind]), closures=closures)

    def limits(self, process: type[Process]) -> Any:
        """Return the `Limits` of this process, as the policy sets them."""
        return self.settings[process.kind]


_T = TypeVar("_T")
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
_Because = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


_WHAT_TO_WRITE = {
    "bool_type": "write true or false",
    "int_type": "write a whole number",
    "string_pattern_mismatch": "use small letters, digits and hyphens",
    "string_too_short": "write a text",
    "string_type": "write a text",
    "tuple_type": "write a list between square brackets",
}


_TOO_LONG = (
    f"`{{name}}` is too long: closed days are known for {CLOSED_DAYS_RENEWED.days} days ahead, so write at most 9600"
    " hours, 400 days, 200 working days or 12 months"
)
"""The longest that each unit allows, see `Term.longest`."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Deadline(_Part):
    within: Term
    because: _Because


class _Limit(_Part, Generic[_T]):
    value: _T
    because: _Because


def load(text: str, processes: Iterable[type[Process]]) -> Policy:
    """Return the policy that the YAML `text` sets for these processes; raise `PolicyInvalid` with all that is wrong."""
    declared = {process.kind: process for process in processes}
    document = MarkedYaml(text)
    if document.problems and document.data is None:
        raise PolicyInvalid(document.problems)
    shape, _ = _shape(declared)
    try:
        # Through JSON, whose strict reading is what a person expects: dates are text, and `yes` or "5" is no number.
        read: Any = shape.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            document.problem(error["loc"], _advice(error, shape, declared))
        raise PolicyInvalid(document.problems) from None

    clauses: dict[str, str] = {}
    deadlines: dict[str, dict[str, Term]] = {}
    settings: dict[str, Any] = {}
    for kind, process in declared.items():
        section = getattr(read.processes, kind)
        clauses |= {
            f"{kind}.{name}": figure.because for name, figure in [*section.deadlines, *section.limits] if figure
        }
        deadlines[kind] = {name: _cited(figure.within, kind, name) for name, figure in section.deadlines}
        limits = {name: _cited(figure.value, kind, name) for name, figure in section.limits if figure}
        for part, figures in (("deadlines", deadlines[kind]), ("limits", limits)):
            for name in filter(lambda name: _too_long(figures[name]), figures):
                document.problem(("processes", kind, part, name), _TOO_LONG.format(name=name))
        try:
            settings[kind] = process.Limits(**limits)
        except ValueError as error:  # each is right, but not all of them together
            document.problem(("processes", kind, "limits"), str(error))
    if document.problems:
        raise PolicyInvalid(document.problems)
    return Policy(
        id=f"{read.policy}@{read.version}",
        saturday_works=read.saturday_works,
        clauses=clauses,
        deadlines=deadlines,
        settings=settings,
    )


def _too_long(value: Any) -> bool:
    terms = value if isinstance(value, tuple) else (value,)
    return any(isinstance(term, Term) and term.longest > CLOSED_DAYS_RENEWED for term in terms)


def _cited(value: Any, kind: str, name: str) -> Any:
    return replace(value, clause=f"{kind}.{name}") if isinstance(value, Term) else value


def _shape(declared: Mapping[str, type[Process]]) -> tuple[type[_Part], Any]:
    """The document's shape: a field for each process, each of its waiting states, each of its limits."""
    sections = {}
    for kind, process in declared.items():
        deadlines = {state.name: (_Deadline, ...) for state in process.State if state.waits_for}
        types = get_type_hints(process.Limits, include_extras=True)
        limits = {field.name: _limit(field, types[field.name]) for field in fields(process.Limits)}
        sections[kind] = _part({"deadlines": _part(deadlines), "limits": _part(limits)})
    return _part(
        {"policy": (_Name, ...), "version": (date, ...), "saturday_works": (bool, ...), "processes": _part(sections)}
    )


def _part(shape: Mapping[str, Any]) -> tuple[type[_Part], Any]:
    """A mapping of the document as a field; it may be left out when everything in it may."""
    part = create_model("Part", __base__=_Part, **shape)
    return part, ... if any(field.is_required() for field in part.model_fields.values()) else part()


def _limit(field: Field[Any], declared_type: Any) -> tuple[Any, Any]:
    required = field.default is MISSING and field.default_factory is MISSING
    return _Limit.__class_getitem__(declared_type), ... if required else None


def _advice(error: ErrorDetails, shape: type[_Part], declared: Mapping[str, type[Process]]) -> str:
    """Say in words what is wrong and what to do."""
    *outer, name = error["loc"] or ("document",)
    match error["type"], outer:
        case "missing", ["processes", str(kind), "deadlines"]:
            awaited = declared[kind].State[str(name)].waits_for
            whom = awaited.label.en if awaited else "nobody"
            example = f"{name}: {{within: 10 working days, because: ...}}"
            advice = f"{kind} has no deadline for {name}, which waits for {whom}: add `{example}`"
        case "missing", ["processes", str(kind), "limits"]:
            advice = f"{kind} has no limit {name}: add `{name}: {{value: ..., because: ...}}`"
        case "missing", _:
            advice = f"`{name}` is missing: add it"
        case "extra_forbidden", ["processes", str(kind), "deadlines"] if name in declared[kind].State.__members__:
            advice = f"{name} waits for nobody: remove its deadline"
        case "extra_forbidden" | "unexpected_keyword_argument", _:
            advice = f"`{name}` means nothing here: {_instead(str(name), _names(shape, outer))}"
        case "dataclass_type", _ if error["ctx"]["class_name"] == Term.__name__:
            advice = f"`{name}` is {reprlib.repr(error['input'])}: write it with its unit, such as '10 working days'"
        case "model_type" | "dataclass_type", _:
            advice = f"`{name}` needs names under it: {', '.join(_names(shape, error['loc']))}"
        case "value_error", _:
            advice = f"`{name}`: {error['ctx']['error']}"
        case problem, _:
            what = _WHAT_TO_WRITE.get(problem) or error["msg"].replace("Input should", "it should")
            advice = f"`{name}` is {reprlib.repr(error['input'])}: {what}"
    return advice


def _names(shape: Any, path: Iterable[str | int]) -> list[str]:
    """What the document may name at this path."""
    for part in path:
        field = getattr(shape, "model_fields", {}).get(part)
        shape = field.annotation if field else None
    return [field.name for field in fields(shape)] if is_dataclass(shape) else list(getattr(shape, "model_fields", {}))


def _instead(name: str, known: list[str]) -> str:
    by_capitals = {each.upper(): each for each in known}
    if near := difflib.get_close_matches(name.upper(), by_capitals, n=1):
        return f"is it {by_capitals[near[0]]}?"
    return f"remove it, or use one of {', '.join(known)}" if known else "remove it"
