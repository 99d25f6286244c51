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
every line at fault with what to do about it. `dunning` is an optional section: see `domain.dunning`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from domain import dunning, proofreading
from domain.dunning import DunningTable
from domain.ladder import Rung
from domain.ladder_check import ladder_problems, text_problems
from domain.marked_yaml import MarkedYaml, Path, Problem
from domain.policy_form import advice, form
from domain.process import Process
from domain.terms import CLOSED_DAYS_RENEWED, LASTING, Closures, Term, Terms
from domain.timetable import Timetable
from domain.wording import Wording, listed


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
    dunning: DunningTable | None = None

    def terms(self, kind: str, closures: Closures) -> Terms:
        """Return what a process of this kind, in a place with these closed days, carries with it."""
        return Terms(policy=self.id, deadlines=dict(self.deadlines[kind]), closures=closures, fixed=self.fixed[kind])

    def ladder(self, kind: str, state: str) -> tuple[Rung, ...]:
        """Return the rungs of a state, in the order in which the policy has them; none if it has no ladder."""
        return self.ladders.get(kind, {}).get(state, ())

    def limits(self, process: type[Process]) -> Any:
        """Return the `Limits` of this process, as the policy sets them."""
        return self.settings[process.kind]


_TOO_LONG = (
    f"`{{name}}` is too long: closed days are known for {CLOSED_DAYS_RENEWED.days} days ahead, so write at most 9600"
    " hours, 400 days, 200 working days or 12 months"
)
"""The longest that each unit allows, see `Term.longest`."""


def load(text: str, processes: Iterable[type[Process]]) -> Policy:
    """Return the policy that the YAML `text` sets for these processes; raise `PolicyInvalid` with all that is wrong."""
    declared = {process.kind: process for process in processes}
    document = MarkedYaml(text)
    if document.problems and document.data is None:
        raise PolicyInvalid(document.problems)
    shape, _ = form(declared)
    try:
        # Through JSON, whose strict reading is what a person expects: dates are text, and `yes` or "5" is no number.
        read: Any = shape.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            document.problem(error["loc"], advice(error, shape, declared))
        raise PolicyInvalid(document.problems) from None

    sections = {kind: _section(kind, process, read, document) for kind, process in declared.items()}
    rungs = {name: _cited_rungs(name, each) for name, each in read.ladders.items()}
    for path, message in _further_problems(read, rungs, declared):
        document.problem(path, message)
    if document.problems:
        raise PolicyInvalid(document.problems)
    clauses = {clause: because for section in sections.values() for clause, because in section.clauses.items()}
    return Policy(
        id=f"{read.policy}@{read.version}",
        saturday_works=read.saturday_works,
        clauses=clauses | {rung.clause: rung.because for ladder in rungs.values() for rung in ladder},
        deadlines={kind: section.deadlines for kind, section in sections.items()},
        fixed={kind: section.fixed for kind, section in sections.items()},
        settings={kind: section.limits for kind, section in sections.items()},
        timetable=read.messages,
        ladders={
            kind: {state: rungs[name] for state, name in section.ladders.items()} for kind, section in sections.items()
        },
        events={event: rungs[name] for event, name in read.events if name},
        rungs={rung.clause: rung for ladder in rungs.values() for rung in ladder},
        wording=Wording(read),
        dunning=read.dunning,
    )


@dataclass(frozen=True, kw_only=True)
class _Section:
    """What the document says of one kind of process."""

    clauses: Mapping[str, str]
    deadlines: Mapping[str, Term]
    fixed: tuple[str, ...]
    limits: Any
    ladders: Mapping[str, str]


def _section(kind: str, process: type[Process], read: Any, document: MarkedYaml) -> _Section:
    section = getattr(read.processes, kind)
    deadlines = {name: _cited(figure.within, kind, name) for name, figure in section.deadlines}
    limits = {name: _cited(figure.value, kind, name) for name, figure in section.limits if figure}
    hints = get_type_hints(process.Limits, include_extras=True)
    bounded = {name: value for name, value in limits.items() if LASTING not in get_args(hints[name])}
    for part, figures in (("deadlines", deadlines), ("limits", bounded)):
        for name in filter(lambda name: _too_long(figures[name]), figures):
            document.problem(("processes", kind, part, name), _TOO_LONG.format(name=name))
    together = None
    try:
        together = process.Limits(**limits)
    except ValueError as error:  # each is right, but not all of them together
        document.problem(("processes", kind, "limits"), str(error))
    return _Section(
        clauses={f"{kind}.{name}": figure.because for name, figure in [*section.deadlines, *section.limits] if figure},
        deadlines=deadlines,
        fixed=tuple(f"{kind}.{name}" for name, figure in section.deadlines if figure.fixed),
        limits=together,
        ladders={state: name for state, name in section.ladders if name},
    )


def _further_problems(
    read: Any, rungs: Mapping[str, tuple[Rung, ...]], declared: Mapping[str, type[Process]]
) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong although the shape of each part is right."""
    told: list[tuple[Rung, Path]] = [
        (rung, ("ladders", name, index)) for name, ladder in rungs.items() for index, rung in enumerate(ladder)
    ]
    if read.dunning:
        written = {name for _, name, _ in listed(read.texts)}
        told += [(rung, ("dunning", *path)) for rung, path in dunning.rungs(read.dunning, written)]
        yield from ((("dunning", *path), message) for path, message in dunning.problems(read.dunning))
    ladders = {
        kind: {state: name for state, name in getattr(read.processes, kind).ladders if name} for kind in declared
    }
    yield from proofreading.problems(read)
    yield from text_problems(told, read.texts)
    events = {event: name for event, name in read.events if name}
    yield from ladder_problems(rungs, ladders, events, declared, dunning=read.dunning is not None)


def _cited_rungs(ladder: str, rungs: Iterable[Rung]) -> tuple[Rung, ...]:
    return tuple(replace(rung, clause=f"{ladder}.{number}") for number, rung in enumerate(rungs, 1))


def _too_long(value: Any) -> bool:
    terms = value if isinstance(value, tuple) else (value,)
    return any(isinstance(term, Term) and term.longest > CLOSED_DAYS_RENEWED for term in terms)


def _cited(value: Any, kind: str, name: str) -> Any:
    return replace(value, clause=f"{kind}.{name}") if isinstance(value, Term) else value
