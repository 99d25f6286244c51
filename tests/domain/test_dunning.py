"""Dunning as a decision table: the first row that matches decides, says why, and is checked before it is published."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.arrears_facts import ArrearsCause, EscalationReason
from domain.arrears_support import ArrearsSupport
from domain.dunning import FACTS, DunningTable, Row, evaluate, explain, rungs
from domain.dunning_facts import DunningFacts, HearingOutcome, Known, MessageKind, PlanState, Sent, facts_of
from domain.message import Channel
from domain.policy import PolicyInvalid, load
from domain.tenant_case import Reason
from domain.terms import Term, Unit
from tests.domain.lives import LOMBARDIA, Life
from tests.domain.test_policy import GOOD, SAMPLES

LONDON = (Path(__file__).parent / "dunning_london.yaml").read_text("utf-8")
FIRST = MessageKind("first_letter")


def published(text: str) -> DunningTable:
    """The table of a policy that has it."""
    table = load(GOOD + text, SAMPLES).dunning
    assert table
    return table


def problems(text: str) -> list[str]:
    """What is said of a table, each with its line within the table's own text."""
    with pytest.raises(PolicyInvalid) as invalid:
        load(GOOD + text, SAMPLES)
    return [f"line {problem.line - GOOD.count(chr(10))}: {problem.message}" for problem in invalid.value.errors]


def lombard() -> DunningTable:
    """The table that comes with the engine."""
    assert LOMBARDIA.dunning
    return LOMBARDIA.dunning


SMALL = """\
dunning:
  grace: {weeks: 1}
  actions:
    write: {send: letter_one, by: [EMAIL, LETTER]}
    hand_over: {escalate: NO_ANSWER, office: Ufficio legale}
    nothing: {wait: 7 days}
  rows:
    - {row: paused, when: {paused: true}, then: nothing, because: agency practice}
    - {row: large, when: {weeks_overdue: {at_least: 4}}, then: hand_over, because: agency practice}
    - row: letter
      when: {overdue: {at_least: 10}, days_since: {letter_one: never}}
      then: write
      because: agency practice
    - {row: otherwise, then: nothing, because: nothing is to be done}
  given: {weekly_rent: 10, balance: 20}
  examples:
    - {example: ten EUR after the grace, action: write}
    - {example: within the grace, facts: {balance: 10}, row: otherwise}
    - {example: written to already, facts: {days_since: {letter_one: 30}}, action: nothing, row: otherwise}
"""


def test_the_first_row_whose_condition_holds_decides() -> None:
    decision = evaluate(published(SMALL), DunningFacts(weekly_rent=Decimal(10), balance=Decimal("25.50")))
    assert (decision.row, decision.action, decision.because) == ("letter", "write", "agency practice")
    assert decision.does.send == "letter_one"
    assert decision.does.by == (Channel.EMAIL, Channel.LETTER)
    assert decision.verdict.why.it == (
        "Debito scaduto: 15,50 EUR (richiesto: almeno 10,00 EUR);"
        " Giorni dalla comunicazione (letter_one): mai (richiesto: mai)"
    )


def test_every_other_row_says_why_it_did_not_decide() -> None:
    table = published(SMALL)
    facts = DunningFacts(weekly_rent=Decimal(10), balance=Decimal("25.50"))
    assert [(each.row, each.action, each.why.en) for each in explain(table, facts)] == [
        ("paused", "nothing", "Paused: no (required: yes)"),
        ("large", "hand_over", "Weeks of rent overdue: 1.55 (required: at least 4)"),
        ("otherwise", "nothing", "the row “letter” comes first"),
    ]


def test_a_table_travels_as_json_and_comes_back_unchanged() -> None:
    adapter = TypeAdapter(DunningTable)
    table = published(LONDON)
    assert adapter.validate_json(adapter.dump_json(table), strict=True) == table


