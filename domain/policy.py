"""The policy document: the figures that an agency sets for each process, and why.

    policy: lombardia
    version: 2026-11-01
    saturday_works: false
    languages: [it, en]           # and `agency`, `frame`, `texts`: see `domain.wording`
    processes:
      ARREARS_SUPPORT:
        deadlines:                # one for each state that waits for somebody
          OPENED: {within: 10 working days, because: agency practice}
        limits:                   # what the process leaves to policy: its `Limits`
          tolerance_days: {value: 5, because: agency practice}
        ladders: {OPENED: office} # which ladder each state that waits for somebody has
    messages: {hours: "08:30-19:30", days: working days, oldest_days: 2}
    ladders:                      # see `domain.ladder`
      office:
        - {when: at deadline, tell: OPERATOR, by: [IN_APP], text: task_overdue, because: agency practice}
    events: {stop_cancelled: called_off}   # which ladder is climbed when something happens to a state from outside

The processes' declarations say what must be there. A document is loaded whole or not at all, and `PolicyInvalid` names
every line at fault with what to do about it.
"""

import difflib
import json
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from datetime import date
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, create_model
from pydantic_core import ErrorDetails

from domain.ladder import Rung
from domain.ladder_check import ladder_problems
from domain.marked_yaml import MarkedYaml, Problem
from domain.process import Process
from domain.proofreading import problems
from domain.terms import Closures, Term, Terms
from domain.timetable import Timetable
from domain.wording import Sections, Wording


class PolicyInvalid(ValueError):
    """A policy document cannot be used; `errors` has everything that is wrong with it, in the order of its lines."""

    def __init__(self, errors: Iterable[Problem]) -> None:
        self.errors = tuple(sorted(set(errors)))
        super().__init__("\n".join(map(str, self.errors)))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy document that has been checked against the processes.

    `id` names its version ("lombardia@2026-11-01"); `clauses` says why, by the id ("ARREARS_SUPPORT.OPENED") which
    every `Term` and `Rung` from it carries. `deadlines`, `fixed`, `settings` and `ladders` are by kind of process: take
    them with `terms`, `limits` and `ladder`. `timetable` says when messages leave. `events` are ladders too: of what
    happens while a state lasts ("stop_cancelled"), counted from when it does.
    """

    id: str
    saturday_works: bool
    clauses: Mapping[str, str]
    deadlines: Mapping[str, Mapping[str, Term]]
    fixed: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, Any]
    timetable: Timetable
    ladders: Mapping[str, Mapping[str, tuple[Rung, ...]]]
    events: Mapping[str, tuple[Rung, ...]]
    rungs: Mapping[str, Rung]
    wording: Wording

    def terms(self, kind: str, closures: Closures) -> Terms:
        """Return what a process of this kind, in a place with these closed days, carries with it."""
        return Terms(policy=self.id, deadlines=dict(self.deadlines[kind]), closures=closures, fixed=self.fixed[kind])

    def ladder(self, kind: str, state: str) -> tuple[Rung, ...]:
        """Return the rungs of a state, in the order in which the policy has them; none if it has no ladder."""
        return self.ladders.get(kind, {}).get(state, ())

    def limits(self, process: type[Process]) -> Any:
        """Return the `Limits` of this process, as the policy sets them."""
        return self.settings[process.kind]


_T = TypeVar("_T")
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
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
    fixed: dict[str, tuple[str, ...]] = {}
    settings: dict[str, Any] = {}
    for kind, process in declared.items():
        section = getattr(read.processes, kind)
        clauses |= {
            f"{kind}.{name}": figure.because for name, figure in [*section.deadlines, *section.limits] if figure
        }
        deadlines[kind] = {name: _cited(figure.within, kind, name) for name, figure in section.deadlines}
        fixed[kind] = tuple(f"{kind}.{name}" for name, figure in section.deadlines if figure.fixed)
        limits = {name: _cited(figure.value, kind, name) for name, figure in section.limits if figure}
        try:
            settings[kind] = process.Limits(**limits)
        except ValueError as error:  # each is right, but not all of them together
            document.problem(("processes", kind, "limits"), str(error))
    named = {name: _rungs(name, rungs) for name, rungs in read.ladders.items()}
    clauses |= {rung.clause: rung.because for rungs in named.values() for rung in rungs}
    sections = {kind: getattr(read.processes, kind) for kind in declared}
    ladders = {kind: {state: name for state, name in section.ladders if name} for kind, section in sections.items()}
    events = {event: name for event, name in read.events if name}
    for path, message in [*problems(read), *ladder_problems(named, ladders, events, declared, read.texts)]:
        document.problem(path, message)
    if document.problems:
        raise PolicyInvalid(document.problems)
    return Policy(
        id=f"{read.policy}@{read.version}",
        saturday_works=read.saturday_works,
        clauses=clauses,
        deadlines=deadlines,
        fixed=fixed,
        settings=settings,
        timetable=read.messages,
        rungs={rung.clause: rung for rungs in named.values() for rung in rungs},
        ladders={kind: {state: named[name] for state, name in by_state.items()} for kind, by_state in ladders.items()},
        events={event: named[name] for event, name in events.items()},
        wording=Wording(read),
    )


def _rungs(ladder: str, rungs: Iterable[Rung]) -> tuple[Rung, ...]:
    return tuple(replace(rung, clause=f"{ladder}.{number}") for number, rung in enumerate(rungs, 1))


def _cited(value: Any, kind: str, name: str) -> Any:
    return replace(value, clause=f"{kind}.{name}") if isinstance(value, Term) else value


def _shape(declared: Mapping[str, type[Process]]) -> tuple[type[BaseModel], Any]:
    """The document's shape: a field for each process, each of its waiting states, each of its limits."""
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


def _advice(error: ErrorDetails, shape: type[BaseModel], declared: Mapping[str, type[Process]]) -> str:
    """Say in words what is wrong and what to do."""
    *outer, name = error["loc"] or ("document",)
    match error["type"], outer:
        case "missing", ["processes", str(kind), "deadlines"]:
            example = f"{name}: {{within: 10 working days, because: ...}}"
            advice = f"{kind} has no deadline for {_waiting(declared[kind], name)}: add `{example}`"
        case "missing", ["processes", str(kind), "ladders"]:
            advice = f"{kind} has no ladder for {_waiting(declared[kind], name)}: add `{name}: office`"
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


def _waiting(process: type[Process], state: str | int) -> str:
    awaited = process.State[str(state)].waits_for
    return f"{state}, which waits for {awaited.label.en if awaited else 'nobody'}"


def _names(shape: Any, path: Iterable[str | int]) -> list[str]:
    """What the document may name at this path."""
    for part in path:
        if get_origin(shape) is dict:
            shape = get_args(shape)[1]
            continue
        field = getattr(shape, "model_fields", {}).get(part)
        shape = field.annotation if field else None
    return [field.name for field in fields(shape)] if is_dataclass(shape) else list(getattr(shape, "model_fields", {}))


def _instead(name: str, known: list[str]) -> str:
    by_capitals = {each.upper(): each for each in known}
    if near := difflib.get_close_matches(name.upper(), by_capitals, n=1):
        return f"is it {by_capitals[near[0]]}?"
    return f"remove it, or use one of {', '.join(known)}" if known else "remove it"
