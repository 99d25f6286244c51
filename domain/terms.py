"""Deadlines as a workflow carries them: terms, the closed days of a place, and when a term ends.

Pure arithmetic: no policy document, no calendar package, no clock. What is in a `Terms` is all that is needed to know
every due time of a process, today and at every replay.
"""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import model_validator

ROME = ZoneInfo("Europe/Rome")
"""The zone in which days begin and end; loaded at import, so that no workflow reads a file.

Temporal's sandbox must pass `domain` through: inside it a ZoneInfo is a proxy, which datetime refuses (seen).
"""

CLOSED_DAYS_KNOWN = timedelta(days=3 * 365)
"""How far ahead a process knows the closed days of its place when it opens."""

CLOSED_DAYS_BEFORE = timedelta(days=400)
"""How far back, for a fact that is told late."""

CLOSED_DAYS_RENEWED = timedelta(days=400)
"""With less than this left ahead, a step brings new ones; no term of a policy may be longer, unless it is `LASTING`."""

LASTING = "outlives the closed days that are known"
"""Marks a limit whose term may be longer, `Annotated[Term, LASTING]`: nothing is hurt if it ends on a holiday then."""

_SATURDAY, _SUNDAY = 5, 6
_ONE_DAY = timedelta(days=1)
_TERM = re.compile(r"([1-9][0-9]{0,3}) (hour|day|working day|month)s?")


class Unit(StrEnum):
    """What a term is counted in; the value is how people and policy documents write it."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time that policy grants: `amount` (1 or more) of `unit`, and the id of the `clause` that says so.

    Wherever pydantic reads one, "10 working days" will do (1 to 9999 hours, days, working days or months).
    """

    amount: int
    unit: Unit
    clause: str = ""

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError(f"a term is 1 or more {self.unit}, not {self.amount}")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        if not (read := _TERM.fullmatch(given)):
            raise ValueError(
                f"{given!r} is not a term: write a whole number from 1 to 9999 and its unit (hours, days, working days"
                " or months), such as '10 working days'"
            )
        return {"amount": int(read[1]), "unit": f"{read[2]}s"}

    @property
    def longest(self) -> timedelta:
        """How long it may last on the calendar, at the most: of working days, every other day may be closed."""
        days = {Unit.HOURS: 1 / 24, Unit.DAYS: 1, Unit.WORKING_DAYS: 2, Unit.MONTHS: 31}
        return self.amount * timedelta(days=days[self.unit])


@dataclass(frozen=True, kw_only=True)
class Closures:
    """The closed days of a place, as far as they are known.

    `days` holds holidays, the patron's day and the agency's own closures from the opening of the process up to and
    including `until`. Sundays are always closed, Saturdays unless `saturday_works`; neither needs listing. After
    `until` nothing else is known: a term that ends there ends as early as it can.
    """

    until: date
    days: tuple[date, ...]
    saturday_works: bool

    def works(self, day: date) -> bool:
        """Say whether `day` is a working day of the place."""
        weekday = day.weekday()
        return weekday != _SUNDAY and (self.saturday_works or weekday != _SATURDAY) and day not in self.days

    def renewed(self, known: "Closures", today: date) -> "Closures":
        """Return `known`, with the days before `today` as they were here: what was counted stays counted."""
        past, ahead = (day for day in self.days if day < today), (day for day in known.days if day >= today)
        return replace(known, days=(*past, *ahead))


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a process carries from policy: under 2 KB as JSON.

    `policy` is the version they came from ("lombardia@2026-11-01"), `deadlines` are by name of the state. `fixed` has
    the clauses of those that run on while the case is paused: terms of law and of contracts.
    """

    policy: str
    deadlines: dict[str, Term]
    closures: Closures
    fixed: tuple[str, ...] = ()


def due(term: Term, start: datetime, closures: Closures) -> datetime:
    """Return the instant, in UTC, at which a term that runs from `start` has passed; before it there is still time.

    Hours are elapsed hours, the same through both changes of the clock. All other units are counted on the calendar of
    Europe/Rome (DOMAIN section 4, art. 2963 of the civil code):

    - "non si computa il giorno nel corso del quale cade il momento iniziale del termine": the local day of `start` is
      not counted;
    - "la prescrizione si verifica con lo spirare dell'ultimo istante del giorno finale": the term has passed at 00:00
      of the day after its last day (so its last day, for people, is the local date just before the returned instant);
    - "se il termine scade in giorno festivo, è prorogato di diritto al giorno seguente non festivo": a term that ends
      on a closed day ends on the next working day;
    - "nel mese di scadenza e nel giorno di questo corrispondente al giorno del mese iniziale", and if the month has no
      such day, on its last.

    Raises ValueError when `start` has no zone.
    """
    if start.tzinfo is None:
        raise ValueError("a term runs from an aware datetime; this one has no zone")
    if term.unit is Unit.HOURS:
        return start.astimezone(UTC) + timedelta(hours=term.amount)
    return _end(_last_day(term, start.astimezone(ROME).date(), closures))


def skipped(term: Term, start: datetime, closures: Closures) -> tuple[date, ...]:
    """Return the closed days that moved the end of a term: those between working days, or those it would end on."""
    if term.unit is Unit.HOURS:
        return ()
    first = start.astimezone(ROME).date()
    last = _last_day(term, first, closures)
    day = first + _ONE_DAY if term.unit is Unit.WORKING_DAYS else _named_day(term, first)
    days = (day + timedelta(days=more) for more in range((last - day).days))
    return tuple(day for day in days if not closures.works(day))


def last_moment(end: datetime) -> date | datetime:
    """Return what people are told of the `end` of a term: its last day if it ends with one, else the instant."""
    local = end.astimezone(ROME)
    return local if local.time() != time.min else local.date() - _ONE_DAY


def months_after(day: date, months: int) -> date:
    """Return the day of the same number `months` later, or the last of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _last_day(term: Term, first: date, closures: Closures) -> date:
    if term.unit is not Unit.WORKING_DAYS:
        return _next_working(_named_day(term, first), closures)
    day = first
    for _ in range(term.amount):
        day = _next_working(day + _ONE_DAY, closures)
    return day


def _named_day(term: Term, first: date) -> date:
    """The day that a term of days or months names, closed or not."""
    return months_after(first, term.amount) if term.unit is Unit.MONTHS else first + timedelta(days=term.amount)


def _next_working(day: date, closures: Closures) -> date:
    while not closures.works(day):
        day += _ONE_DAY
    return day


def _end(day: date) -> datetime:
    return datetime.combine(day + _ONE_DAY, time.min, tzinfo=ROME).astimezone(UTC)