def test_what_is_done_is_one_of_four() -> None:
    table = published(SMALL)
    assert table.actions["hand_over"].escalate is EscalationReason.NO_ANSWER
    assert table.actions["nothing"].wait == Term(7, Unit.DAYS)
    assert [(rung.text, path) for rung, path in rungs(table, ["letter_one"])] == [("letter_one", ("actions", "write"))]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("send: letter_one, by: [EMAIL, LETTER]", "task: VISIT, by: [SMS]", "line 4: `write`: `by` goes with `send`"),
        ("send: letter_one, by: [EMAIL, LETTER]", "send: letter_one", "line 4: `write`: a message needs channels: add"),
        ("send: letter_one, by", "sent: letter_one, by", "line 4: `sent` means nothing here: is it send?"),
        ("{wait: 7 days}", "{wait: 7 days, task: CALL}", "line 6: `nothing`: an action has one of send, task, esc"),
        ("{wait: 7 days}", "{}", "line 6: `nothing`: an action has one of send, task, escalate, wait, and it has no"),
        ("NO_ANSWER", "NO_ANSWERS", "line 5: `escalate`: expected one of BREACHED, NO_AGREEMENT, NO_ANSWER"),
        ("grace: {weeks: 1}", "grace: {week: 1}", "line 2: `week` means nothing here: is it weeks?"),
        ("then: write", "then: wrote", "line 12: there is no action `wrote`: is it write?"),
        ("row: large", "row: paused", "line 8: 2 rows are called `paused`: give each a name of its own"),
        ("{paused: true}", "{pausd: true}", "line 8: there is no fact `pausd`: is it paused?"),
        ("{letter_one: never}", "{leter_one: never}", "line 11: `leter_one` is neither sent nor among `messages`"),
        ("{letter_one: 30}", "{leter_one: 30}", "line 19: `leter_one` is neither sent nor among `messages`"),
        ("{paused: true}", "{hearing_outcome: lost}", "line 8: `lost` is neither sent nor among `outcomes`: add it"),
        ("because: nothing is to be done", "when: {paused: false}, because: x", "line 14: no row takes all the rest"),
        ("balance: 20}", "balanc: 20}", "line 15: there is no fact `balanc`: is it balance?"),
        ("facts: {balance: 10}", "facts: {balance: ten}", "line 18: 'ten' is no value of `balance`: write a number or"),
        ("after the grace, action: write}", "after the grace}", "line 17: this example expects nothing: add"),
        ("row: otherwise}\n", "row: rest}\n", "line 18: there is no row `rest`"),
        (
            "{paused: true}",
            "{weeks_overdue: {at_least: 3}}",
            "line 9: `large` can never be reached: row `paused` takes all",
        ),
        (
            "{paused: true}",
            "{overdue: {below: 15}}",
            "line 17: `nothing` comes out, by row `paused` (Overdue: 10.00 EUR (required: below 15.00 EUR)), instead",
        ),
        (
            "at_least: 10",
            "at_least: 11",
            "line 17: `nothing` comes out, by row `otherwise` (nothing is required), instead of `write`",
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_said_on_its_line(old: str, new: str, problem: str) -> None:
    """One change to a good table."""
    assert old in SMALL
    told = problems(SMALL.replace(old, new, 1))
    assert any(each.startswith(problem) for each in told), told


def test_rows_that_several_hide_together_are_told() -> None:
    text = SMALL.replace("paused: true", "any: [{overdue: {below: 90}}, {overdue: unknown}]").replace(
        "weeks_overdue: {at_least: 4}", "overdue: {at_least: 90}"
    )
    assert (
        "line 10: `letter` can never be reached: rows `paused`, `large` together take all that it would;"
        " move or remove it" in problems(text)
    )


def test_the_whole_ruleset_of_a_london_borough_is_a_table() -> None:
    """Its own names for what it does, some sixty examples, and not a line of code."""
    table = published(LONDON)
    assert len(table.examples) > 60
    assert {"send_letter_one", "send_court_warning_letter", "apply_for_court_date", "no_action"} <= {*table.actions}
    assert {row.then for row in table.rows} == {*table.actions}
    decision = evaluate(table, DunningFacts(weekly_rent=Decimal(10), balance=Decimal(20)))
    assert decision.action == "send_letter_one"


def test_every_action_of_the_london_borough_has_an_example() -> None:
    """Examples that never lead somewhere prove nothing about it: change an action's row, and one of them fails."""
    document = yaml.safe_load(LONDON)["dunning"]
    rows = {row["row"]: row["then"] for row in document["rows"]}
    expected = {each.get("action") or rows[each["row"]] for each in document["examples"]}
    assert expected == {*document["actions"]}


def test_a_hundred_and_fifty_examples_that_fail_are_each_told() -> None:
    lines = LONDON.rstrip().splitlines()
    more = [f"    - {{example: e{n}, facts: {{balance: {n + 20}}}, action: check_data}}" for n in range(150)]
    assert len(problems("\n".join([*lines, *more, ""]))) == 150


def test_the_lombard_table_is_checked_with_the_policy() -> None:
    assert lombard().rows[-1] == Row(row="otherwise", then="nothing", because="nothing else is to be done today")
    assert {rung.text for rung, _ in rungs(lombard(), LOMBARDIA.wording.texts)} == {
        "contact_us",
        "first_letter",
        "second_letter",
        "formal_demand",
        "plan_breached",
    }


_ODD: list[Any] = [
    None,
    True,
    -1,
    2.5,
    "",
    "x",
    "none",
    "RUNNING",
    [],
    {},
    [[]],
    {"a": 1},
    [None],
    {"all": []},
    10**30,
    {"not": {}},
]


def _places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else []
    for key, value in inner:
        yield from _places(value, (*path, key))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*_places(yaml.safe_load(SMALL))][1:]), st.sampled_from(_ODD)), max_size=3))
