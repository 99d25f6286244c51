"""What the ladders of a policy say must fit the processes that climb them."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from domain.arrears_support import ArrearsSupport
from domain.external_referral import ExternalReferral
from domain.ladder import Anchor, Rung, Whom
from domain.marked_yaml import Path, Problems
from domain.message import Channel
from domain.placeholders import Group
from domain.process import NEW, Process, Step
from domain.record import read_input
from domain.refusals import Refused
from domain.roles import Party, Role
from domain.shape import shapes
from domain.wording import Texts, listed

_READERS: Mapping[Whom, frozenset[Group]] = {
    Whom.PERSON: frozenset({Group.REMINDERS, Group.FORMAL}),
    Whom.OPERATOR: frozenset({Group.STAFF}),
    Whom.SUPERVISOR: frozenset({Group.STAFF}),
    Whom.REFERENT: frozenset({Group.PARTNERS}),
    Whom.DEPUTY_REFERENT: frozenset({Group.PARTNERS}),
}


def ladder_problems(
    named: Mapping[str, Iterable[Rung]],
    ladders: Mapping[str, Mapping[str, str]],
    events: Mapping[str, str],
    declared: Mapping[str, type[Process]],
    *,
    dunning: bool,
) -> Problems:
    """Yield what is wrong with the ladders by name, and with which state or event has which."""
    for name, rungs in named.items():
        for index, rung in enumerate(rungs):
            if rung.dun and not dunning:
                yield ("ladders", name, index), "there is no dunning table to ask: add `dunning`, or remove this rung"
    for kind, by_state in ladders.items():
        for state, name in by_state.items():
            yield from _climbed(
                ("processes", kind, "ladders", state),
                name,
                named,
                partial(_problems, process=declared[kind], state=state),
            )
    for event, name in events.items():
        yield from _climbed(("events", event), name, named, _of_event)
    used = {name for by_state in ladders.values() for name in by_state.values()} | {*events.values()}
    for name in named.keys() - used:
        yield ("ladders", name), f"no state has the ladder {name}: name it in the `ladders` of a process, or remove it"


def _climbed(
    path: Path, name: str, named: Mapping[str, Iterable[Rung]], problems: Callable[[Rung], Iterator[str]]
) -> Problems:
    """Yield what is wrong with the ladder that is named there."""
    if name not in named:
        yield path, _not_there("ladder", name, named)
        return
    for rung in named[name]:
        for problem in problems(rung):
            yield path, f"rung {rung.clause} does not fit here: {problem}"


def _not_there(what: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [*known], n=1)
    return f"there is no {what} {name}: {f'is it {near[0]}?' if near else f'write one under `{what}s`'}"


def _of_event(rung: Rung) -> Iterator[str]:
    """What an event has happened to may be of any kind, in any state."""
    if rung.when.anchor is not Anchor.ENTRY or rung.when.before or rung.when.times > 1:
        yield "it is counted from the event, once: write 'on entry' or '2 hours after entry'"
    if rung.step or rung.dun or rung.receipt:
        yield "an event tells somebody, or gives a role something to do: use `tell` or `task`"
    if rung.tell in {Whom.REFERENT, Whom.DEPUTY_REFERENT}:
        yield "not every process has a partner: tell PERSON, OPERATOR or SUPERVISOR"


def text_problems(rungs: Iterable[tuple[Rung, Path]], texts: Texts) -> Problems:
    """Yield what is wrong with the texts that rungs name, each rung with its path in the document."""
    groups = {name: group for group, name, _ in listed(texts)}
    by_sms = {name for _, name, words in listed(texts) if all(each.sms for each in words.values())}
    return ((path, problem) for rung, path in rungs for problem in _of_text(rung, groups, by_sms))


def _of_text(rung: Rung, groups: Mapping[str, Group], by_sms: set[str]) -> Iterator[str]:
    if not rung.tell or not rung.text:
        return
    group = groups.get(rung.text)
    if group is None:
        yield _not_there("text", rung.text, groups)
        return
    if group not in _READERS[rung.tell]:
        wanted = " or ".join(sorted(_READERS[rung.tell]))
        yield f"{rung.tell.name} is told with a text of {wanted}, and {rung.text} is one of {group}"
    if Channel.SMS in rung.by and rung.text not in by_sms:
        yield f"{rung.text} has no `sms` in every language: write it, or remove SMS from `by`"
    if rung.receipt and group is not Group.FORMAL:
        yield f"only a formal notice has a receipt, and {rung.text} is none"


def _problems(rung: Rung, process: type[Process], state: str) -> Iterator[str]:
    if rung.tell in {Whom.REFERENT, Whom.DEPUTY_REFERENT} and "PartnerService" not in _points_at(process):
        yield f"{process.kind} has no partner whose referent could be told"
    if rung.repropose and not issubclass(process, ExternalReferral):
        yield f"a referral is proposed to the next partner, and {process.kind} is none"
    elif rung.step:
        yield from _of_step(process, state, rung.step)
    if rung.take and (step := process.steps.get(rung.take)):
        yield from _of_input(step, rung.given)
    early = rung.when.before or rung.when.anchor is not Anchor.DEADLINE
    if rung.repropose and early and process.State[state].waits_for is Party.PARTNER:
        yield "the partner has time until the deadline: write 'at deadline' or '2 working days after deadline'"
    if rung.receipt and rung.receipt not in process.steps:
        yield f"{process.kind} has no step {rung.receipt}"
    if rung.dun and not issubclass(process, ArrearsSupport):
        yield f"the dunning table is about arrears, and {process.kind} is not"


def _of_step(process: type[Process], state: str, name: str) -> Iterator[str]:
    step = process.steps.get(name)
    if step is None:
        near = difflib.get_close_matches(name, process.steps, n=1)
        yield f"{process.kind} has no step {name}{f', is it {near[0]}?' if near else ''}"
        return
    if Role.ENGINE not in step.by:
        yield f"the engine may not take the step {name}, a person must"
    if state not in step.targets:
        possible = ", ".join(each for each in step.targets if each not in NEW)
        yield f"the step {name} is not possible in state {state}, but in {possible}"


def _of_input(step: Step, given: Mapping[str, object]) -> Iterator[str]:
    try:
        read_input(step, dict(given))
    except Refused as refused:
        yield f"`given` is not the input of {step.name}: {refused.label.en}"


def _points_at(process: type[Process]) -> set[str | None]:
    return {shape.points_at for shape in shapes(process).values()}
