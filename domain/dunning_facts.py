"""What a dunning table may ask of arrears on a day: facts in the terms of housing, and how they are worked out.

Amounts are in EUR. Whatever is relative to a day is in days from the day of the evaluation, so that a table and its
examples say the same on any date. A fact that is left out is not known, or there is none, as its label says.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, NewType, Self

from domain.arrears_facts import ArrearsCause
from domain.arrears_support import ArrearsSupport
from domain.choices import Choice
from domain.facts import Said
from domain.fields import Euro, local_day, start_of
from domain.repayment_plan import ZERO
from domain.tenant_case import Reason
from domain.terms import Unit

MessageKind = NewType("MessageKind", str)
"""A message by the name of its text, or another act that counts as one: a visit made, a notice served."""

HearingOutcome = NewType("HearingOutcome", str)
"""What a court decided, by the agency's own name for it."""

_WEEKS_A_YEAR, _MONTHS_A_YEAR = 52, 12


class PlanState(Choice):
    """How it stands with the repayment plan."""

    NONE = "Nessuno", "None"
    PROPOSED = "Proposto", "Proposed"
    SIGNED = "Firmato, in attesa del primo versamento", "Signed, first payment awaited"
    RUNNING = "In corso", "Running"
    BREACHED = "Non rispettato", "Breached"
    SETTLED = "Saldato", "Settled"


@dataclass(frozen=True, kw_only=True)
class Grace:
    """What is not counted as overdue yet: the rent of so many weeks or months, less what was paid in that time."""

    weeks: Decimal = Decimal(0)
    months: Decimal = Decimal(0)

    def amount(self, facts: "DunningFacts") -> Decimal | None:
        """Return it in EUR; None while the rent is not known."""
        rent = ZERO
        for number, each in ((self.weeks, facts.weekly_rent), (self.months, facts.monthly_rent)):
            if number and each is None:
                return None
            rent += number * (each or ZERO)
        return max(rent - facts.paid_in_grace, ZERO)