def test_anything_odd_in_a_table_is_told_in_sentences(odd: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Whatever is written wherever: never a trace."""
    document = yaml.safe_load(SMALL)
    for (*outer, last), value in sorted(odd, key=lambda each: -len(each[0])):
        inner = document
        for key in outer:
            inner = inner[key]
        inner[last] = value
    with suppress(PolicyInvalid):
        load(GOOD + yaml.safe_dump(document, sort_keys=False), SAMPLES)


# From the process to the facts.


def opened(balance: str = "900.00") -> Life[ArrearsSupport]:
    """Arrears on the 2nd of March 2026, of three months."""
    life = Life(ArrearsSupport)
    life.take("open", tenancy=UUID(int=1), balance=balance, months_owed=3, source="ACCOUNTS")
    return life


def planned() -> Life[ArrearsSupport]:
    """A signed plan of twelve instalments of 75 EUR, from the 31st of March on."""
    life = opened()
    life.take("verify_debt", balance="900.00", months_owed=3)
    life.take("assess_cause", cause="AT_FAULT")
    life.take("propose_plan", instalments=12, first_due_on="2026-03-31")
    life.take("sign_plan")
    return life


def test_a_process_that_was_just_opened_gives_its_facts() -> None:
    facts = facts_of(opened().process, on=date(2026, 3, 12))
    assert facts == DunningFacts(
        balance=Decimal("900.00"),
        months_owed=Decimal(3),
        days_in_arrears=10,
        debt_verified=False,
        tolerance_days=5,
    )
    assert evaluate(lombard(), facts).row == "figures in question"


def test_a_plan_is_compared_with_what_was_paid() -> None:
    """The first instalment is due on 31 March; the tolerance ends with the 7th, after Easter Monday."""
    process = planned().process
    kept = facts_of(process, on=date(2026, 4, 7))
    assert (kept.plan, kept.plan_missed, kept.letters_blocked) == (PlanState.RUNNING, 0, True)
    late = facts_of(process, on=date(2026, 4, 8))
    assert (late.plan_missed, late.plan_expected, late.plan_actual) == (1, Decimal("825.00"), Decimal("900.00"))
    assert late.days_since_plan == 37
    assert evaluate(lombard(), late).action == "remind"


def test_bills_are_owed_as_well() -> None:
    life = planned()
    life.take("record_bill", number="B1", amount="110.00", due_on="2026-03-20")
    facts = facts_of(life.process, on=date(2026, 3, 21), known=Known(balance_a_month_ago=Decimal(1000)))
    assert (facts.balance, facts.bills_overdue, facts.balance_change) == (Decimal("1010.00"), 1, Decimal("10.00"))
    assert facts_of(life.process, on=date(2026, 3, 20)).bills_overdue == 0


def test_a_breach_is_counted_from_its_day() -> None:
    life = planned().on(date(2026, 4, 8))
    life.take("declare_breach")
    facts = facts_of(life.process, on=date(2026, 4, 18), known=Known(monthly_rent=Decimal(300)))
    assert (facts.plan, facts.days_since_breach, facts.months_owed) == (PlanState.BREACHED, 10, None)
    assert evaluate(lombard(), facts).action == "breach_letter"


def test_court_days_are_ahead_until_they_are_over() -> None:
    life = opened()
    life.take("record_court_date", kind="HEARING", on="2026-05-10")
    life.take("record_court_date", kind="EVICTION", on="2026-06-10")
    days = [
        (facts.days_to_hearing, facts.days_since_hearing, facts.days_to_eviction, facts.days_since_eviction)
        for facts in (facts_of(life.process, on=date(2026, 5, day)) for day in (9, 10, 11))
    ]
    assert days == [(1, None, 32, None), (0, None, 31, None), (None, 1, 30, None)]


def test_what_the_process_does_not_know_is_told() -> None:
    """Messages, the pause, the law's acts; what comes after the day does not count."""
    known = Known(
        messages=(
            Sent(kind=FIRST, on=date(2026, 3, 3), failed=True),
            Sent(kind=FIRST, on=date(2026, 3, 8)),
            Sent(kind=MessageKind("visit"), on=date(2026, 3, 10)),
            Sent(kind=MessageKind("later"), on=date(2026, 3, 20)),
        ),
        paused_until=date(2026, 3, 20),
        pause_reason=Reason.HOSPITAL,
        monthly_rent=Decimal(300),
        last_payment_on=date(2026, 2, 10),
        notices=(date(2024, 1, 1), date(2026, 1, 12)),
        notice_expires_on=date(2026, 3, 17),
        hearing_outcome=HearingOutcome("lost"),
        vulnerable=True,
    )
    facts = facts_of(opened().process, on=date(2026, 3, 12), known=known)
    assert (facts.last_message, facts.days_since_message, facts.last_failed) == ("visit", 2, False)
    assert facts.days_since == {"first_letter": 4, "visit": 2}
    assert facts.days_since_failure == {"first_letter": 9}
    assert facts.times_sent == {"first_letter": 2, "visit": 1}
    assert (facts.paused, facts.pause_reason, facts.days_to_pause_end) == (True, Reason.HOSPITAL, 8)
    assert (facts.days_since_notice, facts.notices_in_a_year, facts.days_to_notice_expiry) == (59, 1, 5)
    assert (facts.days_since_payment, facts.vulnerable, facts.hearing_outcome) == (30, True, "lost")
    assert facts_of(opened().process, on=date(2026, 3, 20), known=known).paused is False


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"balance": 100, "weekly_rent": 25}, {"overdue": 75, "weeks_owed": 4, "weeks_overdue": 3}),
        ({"balance": 100, "weekly_rent": 25, "paid_in_grace": 10}, {"overdue": 85}),
        ({"balance": 100, "weekly_rent": 25, "paid_in_grace": 40}, {"overdue": 100}),
        ({"balance": 260, "monthly_rent": 260}, {"weekly_rent": 60, "months_owed": 1, "overdue": 200}),
        ({"balance": 100}, {"overdue": None, "weeks_owed": None}),
        ({"balance": 100, "weekly_rent": 0}, {"overdue": 100, "weeks_owed": None}),
        ({"weekly_rent": 25}, {"overdue": None, "monthly_rent": Decimal(25) * 52 / 12}),
        ({"months_owed": 3, "overdue": 7}, {"months_owed": 3, "overdue": 7}),
        ({"last_message": "x", "days_since_message": 3}, {"days_since": {"x": 3}}),
    ],
)
def test_what_follows_from_other_facts_need_not_be_said(told: dict[str, Any], expected: dict[str, Any]) -> None:
    """After a grace of one week's rent."""
    values, wrong = FACTS.read(told)
    assert not wrong
    whole = DunningFacts(**values).completed(published(SMALL).grace)
    assert {name: getattr(whole, name) for name in expected} == expected


def test_a_cause_is_known_once_it_was_assessed() -> None:
    assert facts_of(opened().process, on=date(2026, 3, 2)).cause is None
    assert facts_of(planned().process, on=date(2026, 3, 2)).cause is ArrearsCause.AT_FAULT


def test_the_day_is_the_local_one() -> None:
    """Recorded at half past eleven in the evening of UTC, it is the next day in Italy."""
    life = Life(ArrearsSupport)
    life.at = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    life.take("open", tenancy=UUID(int=1), balance="900.00", months_owed=3, source="ACCOUNTS")
    assert facts_of(life.process, on=date(2026, 3, 4)).days_in_arrears == 1


def test_an_example_that_fails_says_what_came_out_instead_and_why() -> None:
    (told,) = problems(SMALL.replace("at_least: 10", "at_least: 11", 1))
    assert told == (
        "line 17: `nothing` comes out, by row `otherwise` (nothing is required), instead of `write`:"
        " row `letter` lacks Overdue: 10.00 EUR (required: at least 11.00 EUR)"
    )
