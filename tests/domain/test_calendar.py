"""The closed days of a place (DOMAIN section 4)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import closures

EVERY_YEAR = {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)}
EASTER = {2025: (4, 20), 2026: (4, 5), 2027: (3, 28), 2028: (4, 16)}  # Monday is closed too, by itself
PATRONS = {
    "Milano": (12, 7),
    "Monza": (6, 24),
    "Varese": (5, 8),
    "Como": (8, 31),
    "Lodi": (1, 19),
    "Codogno": (2, 3),
    "Bergamo": (8, 26),
    "Lecco": (12, 6),
    "Sondrio": (6, 19),
    "Pavia": (12, 9),
    "Brescia": (2, 15),
    "Mantova": (3, 18),
}


@pytest.mark.parametrize("year", EASTER)
def test_national_holidays_are_those_of_the_law(year: int) -> None:
    """Law 260/1949, Easter Monday, and 4 October only from 2026 on; a Sunday is closed without being listed."""
    month, day = EASTER[year]
    expected = {date(year, *each) for each in EVERY_YEAR} | {date(year, month, day + 1)}
    if year >= 2026:
        expected.add(date(year, 10, 4))
    place = closures(None, start=date(year, 1, 1), until=date(year, 12, 31), saturday_works=True)
    assert set(place.days) == {each for each in expected if each.weekday() != 6}
    assert not any(place.works(each) for each in expected)


@pytest.mark.parametrize(("saturday_works", "works"), [(True, True), (False, False)])
def test_4_october_2025_was_an_ordinary_saturday(*, saturday_works: bool, works: bool) -> None:
    """The holiday came back with 2026: nothing that happened before may be counted with it."""
    place = closures(None, start=date(2025, 1, 1), until=date(2027, 12, 31), saturday_works=saturday_works)
    assert place.works(date(2025, 10, 4)) is works


def test_4_october_closes_once_from_2026_on() -> None:
    """On a Sunday in 2026, so first felt on Monday 4 October 2027, and listed there exactly once."""
    place = closures(None, start=date(2026, 1, 1), until=date(2027, 12, 31), saturday_works=False)
    assert not place.works(date(2026, 10, 4))
    assert not place.works(date(2027, 10, 4))
    assert place.works(date(2027, 10, 5))
    assert place.days.count(date(2027, 10, 4)) == 1


@pytest.mark.parametrize(("municipality", "patron"), PATRONS.items())
def test_the_patron_of_the_municipality_closes_it_every_year(municipality: str, patron: tuple[int, int]) -> None:
    """Lodi's day is not Codogno's, though both are in one province."""
    place = closures(patron, start=date(2026, 1, 1), until=date(2028, 12, 31), saturday_works=True)
    elsewhere = closures(None, start=date(2026, 1, 1), until=date(2028, 12, 31), saturday_works=True)
    weekdays = {day for year in (2026, 2027, 2028) if (day := date(year, *patron)).weekday() != 6}
    assert set(place.days) - set(elsewhere.days) == weekdays, municipality


def test_the_agency_closes_on_days_of_its_own() -> None:
    """A bridge day, or a strike that was announced."""
    bridge = date(2026, 12, 24)
    assert not closures(
        None, start=date(2026, 12, 1), until=date(2026, 12, 31), saturday_works=False, extra=[bridge]
    ).works(bridge)


def test_a_patron_that_no_calendar_has_is_an_error() -> None:
    """The register's fault, not a day to leave out in silence."""
    with pytest.raises(ValueError, match=r"day is out of range|must be in range"):
        closures((2, 30), start=date(2026, 1, 1), until=date(2026, 12, 31), saturday_works=False)


@given(
    patron=st.sampled_from([None, *PATRONS.values()]),
    start=st.dates(date(2025, 1, 1), date(2030, 12, 31)),
    length=st.integers(0, 1100),
    saturday_works=st.booleans(),
    extra=st.lists(st.dates(date(2025, 1, 1), date(2034, 12, 31)), max_size=10),
)
def test_each_day_is_listed_once_in_order_and_within_what_is_known(
    *, patron: tuple[int, int] | None, start: date, length: int, saturday_works: bool, extra: list[date]
) -> None:
    """What travels with a process is no longer than it must be, and the same for the same place."""
    until = date.fromordinal(start.toordinal() + length)
    place = closures(patron, start=start, until=until, saturday_works=saturday_works, extra=extra)
    assert list(place.days) == sorted(set(place.days))
    assert all(start <= day <= until for day in place.days)
    assert all(day.weekday() != 6 and (saturday_works or day.weekday() != 5) for day in place.days)
    assert not any(place.works(day) for day in extra if start <= day <= until)