@dataclass(frozen=True, kw_only=True)
class DunningFacts:
    """The facts of arrears on a day. `completed` works out those that follow from others."""

    # What is owed.
    balance: Annotated[Decimal | None, Said("Debito", "Balance", "EUR")] = None
    overdue: Annotated[Decimal | None, Said("Debito scaduto", "Overdue", "EUR")] = None
    """What is left of the balance after the grace of the table."""
    paid_in_grace: Annotated[Decimal, Said("Versato nel periodo di grazia", "Paid in the grace period", "EUR")] = ZERO
    weekly_rent: Annotated[Decimal | None, Said("Canone settimanale", "Weekly rent", "EUR", least=0)] = None
    monthly_rent: Annotated[Decimal | None, Said("Canone mensile", "Monthly rent", "EUR", least=0)] = None
    weeks_owed: Annotated[Decimal | None, Said("Settimane di canone dovute", "Weeks of rent owed")] = None
    months_owed: Annotated[Decimal | None, Said("Mesi di canone dovuti", "Months of rent owed")] = None
    weeks_overdue: Annotated[Decimal | None, Said("Settimane di canone scadute", "Weeks of rent overdue")] = None
    months_overdue: Annotated[Decimal | None, Said("Mesi di canone scaduti", "Months of rent overdue")] = None
    balance_change: Annotated[Decimal | None, Said("Variazione in un mese", "Change within a month", "EUR")] = None
    """Above zero, the balance has grown."""
    days_in_arrears: Annotated[int | None, Said("Giorni di morosità", "Days in arrears", least=0)] = None
    days_since_payment: Annotated[
        int | None, Said("Giorni dall'ultimo versamento", "Days since the last payment", none=True, least=0)
    ] = None
    bills_overdue: Annotated[int, Said("Bollette scadute", "Bills past due", least=0)] = 0
    debits_failed: Annotated[int, Said("Addebiti respinti", "Direct debits refused", least=0)] = 0
    tolerance_days: Annotated[int | None, Said("Giorni di tolleranza", "Days of tolerance", least=0)] = None

    # What it comes from, and who owes it.
    debt_verified: Annotated[bool, Said("Debito verificato", "Debt verified")] = True
    dispute_open: Annotated[bool, Said("Contestazione aperta", "Dispute open")] = False
    cause: Annotated[ArrearsCause | None, Said("Causa", "Cause")] = None
    vulnerable: Annotated[bool, Said("Nucleo fragile", "Vulnerable household")] = False
    danger: Annotated[bool, Said("Situazione di pericolo", "Danger")] = False

    # The plan.
    plan: Annotated[PlanState, Said("Piano di rientro", "Repayment plan")] = PlanState.NONE
    plan_by_court: Annotated[bool, Said("Piano disposto dal giudice", "Plan set by a court")] = False
    days_since_plan: Annotated[
        int | None, Said("Giorni dall'inizio del piano", "Days since the plan began", none=True, least=0)
    ] = None
    days_since_breach: Annotated[
        int | None, Said("Giorni dal mancato rispetto", "Days since the breach", none=True, least=0)
    ] = None
    plan_expected: Annotated[
        Decimal | None, Said("Saldo previsto dal piano", "Balance that the plan expects", "EUR", none=True)
    ] = None
    plan_actual: Annotated[
        Decimal | None, Said("Saldo effettivo del piano", "Actual balance of the plan", "EUR", none=True)
    ] = None
    plan_missed: Annotated[int, Said("Rate e bollette mancate", "Instalments and bills missed", least=0)] = 0

    # What was said already.
    last_message: Annotated[MessageKind | None, Said("Ultima comunicazione", "Last message", none=True)] = None
    days_since_message: Annotated[
        int | None, Said("Giorni dall'ultima comunicazione", "Days since the last message", none=True, least=0)
    ] = None
    last_failed: Annotated[bool, Said("Ultima comunicazione non recapitata", "Last message came back")] = False
    days_since: Annotated[
        Mapping[MessageKind, int], Said("Giorni dalla comunicazione", "Days since the message", least=0)
    ] = field(default_factory=dict)
    days_since_failure: Annotated[
        Mapping[MessageKind, int],
        Said("Giorni dal mancato recapito", "Days since the message came back", least=0),
    ] = field(default_factory=dict)
    times_sent: Annotated[Mapping[MessageKind, int], Said("Volte inviata", "Times sent", least=0, otherwise=0)] = field(
        default_factory=dict
    )
    """In these arrears."""

    # What stands in the way.
    paused: Annotated[bool, Said("Sospesa", "Paused")] = False
    pause_reason: Annotated[Reason | None, Said("Motivo della sospensione", "Reason of the pause", none=True)] = None
    days_to_pause_end: Annotated[
        int | None, Said("Giorni alla fine della sospensione", "Days to the end of the pause", none=True, least=0)
    ] = None
    letters_blocked: Annotated[bool, Said("Solleciti bloccati", "Letters blocked")] = False

    # Notice, court and eviction. A day that is today is still to come: 0 days to it.
    days_since_notice: Annotated[
        int | None, Said("Giorni dall'intimazione", "Days since the notice", none=True, least=0)
    ] = None
    days_to_notice_expiry: Annotated[
        int | None, Said("Giorni alla scadenza dell'intimazione", "Days to the notice's expiry", none=True, least=0)
    ] = None
    days_since_notice_expiry: Annotated[
        int | None, Said("Giorni dalla scadenza dell'intimazione", "Days since the notice's expiry", none=True, least=0)
    ] = None
    notices_in_a_year: Annotated[int, Said("Intimazioni in un anno", "Notices within a year", least=0)] = 0
    days_to_hearing: Annotated[int | None, Said("Giorni all'udienza", "Days to the hearing", none=True, least=0)] = None
    days_since_hearing: Annotated[
        int | None, Said("Giorni dall'udienza", "Days since the hearing", none=True, least=0)
    ] = None
    hearing_outcome: Annotated[HearingOutcome | None, Said("Esito dell'udienza", "Hearing's outcome", none=True)] = None
    days_to_eviction: Annotated[int | None, Said("Giorni allo sfratto", "Days to the eviction", none=True, least=0)] = (
        None
    )
    days_since_eviction: Annotated[
        int | None, Said("Giorni dallo sfratto", "Days since the eviction", none=True, least=0)
    ] = None

    def completed(self, grace: Grace) -> Self:
        """Return these facts with what follows from them, where it was left out.

        One rent gives the other (52 weeks, 12 months a year); balance and grace give what is overdue; amounts and rents
        give the weeks and months; a last message counts among the days since each kind.
        """
        weekly, monthly = self.weekly_rent, self.monthly_rent
        if weekly is None and monthly is not None:
            weekly = monthly * _MONTHS_A_YEAR / _WEEKS_A_YEAR
        if monthly is None and weekly is not None:
            monthly = weekly * _WEEKS_A_YEAR / _MONTHS_A_YEAR
        whole = dataclasses.replace(self, weekly_rent=weekly, monthly_rent=monthly)
        overdue, counted = self.overdue, grace.amount(whole)
        if overdue is None and self.balance is not None and counted is not None:
            overdue = self.balance - counted
        days_since, last = dict(self.days_since), self.last_message
        if last is not None and self.days_since_message is not None:
            days_since.setdefault(last, self.days_since_message)
        return dataclasses.replace(
            whole,
            overdue=overdue,
            weeks_owed=_times(self.weeks_owed, self.balance, weekly),
            months_owed=_times(self.months_owed, self.balance, monthly),
            weeks_overdue=_times(self.weeks_overdue, overdue, weekly),
            months_overdue=_times(self.months_overdue, overdue, monthly),
            days_since=days_since,
        )


