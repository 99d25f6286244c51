"""Rows that can never be reached are found, and no others."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conditions import Condition, read
from domain.hidden import hidden
from domain.verdicts import evaluate
from tests.domain.loans import LOANS, LoanFacts, conditions, every_loan


def found(*written: dict[str, object]) -> list[tuple[int, list[int]]]:
    """The rows that are hidden, and by which."""
    return list(hidden([read(each, LOANS) for each in written], LOANS))


def reached(rows: list[Condition], loans: list[LoanFacts]) -> set[int]:
    """The rows that decide at least one of these loans."""
    first = (next((i for i, row in enumerate(rows) if evaluate(row, loan).holds), None) for loan in loans)
    return {index for index in first if index is not None}


_EVERY = list(every_loan("days", "fine", "days_to_sale"))
_EVERY_NAME = list(every_loan("last", "since", "times", "shelf", "renewed"))


@settings(deadline=None, max_examples=60)
@given(st.lists(conditions("days", "fine", "days_to_sale"), min_size=2, max_size=4))
def test_it_agrees_with_trying_every_number(rows: list[Condition]) -> None:
    """Intervals, unknown and missing ones, under any `all`, `any` and `not`."""
    assert {index for index, _ in hidden(rows, LOANS)} == {*range(len(rows))} - reached(rows, _EVERY)


@settings(deadline=None, max_examples=60)
@given(st.lists(conditions("last", "since", "times", "shelf", "renewed"), min_size=2, max_size=4))
def test_it_agrees_with_trying_every_name(rows: list[Condition]) -> None:
    """Closed lists, names that no condition mentions, messages that were never sent."""
    assert {index for index, _ in hidden(rows, LOANS)} == {*range(len(rows))} - reached(rows, _EVERY_NAME)


@settings(deadline=None, max_examples=60)
@given(st.lists(conditions("days", "fine", "days_to_sale", compared=True), min_size=2, max_size=4))
def test_it_never_cries_wolf_over_facts_that_are_compared(rows: list[Condition]) -> None:
    assert not {index for index, _ in hidden(rows, LOANS)} & reached(rows, _EVERY)


def test_a_row_is_hidden_by_an_earlier_one() -> None:
    assert found({"days": {"at_least": 10}}, {"renewed": True, "days": {"above": 30}}) == [(1, [0])]
    assert found({"days": {"above": 30}}, {"days": {"at_least": 30}}) == []


def test_a_row_is_hidden_by_several_together() -> None:
    """None of them alone does it, and the one in between has no part in it."""
    rows: list[dict[str, object]] = [
        {"days": {"below": 10}},
        {"renewed": True},
        {"days": {"at_least": 10}, "shelf": "MAPS"},
        {"shelf": "MAPS"},
    ]
    assert found(*rows) == [(3, [0, 2])]


def test_a_row_that_contradicts_itself_is_hidden_by_none() -> None:
    assert found({"all": [{"days": {"above": 5}}, {"days": {"below": 3}}]}) == [(0, [])]


def test_what_is_not_known_is_not_taken_by_a_band_and_its_opposite() -> None:
    """Of the unknown, neither holds: a third row is reached by it, until one takes the unknown as well."""
    band: dict[str, object] = {"fine": {"up_to": 5}}
    assert found(band, {"not": band}, {}) == []
    assert found(band, {"not": band}, {"fine": "unknown"}, {}) == [(3, [0, 1, 2])]


def test_what_would_take_too_long_is_not_said() -> None:
    rows = [read(each, LOANS) for each in ({"days": {"below": 10}}, {"days": {"at_least": 10}}, {})]
    assert list(hidden(rows, LOANS, most=1)) == []
