"""Every state x every step of every process, straight from the declarations."""

import ast
import dataclasses
import inspect
import string
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from transitions import MachineError

import domain
from domain.choices import Choice, Language
from domain.process import NEW, SAME, Process, Step
from domain.processes import PROCESSES
from domain.record import dump
from domain.refusals import Refusal, Refused
from domain.roles import Party
from domain.shape import Shape, shapes
from tests.domain.lives import START, Life, moves

EVERY_STEP = [(process, step) for process in PROCESSES for step in process.steps.values()]
EVERY_PLACE = [(process, state, step) for process, step in EVERY_STEP for state in (*NEW, *process.State.__members__)]


def _id(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "kind", "") or value.name


def _in(process: type[Process], state: str) -> Process:
    return dataclasses.replace(Life(process).process, state=state)


@pytest.mark.parametrize(("process", "state", "step"), EVERY_PLACE, ids=_id)
def test_a_step_is_refused_exactly_where_it_is_not_declared(process: type[Process], state: str, step: Step) -> None:
    """Elsewhere it is `STEP_NOT_ALLOWED`, whatever its input, and nothing changes."""
    here = _in(process, state)
    before = dump(here)
    try:
        here.check(step, START)
        refusal = ""
    except Refused as refused:
        refusal = refused.code
    assert (refusal == "STEP_NOT_ALLOWED") == (state not in step.targets)
    if state not in step.targets:
        with pytest.raises(Refused, match="STEP_NOT_ALLOWED"):
            here.after(step, None, at=START, now=START)
    assert dump(here) == before


@pytest.mark.parametrize(("process", "state", "step"), EVERY_PLACE, ids=_id)
def test_the_machine_itself_moves_only_as_declared(process: type[Process], state: str, step: Step) -> None:
    """Even if no check came before it: each target from each state, declared or not."""
    declared = {target for name, source, target in moves(process) if (name, source) == (step.name, state)}
    for target in (*SAME, *process.State.__members__):
        here = _in(process, state)
        try:
            moved = here._machine.events[step.name].trigger(here, target)
        except MachineError:
            moved = False
        assert moved is (target in declared)
        assert here.state == (target if moved and target not in SAME else state)


@pytest.mark.parametrize("process", PROCESSES, ids=_id)
def test_every_state_can_be_reached(process: type[Process]) -> None:
    reached = set(NEW)
    for _ in process.State:
        reached |= {target for _, source, target in moves(process) if source in reached and target not in SAME}
    assert reached == {*NEW, *process.State.__members__}


@pytest.mark.parametrize("process", PROCESSES, ids=_id)
def test_every_open_state_can_reach_an_end_without_being_an_error(process: type[Process]) -> None:
    """*Entered in error* does not count: a case could never be closed with an outcome."""
    ends = {state.name for state in process.State if not state.waits_for} - {"ENTERED_IN_ERROR"}
    able = set(ends)
    for _ in process.State:
        able |= {source for _, source, target in moves(process) if target in able}
    assert able >= {state.name for state in process.State if state.waits_for}


@pytest.mark.parametrize("process", PROCESSES, ids=_id)
def test_nothing_happens_after_the_end_but_what_is_declared(process: type[Process]) -> None:
    """A closed case is followed up and reopened; whatever else has ended stays as it is."""
    ended = {state.name for state in process.State if not state.waits_for}
    after_the_end = {name for name, source, _ in moves(process) if source in ended}
    assert after_the_end == ({"follow_up", "reopen"} if process.kind == "TENANT_CASE" else set())


@pytest.mark.parametrize("process", PROCESSES, ids=_id)
def test_whom_a_state_waits_for_can_move_it(process: type[Process]) -> None:
    """A role by a step of its own that leaves the state; a party by one that staff record on its behalf."""
    for state in process.State:
        leaving = [
            process.steps[name].by
            for name, source, target in moves(process)
            if source == state.name and target not in (*SAME, "ENTERED_IN_ERROR")
        ]
        if state.waits_for:
            assert leaving
            assert isinstance(state.waits_for, Party) or any(state.waits_for in by for by in leaving), state