def _times(given: Decimal | None, amount: Decimal | None, rent: Decimal | None) -> Decimal | None:
    return given if given is not None or amount is None or not rent else amount / rent


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message that was sent in these arrears, or another act that counts as one; `failed` if it came back."""

    kind: MessageKind
    on: date
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the process does not know itself: what was sent, the pause of its case, the rent, the law's acts.

    `notices` are the days on which notice was served. `paid_in_grace`: EUR paid within the table's grace.
    """

    messages: tuple[Sent, ...] = ()
    paused_until: date | None = None
    pause_reason: Reason | None = None
    monthly_rent: Euro | None = None
    in_arrears_since: date | None = None
    last_payment_on: date | None = None
    paid_in_grace: Decimal = ZERO
    balance_a_month_ago: Decimal | None = None
    debits_failed: int = 0
    breached_on: date | None = None
    plan_by_court: bool = False
    notices: tuple[date, ...] = ()
    notice_expires_on: date | None = None
    hearing_outcome: HearingOutcome | None = None
    vulnerable: bool = False
    danger: bool = False


_PLAN_STATES = {
    "PLAN_PROPOSED": PlanState.PROPOSED,
    "AGREED": PlanState.SIGNED,
    "RUNNING": PlanState.RUNNING,
    "BREACHED": PlanState.BREACHED,
    "SETTLED": PlanState.SETTLED,
}
_NOTHING_KNOWN = Known()


def facts_of(arrears: ArrearsSupport, *, on: date, known: Known = _NOTHING_KNOWN) -> DunningFacts:
    """Return the facts of an arrears support on a day, with what is `known` besides; a table's grace completes them.

    Without a rent, the months owed are those that were stated with the balance.
    """
    at = start_of(on)
    unpaid = [(part, bill) for part, bill in arrears.ledgers.unpaid(arrears.plan) if bill]
    balance = arrears.ledgers.planned + sum((part.amount for part, _ in unpaid), ZERO) - arrears.ledgers.credit
    check, tolerance = arrears.compared(at), arrears.terms.deadlines.get(arrears.State.RUNNING.name)
    plan = arrears.plan if arrears.plan and arrears.plan.signed_on else None
    breached = arrears.state == arrears.State.BREACHED.name
    breached_on = known.breached_on or (_day(arrears.entered_at) if breached else None)
    notice = max((each for each in known.notices if each <= on), default=None)
    sent = sorted((each for each in known.messages if each.on <= on), key=lambda each: each.on)
    last = sent[-1] if sent else None
    pause = known.paused_until if known.paused_until and known.paused_until > on else None
    return DunningFacts(
        balance=balance,
        paid_in_grace=known.paid_in_grace,
        monthly_rent=known.monthly_rent,
        months_owed=None if known.monthly_rent else Decimal(arrears.months_owed),
        balance_change=None if known.balance_a_month_ago is None else balance - known.balance_a_month_ago,
        days_in_arrears=_since(known.in_arrears_since or _day(arrears.opened_at), on),
        days_since_payment=_since(known.last_payment_on, on),
        bills_overdue=sum(part.due_on < on for part, _ in unpaid),
        debits_failed=known.debits_failed,
        tolerance_days=tolerance.amount if tolerance and tolerance.unit is Unit.DAYS else None,
        debt_verified=arrears.state not in {arrears.State.OPENED.name, arrears.State.DISPUTED.name},
        dispute_open=arrears.state == arrears.State.DISPUTED.name,
        cause=arrears.cause,
        vulnerable=known.vulnerable,
        danger=known.danger,
        plan=_PLAN_STATES.get(arrears.state, PlanState.NONE),
        plan_by_court=known.plan_by_court,
        days_since_plan=_since(plan.signed_on if plan else None, on),
        days_since_breach=_since(breached_on, on) if breached else None,
        plan_expected=check.expected if check else None,
        plan_actual=check.actual if check else None,
        plan_missed=check.missed if check else 0,
        last_message=last.kind if last else None,
        days_since_message=_since(last.on, on) if last else None,
        last_failed=last.failed if last else False,
        days_since={each.kind: (on - each.on).days for each in sent},
        days_since_failure={each.kind: (on - each.on).days for each in sent if each.failed},
        times_sent=Counter(each.kind for each in sent),
        paused=pause is not None,
        pause_reason=known.pause_reason if pause else None,
        days_to_pause_end=_to(pause, on),
        letters_blocked=arrears.letters_blocked(at),
        days_since_notice=_since(notice, on),
        days_to_notice_expiry=_to(known.notice_expires_on, on),
        days_since_notice_expiry=_since(known.notice_expires_on, on, over=True),
        notices_in_a_year=sum(timedelta() <= on - each < timedelta(days=365) for each in known.notices),
        days_to_hearing=_to(arrears.hearing_on, on),
        days_since_hearing=_since(arrears.hearing_on, on, over=True),
        hearing_outcome=known.hearing_outcome,
        days_to_eviction=_to(arrears.eviction_on, on),
        days_since_eviction=_since(arrears.eviction_on, on, over=True),
    )


def _day(moment: datetime | None) -> date | None:
    return moment and local_day(moment)


def _since(day: date | None, on: date, *, over: bool = False) -> int | None:
    """Days since a day; None before it, and on it if it has to be `over`."""
    days = (on - day).days if day else -1
    return days if days >= over else None


def _to(day: date | None, on: date) -> int | None:
    """Days to a day, 0 on it; None after it."""
    return (day - on).days if day and day >= on else None
