"""When a term ends: the rules of DOMAIN section 4 (art. 2963 of the civil code), on the calendar of Europe/Rome."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.terms import ROME, Closures, Term, Terms, Unit, due, last_moment

CLOSED = (
    *(date(2026, 12, day) for day in (8, 25, 26)),
    *(date(2027, month, day) for month, day in ((1, 1), (1, 6), (3, 29), (6, 2), (10, 4), (11, 1), (12, 8))),
)
OFFICE = Closures(until=date(2029, 12, 31), days=CLOSED, saturday_works=False)
OPEN_ON_SATURDAY = Closures(until=date(2029, 12, 31), days=CLOSED, saturday_works=True)

units = st.sampled_from(Unit)
calendar_units = st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS, Unit.MONTHS])
amounts = st.integers(1, 60)
starts = st.integers(0, 3 * 366 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
places = st.builds(
    Closures,
    until=st.dates(date(2026, 1, 1), date(2040, 12, 31)),
    days=st.lists(st.dates(date(2026, 1, 1), date(2030, 12, 31)), max_size=40).map(tuple),
    saturday_works=st.booleans(),
)


def rome(*parts: int) -> datetime:
    """A moment as the clocks in Rome show it."""
    return datetime(*parts, tzinfo=ROME)  # type: ignore[arg-type, misc]


def last_day(moment: datetime) -> date:
    """The last local day on which there is still time."""
    return (moment - timedelta(microseconds=1)).astimezone(ROME).date()


@pytest.mark.parametrize(
    ("term", "start", "closures", "last"),
    [
        pytest.param(
            Term(10, Unit.WORKING_DAYS),
            rome(2026, 12, 1, 9),
            OFFICE,
            date(2026, 12, 16),
            id="two weekends and the Immaculate Conception do not count",
        ),
        pytest.param(
            Term(10, Unit.WORKING_DAYS),
            rome(2026, 12, 1, 9),
            OPEN_ON_SATURDAY,
            date(2026, 12, 14),
            id="Saturdays count where policy says so",
        ),
        pytest.param(
            Term(30, Unit.DAYS),
            rome(2026, 11, 25, 9),
            OFFICE,
            date(2026, 12, 28),
            id="ends on Christmas Day: moves past Saint Stephen's Day and the Sunday after it",
        ),
        pytest.param(
            Term(3, Unit.DAYS),
            rome(2027, 10, 1, 9),
            OFFICE,
            date(2027, 10, 5),
            id="ends on 4 October 2027, a Monday and a holiday again",
        ),
        pytest.param(
            Term(1, Unit.MONTHS), rome(2026, 12, 10, 9), OFFICE, date(2027, 1, 11), id="same number, a Sunday: Monday"
        ),
        pytest.param(
            Term(1, Unit.MONTHS), rome(2028, 1, 31, 9), OFFICE, date(2028, 2, 29), id="no 31 February: its last day"
        ),
        pytest.param(
            Term(12, Unit.MONTHS), rome(2028, 2, 29, 9), OFFICE, date(2029, 2, 28), id="no 29 February: the 28th"
        ),
        pytest.param(
            Term(1, Unit.DAYS), rome(2026, 11, 23, 0), OFFICE, date(2026, 11, 24), id="the first instant of a day"
        ),
        pytest.param(
            Term(1, Unit.DAYS),
            rome(2026, 11, 23, 23, 59, 59),
            OFFICE,
            date(2026, 11, 24),
            id="the last instant of the same day",
        ),
        pytest.param(
            Term(1, Unit.DAYS),
            datetime(2026, 11, 23, 23, 30, tzinfo=UTC),
            OFFICE,
            date(2026, 11, 25),
            id="half past eleven in the evening in London is already the day after in Rome",
        ),
    ],
)
def test_a_term_ends_with_the_last_instant_of_its_last_day(
    term: Term, start: datetime, closures: Closures, last: date
) -> None:
    """The term has passed at 00:00 in Rome of the day after, given in UTC."""
    end = due(term, start, closures)
    day_after = last + timedelta(days=1)
    assert end == rome(day_after.year, day_after.month, day_after.day)
    assert end.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(rome(2026, 10, 24, 12), rome(2026, 10, 25, 11), id="clocks go back: the day has 25 hours"),
        pytest.param(rome(2027, 3, 27, 12), rome(2027, 3, 28, 13), id="clocks go forward: the day has 23 hours"),
    ],
)
def test_hours_are_elapsed_hours_when_the_clock_changes(start: datetime, end: datetime) -> None:
    """Danger reaches a person within the hour, whatever the clock on the wall does."""
    assert due(Term(24, Unit.HOURS), start, OFFICE) == end


def test_a_day_ends_at_midnight_in_rome_when_the_clock_changes() -> None:
    """The end of a term is a local midnight: 22:00 UTC in summer, 23:00 UTC in winter."""
    assert due(Term(2, Unit.DAYS), rome(2026, 10, 24, 12), OFFICE) == datetime(2026, 10, 26, 23, tzinfo=UTC)
    assert due(Term(2, Unit.DAYS), rome(2027, 3, 24, 12), OFFICE) == datetime(2027, 3, 26, 23, tzinfo=UTC)
    assert due(Term(1, Unit.DAYS), rome(2027, 3, 29, 12), OFFICE) == datetime(2027, 3, 30, 22, tzinfo=UTC)


def test_a_moment_without_a_zone_is_refused() -> None:
    """Nobody knows when a naive datetime is."""
    with pytest.raises(ValueError, match="aware"):
        due(Term(1, Unit.HOURS), rome(2026, 11, 23, 9).replace(tzinfo=None), OFFICE)


@given(amounts, amounts, units, starts, places)
def test_a_longer_term_never_ends_earlier(one: int, other: int, unit: Unit, start: datetime, place: Closures) -> None:
    """Granting more time never takes any away."""
    shorter, longer = sorted((one, other))
    assert start < due(Term(shorter, unit), start, place) <= due(Term(longer, unit), start, place)


@given(amounts, units, starts, starts, places)
def test_a_later_start_never_ends_earlier(
    amount: int, unit: Unit, one: datetime, other: datetime, place: Closures
) -> None:
    """Who begins later is not due before who began earlier."""
    earlier, later = sorted((one, other))
    assert due(Term(amount, unit), earlier, place) <= due(Term(amount, unit), later, place)


@given(amounts, units, starts, places)
def test_the_zone_in_which_the_start_is_written_makes_no_difference(
    amount: int, unit: Unit, start: datetime, place: Closures
) -> None:
    """The same instant has the same due time, in the hours that the clock repeats or leaves out too."""
    assert due(Term(amount, unit), start.astimezone(ROME), place) == due(Term(amount, unit), start, place)


@given(amounts, calendar_units, starts, places)
def test_a_term_never_ends_on_a_closed_day(amount: int, unit: Unit, start: datetime, place: Closures) -> None:
    """On its last day somebody is there to take the step."""
    assert place.works(last_day(due(Term(amount, unit), start, place)))


@given(amounts, starts, places)
def test_the_first_day_is_not_counted(amount: int, start: datetime, place: Closures) -> None:
    """A term of days leaves at least that many whole days after the one in which it begins."""
    first = start.astimezone(ROME).date()
    assert last_day(due(Term(amount, Unit.DAYS), start, place)) >= first + timedelta(days=amount)


@given(amounts, starts, places)
def test_working_days_are_as_many_as_granted(amount: int, start: datetime, place: Closures) -> None:
    """Between the first day and the last, the last included, the place is open exactly that often."""
    first = start.astimezone(ROME).date()
    last = last_day(due(Term(amount, Unit.WORKING_DAYS), start, place))
    assert sum(place.works(first + timedelta(days=n)) for n in range(1, (last - first).days + 1)) == amount


@given(amounts, units, starts, places, st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_what_is_not_known_yet_only_moves_a_term_later(
    amount: int, unit: Unit, start: datetime, place: Closures, until: date
) -> None:
    """Counted with closures that end too soon a term is never late, and it is final if they reach to its end."""
    known = Closures(
        until=until, days=tuple(day for day in place.days if day <= until), saturday_works=place.saturday_works
    )
    early, final = due(Term(amount, unit), start, known), due(Term(amount, unit), start, place)
    assert early <= final
    assert early == final or last_day(early) > until


def test_closures_are_renewed_for_what_is_to_come() -> None:
    """Days that have passed stay as they were counted; those ahead are as they are known now."""
    old = Closures(until=date(2026, 12, 31), days=(date(2026, 5, 8), date(2026, 12, 7)), saturday_works=True)
    known = Closures(until=date(2029, 12, 31), days=(date(2026, 6, 2), date(2026, 12, 8)), saturday_works=False)
    assert old.renewed(known, date(2026, 7, 1)) == Closures(
        until=date(2029, 12, 31), days=(date(2026, 5, 8), date(2026, 12, 8)), saturday_works=False
    )


def test_people_are_told_the_last_day_of_a_term() -> None:
    """The instant only if it ends within a day: a term in hours."""
    assert last_moment(due(Term(10, Unit.WORKING_DAYS), rome(2026, 12, 1, 9), OFFICE)) == date(2026, 12, 16)
    assert last_moment(due(Term(1, Unit.HOURS), rome(2026, 12, 1, 9), OFFICE)) == rome(2026, 12, 1, 10)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("1 hour", Term(1, Unit.HOURS)),
        ("24 hours", Term(24, Unit.HOURS)),
        ("30 days", Term(30, Unit.DAYS)),
        ("10 working days", Term(10, Unit.WORKING_DAYS)),
        ("6 months", Term(6, Unit.MONTHS)),
    ],
)
def test_a_term_is_read_as_people_write_it(text: str, term: Term) -> None:
    """Policy documents say "10 working days"."""
    assert TypeAdapter(Term).validate_python(text) == term


@pytest.mark.parametrize(
    "text",
    ["", "10", "days", "0 days", "-1 days", "1.5 days", "10  days", "10 weeks", "10000 days", "10 Days", "x 1 day"],
)
def test_anything_else_is_not_a_term(text: str) -> None:
    """A term that could be misread is refused, and the sentence shows a good one."""
    with pytest.raises(ValidationError, match="such as '10 working days'"):
        TypeAdapter(Term).validate_python(text)


def test_a_term_is_one_or_more() -> None:
    """A deadline of nothing is no deadline."""
    with pytest.raises(ValueError, match="1 or more days, not 0"):
        Term(0, Unit.DAYS)


@given(amounts, units, places)
def test_terms_come_back_from_json_as_they_were(amount: int, unit: Unit, place: Closures) -> None:
    """They live in histories and in PostgreSQL."""
    terms = Terms(policy="p@2026-11-01", deadlines={"OPENED": Term(amount, unit, "K.OPENED")}, closures=place)
    adapter = TypeAdapter(Terms)
    assert adapter.validate_json(adapter.dump_json(terms)) == terms
    assert adapter.validate_python(adapter.dump_python(terms, mode="json")) == terms