@pytest.mark.parametrize(("process", "step"), EVERY_STEP, ids=_id)
def test_a_step_says_what_it_is_to_people(process: type[Process], step: Step) -> None:
    """Its description and its input's become the API's; buttons carry its labels; somebody may take it."""
    assert step.description.endswith(".")
    assert step.label.it
    assert step.label.en
    assert step.by
    if step.input:
        assert not (step.input.__doc__ or "(").startswith((f"{step.input.__name__}(", "(")), "dataclass has made it up"


@pytest.mark.parametrize("process", PROCESSES, ids=_id)
def test_no_two_buttons_of_a_state_look_alike(process: type[Process]) -> None:
    for state in (*NEW, *process.State.__members__):
        for language in Language:
            labels = Counter(step.label.text(language) for step in process.steps.values() if state in step.targets)
            assert max(labels.values(), default=1) == 1, (state, labels)


@pytest.mark.parametrize("process", PROCESSES, ids=_id)
def test_what_a_process_holds_cannot_change_in_place(process: type[Process]) -> None:
    """So that a copy of it is as good as another: values, tuples, frozen dataclasses; and no free text."""
    for name, shape in shapes(process).items():
        if name not in {"terms", "limits", "tracks"}:
            _assert_value(name, shape)
    for step in process.steps.values():
        for name, shape in shapes(step.input).items() if step.input else ():
            _assert_value(f"{step.name}.{name}", shape)


def _assert_value(name: str, shape: Shape) -> None:
    assert shape.type.__hash__, name
    if dataclasses.is_dataclass(shape.type):
        assert shape.type.__dataclass_params__.frozen, name  # type: ignore[union-attr]
        for inner, of in shapes(shape.type).items():  # type: ignore[arg-type]
            _assert_value(f"{name}.{inner}", of)


def _declared_in_the_package(base: type[Any]) -> list[type[Any]]:
    return [
        found
        for inherited in base.__subclasses__()
        for found in (inherited, *_declared_in_the_package(inherited))
        if found.__module__.startswith("domain.") and found.__qualname__ == found.__name__
    ]


def test_closed_lists_and_inputs_have_names_of_their_own() -> None:
    """Each becomes one type of the API."""
    names = [choice.__name__ for choice in _declared_in_the_package(Choice)]
    inputs = {step.input for _, step in EVERY_STEP if step.input}
    names += [each.__name__ for each in inputs] + [process.__name__ for process in PROCESSES]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_labels_stand_in_both_languages() -> None:
    every = [*_declared_in_the_package(Choice), *(process.State for process in PROCESSES)]
    for label in [member.label for choice in every for member in choice] + [process.label for process in PROCESSES]:
        assert label.it.strip() == label.it != ""
        assert label.en.strip() == label.en != ""


def _raised() -> list[tuple[str, str, frozenset[str]]]:
    """Every `Refused(Refusal.X, name=...)` of the product: where it stands, X, and the names."""
    found = []
    root = Path(inspect.getfile(domain)).parent.parent
    for folder in ("domain", "store", "workflows", "graphql/api", "workers"):
        for path in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id="Refused"), args=[ast.Attribute(attr=code)], keywords=keywords):
                        names = frozenset(keyword.arg or "**" for keyword in keywords) - {"path"}
                        found.append((f"{path.relative_to(root)}:{node.lineno}", code, names))
    return found


@pytest.mark.parametrize(
    ("where", "code", "given"), _raised(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_refusal_is_given_what_its_sentence_says(where: str, code: str, given: frozenset[str]) -> None:
    """In every language: a name that is missing would be a trace instead of a sentence."""
    for language in Language:
        wanted = {name for _, name, _, _ in string.Formatter().parse(Refusal[code].label.text(language)) if name}
        assert wanted <= given, where
        assert Refusal[code].label.text(language, **dict.fromkeys(given, "x")).endswith("."), where
