"""Ladders: who is told what, when, while a state waits for somebody, and what happens if nothing moves.

    ladders:
      tenant:
        - {when: on entry, tell: PERSON, by: [SMS, EMAIL, LETTER], text: appointment, because: ...}
        - {when: 1 working day before start, tell: PERSON, by: [SMS, EMAIL], text: appointment_soon, because: ...}
        - {when: at deadline, tell: OPERATOR, by: [IN_APP], text: task_overdue, because: ...}
        - {when: "every 5 working days after deadline, 3 times", task: SUPERVISOR, because: ...}

A rung tells somebody, gives a role something to do, takes a step in the engine's name, asks the dunning table, or
proposes a referral to the next partner. It is data: `reminders_of` works out from a process as it stands which of its
rungs are still to come, and when.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import model_validator

from domain.choices import Choice
from domain.fields import Day, local_day, start_of
from domain.message import HUMAN, Channel
from domain.process import Process
from domain.roles import Role
from domain.terms import ROME, Closures, Unit
from domain.timetable import Timetable

MOST = 60
"""Occurrences of a rung that says no number: whoever has waited so long has been on the supervisor's desk for years."""

_WHEN = re.compile(
    r"on entry|at (?P<at>start|deadline)|(?P<every>every )?(?P<amount>[1-9][0-9]{0,3}) (?P<unit>hour|day|working day)s?"
    r" (?P<side>before|after) (?P<anchor>entry|start|deadline)(, (?P<times>[1-9][0-9]?) times)?"
)


class Anchor(StrEnum):
    """From what a rung is counted: the entry into the state, the start of its term (an appointment), its deadline."""

    ENTRY = "entry"
    START = "start"
    DEADLINE = "deadline"


class Whom(Choice):
    """Who is told.

    `OPERATOR` is who has the task, else who answers for the case, else their deputy while they are away. A referent is
    the partner's, whose deputy is asked next.
    """

    PERSON = "La persona", "The person"
    OPERATOR = "L'operatore", "The operator"
    SUPERVISOR = "Il supervisore", "The supervisor"
    REFERENT = "Il referente dell'ente", "The partner's referent"
    DEPUTY_REFERENT = "Il sostituto del referente", "The referent's deputy"


STAFF = frozenset({Whom.OPERATOR, Whom.SUPERVISOR})
"""Those who have a desk in the application."""


class Deed(Choice):
    """What a rung does: a policy writes it by this name, in lower case."""

    TELL = "Avvisare qualcuno", "Tell somebody"
    TASK = "Affidare un compito", "Give somebody something to do"
    TAKE = "Compiere un passo", "Take a step"
    DUN = "Fare ciò che dice la tabella dei solleciti", "Do what the dunning table says"
    REPROPOSE = "Proporre al prossimo ente", "Propose to the next partner"


@dataclass(frozen=True, slots=True)
class When:
    """When a rung is due, as a policy writes it: "on entry", "1 day before start", "every 7 days after deadline".

    Hours are counted from the instant. Days are counted on the calendar of the place and begin at its midnight; what
    leaves during the day leaves in the policy's hours. Only what comes after can be repeated.
    """

    anchor: Anchor = Anchor.ENTRY
    amount: int = 0
    unit: Unit = Unit.HOURS
    before: bool = False
    times: int = 1

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        read = _WHEN.fullmatch(given)
        if not read or (read["every"] and read["side"] == "before") or (read["times"] and not read["every"]):
            raise ValueError(
                f"{given!r} is no time: write 'on entry', 'at start', 'at deadline', '2 working days before deadline',"
                " '3 hours after entry', 'every 7 days after deadline' or 'every 7 days after deadline, 4 times'"
            )
        return {
            "anchor": read["anchor"] or read["at"] or Anchor.ENTRY,
            "amount": int(read["amount"] or 0),
            "unit": f"{read['unit']}s" if read["unit"] else Unit.HOURS,
            "before": read["side"] == "before",
            "times": int(read["times"] or MOST) if read["every"] else 1,
        }

    def due(self, anchor: datetime, occurrence: int, closures: Closures) -> datetime:
        """Return when the rung is due for the `occurrence`-th time (from 1), counted from its anchor."""
        amount = self.amount * occurrence * (-1 if self.before else 1)
        if self.unit is Unit.HOURS:
            return anchor.astimezone(UTC) + timedelta(hours=amount)
        day = local_day(anchor)
        if self.unit is Unit.DAYS:
            return start_of(day + timedelta(days=amount))
        one = timedelta(days=1 if amount > 0 else -1)
        for _ in range(abs(amount)):
            day += one
            while not closures.works(day):
                day += one
        return start_of(day)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rung of a ladder; it does exactly one thing.

    `tell` whom, `by` which channels (the first that reaches them), with which `text`: `urgent` messages are neither
    merged nor put off to a working day, and `receipt` is the step that the engine takes when a formal notice is proved
    to have arrived. `task`: whose desk it comes on. `take`: the step that the engine takes, with its input in `given`.
    `dun`: do what the dunning table says. `repropose`: propose a referral to the next partner whose service matches, or
    leave it to the operator if there is none. `clause` ("tenant.2") is set by the policy.
    """

    when: When
    because: str
    tell: Whom | None = None
    by: tuple[Channel, ...] = ()
    text: str | None = None
    urgent: bool = False
    receipt: str | None = None
    task: Role | None = None
    take: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    dun: bool = False
    repropose: bool = False
    clause: str = ""

    def __post_init__(self) -> None:
        if len(self._deeds) != 1:
            raise ValueError(f"a rung does one thing: give it one of {', '.join(deed.name.lower() for deed in Deed)}")
        if self.tell and not (self.by and self.text):
            raise ValueError("whom to tell needs `by`, the channels in order, and `text`")
        if not self.tell and (self.by or self.text or self.urgent or self.receipt):
            raise ValueError("`by`, `text`, `urgent` and `receipt` say how somebody is told: add `tell`")
        if self.given and not self.take:
            raise ValueError("`given` is the input of a step: add `take`")
        if len({*self.by}) < len(self.by):
            raise ValueError("a channel is there twice: keep the first")
        if Channel.IN_APP in self.by and self.tell not in STAFF:
            raise ValueError("IN_APP reaches only who works here: OPERATOR or SUPERVISOR")

    @property
    def _deeds(self) -> list[Deed]:
        return [deed for deed in Deed if getattr(self, deed.name.lower())]

    @property
    def does(self) -> Deed:
        """What it does."""
        return self._deeds[0]

    @property
    def step(self) -> str | None:
        """The step that the engine takes, if it takes one."""
        return "repropose" if self.repropose else self.take

    @property
    def any_hour(self) -> bool:
        """Whether it happens at once, also at night: nobody is disturbed by it."""
        return not self.tell or self.by[0] is Channel.IN_APP or self.by[0] in HUMAN

    def leaves_at(
        self, due_at: datetime, timetable: Timetable, closures: Closures, *, appointment: datetime | None = None
    ) -> datetime:
        """Return when it leaves that is due at that moment: at once, or in the permitted hours from then on.

        What is urgent is told before the appointment that it is about, also at night.
        """
        if self.any_hour:
            return due_at
        permitted = timetable.next_minute(due_at, closures, any_day=self.urgent)
        return due_at if self.urgent and appointment and due_at < appointment <= permitted else permitted


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """A rung that is to come, for the `occurrence`-th time: `due_at` as counted, `leaves_at` in permitted hours.

    `counted_from` is the day that it is counted from if that may move while the state lasts: an instalment, a deadline.
    """

    rung: Rung
    occurrence: int
    due_at: datetime
    leaves_at: datetime
    counted_from: Day | None = None

    @property
    def name(self) -> str:
        """What tells it from other rungs, and from the same one counted from another day: "payment.1@2027-03-10"."""
        return f"{self.rung.clause}{_FROM}{self.counted_from}" if self.counted_from else self.rung.clause


_FROM = "@"


def clause_of(name: str) -> str:
    """Return the clause of the rung that a reminder's name is of."""
    return name.partition(_FROM)[0]


