"""When messages leave: the hours and days in which people are written to."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from pydantic import model_validator

from domain.terms import ROME, Closures

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_ONE_DAY = timedelta(days=1)


class Days(StrEnum):
    """On which days messages leave."""

    WORKING = "working days"
    EVERY = "every day"


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a day in which messages leave, as a policy writes them: "08:30-19:30"; local time of Italy."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if self.closes <= self.opens:
            raise ValueError(f"{self.closes:%H:%M} is not after {self.opens:%H:%M}: messages leave during the day")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        if not (read := _HOURS.fullmatch(given)):
            raise ValueError(f"{given!r} are no hours: write them like '08:30-19:30'")
        first, second, third, fourth = map(int, read.groups())
        return {"opens": time(first, second), "closes": time(third, fourth)}


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """Quiet hours and days; what should have left more than `oldest_days` ago is not sent any more."""

    hours: Hours = Hours(time(8, 30), time(19, 30))
    days: Days = Days.WORKING
    oldest_days: int = 2

    @property
    def oldest(self) -> timedelta:
        """How late a message may leave."""
        return timedelta(days=self.oldest_days)

    def open_at(self, moment: datetime) -> bool:
        """Say whether messages leave at that hour, on a day on which they do."""
        return self.hours.opens <= moment.astimezone(ROME).time() < self.hours.closes

    def next_minute(self, moment: datetime, closures: Closures, *, any_day: bool = False) -> datetime:
        """Return the first permitted minute from `moment` on; `any_day` what cannot wait for a working day."""
        local = moment.astimezone(ROME)
        day = local.date() if local.time() < self.hours.closes else local.date() + _ONE_DAY
        while not (any_day or self._permitted(day, closures)):
            day += _ONE_DAY
        return max(moment, self._opening(day))

    def last_hour(self, moment: datetime, closures: Closures) -> datetime:
        """Return when the last permitted day before the day of `moment` begins to send."""
        day = moment.astimezone(ROME).date() - _ONE_DAY
        while not self._permitted(day, closures):
            day -= _ONE_DAY
        return self._opening(day)

    def next_day(self, moment: datetime, closures: Closures) -> datetime:
        """Return the first permitted minute after the day of `moment`."""
        return self.next_minute(datetime.combine(moment.astimezone(ROME).date() + _ONE_DAY, time(), ROME), closures)

    def _opening(self, day: date) -> datetime:
        return datetime.combine(day, self.hours.opens, ROME)

    def _permitted(self, day: date, closures: Closures) -> bool:
        return self.days is Days.EVERY or closures.works(day)
