"""The weeks that the demo lives: they ended yesterday, and hold the working days and the stops of the mobile office."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from domain.calendar import closures

ROME = ZoneInfo("Europe/Rome")
PATRON = (5, 8)
"""San Vittore, on whose day the offices of Varese are closed."""

LENGTH = timedelta(weeks=8)
OFFICE_OPENS, OFFICE_CLOSES = time(9), time(16, 30)
"""No step begins later; what follows it at once may end somewhat after."""

STOP_EVERY = 2
"""The mobile office is out every second working day, in two districts."""

STOP_HOURS = (time(9, 30), time(14))
STOP_LASTS = timedelta(hours=3)
CONVENED_AHEAD = 4
"""Working days between a convocation and its appointment; so many pass before the first stop."""


class WeeksOver(Exception):
    """The next thing in a story happens after yesterday: it has not happened yet."""


@dataclass(frozen=True, kw_only=True)
class PlannedStop:
    """The mobile office in the `place`-th district, from `starts_at` to `ends_at`."""

    place: int
    starts_at: datetime
    ends_at: datetime

    def slot(self, number: int) -> datetime:
        """Return when the appointment of that number begins, from 0."""
        return self.starts_at + number * timedelta(minutes=20)


class Weeks:
    """Eight weeks whose last day is `until`; the calendar of Varese is known for the three months after."""

    def __init__(self, until: date) -> None:
        self.since, self.until = until - LENGTH + timedelta(days=1), until
        known = until + timedelta(days=92)
        calendar = closures(PATRON, start=self.since, until=known, saturday_works=False)
        days = (self.since + timedelta(days=number) for number in range((known - self.since).days + 1))
        self.days: Sequence[date] = [day for day in days if calendar.works(day)]
        """Working days, also those to come."""
        self.known = known
        """The last day that is known."""

    def stops(self, places: int, *, beyond: timedelta = timedelta(days=10)) -> list[PlannedStop]:
        """Return the stops of the weeks and of some time after, round and round the districts."""
        last = self.until + beyond
        days = [day for day in self.days[CONVENED_AHEAD::STOP_EVERY] if day <= last]
        starts = [moment(day, hour) for day in days for hour in STOP_HOURS]
        return [
            PlannedStop(place=number % places, starts_at=start, ends_at=start + STOP_LASTS)
            for number, start in enumerate(starts)
        ]

    def working_day(self, day: date, *, later: int = 0) -> date:
        """Return the first working day from `day` on, or that many working days `later` (earlier, below 0)."""
        first = next(number for number, each in enumerate(self.days) if each >= day)
        return self.days[max(first + later, 0)]

    @property
    def last_working_day(self) -> date:
        """The last one of the weeks."""
        return max(day for day in self.days if day <= self.until)

    def over(self, when: datetime) -> bool:
        """Whether `when` is after the last day."""
        return when.astimezone(ROME).date() > self.until


class Clock:
    """How far one story has come. It only goes on, in working hours; past the weeks it raises `WeeksOver`."""

    def __init__(self, weeks: Weeks, chance: Random, now: datetime) -> None:
        self.weeks, self._chance, self.now = weeks, chance, now

    def fork(self) -> "Clock":
        """Return a clock for what goes on beside the story, from now on."""
        return Clock(self.weeks, Random(self._chance.random()), self.now)  # noqa: S311  invented, not secret

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.astimezone(ROME).date()

    def minutes(self, few: int = 0) -> datetime:
        """Go on by a few minutes, at random unless given."""
        return self.at(self.now + timedelta(minutes=few or self._chance.randint(4, 15)))

    def days(self, later: int) -> datetime:
        """Go on by that many working days, to some minute of the working hours."""
        return self.on(self.weeks.working_day(self.today, later=later))

    def days_at_most(self, later: int) -> datetime:
        """Go on by that many working days, or to the end of the weeks if they are over sooner."""
        try:
            return self.days(later)
        except WeeksOver:
            return self.at(moment(self.weeks.last_working_day, OFFICE_CLOSES))

    def on(self, day: date) -> datetime:
        """Go on to a day, or to the first working day after it."""
        opens, closes = moment(self.weeks.working_day(day), OFFICE_OPENS), OFFICE_CLOSES
        span = int((moment(opens.date(), closes) - opens).total_seconds() / 60)
        return self.at(opens + timedelta(minutes=self._chance.randrange(span)))

    def at(self, when: datetime) -> datetime:
        """Go on to that moment."""
        if self.weeks.over(when):
            raise WeeksOver
        self.now = max(when, self.now)
        return self.now


def moment(day: date, hour: time) -> datetime:
    """Return that hour of a day in Varese."""
    return datetime.combine(day, hour, ROME)
