"""Instalments and ledgers, to the cent, whatever the amounts."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.repayment_plan import Bill, Frequency, Imputation, Ledgers, RepaymentPlan
from domain.terms import months_after

CENT = Decimal("0.01")
FIRST_DUE = date(2026, 1, 31)

cents = st.integers(1, 5_000_000).map(lambda number: number * CENT)
days = st.dates(date(2025, 1, 1), date(2032, 12, 31))


@st.composite
def plans(draw: st.DrawFn) -> RepaymentPlan:
    """Signed plans of any length, with or without a first payment."""
    number = draw(st.integers(1, 120))
    first_payment = draw(st.sampled_from([Decimal("0.00"), Decimal("150.00")]) | cents)
    return RepaymentPlan.of(
        first_payment + draw(st.integers(number, 5_000_000)) * CENT,
        first_payment=first_payment,
        number=number,
        first_due_on=draw(days),
        frequency=draw(st.sampled_from(Frequency)),
    )


@st.composite
def ledgers(draw: st.DrawFn) -> Ledgers:
    """A planned debt and some bills, which may be partly paid."""
    bills = draw(st.lists(st.tuples(cents, days), max_size=6))
    made = Ledgers(planned=draw(cents | st.just(Decimal("0.00"))))
    for number, (amount, due_on) in enumerate(bills):
        made = made.charge(f"B{number}", amount, due_on)
    return made


def total(owed: Ledgers) -> Decimal:
    return owed.planned + sum(bill.unpaid for bill in owed.bills) - owed.credit


@given(plans())
def test_the_instalments_and_the_first_payment_add_up_to_the_debt(plan: RepaymentPlan) -> None:
    """To the cent; and no instalment is more than a cent larger than another, nor smaller than a later one."""
    amounts = [each.amount for each in plan.instalments]
    assert plan.first_payment + sum(amounts) == plan.debt
    assert max(amounts) - min(amounts) <= CENT
    assert amounts == sorted(amounts, reverse=True)
    assert min(amounts) > 0


@given(plans())
def test_the_due_days_follow_the_calendar(plan: RepaymentPlan) -> None:
    """The same day of the month, or the month's last: a plan from the 31st comes back to the 31st."""
    first = plan.instalments[0].due_on
    for number, each in enumerate(plan.instalments):
        months = (each.due_on.year - first.year) * 12 + each.due_on.month - first.month
        assert months == number * plan.frequency.months
        assert each.due_on.day == first.day or (each.due_on + timedelta(days=1)).day == 1


def test_a_plan_from_the_31st_comes_back_to_the_31st() -> None:
    plan = RepaymentPlan.of(
        Decimal(90), first_payment=Decimal(0), number=3, first_due_on=FIRST_DUE, frequency=Frequency.MONTHLY
    )
    assert [each.due_on for each in plan.instalments] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]


def test_a_debt_that_does_not_divide_puts_the_cents_first() -> None:
    """100.00 EUR in three: 33.34, 33.33, 33.33."""
    plan = RepaymentPlan.of(
        Decimal(100), first_payment=Decimal(0), number=3, first_due_on=FIRST_DUE, frequency=Frequency.MONTHLY
    )
    assert [str(each.amount) for each in plan.instalments] == ["33.34", "33.33", "33.33"]


@pytest.mark.parametrize("number", [0, 3])
def test_there_is_no_instalment_of_less_than_a_cent(number: int) -> None:
    with pytest.raises(ValueError, match="cannot be paid in"):
        RepaymentPlan.of(
            Decimal("1.02"),
            first_payment=Decimal(1),
            number=number,
            first_due_on=FIRST_DUE,
            frequency=Frequency.MONTHLY,
        )


@given(plans(), days)
def test_what_is_expected_falls_from_the_debt_to_nothing(plan: RepaymentPlan, on: date) -> None:
    """Start, less the first payment, less the instalments whose time has passed (DOMAIN section 3)."""
    passed = [each.amount for each in plan.instalments if each.due_on < on]
    assert plan.expected(lambda due: due < on) == plan.debt - plan.first_payment - sum(passed)
    assert plan.expected(lambda _: False) == plan.debt - plan.first_payment
    assert plan.expected(lambda _: True) == 0


@given(plans(), cents)
def test_what_a_payment_does_not_cover_is_the_rest_in_order(plan: RepaymentPlan, paid: Decimal) -> None:
    """The first payment, then the oldest instalment: partly covered ones are owed in part."""
    plan = replace(plan, signed_on=plan.instalments[0].due_on - timedelta(days=30))
    left = list(plan.uncovered(paid))
    assert sum(each.amount for each in left) == max(plan.debt - paid, 0)
    assert all(one.due_on <= other.due_on for one, other in pairwise(left))


