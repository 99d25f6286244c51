"""Lives by chance: whatever is done to a process, in whatever order, what must hold of every process does."""

import json
import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from domain.case import Case
from domain.process import NEW, SAME, Process
from domain.processes import PROCESSES
from domain.record import dump, load, read_input
from domain.refusals import Refused
from tests.domain.lives import START, Life, moves, some_input

ENOUGH, MOST = 2_000, 10_000
"""How many steps to try, and how many more before a branch that nobody took counts as out of reach."""

Taken = Counter[tuple[str, str, str]]


def _steps_by_chance(kind: type[Process], chance: random.Random) -> Taken:
    """Try steps on processes in every state that was reached, those whose branches were taken least first."""
    taken: Taken = Counter(dict.fromkeys(moves(kind), 0))
    alive: dict[str, list[Process]] = defaultdict(list)
    alive[NEW[0]].append(Life(kind).process)
    for number in range(MOST):
        if number >= ENOUGH and all(taken.values()):
            break
        rare = sorted((move for move in taken if alive[move[1]]), key=lambda move: (taken[move], chance.random()))
        name, source, _ = chance.choice(rare[:12])
        process = chance.choice(alive[source])
        target = _try(process, name, chance)
        if target:
            arrow = (name, source, SAME[0] if target.entry == process.entry else target.state)
            taken[arrow] += 1
            alive[target.state] = [*alive[target.state][-30:], target]
    return taken


def _try(process: Process, name: str, chance: random.Random) -> Process | None:
    """Take a step with an input by chance, check what must hold, and return the process after it; None if refused."""
    step = process.steps[name]
    last = process.last_at or START
    at = last + chance.choice([timedelta(), timedelta(hours=3), timedelta(days=2), timedelta(days=45)])
    if process.deadline and chance.random() < 0.3:
        at = max(last, process.deadline)
    before = dump(process)
    try:
        given = read_input(step, some_input(step.input, chance, at)) if step.input else None
        after = process.after(step, given, at=at, now=at)
    except Refused:
        return None
    finally:
        assert dump(process) == before, "the source of a step is left as it was"
    _assert_sound(process, after, name)
    return after


def _assert_sound(before: Process, after: Process, name: str) -> None:
    assert after.version == before.version + 1
    assert after.state in {before.state} | {target for step, _, target in moves(type(after)) if step == name}
    if after.entry == before.entry:
        assert (after.state, after.entered_at) == (before.state, before.entered_at)
    else:
        assert (after.entry, after.entered_at) == (before.entry + 1, after.last_at)
    assert (after.deadline is None) == after.ended, "what waits for somebody has a term; what has ended has none"
    record = json.loads(json.dumps(dump(after)))
    assert load(after.kind, record) == after, "what was written is what is read"
    carried = {key: value for key, value in record.items() if key not in {"terms", "limits"}}
    assert len(json.dumps(carried)) < 12_000, "a case carries all its tracks in 64 KB"


@pytest.mark.parametrize("kind", PROCESSES, ids=lambda kind: kind.kind)
def test_every_declared_branch_is_taken_by_some_life_and_every_life_is_sound(kind: type[Process]) -> None:
    """The chances are the same at every run: a fixed seed."""
    taken = _steps_by_chance(kind, random.Random(2))  # noqa: S311 (chance, not secrecy)
    assert [move for move, times in taken.items() if not times] == []


def test_a_case_is_the_only_process_that_hosts_others() -> None:
    assert [kind.kind for kind in PROCESSES if issubclass(kind, Case)] == ["TENANT_CASE"]
