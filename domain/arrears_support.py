"""Arrears support: from a debt that is verified to a repayment plan that is kept, or not (DOMAIN section 3)."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.arrears_facts import (
    ArrearsCause,
    AssessCause,
    BalanceSource,
    CauseJudge,
    CourtDate,
    DisputeDebt,
    DisputeGround,
    EscalateArrears,
    EscalationReason,
    NoFaultEvidence,
    OpenArrears,
    ProposePlan,
    Recalculation,
    RecordBill,
    RecordCourtDate,
    RecordPayment,
    RefusePlan,
    ResolveDispute,
    SignPlan,
    StopArrears,
    StopReason,
    VerifyDebt,
)
from domain.fields import Count, Day, Euro, EuroOrZero, ShortText, TenancyId, ahead, local_day, start_of
from domain.placeholders import Values
from domain.process import NEW, OPEN, SAME, Process, States, step
from domain.refusals import Refusal, Refused
from domain.repayment_plan import ZERO, Frequency, Imputation, Ledgers, PlanCheck, RepaymentPlan
from domain.roles import FIELD, OFFICE, Party, Role
from domain.terms import Term, Unit, due, months_after

BILLS_MOST = 60
"""How many unpaid bills are kept (five years, monthly): a bound on what the process carries."""

NUMBERS_MOST = 24
"""How many numbers of bills are remembered, paid or not (two years, monthly)."""


_FIFTEEN_DAYS = Term(15, Unit.DAYS)


@dataclass(frozen=True, kw_only=True)
class ArrearsLimits:
    """What policy sets for arrears.

    The tolerance after a due day is the term of the state `RUNNING`; the time for a first payment, that of `AGREED`.
    `plan_months`: the longest plan, in months from the proposal (ALER Milano 2021: 33 instalments on average).
    `instalment_least`: the smallest instalment, EUR. `frequencies`: how often instalments may fall due (in Italy each
    month).
    `missed_allowed`: how many instalments or bills may be missed before a breach (ALER Bergamo-Lecco-Sondrio: none).
    `renegotiations`: how many times a breached plan may be agreed again; it is exceptional.
    `imputation`: the ledger that a payment which names no bill meets first (art. 1193 of the civil code).
    `demand_within`: how long a formal demand leaves to pay.
    """

    plan_months: Count
    instalment_least: Euro
    missed_allowed: Count
    renegotiations: Count
    imputation: Imputation
    frequencies: tuple[Frequency, ...] = (Frequency.MONTHLY,)
    demand_within: Term = _FIFTEEN_DAYS


@dataclass(kw_only=True)
class ArrearsSupport(Process, it="Sostegno alla morosità"):
    """Help with a debt on rent, service charges or utilities, from its verification to a plan that is kept, or not."""

    class State(States):
        OPENED = "Aperto", "Opened", Role.ADMINISTRATIVE
        DISPUTED = "Debito contestato", "Debt disputed", Role.ADMINISTRATIVE
        DEBT_VERIFIED = "Debito verificato", "Debt verified", Role.OPERATOR
        CAUSE_ASSESSED = "Causa accertata", "Cause assessed", Role.OPERATOR
        PLAN_PROPOSED = "Piano proposto", "Plan proposed", Party.TENANT
        AGREED = "Piano firmato, in attesa del primo versamento", "Plan signed, first payment awaited", Party.TENANT
        RUNNING = "Piano in corso", "Plan running", Party.TENANT
        BREACHED = "Piano non rispettato", "Plan breached", Role.SUPERVISOR
        SETTLED = "Saldato", "Settled"
        NOT_OWED = "Debito insussistente", "Nothing owed"
        ESCALATED = "Passato all'ufficio competente", "Escalated"
        STOPPED = "Interrotto", "Stopped"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

    Limits = ArrearsLimits
    limits: ArrearsLimits

    tenancy: TenancyId | None = None
    source: BalanceSource | None = None
    months_owed: int = 0
    ledgers: Ledgers = field(default_factory=Ledgers)
    dispute: DisputeGround | None = None
    recalculation: Recalculation | None = None
    cause: ArrearsCause | None = None
    evidence: NoFaultEvidence | None = None
    cause_decided_by: CauseJudge | None = None
    plan: RepaymentPlan | None = None
    plan_check: PlanCheck | None = None
    acknowledged_on: Day | None = None
    """The day of the first signature: from then on the debt is not disputed."""
    renegotiations: int = 0
    """How many signed plans replaced a breached one."""
    bill_numbers: tuple[ShortText, ...] = ()
    """The latest that were recorded: none is charged twice."""
    hearing_on: Day | None = None
    eviction_on: Day | None = None
    escalated_because: EscalationReason | None = None
    escalated_to: ShortText | None = None
    stopped_because: StopReason | None = None

    def clock_starts(self) -> datetime | None:
        """While the plan runs, from the day on which the next instalment or bill is due."""
        if self.state == self.State.RUNNING.name and (unpaid := list(self.ledgers.unpaid(self.plan))):
            return start_of(min(part.due_on for part, _ in unpaid))
        return self.entered_at

    def formal_facts(self, on: Day) -> Values:
        """What is owed and due on a day."""
        due_parts = (part.amount for part, _ in self.ledgers.unpaid(self._signed) if part.due_on <= on)
        return Values(amount=sum(due_parts, ZERO), balance_day=on, days=self.limits.demand_within.amount)

    def letters_blocked(self, at: datetime) -> bool:
        """Say whether nothing may be demanded: a plan is kept, or the day that a court fixed is still ahead."""
        ahead_of_court = any(day >= local_day(at) for day in (self.hearing_on, self.eviction_on) if day)
        return ahead_of_court or self.state in {self.State.AGREED.name, self.State.RUNNING.name}

    def compared(self, at: datetime) -> PlanCheck | None:
        """Return the signed plan compared with what was paid by then; None without one."""

        def lapsed(day: Day, state: States = self.State.RUNNING) -> bool:
            return at >= due(self.terms.deadlines[state.name], start_of(day), self.terms.closures)

        plan = self._signed
        if not plan or not plan.signed_on:
            return None
        first_lapsed = lapsed(plan.signed_on, self.State.AGREED)
        return self.ledgers.check(plan, local_day(at), lapsed, first_lapsed=first_lapsed)

    def plan_stands(self, at: datetime) -> None:
        """Guard: the plan on the table is still for what is owed, and its first day is not over."""
        if self.plan and (self.plan.debt != self.ledgers.planned or self.plan.instalments[0].due_on < local_day(at)):
            raise Refused(Refusal.PLAN_OUTDATED, debt=self.plan.debt, planned=self.ledgers.planned)

    def plan_missed(self, at: datetime) -> None:
        """Guard: more was missed than policy allows, counting an instalment or a bill once its tolerance has passed."""
        found = self.compared(at)
        if found and found.missed <= self.limits.missed_allowed:
            raise Refused(Refusal.PLAN_KEPT, expected=found.expected, actual=found.actual, missed=found.missed)

    def may_renegotiate(self, _at: datetime) -> None:
        """Guard: a plan is renegotiated by exception."""
        if self.renegotiations >= self.limits.renegotiations:
            raise Refused(Refusal.RENEGOTIATIONS_SPENT, most=self.limits.renegotiations)

    def not_acknowledged(self, _at: datetime) -> None:
        """Guard: no signature has acknowledged the debt."""
        if self.acknowledged_on:
            raise Refused(Refusal.DEBT_ACKNOWLEDGED, signed=self.acknowledged_on)

    @step(NEW >> State.OPENED, by=FIELD | OFFICE, it="Apri il sostegno alla morosità", en="Open arrears support")
    def open(self, given: OpenArrears, at: datetime) -> None:
        """Take up a debt on a tenancy, with its figure and where that comes from."""
        self.tenancy, self.source, self.months_owed = given.tenancy, given.source, given.months_owed
        self.ledgers = Ledgers(planned=given.balance)

    @step(
        State.OPENED >> (State.DEBT_VERIFIED | State.NOT_OWED),
        (State.DEBT_VERIFIED | State.CAUSE_ASSESSED) >> (SAME | State.NOT_OWED),
        by=OFFICE,
        it="Verifica il debito",
    )
    def verify_debt(self, given: VerifyDebt, at: datetime) -> States | None:
        """Confirm what is owed with the accounts, or correct it before a plan is proposed."""
        self.source = given.source
        return self._restate(given.balance, given.months_owed, at)

    @step(
        (State.OPENED | State.DEBT_VERIFIED | State.CAUSE_ASSESSED | State.PLAN_PROPOSED) >> State.DISPUTED,
        by=FIELD | OFFICE,
        it="Contesta il debito",
        when=not_acknowledged,
    )
    def dispute_debt(self, given: DisputeDebt, at: datetime) -> None:
        """The tenant disputes the debt, which no signature has acknowledged yet: offer to recalculate the rent."""
        self.dispute, self.plan = given.ground, None

    @step(State.DISPUTED >> (State.DEBT_VERIFIED | State.NOT_OWED), by=OFFICE, it="Risolvi la contestazione")
    def resolve_dispute(self, given: ResolveDispute, at: datetime) -> States | None:
        """Say what is owed in the end."""
        self.recalculation = given.recalculation
        return self._restate(given.balance, given.months_owed, at)

    @step(
        State.DEBT_VERIFIED >> State.CAUSE_ASSESSED,
        (State.CAUSE_ASSESSED | State.PLAN_PROPOSED | State.AGREED | State.RUNNING | State.BREACHED) >> SAME,
        by=FIELD | OFFICE,
        it="Accerta la causa",
    )
    def assess_cause(self, given: AssessCause, at: datetime) -> None:
        """Say whose fault the arrears are; a commission may decide, also later."""
        if given.cause is ArrearsCause.NO_FAULT and not given.evidence:
            raise Refused(Refusal.EVIDENCE_MISSING, path=("evidence",))
        self.cause, self.evidence, self.cause_decided_by = given.cause, given.evidence, given.decided_by

    @step((State.CAUSE_ASSESSED | State.PLAN_PROPOSED) >> State.PLAN_PROPOSED, by=FIELD | OFFICE, it="Proponi un piano")
    def propose_plan(self, given: ProposePlan, at: datetime) -> None:
        """Propose instalments that pay off the debt, with the bills that are past their day."""
        self._plan(given, at)

    @step(
        State.PLAN_PROPOSED >> (State.CAUSE_ASSESSED | State.BREACHED),
        by=FIELD | OFFICE,
        it="Il piano è rifiutato",
        en="Plan refused",
    )
    def refuse_plan(self, given: RefusePlan, at: datetime) -> States | None:
        """The tenant does not accept the plan; another may be proposed. After a breach, the breach remains."""
        self.plan = None
        return self.State.BREACHED if self.acknowledged_on else None

    @step(
        State.PLAN_PROPOSED >> (State.AGREED | State.RUNNING),
        by=FIELD | OFFICE,
        it="Registra la firma",
        en="Record the signature",
        when=plan_stands,
    )
    def sign_plan(self, given: SignPlan, at: datetime) -> States | None:
        """The tenant signs the plan and so acknowledges the debt, which freezes; it runs once a first payment came."""
        if not self.plan:
            return None
        self.plan = replace(self.plan, signed_on=local_day(at), reference=given.reference)
        self.renegotiations += self.acknowledged_on is not None
        self.acknowledged_on = self.acknowledged_on or local_day(at)
        return None if self.plan.first_payment else self.State.RUNNING

    @step(
        (State.OPENED | State.DISPUTED | State.DEBT_VERIFIED | State.CAUSE_ASSESSED | State.PLAN_PROPOSED)
        >> (SAME | State.SETTLED),
        State.AGREED >> (SAME | State.RUNNING | State.SETTLED),
        (State.RUNNING | State.BREACHED) >> (SAME | State.SETTLED),
        by=OFFICE,
        it="Registra un versamento",
    )
    def record_payment(self, given: RecordPayment, at: datetime) -> States | None:
        """Record money received: for the bill that it names, else imputed by law and policy.

        It settles the arrears when the planned debt is paid and no bill is past its day.
        """
        if given.bill and given.bill not in self._bills:
            raise Refused(Refusal.BILL_UNKNOWN, path=("bill",), bills=self._bills)
        self.ledgers = self.ledgers.pay(
            given.amount, on=local_day(at), first=self.limits.imputation, plan=self._signed, bill=given.bill
        )
        self.plan_check = self.compared(at)
        if not self.ledgers.consolidate(local_day(at)).planned:
            return self.State.SETTLED
        if self.state == self.State.AGREED.name and self.plan:
            return self.State.RUNNING if self.plan.first_payment <= self.plan.debt - self.ledgers.planned else None
        return None

    @step(OPEN >> SAME, by=OFFICE, it="Registra una bolletta")
    def record_bill(self, given: RecordBill, at: datetime) -> None:
        """Record a charge that came after the debt: it stays apart from the plan, and must be paid as well."""
        if given.number in {*self._bills, *self.bill_numbers}:
            raise Refused(Refusal.BILL_KNOWN, path=("number",), number=given.number)
        if len(self.ledgers.bills) >= BILLS_MOST:
            raise Refused(Refusal.TOO_MANY, path=("number",), most=BILLS_MOST)
        self.bill_numbers = (*self.bill_numbers, given.number)[-NUMBERS_MOST:]
        self.ledgers = self.ledgers.charge(given.number, given.amount, given.due_on)
        self.plan_check = self.compared(at)

    @step(
        (State.AGREED | State.RUNNING) >> State.BREACHED,
        by=OFFICE,
        it="Dichiara il piano non rispettato",
        when=plan_missed,
    )
    def declare_breach(self, at: datetime) -> None:
        """The tenant loses the plan: an instalment or a bill was not paid in its tolerance."""
        self.plan_check = self.compared(at)

    @step(State.BREACHED >> State.PLAN_PROPOSED, by=[Role.SUPERVISOR], it="Rinegozia il piano", when=may_renegotiate)
    def renegotiate(self, given: ProposePlan, at: datetime) -> None:
        """Propose, by exception, a new plan for what is left of the breached one and the bills past their day."""
        self._plan(given, at)

    @step(
        (State.DEBT_VERIFIED | State.CAUSE_ASSESSED | State.PLAN_PROPOSED | State.BREACHED) >> State.ESCALATED,
        by=[Role.ADMINISTRATIVE, Role.SUPERVISOR, Role.ENGINE],
        it="Passa all'ufficio competente",
    )
    def escalate(self, given: EscalateArrears, at: datetime) -> None:
        """Hand the debt over to the office that decides on legal action."""
        self.escalated_because, self.escalated_to = given.reason, given.office

    @step(OPEN >> State.STOPPED, by=FIELD | OFFICE, it="Interrompi il sostegno")
    def stop(self, given: StopArrears, at: datetime) -> None:
        """End support although the debt remains."""
        self.stopped_because = given.reason

    @step(OPEN >> SAME, by=OFFICE, it="Registra udienza o sfratto", en="Record a court date")
    def record_court_date(self, given: RecordCourtDate, at: datetime) -> None:
        """Record the day of a hearing or of an eviction; until then nothing is demanded."""
        if given.on:
            ahead(given.on, at, "on")
        if given.kind is CourtDate.HEARING:
            self.hearing_on = given.on
        else:
            self.eviction_on = given.on

    @property
    def _signed(self) -> RepaymentPlan | None:
        return self.plan if self.plan and self.plan.signed_on else None

    @property
    def _bills(self) -> list[str]:
        return [bill.number for bill in self.ledgers.bills]

    def _restate(self, balance: EuroOrZero, months_owed: Count, at: datetime) -> States | None:
        self.ledgers, self.months_owed = self.ledgers.restate(balance, local_day(at)), months_owed
        return None if balance or self.ledgers.bills else self.State.NOT_OWED

    def _plan(self, given: ProposePlan, at: datetime) -> None:
        ahead(given.first_due_on, at, "first_due_on")
        if given.frequency not in self.limits.frequencies:
            raise Refused(Refusal.FREQUENCY_NOT_ALLOWED, path=("frequency",), allowed=self.limits.frequencies)
        longest = months_after(local_day(at), self.limits.plan_months)
        span = (given.instalments - 1) * given.frequency.months
        if given.first_due_on > longest or months_after(given.first_due_on, span) > longest:
            raise Refused(Refusal.PLAN_TOO_LONG, path=("instalments",), most=self.limits.plan_months)
        self.ledgers = self.ledgers.consolidate(local_day(at))
        rest = self.ledgers.planned - given.first_payment
        if rest <= 0:
            raise Refused(Refusal.FIRST_PAYMENT_TOO_LARGE, path=("first_payment",), debt=self.ledgers.planned)
        if rest < self.limits.instalment_least * given.instalments:
            raise Refused(Refusal.INSTALMENT_TOO_SMALL, path=("instalments",), least=self.limits.instalment_least)
        self.plan = RepaymentPlan.of(
            self.ledgers.planned,
            first_payment=given.first_payment,
            number=given.instalments,
            first_due_on=given.first_due_on,
            frequency=given.frequency,
        )
        self.plan_check = None
