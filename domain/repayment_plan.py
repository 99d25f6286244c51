"""Instalments that add up to the cent, and the two ledgers that a repayment plan keeps apart (DOMAIN section 3).

Pure arithmetic on amounts in EUR and local days.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Self

from domain.choices import Choice
from domain.fields import Count, Day, Euro, EuroOrZero, ShortText
from domain.terms import months_after

ZERO = Decimal("0.00")
_CENT = Decimal("0.01")

Lapsed = Callable[[Day], bool]
"""Whether the tolerance after a due day has passed."""


class Frequency(Choice):
    """How often an instalment falls due, in `months`: in Italy every month, unless policy allows more."""

    MONTHLY = "Mensile", "Monthly", 1
    BIMONTHLY = "Bimestrale", "Every two months", 2
    QUARTERLY = "Trimestrale", "Every three months", 3

    months: int

    def __init__(self, _it: str, _en: str, months: int) -> None:
        self.months = months


class Imputation(Choice):
    """Which ledger a payment that names no bill meets first, among what is already due."""

    PLAN_FIRST = "Prima il piano", "The plan first"
    BILLS_FIRST = "Prima le bollette", "The bills first"


@dataclass(frozen=True, kw_only=True)
class Instalment:
    """A part of the planned debt, to be paid by the end of a day."""

    due_on: Day
    amount: Euro


@dataclass(frozen=True, kw_only=True)
class RepaymentPlan:
    """`debt` is what the plan pays off: a first payment, due on the day of the signature, and the instalments.

    Once signed it no longer changes: later charges are bills, and a new agreement is a new plan.
    """

    debt: Euro
    first_payment: EuroOrZero
    frequency: Frequency
    instalments: tuple[Instalment, ...]
    signed_on: Day | None = None
    """The day of the signature, which acknowledges the debt."""
    reference: ShortText | None = None
    """Finds the signed paper in the agency's archive."""

    @classmethod
    def of(cls, debt: Euro, *, first_payment: EuroOrZero, number: int, first_due_on: Day, frequency: Frequency) -> Self:
        """Return a plan of `number` instalments that differ by a cent at most, the larger ones first.

        Each falls due on the day of the month of `first_due_on`, or on the month's last. Raises ValueError when there
        is not a cent for each instalment.
        """
        cents = int((debt - first_payment) / _CENT)
        if not 0 < number <= cents:
            raise ValueError(f"{debt - first_payment} EUR cannot be paid in {number} instalments")
        each, larger = divmod(cents, number)
        return cls(
            debt=debt,
            first_payment=first_payment,
            frequency=frequency,
            instalments=tuple(
                Instalment(
                    due_on=months_after(first_due_on, index * frequency.months),
                    amount=(each + (index < larger)) * _CENT,
                )
                for index in range(number)
            ),
        )

    def expected(self, lapsed: Lapsed) -> Decimal:
        """Return the planned balance that there should be: start, less first payment, less what should be paid by now.

        An instalment should be paid once its due day and the tolerance have passed.
        """
        due = sum((each.amount for each in self.instalments if lapsed(each.due_on)), ZERO)
        return self.debt - self.first_payment - due

    def uncovered(self, paid: Decimal) -> Iterator[Instalment]:
        """Yield what `paid` EUR do not cover, oldest first; of one partly covered, the rest."""
        parts = self.instalments
        if self.first_payment:
            parts = (Instalment(due_on=self.signed_on or date.min, amount=self.first_payment), *parts)
        for part in parts:
            rest = part.amount - paid
            paid = max(paid - part.amount, ZERO)
            if rest > 0:
                yield replace(part, amount=rest)


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A charge that came after the debt: a month's rent, services. `unpaid` is what is left of `amount`."""

    number: ShortText
    due_on: Day
    amount: Euro
    unpaid: Euro


@dataclass(frozen=True, kw_only=True)
class PlanCheck:
    """The plan compared with what was paid, on a day: both figures stay, so that a breach can be explained.

    `expected` and `actual` are planned balances; `missed` counts instalments and bills past due and tolerance.
    """

    on: Day
    expected: EuroOrZero
    actual: EuroOrZero
    missed: Count


