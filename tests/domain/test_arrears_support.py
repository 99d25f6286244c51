"""Arrears support, as agencies live it (DOMAIN section 3)."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.arrears_facts import NoFaultEvidence
from domain.arrears_support import BILLS_MOST, ArrearsSupport
from domain.record import dump
from domain.repayment_plan import Frequency
from tests.domain.lives import Life

TENANCY = UUID(int=7)
LATER_BILL = {"number": "2026-05", "amount": "120.00", "due_on": "2026-05-10"}


def opened(balance: str = "1200.00", **limits: Any) -> Life[ArrearsSupport]:
    """A debt, on Monday 2 March 2026."""
    life = Life(ArrearsSupport, **limits)
    life.take("open", tenancy=TENANCY, balance=balance, months_owed=6, source="ACCOUNTS")
    return life


def assessed(balance: str = "1200.00", **limits: Any) -> Life[ArrearsSupport]:
    life = opened(balance, **limits)
    life.take("verify_debt", balance=balance, months_owed=6)
    life.take("assess_cause", cause="NO_FAULT", evidence="DISMISSAL")
    return life


def running(
    *, first_payment: str = "0", instalments: int = 12, first_due_on: str = "2026-03-31", **limits: Any
) -> Life[ArrearsSupport]:
    """A signed plan whose first instalment is due on 31 March 2026."""
    life = assessed(**limits)
    life.take("propose_plan", instalments=instalments, first_due_on=first_due_on, first_payment=first_payment)
    life.take("sign_plan", reference="A-1")
    return life


def test_a_plan_that_is_kept_ends_settled() -> None:
    """From the opening to the last instalment; the debt froze at the signature."""
    life = running()
    plan = life.process.plan
    assert plan
    assert life.state == "RUNNING"
    assert plan.debt == 1200
    assert plan.signed_on == date(2026, 3, 2)
    assert plan.reference == "A-1"
    for each in plan.instalments[:-1]:
        life.on(each.due_on).take("record_payment", amount=each.amount)
        assert life.state == "RUNNING"
    life.on(plan.instalments[-1].due_on).take("record_payment", amount=plan.instalments[-1].amount)
    assert life.state == "SETTLED"
    assert life.process.ledgers.planned == 0


def test_a_plan_with_a_first_payment_runs_once_it_has_come() -> None:
    """Until then it is agreed: the signature has acknowledged the debt, whatever comes of the plan."""
    life = running(first_payment="300.00")
    assert life.state == "AGREED"
    assert life.take("record_payment", amount="100.00").state == "AGREED"
    assert life.take("record_payment", amount="200.00").state == "RUNNING"
    assert life.process.ledgers.planned == 900


def test_the_deadline_of_a_running_plan_is_the_next_due_day_and_its_tolerance() -> None:
    """31 March 2026 and five days end on Sunday 5 April: Easter; Monday is closed too, so on Tuesday 7."""
    life = running()
    assert life.process.deadline
    assert life.process.deadline.isoformat() == "2026-04-07T22:00:00+00:00"
    life.take("record_bill", number="MAR", amount="80.00", due_on="2026-03-10")
    assert life.process.deadline.isoformat() == "2026-03-16T23:00:00+00:00"
    life.take("record_payment", amount="80.00", bill="MAR")
    assert life.process.deadline.isoformat() == "2026-04-07T22:00:00+00:00"


def test_a_plan_cannot_be_breached_within_the_tolerance() -> None:
    """Both figures are told: 1,200 EUR expected, 1,200 owed, nothing missed."""
    life = running().on(date(2026, 4, 7))
    refusal = life.refused("declare_breach")
    assert refusal.code == "PLAN_KEPT"
    assert "expected 1200.00 EUR, actual 1200.00 EUR, missed 0" in refusal.label.en


def test_one_missed_instalment_breaches_the_plan() -> None:
    """ALER Bergamo-Lecco-Sondrio; the check says what was expected on the day, and what was there."""
    life = running()
    life.until_due().take("declare_breach")
    assert life.state == "BREACHED"
    check = life.process.plan_check
    assert check
    assert check.expected == 1100
    assert check.actual == 1200
    assert check.missed == 1


def test_a_current_bill_that_is_not_paid_breaches_the_plan_too() -> None:
    """The two ledgers are apart: the plan itself is kept to the cent."""
    life = running()
    life.take("record_bill", **LATER_BILL)
    for day in (date(2026, 3, 31), date(2026, 4, 30)):
        life.on(day).take("record_payment", amount="100.00")
    life.until_due().take("declare_breach")
    check = life.process.plan_check
    assert check
    assert life.state == "BREACHED"
    assert check.expected == 1000
    assert check.actual == 1000
    assert check.missed == 1


def test_a_first_payment_that_never_comes_breaches_the_plan() -> None:
    """At the term of the state that waits for it, not with the tolerance of an instalment."""
    life = running(first_payment="300.00", first_due_on="2026-05-31").on(date(2026, 3, 10))
    assert life.refused("declare_breach").code == "PLAN_KEPT"
    life.on(date(2026, 4, 1)).take("record_payment", amount="299.99")
    life.until_due().take("declare_breach")
    assert life.state == "BREACHED"
    assert life.process.plan_check
    assert life.process.plan_check.missed == 1


def test_an_instalment_is_missed_while_the_first_payment_has_time() -> None:
    life = running(first_payment="300.00").on(date(2026, 4, 1))
    assert life.refused("declare_breach").code == "PLAN_KEPT"
    life = running(first_payment="300.00", first_due_on="2026-03-05").on(date(2026, 3, 12))
    assert life.take("declare_breach").plan_check
    assert life.process.plan_check
    assert life.process.plan_check.missed == 1


def test_policy_says_how_many_may_be_missed() -> None:
    life = running(missed_allowed=1).until_due()
    assert life.refused("declare_breach").code == "PLAN_KEPT"
    life.on(date(2026, 5, 9)).take("declare_breach")
    assert life.process.plan_check
    assert life.process.plan_check.missed == 2


def test_a_breached_plan_is_renegotiated_once_by_a_supervisor() -> None:
    """The new plan takes in what is left of the first and the bills past their day; a second time it escalates."""
    life = running()
    life.take("record_bill", **LATER_BILL)
    life.on(date(2026, 3, 31)).take("record_payment", amount="100.00")
    life.on(date(2026, 6, 1)).take("declare_breach")
    life.take("renegotiate", instalments=10, first_due_on="2026-07-01")
    assert life.process.plan
    assert life.state == "PLAN_PROPOSED"
    assert life.process.plan.debt == 1220
    assert (life.process.ledgers.bills, life.process.plan.signed_on) == ((), None)
    life.take("sign_plan")
    life.until_due().take("declare_breach")
    assert life.refused("renegotiate", instalments=10, first_due_on="2026-12-01").code == "RENEGOTIATIONS_SPENT"
    life.take("escalate", reason="BREACHED", office="Ufficio legale")
    assert (life.state, life.process.escalated_to) == ("ESCALATED", "Ufficio legale")


def test_a_renegotiation_that_is_refused_leaves_the_breach_and_the_acknowledged_debt() -> None:
    """Another may be proposed: what counts as renegotiated is what was signed. The debt is not disputed any more."""
    life = running()
    life.until_due().take("declare_breach")
    life.take("renegotiate", instalments=10, first_due_on="2026-07-01")
    assert life.refused("dispute_debt", ground="TIME_BARRED").code == "DEBT_ACKNOWLEDGED"
    life.take("refuse_plan")
    assert (life.state, life.process.ledgers.planned) == ("BREACHED", Decimal(1200))
    assert life.process.acknowledged_on == date(2026, 3, 2)
    life.take("renegotiate", instalments=20, first_due_on="2026-07-01")
    assert life.take("sign_plan").renegotiations == 1


def test_a_commission_may_decide_on_the_cause_later() -> None:
    """While the plan is signed, runs or is breached: the state stays as it is."""
    life = running(first_payment="300.00")
    for state, step, given in (
        ("AGREED", "record_payment", {"amount": "300.00"}),
        ("RUNNING", "record_bill", LATER_BILL),
    ):
        assert life.take("assess_cause", cause="AT_FAULT", decided_by="COMMISSION").state == state
        life.take(step, **given)
    life.until_due().take("declare_breach")
    entry = life.process.entry
    assert life.take("assess_cause", cause="NO_FAULT", evidence="INJURY", decided_by="COMMISSION").entry == entry
    assert life.process.cause
    assert life.process.cause.name == "NO_FAULT"


def test_a_restated_balance_takes_in_the_bills_due_by_then() -> None:
    """They are not counted twice, nor recorded again; what falls due later is still owed."""
    life = opened()
    life.take("record_bill", number="2026-02", amount="80.00", due_on="2026-03-02")
    life.take("record_bill", **LATER_BILL)
    life.take("verify_debt", balance="1280.00", months_owed=6)
    assert life.process.ledgers.planned == 1280
    assert [bill.number for bill in life.process.ledgers.bills] == ["2026-05"]
    again = {"number": "2026-02", "amount": "80.00", "due_on": "2026-03-02"}
    assert life.refused("record_bill", **again).code == "BILL_KNOWN"
    assert life.take("verify_debt", balance="0", months_owed=0).state == "DEBT_VERIFIED"
    assert life.on(date(2026, 5, 10)).take("verify_debt", balance="0", months_owed=0).state == "NOT_OWED"


def test_a_bill_that_was_paid_is_not_recorded_again() -> None:
    life = running()
    life.take("record_bill", **LATER_BILL)
    life.take("record_payment", amount="120.00", bill="2026-05")
    assert life.refused("record_bill", **LATER_BILL).code == "BILL_KNOWN"


def test_a_payment_before_any_plan_reduces_what_the_plan_will_be_for() -> None:
    life = opened()
    life.take("record_payment", amount="200.00")
    assert life.state == "OPENED"
    assert life.process.ledgers.planned == 1000
    assert life.take("record_payment", amount="1000.00").state == "SETTLED"


def test_a_payment_while_the_tenant_thinks_it_over_outdates_the_plan() -> None:
    """What is signed is what is owed: the plan is proposed again for the rest."""
    life = assessed()
    life.take("propose_plan", instalments=12, first_due_on="2026-03-31")
    life.take("record_payment", amount="200.00")
    assert life.refused("sign_plan").code == "PLAN_OUTDATED"
    life.take("propose_plan", instalments=10, first_due_on="2026-03-31")
    assert life.take("sign_plan").state == "RUNNING"


def test_a_plan_cannot_be_signed_after_its_first_due_day() -> None:
    life = assessed()
    life.take("propose_plan", instalments=12, first_due_on="2026-03-31")
    assert life.on(date(2026, 4, 1)).refused("sign_plan").code == "PLAN_OUTDATED"


def test_a_plan_that_the_tenant_refuses_may_be_followed_by_another() -> None:
    life = assessed()
    life.take("propose_plan", instalments=12, first_due_on="2026-03-31")
    life.take("refuse_plan")
    assert (life.state, life.process.plan) == ("CAUSE_ASSESSED", None)
    assert life.take("propose_plan", instalments=24, first_due_on="2026-03-31").state == "PLAN_PROPOSED"


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"first_due_on": "2026-03-01"}, "DUE_DATE_PAST", "first_due_on"),
        ({"first_payment": "1200.00"}, "FIRST_PAYMENT_TOO_LARGE", "first_payment"),
        ({"instalments": 61}, "PLAN_TOO_LONG", "instalments"),
        ({"first_due_on": "2031-03-31", "instalments": 2}, "PLAN_TOO_LONG", "instalments"),
        ({"first_due_on": "2199-12-31", "instalments": 10_000}, "PLAN_TOO_LONG", "instalments"),
        ({"first_payment": "1170.00", "instalments": 2}, "INSTALMENT_TOO_SMALL", "instalments"),
        ({"frequency": "QUARTERLY"}, "FREQUENCY_NOT_ALLOWED", "frequency"),
        ({"instalments": 0}, "INPUT_INVALID", "instalments"),
        ({"first_payment": "-1"}, "INPUT_INVALID", "first_payment"),
    ],
)
def test_a_plan_keeps_to_the_policy(given: dict[str, Any], code: str, path: str) -> None:
    life = assessed()
    refusal = life.refused("propose_plan", **{"instalments": 12, "first_due_on": "2026-03-31"} | given)
    assert (refusal.code, refusal.path) == (code, (path,))


def test_other_frequencies_are_the_policys_choice() -> None:
    life = assessed(frequencies=(Frequency.MONTHLY, Frequency.QUARTERLY))
    life.take("propose_plan", instalments=4, first_due_on="2026-03-31", frequency="QUARTERLY")
    assert life.process.plan
    assert life.process.plan.instalments[-1].due_on == date(2026, 12, 31)


def test_arrears_without_fault_need_their_evidence() -> None:
    """DM 14 May 2014, art. 2: eight causes; the other judgements need none."""
    life = opened()
    life.take("verify_debt", balance="1200.00", months_owed=6)
    assert life.refused("assess_cause", cause="NO_FAULT").path == ("evidence",)
    assert len(NoFaultEvidence) == 8
    life.take("assess_cause", cause="UNDETERMINED")
    life.take("assess_cause", cause="NO_FAULT", evidence="SERIOUS_ILLNESS", decided_by="COMMISSION")
    assert life.state == "CAUSE_ASSESSED"
    assert life.process.cause_decided_by
    assert life.process.cause_decided_by.name == "COMMISSION"


def test_a_disputed_debt_comes_back_verified_with_its_new_balance() -> None:
    """The rent is recalculated first; what came of it stays on record."""
    life = opened()
    life.take("dispute_debt", ground="INCOME_CHANGED")
    life.take("resolve_dispute", balance="450.50", months_owed=2, recalculation="DONE")
    assert (life.state, life.process.ledgers.planned) == ("DEBT_VERIFIED", Decimal("450.50"))
    assert life.process.recalculation
    assert life.process.recalculation.name == "DONE"


@pytest.mark.parametrize("disputed", [True, False])
def test_when_nothing_is_owed_it_ends(*, disputed: bool) -> None:
    """Which is not the same as a debt that was paid."""
    life = opened()
    if disputed:
        life.take("dispute_debt", ground="PAID_ALREADY")
        life.take("resolve_dispute", balance="0", months_owed=0, recalculation="NOT_APPLICABLE")
    else:
        life.take("verify_debt", balance="0", months_owed=0)
    assert life.state == "NOT_OWED"


def test_a_signed_debt_cannot_be_disputed() -> None:
    """The signature acknowledges it."""
    assert running().refused("dispute_debt", ground="TIME_BARRED").code == "STEP_NOT_ALLOWED"


def test_a_payment_may_name_its_bill() -> None:
    life = running()
    life.take("record_bill", **LATER_BILL)
    life.take("record_payment", amount="120.00", bill="2026-05")
    assert life.process.ledgers.planned == 1200
    assert life.process.ledgers.bills == ()
    refusal = life.refused("record_payment", amount="1", bill="2026-05")
    assert (refusal.code, refusal.path) == ("BILL_UNKNOWN", ("bill",))


def test_a_bill_is_recorded_once() -> None:
    life = running()
    life.take("record_bill", **LATER_BILL)
    assert life.refused("record_bill", **LATER_BILL).code == "BILL_KNOWN"


def test_arrears_are_not_settled_while_a_bill_is_past_its_day() -> None:
    """One that is not due yet goes its ordinary way."""
    life = opened()
    life.take("record_bill", number="2026-02", amount="10.00", due_on="2026-03-01")
    life.take("record_bill", **LATER_BILL)
    assert life.take("record_payment", amount="1200.00").state == "OPENED"
    assert life.process.ledgers.planned == 0
    assert life.take("record_payment", amount="10.00", bill="2026-02").state == "SETTLED"
    assert [bill.number for bill in life.process.ledgers.bills] == ["2026-05"]


def test_what_a_payment_leaves_of_its_bill_goes_to_the_plan() -> None:
    life = running()
    life.take("record_bill", number="2026-02", amount="80.00", due_on="2026-03-01")
    life.take("record_payment", amount="100.00", bill="2026-02")
    assert life.process.ledgers.planned == 1180
    assert life.process.ledgers.credit == 0


@pytest.mark.parametrize(("kind", "field"), [("HEARING", "hearing_on"), ("EVICTION", "eviction_on")])
def test_a_day_in_court_blocks_letters_until_it_has_passed(kind: str, field: str) -> None:
    """So does a plan that is kept; a date that is called off does not."""
    life = opened()
    assert not life.process.letters_blocked(life.at)
    life.take("record_court_date", kind=kind, on="2026-03-20")
    assert getattr(life.process, field) == date(2026, 3, 20)
    assert life.process.letters_blocked(life.at)
    assert not life.process.letters_blocked(life.on(date(2026, 3, 21)).at)
    assert life.refused("record_court_date", kind=kind, on="2026-03-20").code == "DUE_DATE_PAST"
    life.take("record_court_date", kind=kind)
    assert getattr(life.process, field) is None
    assert running().process.letters_blocked(life.at)


def test_support_may_stop_before_the_debt_does() -> None:
    life = running()
    life.take("stop", reason="DECEASED")
    assert (life.state, life.process.deadline) == ("STOPPED", None)


def test_ten_years_fit_in_a_few_kilobytes() -> None:
    """A plan of 120 instalments, each paid, with a bill a month: the event log remembers the rest."""
    life = assessed("24000.00", plan_months=130)
    life.take("propose_plan", instalments=120, first_due_on="2026-03-31")
    life.take("sign_plan")
    assert life.process.plan
    for number, each in enumerate(life.process.plan.instalments[:-1]):
        life.on(each.due_on)
        life.take("record_bill", number=f"B{number}", amount="90.00", due_on=each.due_on)
        life.take("record_payment", amount="90.00", bill=f"B{number}")
        life.take("record_payment", amount=each.amount)
    assert life.state == "RUNNING"
    assert life.process.ledgers.planned == 200
    assert len(str(dump(life.process))) < 10_000


def test_unpaid_bills_are_not_kept_without_end() -> None:
    life = running()
    for number in range(BILLS_MOST):
        life.take("record_bill", number=f"B{number}", amount="1.00", due_on="2026-05-10")
    assert life.refused("record_bill", **LATER_BILL).code == "TOO_MANY"
