"""Conditions as data: read strictly, written back unchanged, and judged with their reasons."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from domain.conditions import ALWAYS, About, Condition, ConditionInvalid, read, write
from domain.verdicts import evaluate
from tests.domain.loans import LOANS, LoanFacts, Notice, Shelf, conditions

FACTS = ("days", "fine", "renewed", "shelf", "days_to_sale", "last", "since", "times")


@dataclass(frozen=True, kw_only=True)
class LoanLimits:
    """What a policy may hold."""

    waived: Annotated[Condition, About(LoanFacts)]


LIMITS = TypeAdapter(LoanLimits)


def holds(written: dict[str, Any], **facts: Any) -> bool:
    """Whether a condition, as a document has it, holds."""
    return evaluate(read(written, LOANS), LoanFacts(**facts)).holds


@pytest.mark.parametrize(
    ("written", "facts", "expected"),
    [
        ({"days": {"above": 3}}, {"days": 3}, False),
        ({"days": {"at_least": 3}}, {"days": 3}, True),
        ({"days": {"above": 3, "up_to": 5}}, {"days": 5}, True),
        ({"days": {"below": 5}}, {"days": 5}, False),
        ({"days": 5}, {"days": 5}, True),
        ({"days": [4, 5]}, {"days": 3}, False),
        ({"days": {"is_not": [4, 5]}}, {"days": 3}, True),
        ({"fine": {"above": 9359.99}}, {"fine": Decimal(9360)}, True),
        ({"fine": {"above": "days"}}, {"fine": Decimal("3.50"), "days": 3}, True),
        ({"shelf": "MAPS"}, {"shelf": Shelf.MAPS}, True),
        ({"shelf": {"is_not": ["MAPS"]}}, {"shelf": Shelf.MAPS}, False),
        ({"renewed": True}, {"renewed": True}, True),
        ({"lent_on": {"from": "2026-03-01", "before": "2026-04-01"}}, {"lent_on": date(2026, 3, 31)}, True),
        ({"lent_on": {"until": "2026-03-30"}}, {"lent_on": date(2026, 3, 31)}, False),
        ({"since": {"first": {"at_least": 7}}}, {"since": {"first": 7}}, True),
        ({"since": {"first": "never"}}, {"since": {"second": 7}}, True),
        ({"since": {"first": {"at_least": 7}, "second": "never"}}, {"since": {"first": 7}}, True),
        ({"times": {"first": {"below": 2}}}, {}, True),
        ({"last": ["none", "first"]}, {}, True),
        ({"last": {"is_not": "first"}}, {}, True),
        ({"days": 1, "renewed": True}, {"days": 1}, False),
        ({"any": [{"days": 1}, {"renewed": True}]}, {"days": 1}, True),
        ({"all": [{"days": 1}, {"not": {"renewed": True}}]}, {"days": 1}, True),
        ({"not": {"days": 1, "renewed": True}}, {"days": 1}, True),
        ({}, {}, True),
    ],
)
def test_a_condition_says_what_must_hold(written: dict[str, Any], facts: dict[str, Any], *, expected: bool) -> None:
    assert holds(written, **facts) is expected


def test_what_is_not_known_proves_nothing() -> None:
    """Neither a test of it nor the opposite holds; only the word `unknown` tells."""
    assert not holds({"fine": {"up_to": 5}})
    assert not holds({"not": {"fine": {"up_to": 5}}})
    assert not holds({"shelf": {"is_not": "MAPS"}})
    assert not holds({"not": {"any": [{"shelf": "MAPS"}, {"renewed": True}]}})
    assert not holds({"days": {"above": "fine"}})
    assert holds({"fine": "unknown"})
    assert holds({"not": {"fine": {"is_not": "unknown"}}})
    assert holds({"any": [{"fine": {"up_to": 5}}, {"renewed": False}]})


def test_what_is_not_there_is_known() -> None:
    """Where no sale is planned there is none within ten days."""
    assert not holds({"days_to_sale": {"up_to": 10}})
    assert holds({"not": {"days_to_sale": {"up_to": 10}}})
    assert holds({"not": {"since": {"first": {"below": 14}}}})
    assert not holds({"days_to_sale": {"at_least": "days"}}, days=1)


def test_a_verdict_says_why() -> None:
    """Each test has its finding; what decided is said in each language, once."""
    condition = read(
        {"fine": {"above": 5, "up_to": 10}, "any": [{"shelf": "MAPS"}, {"since": {"first": {"at_least": 7}}}]}, LOANS
    )
    verdict = evaluate(condition, LoanFacts(fine=Decimal("7.5")))
    assert not verdict.holds
    assert [(each.fact, each.key, each.value, each.held) for each in verdict.findings] == [
        ("fine", None, Decimal("7.5"), True),
        ("shelf", None, None, None),
        ("since", "first", None, False),
    ]
    assert verdict.why.en == (
        "Shelf: not known (required: Maps); Days since the notice (first): never (required: at least 7)"
    )
    assert verdict.why.it == (
        "Scaffale: non noto (richiesto: Mappe); Giorni dall'avviso (first): mai (richiesto: almeno 7)"
    )
    kept = evaluate(condition, LoanFacts(fine=Decimal("7.5"), since={Notice("first"): 9}))
    assert kept.holds
    assert kept.decided[0].says.it == "Multa: 7,50 EUR (richiesto: sopra 5,00 EUR e fino a 10,00 EUR)"
    assert len(kept.decided) == 2


def test_the_opposite_is_said_as_such() -> None:
    refused = evaluate(read({"not": {"renewed": True}}, LOANS), LoanFacts(renewed=True))
    assert refused.why.en == "Renewed: yes (required: not yes)"
    compared = evaluate(read({"days": {"up_to": "fine"}}, LOANS), LoanFacts(days=9, fine=Decimal(3)))
    assert compared.why.en == "Days: 9 (required: up to Fine, 3.00 EUR)"


@pytest.mark.parametrize(
    ("written", "path", "message"),
    [
        ({"fin": 3}, ("fin",), "there is no fact `fin`: is it fine?"),
        ({"all": []}, ("all",), "`all` needs a list of conditions, one at least: write `all: [...]`"),
        ({"any": {"days": 3}}, ("any",), "`any` needs a list of conditions, one at least: write `any: [...]`"),
        ({"not": 3}, ("not",), "a condition names facts and what must hold of them: write `balance: {above: 500}`"),
        ({"all": [{"days": 3}, {}]}, ("all", 1), "a condition names facts"),
        ({"renewed": {"above": 1}}, ("renewed", "above"), "`above` does not fit `renewed`"),
        ({"days": {"atleast": 1}}, ("days", "atleast"), "`atleast` does not fit `days`: is it at_least?"),
        ({"days": {}}, ("days",), "`days` says nothing: write one of above, at_least, below, up_to, is, is_not"),
        ({"days": {"above": 5, "up_to": 3}}, ("days",), "nothing is above 5 and up_to 3: exchange the two"),
        ({"days": {"above": 5, "up_to": 5}}, ("days",), "nothing is above 5 and up_to 5"),
        ({"days": {"above": 5, "at_least": 7}}, ("days",), "`above` and `at_least` bound the same side"),
        ({"days": {"is": 5, "above": 3}}, ("days",), "`is` says it all"),
        ({"days": []}, ("days",), "`days` is none of an empty list: name one value at least"),
        ({"days": {"is_not": []}}, ("days", "is_not"), "`days` is none of an empty list"),
        ({"days": 2.5}, ("days",), "2.5 is no value of `days`: write a whole number"),
        ({"days": True}, ("days",), "True is no value of `days`"),
        ({"days": -1}, ("days",), "-1 is less than `days` can be: write 0 or more"),
        ({"days": "none"}, ("days",), "'none' is no value of `days`"),
        ({"fine": "ten"}, ("fine",), "'ten' is no value of `fine`: write a number or unknown"),
        ({"fine": {"above": "unknown"}}, ("fine", "above"), "`unknown` is no bound: write it under `is` or `is_not`"),
        ({"fine": {"above": "shelf"}}, ("fine", "above"), "`fine` cannot be compared with `shelf`"),
        ({"fine": {"above": float("nan")}}, ("fine", "above"), "nan is no value of `fine`"),
        ({"shelf": "MAP"}, ("shelf",), "MAP is no value of `shelf`: is it MAPS?"),
        ({"shelf": {"above": "MAPS"}}, ("shelf", "above"), "`above` does not fit `shelf`"),
        ({"renewed": "yes"}, ("renewed",), "'yes' is no value of `renewed`: write true or false"),
        ({"lent_on": {"from": "1 March"}}, ("lent_on", "from"), "'1 March' is no value of `lent_on`: write a day"),
        ({"since": 3}, ("since",), "`since` is told of each name apart"),
        ({"since": {"first": {"above": "x"}}}, ("since", "first", "above"), "'x' is no value of `since`"),
        (["days"], (), "a condition names facts"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(written: Any, path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(ConditionInvalid) as invalid:
        read(written, LOANS)
    (problem,) = invalid.value.problems
    assert problem[0] == path
    assert problem[1].startswith(message)


def test_pydantic_tells_every_problem_with_its_path() -> None:
    """As the policy document needs them: the path becomes a line."""
    with pytest.raises(ValidationError) as invalid:
        LIMITS.validate_json('{"waived": {"all": [{"fin": 3}, {"days": {"above": "x"}}]}}', strict=True)
    assert [error["loc"] for error in invalid.value.errors()] == [
        ("waived", "all", 0, "fin"),
        ("waived", "all", 1, "days", "above"),
    ]


@given(conditions(*FACTS, compared=True))
def test_a_condition_travels_as_json_and_comes_back_unchanged(condition: Condition) -> None:
    """In a process's limits, within a history."""
    limits = LoanLimits(waived=condition)
    travelled = json.loads(json.dumps(LIMITS.dump_python(limits, mode="json")))
    assert LIMITS.validate_python(travelled) == limits
    assert LIMITS.validate_json(LIMITS.dump_json(limits), strict=True) == limits


def test_no_condition_always_holds() -> None:
    assert read(write(ALWAYS), LOANS) == ALWAYS
    assert evaluate(ALWAYS, LoanFacts()).why.en == "nothing is required"