@given(ledgers(), cents, days, st.sampled_from(Imputation))
def test_no_cent_is_lost_or_made_by_a_payment(owed: Ledgers, amount: Decimal, on: date, first: Imputation) -> None:
    """What is owed, less what is credited, falls by exactly what was paid; nothing is paid twice."""
    paid = owed.pay(amount, on=on, first=first)
    assert total(paid) == total(owed) - amount
    assert 0 <= paid.planned <= owed.planned
    assert all(bill.unpaid > 0 for bill in paid.bills)
    assert not paid.credit or not (paid.planned or paid.bills), "credit is what is left when nothing is owed"


@given(plans(), st.lists(st.tuples(cents, days), max_size=8), st.sampled_from(Imputation))
def test_the_two_ledgers_agree_after_any_payments(
    plan: RepaymentPlan, payments: list[tuple[Decimal, date]], first: Imputation
) -> None:
    """What is planned is what the instalments still leave unpaid, whichever ledger a payment met first."""
    plan = replace(plan, signed_on=date(2025, 1, 1))
    owed = Ledgers(planned=plan.debt).charge("B1", Decimal(80), date(2027, 5, 1))
    for amount, on in payments:
        owed = owed.pay(amount, on=on, first=first, plan=plan)
    assert sum(part.amount for part, number in owed.unpaid(plan) if number is None) == owed.planned
    assert total(owed) == plan.debt + 80 - sum(amount for amount, _ in payments)


@given(ledgers(), days)
def test_consolidation_moves_what_is_overdue_and_changes_no_total(owed: Ledgers, on: date) -> None:
    moved = owed.consolidate(on)
    assert total(moved) == total(owed)
    assert all(bill.due_on >= on for bill in moved.bills)


@given(ledgers(), cents, days)
def test_credit_pays_the_next_bill(owed: Ledgers, amount: Decimal, due_on: date) -> None:
    charged = replace(owed, credit=Decimal("25.00")).charge("next", amount, due_on)
    assert total(charged) == total(owed) - 25 + amount
    assert charged.credit == max(25 - amount, 0)


ON = date(2026, 3, 15)
PLAN = replace(
    RepaymentPlan.of(
        Decimal(300), first_payment=Decimal(0), number=3, first_due_on=date(2026, 3, 1), frequency=Frequency.MONTHLY
    ),
    signed_on=date(2026, 2, 1),
)
OWED = Ledgers(
    planned=Decimal(300),
    bills=(
        Bill(number="JAN", due_on=date(2026, 2, 10), amount=Decimal(60), unpaid=Decimal(60)),
        Bill(number="FEB", due_on=date(2026, 3, 20), amount=Decimal(60), unpaid=Decimal(60)),
    ),
)


@pytest.mark.parametrize(
    ("amount", "first", "bill", "planned", "bills"),
    [
        pytest.param(100, Imputation.PLAN_FIRST, None, 200, {"JAN": 60, "FEB": 60}, id="the plan's due part"),
        pytest.param(100, Imputation.BILLS_FIRST, None, 260, {"FEB": 60}, id="the due bill, then the plan"),
        pytest.param(200, Imputation.PLAN_FIRST, None, 200, {"FEB": 20}, id="what is due, then what is due next"),
        pytest.param(200, Imputation.BILLS_FIRST, None, 200, {"FEB": 20}, id="the same, for all that is due is paid"),
        pytest.param(60, Imputation.PLAN_FIRST, "FEB", 300, {"JAN": 60}, id="the bill that it names, due or not"),
        pytest.param(100, Imputation.PLAN_FIRST, "FEB", 260, {"JAN": 60}, id="its bill, and the rest as usual"),
        pytest.param(420, Imputation.PLAN_FIRST, None, 0, {}, id="everything"),
    ],
)
def test_a_payment_is_imputed_as_the_law_says(
    amount: int, first: Imputation, bill: str | None, planned: int, bills: dict[str, int]
) -> None:
    """Art. 1193 of the civil code: to what the debtor names; else to what is due; policy says of which ledger first."""
    paid = OWED.pay(Decimal(amount), on=ON, first=first, plan=PLAN, bill=bill)
    assert paid.planned == planned
    assert {each.number: each.unpaid for each in paid.bills} == bills


def test_a_check_keeps_both_figures() -> None:
    """On 15 March one instalment and one bill have passed: expected 200, actual 300, two missed."""
    check = OWED.check(PLAN, ON, lambda due: due < ON, first_lapsed=True)
    assert check.on == ON
    assert check.expected == 200
    assert check.actual == 300
    assert check.missed == 2


def test_months_are_counted_into_the_next_years() -> None:
    assert months_after(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert months_after(date(2024, 2, 29), 48) == date(2028, 2, 29)
    assert months_after(date(2026, 12, 31), 0) == date(2026, 12, 31)
