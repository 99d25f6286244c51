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

The processes' declarations say what must be there. A document is loaded whole or not at all, and `PolicyInvalid` names
every line at fault with what to do about it. `dunning` is an optional section: see `domain.dunning`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from domain import dunning
from domain.dunning import DunningTable
from domain.ladder import Rung
from domain.ladder_check import ladder_problems, text_problems
from domain.marked_yaml import MarkedYaml, Path, Problem
from domain.policy_form import advice, form
from domain.process import Process
from domain.proofreading import problems
from domain.terms import Closures, Term, Terms
from domain.timetable import Timetable
from domain.wording import Wording


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
    them with `terms`, `limits` and `ladder`. `timetable` says when messages leave.
    """

    id: str
    saturday_works: bool
    clauses: Mapping[str, str]
    deadlines: Mapping[str, Mapping[str, Term]]
    fixed: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, Any]
    timetable: Timetable
    ladders: Mapping[str, Mapping[str, tuple[Rung, ...]]]
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
    told: list[tuple[Rung, Path]] = [
        (rung, ("ladders", name, index)) for name, rungs in named.items() for index, rung in enumerate(rungs)
    ]
    if read.dunning:
        told += [(rung, ("dunning", *path)) for rung, path in dunning.rungs(read.dunning)]
    for path, message in (
        *problems(read),
        *text_problems(told, read.texts),
        *ladder_problems(named, ladders, declared, dunning=read.dunning is not None),
        *_of_dunning(read.dunning),
    ):
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
        wording=Wording(read),
        dunning=read.dunning,
    )


def _of_dunning(table: DunningTable | None) -> Iterator[tuple[Path, str]]:
    return ((("dunning", *path), message) for path, message in (dunning.problems(table) if table else ()))


def _rungs(ladder: str, rungs: Iterable[Rung]) -> tuple[Rung, ...]:
    return tuple(replace(rung, clause=f"{ladder}.{number}") for number, rung in enumerate(rungs, 1))


def _cited(value: Any, kind: str, name: str) -> Any:
    return replace(value, clause=f"{kind}.{name}") if isinstance(value, Term) else value
