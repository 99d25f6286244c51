"""The closed days of a municipality. Read when terms are made (API, store), never inside a workflow."""

from collections.abc import Iterable
from datetime import date

import holidays

from domain.terms import Closures


def closures(
    municipality_patron: tuple[int, int] | None,
    *,
    start: date,
    until: date,
    saturday_works: bool,
    extra: Iterable[date] = (),
) -> Closures:
    """Return the days between `start` and `until`, both included, on which a municipality's offices are closed.

    They are the national holidays (law 260/1949, with 4 October from 2026 on), the patron's day of the municipality
    (month and day, from the register; None if it has none) and the agency's own closures (`extra`). `start` is the
    first day from which the process counts anything. Days that are closed every week are left out: they are known.
    Raises ValueError when the patron's day is not in the calendar.
    """
    closed = {*holidays.country_holidays("IT", years=range(start.year, until.year + 1)), *extra}
    if municipality_patron:
        closed |= {date(year, *municipality_patron) for year in range(start.year, until.year + 1)}
    weekly = Closures(until=until, days=(), saturday_works=saturday_works)
    listed = sorted(day for day in closed if start <= day <= until and weekly.works(day))
    return Closures(until=until, days=tuple(listed), saturday_works=saturday_works)