@dataclass(frozen=True, kw_only=True)
class Ledgers:
    """What a tenancy owes: `planned` is the debt that a plan pays off, or will; `bills` are the later charges, apart.

    Only bills with something left to pay are kept. `credit` is what was paid beyond all that; the next bill takes it.
    """

    planned: EuroOrZero = ZERO
    bills: tuple[Bill, ...] = ()
    credit: EuroOrZero = ZERO

    def unpaid(self, plan: RepaymentPlan | None) -> Iterator[tuple[Instalment, str | None]]:
        """Yield what is left to pay and since when it is due, with the bill's number if it is one.

        Without a plan the planned debt is due whole, since ever.
        """
        if plan:
            yield from ((part, None) for part in plan.uncovered(plan.debt - self.planned))
        elif self.planned:
            yield Instalment(due_on=date.min, amount=self.planned), None
        yield from ((Instalment(due_on=bill.due_on, amount=bill.unpaid), bill.number) for bill in self.bills)

    def charge(self, number: str, amount: Euro, due_on: Day) -> "Ledgers":
        """Return the ledgers with one more bill, or what the credit leaves of it."""
        unpaid, credit = max(amount - self.credit, ZERO), max(self.credit - amount, ZERO)
        bill = (Bill(number=number, due_on=due_on, amount=amount, unpaid=unpaid),) if unpaid else ()
        return replace(self, bills=(*self.bills, *bill), credit=credit)

    def pay(
        self, amount: Euro, *, on: Day, first: Imputation, plan: RepaymentPlan | None = None, bill: str | None = None
    ) -> "Ledgers":
        """Return the ledgers after a payment on a day.

        It meets the bill it names (art. 1193 of the civil code, first paragraph); then what is due on that day, in
        the ledger that policy puts first and oldest first (second paragraph: "al debito scaduto"); then what falls
        due next.
        """

        def turn(owed: tuple[Instalment, str | None]) -> tuple[bool, bool, bool, date, bool]:
            part, number = owed
            second = (number is None) != (first is Imputation.PLAN_FIRST)
            due = part.due_on <= on
            return bill is None or number != bill, not due, due and second, part.due_on, second

        paid: dict[str | None, Decimal] = {}
        for part, number in sorted(self.unpaid(plan), key=turn):
            share = min(part.amount, amount)
            paid[number] = paid.get(number, ZERO) + share
            amount -= share
        left = (replace(each, unpaid=each.unpaid - paid[each.number]) for each in self.bills)
        return Ledgers(
            planned=self.planned - paid.get(None, ZERO),
            bills=tuple(each for each in left if each.unpaid),
            credit=self.credit + amount,
        )

    def restate(self, balance: EuroOrZero, on: Day) -> "Ledgers":
        """Return the ledgers with what the accounts say is owed on a day: the bills due by then are in it."""
        return Ledgers(planned=balance, bills=tuple(bill for bill in self.bills if bill.due_on > on))

    def consolidate(self, on: Day) -> "Ledgers":
        """Return the ledgers with the bills due before a day moved to the planned debt, as a new plan takes them in."""
        overdue = sum((bill.unpaid for bill in self.bills if bill.due_on < on), ZERO)
        return replace(
            self, planned=self.planned + overdue, bills=tuple(bill for bill in self.bills if bill.due_on >= on)
        )

    def check(self, plan: RepaymentPlan, on: Day, lapsed: Lapsed, *, first_lapsed: bool) -> PlanCheck:
        """Return the plan compared with what was paid; the first payment has a time of its own (`first_lapsed`)."""
        awaited = plan.debt - self.planned < plan.first_payment
        days = [part.due_on for part, _ in self.unpaid(plan)]
        return PlanCheck(
            on=on,
            expected=plan.expected(lapsed),
            actual=self.planned,
            missed=sum(map(lapsed, days[awaited:])) + (awaited and first_lapsed),
        )
