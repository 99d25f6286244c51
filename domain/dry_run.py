"""What a version of the policy would change of what is live, process by process: decided as an adoption decides it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from operator import itemgetter

from domain.adoption import adopted
from domain.choices import Choice
from domain.events import Opening
from domain.ladder import reminders_of
from domain.policy import Policy
from domain.process import Process
from domain.record import dump_value
from domain.terms import Closures, Term


class PolicyEffect(Choice):
    """What a version of the policy would change of a process."""

    DEADLINE = "Cambia il termine", "The deadline changes"
    NEWLY_OVERDUE = "Diventa scaduto", "Becomes overdue"
    NO_LONGER_OVERDUE = "Non è più scaduto", "Is no longer overdue"
    REOPENING = "Cambia il termine per riaprire", "The reopening window changes"
    LIMITS = "Cambiano i limiti", "Limits change"
    RUNG = "Cambia il prossimo promemoria", "The next reminder changes"


@dataclass(frozen=True, kw_only=True)
class LimitChange:
    """A limit of the policy, as it is and as it would be: a text, a number or JSON."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class PolicyChange:
    """What would change of a process: `deadline` of its state, `reopening` of a closed case, limits by name.

    `rung` is the clause of the reminder that comes next ("office.2"), and `leaves` when it leaves.
    """

    effects: tuple[PolicyEffect, ...]
    deadline_from: datetime | None = None
    deadline_to: datetime | None = None
    reopening_from: datetime | None = None
    reopening_to: datetime | None = None
    limits: tuple[LimitChange, ...] = ()
    rung_from: str | None = None
    rung_to: str | None = None
    leaves_from: datetime | None = None
    leaves_to: datetime | None = None


def opening(policy: Policy, process: type[Process], closures: Closures) -> Opening:
    """Return what a process carries of this policy, in a place with these closed days."""
    limits = policy.limits(process)
    return Opening(terms=policy.terms(process.kind, closures), limits=limits and dump_value(limits))


def compare(
    process: Process, policy: Policy, closures: Closures, now: datetime, *, present: Policy | None
) -> PolicyChange | None:
    """Return what adopting this policy `now`, with these closed days from today on, would change; None if nothing.

    `present` is the version that the process has, if it is known. Terms of states that the process is not in are not
    compared: nobody waits for them yet.
    """
    after = adopted(process, opening(policy, type(process), closures), now)
    was_late, is_late = (bool(each.deadline and each.deadline <= now) for each in (process, after))
    limits = tuple(_limits(process, after))
    told = [present and _next(process, present, now), _next(after, policy, now)]
    (rung_from, leaves_from), (rung_to, leaves_to) = (each or (None, None) for each in told)
    found = {
        PolicyEffect.DEADLINE: process.deadline != after.deadline,
        PolicyEffect.NEWLY_OVERDUE: is_late and not was_late,
        PolicyEffect.NO_LONGER_OVERDUE: was_late and not is_late,
        PolicyEffect.REOPENING: process.expires() != after.expires(),
        PolicyEffect.LIMITS: bool(limits),
        PolicyEffect.RUNG: present is not None and told[0] != told[1],
    }
    effects = tuple(effect for effect, holds in found.items() if holds)
    if not effects:
        return None
    return PolicyChange(
        effects=effects,
        deadline_from=process.deadline,
        deadline_to=after.deadline,
        reopening_from=process.expires(),
        reopening_to=after.expires(),
        limits=limits,
        rung_from=rung_from,
        rung_to=rung_to,
        leaves_from=leaves_from,
        leaves_to=leaves_to,
    )


def _next(process: Process, policy: Policy, now: datetime) -> tuple[str, datetime] | None:
    """What its ladder does next: the rung, and when."""
    ladder = policy.ladder(process.kind, process.state)
    due = reminders_of(process, ladder, policy.timetable, now=now, since=now)
    return min(((each.rung.clause, each.leaves_at) for each in due), key=itemgetter(1), default=None)


def _limits(before: Process, after: Process) -> Iterator[LimitChange]:
    for name in [each.name for each in fields(after.limits)] if is_dataclass(after.limits) else ():
        old, new = getattr(before.limits, name), getattr(after.limits, name)
        if _said(old) != _said(new):
            yield LimitChange(name=name, before=_said(old), after=_said(new))


def _said(value: object) -> str:
    """Return a limit as people read it: "10 days", 3, a list or a mapping as JSON."""
    match value:
        case Term():
            return f"{value.amount} {value.unit}"
        case Choice():
            return value.name
        case str():
            return value
    return json.dumps(value, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Choice):
        return value.name
    return dump_value(value) if is_dataclass(value) else str(value)