def reminders_of(
    process: Process, ladder: tuple[Rung, ...], timetable: Timetable, *, now: datetime, since: datetime | None = None
) -> Iterator[Reminder]:
    """Yield what the ladder of the state that a process is in still has to do as of `now`.

    Of a rung that repeats, the next time alone. Left out is what comes too late: a message older than the timetable
    allows, an announcement of what has passed already, and all that would have left by `since` (a policy that is
    adopted sends nothing again).
    """
    for rung in ladder if _awaits(process, now) else ():
        for occurrence in range(1, rung.when.times + 1):
            reminder = _reminder(process, rung, occurrence, timetable)
            if reminder is None or (rung.when.times > 1 and reminder.leaves_at <= now):
                continue
            if not _too_late(process, reminder, timetable, now) and (since is None or reminder.leaves_at > since):
                yield reminder
            break


def _awaits(process: Process, now: datetime) -> bool:
    """Whether it waits for somebody; of a closed case, whether it may still be reopened."""
    window = process.expires()
    return process.waits_for is not None or (window is not None and now < window)


def _reminder(process: Process, rung: Rung, occurrence: int, timetable: Timetable) -> Reminder | None:
    anchor = {
        Anchor.ENTRY: process.entered_at,
        Anchor.START: process.clock_starts(),
        Anchor.DEADLINE: process.deadline,
    }[rung.when.anchor]
    if not anchor or not process.entered_at:
        return None
    closures = process.terms.closures
    counted = anchor if rung.when.before or not rung.when.amount else _after_pauses(process, rung, anchor)
    due_at = rung.when.due(counted, occurrence, closures)
    if rung.when.before and due_at <= process.entered_at:
        return None  # what is entered so late is told on entry
    if process.paused_on and process.paused_until and process.paused_on <= local_day(due_at) < process.paused_until:
        due_at = start_of(process.paused_until)
    leaves_at = rung.leaves_at(due_at, timetable, closures)
    if rung.when.before and leaves_at >= anchor and not rung.any_hour:
        leaves_at = timetable.last_hour(anchor, closures)
    if rung.when.before and leaves_at >= anchor:
        return None
    counted_from = None if rung.when.anchor is Anchor.ENTRY else local_day(anchor)
    return Reminder(rung=rung, occurrence=occurrence, due_at=due_at, leaves_at=leaves_at, counted_from=counted_from)


def _after_pauses(process: Process, rung: Rung, anchor: datetime) -> datetime:
    """The deadline is later by the days of a pause already; what is counted from before it is as many days later."""
    if rung.when.anchor is Anchor.DEADLINE:
        return anchor
    return anchor.astimezone(ROME) + timedelta(days=process.days_paused)


def _too_late(process: Process, reminder: Reminder, timetable: Timetable, now: datetime) -> bool:
    if not reminder.rung.tell:
        return False
    appointment = process.appointment_now()
    announces = reminder.rung.when.before or reminder.rung.when.anchor is Anchor.ENTRY
    passed = announces and appointment is not None and appointment.at <= now
    return passed or reminder.leaves_at + timetable.oldest < now
