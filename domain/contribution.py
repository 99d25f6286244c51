"""Money towards rent or utilities, from a funding line that is never overspent (DOMAIN section 3).

Beside an arrears support or on its own. A refusal is announced first (L. 241/1990, art. 10-bis): the tenant has ten
days from the proved receipt of the notice to answer it; not in competitive procedures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import model_validator

from domain.conditions import About, Condition
from domain.contribution_facts import (
    AssessContribution,
    ContributionFacts,
    GrantContribution,
    Measure,
    NotifyRefusal,
    PayContribution,
    Purpose,
    RecordObservations,
    RecordReceipt,
    RefusalGround,
    RefuseContribution,
    RequestContribution,
    RevocationReason,
    RevokeGrant,
    WithdrawContribution,
)
from domain.fields import (
    Count,
    Day,
    Euro,
    EuroOrZero,
    FundingLineId,
    ProcessId,
    ShortText,
    TenancyId,
    local_day,
    start_of,
)
from domain.placeholders import Values
from domain.process import NEW, OPEN, SAME, Ceiling, Process, Reservation, States, step
from domain.refusals import Refusal, Refused
from domain.registered import happened
from domain.roles import FIELD, OFFICE, Party, Role
from domain.terms import last_moment
from domain.verdicts import evaluate


@dataclass(frozen=True, kw_only=True)
class MeasureLimits:
    """What one measure allows.

    `yearly_most`: EUR, to a tenancy for what is requested in a year. `requires`: what must hold of a request; what was
    stored, or written in a policy, before requirements were a condition is read as one.
    """

    yearly_most: Euro
    requires: Annotated[Condition, About(ContributionFacts)]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        now = dict(given)
        if "requires" not in given and _EARLIER & given.keys():
            now = {key: value for key, value in given.items() if key not in _EARLIER} | {"requires": _required(given)}
        most = now.get("yearly_most")
        if isinstance(most, (int, float)) and not isinstance(most, bool):
            now["yearly_most"] = Decimal(str(most))  # pydantic takes a number for an amount from JSON only
        return now


_EARLIER = {"isee_most", "months_assigned_least", "months_assigned_most", "attestation", "utilities"}


def _required(given: Mapping[str, object]) -> dict[str, object]:
    requires: dict[str, object] = {"within_assets": True}
    if given.get("isee_most") is not None:
        requires["isee"] = {"up_to": given["isee_most"]}
    months = {"at_least": given.get("months_assigned_least") or None, "up_to": given.get("months_assigned_most")}
    if months := {bound: value for bound, value in months.items() if value is not None}:
        requires["months_assigned"] = months
    if given.get("attestation"):
        requires["attested"] = True
    if not given.get("utilities"):
        requires["purpose"] = {"is_not": Purpose.UTILITIES.name}
    return requires


@dataclass(frozen=True, kw_only=True)
class ContributionLimits:
    """What policy sets for contributions, measure by measure; the facts of requirements are `ContributionFacts`.

    `indigent`: regional regulation (r.r.) 11/2019, art. 3: up to 1,850 EUR a year, ISEE up to 3,000 EUR, for 36 months
    from the contract, with the attestation of social services. `difficulty`: its art. 5-6: up to 2,700 EUR a year,
    ISEE under 9,360 EUR, assigned for 24 months at least, not for utilities. `project`: the agency's own (L1, FSE+).
    """

    indigent: MeasureLimits
    difficulty: MeasureLimits
    project: MeasureLimits


@dataclass(kw_only=True)
class Contribution(Process, it="Contributo"):
    """Money towards a tenant's rent, arrears or utilities: requested, assessed, granted and paid, or refused."""

    class State(States):
        REQUESTED = "Richiesto", "Requested", Role.ADMINISTRATIVE
        ASSESSED = "Istruito", "Assessed", Role.ADMINISTRATIVE
        GRANTED = "Concesso", "Granted", Role.ADMINISTRATIVE
        REFUSAL_NOTIFIED = "Preavviso di rigetto inviato", "Refusal announced", Role.ADMINISTRATIVE
        OBSERVATIONS_AWAITED = "In attesa di osservazioni", "Observations awaited", Party.TENANT
        OBSERVATIONS_RECEIVED = "Osservazioni ricevute", "Observations received", Role.ADMINISTRATIVE
        PAID = "Pagato", "Paid"
        REFUSED = "Rigettato", "Refused"
        REVOKED = "Revocato", "Revoked"
        WITHDRAWN = "Ritirato", "Withdrawn"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

    Limits = ContributionLimits
    limits: ContributionLimits

    tenancy: TenancyId | None = None
    arrears: ProcessId | None = None
    purpose: Purpose | None = None
    requested: Euro | None = None
    competitive: bool = False
    informed_on: Day | None = None
    measure: Measure | None = None
    isee: EuroOrZero | None = None
    months_assigned: Count | None = None
    attested: bool = False
    within_assets: bool = True
    eligible: EuroOrZero | None = None
    funding_line: FundingLineId | None = None
    granted: Euro | None = None
    payment_reference: ShortText | None = None
    ground: RefusalGround | None = None
    received_on: Day | None = None
    revoked_because: RevocationReason | None = None

    settles = MappingProxyType({State.PAID.name: "PAID"})

    def clock_starts(self) -> datetime | None:
        """While observations are awaited, from the day on which the notice was received: a term of law."""
        if self.state == self.State.OBSERVATIONS_AWAITED.name and self.received_on:
            return start_of(self.received_on)
        return self.entered_at

    def formal_facts(self, on: Day) -> Values:
        """Why it is to be refused, and the days to answer (L. 241/1990, art. 10-bis)."""
        return Values(
            reason=self.ground and self.ground.label,
            amount=self.requested,
            requested_day=self.opened_at and local_day(self.opened_at),
            days=self.terms.deadlines[self.State.OBSERVATIONS_AWAITED.name].amount,
        )

    def is_eligible(self, _at: datetime) -> None:
        """Guard: what was assessed meets the measure's requirements."""
        if not self.measure or not self.eligible:
            raise Refused(Refusal.NOTHING_ELIGIBLE)
        found = evaluate(self._rules(self.measure).requires, self._facts)
        if not found.holds:
            raise Refused(Refusal.REQUIREMENT_NOT_MET, measure=self.measure, missing=found.why)

    def not_competitive(self, _at: datetime) -> None:
        """Guard: in competitive procedures no notice is due."""
        if self.competitive:
            raise Refused(Refusal.NOTICE_NOT_DUE)

    def may_be_refused(self, at: datetime) -> None:
        """Guard: the tenant was heard, or let the term pass, or no notice is due."""
        if self.state in {self.State.REQUESTED.name, self.State.ASSESSED.name} and not self.competitive:
            raise Refused(Refusal.NOTICE_DUE)
        if self.state == self.State.OBSERVATIONS_AWAITED.name and self.deadline and at < self.deadline:
            raise Refused(Refusal.NOTICE_TERM_RUNNING, until=last_moment(self.deadline))

    def funds(self, given: GrantContribution) -> Reservation:
        """Return the money that a grant takes from its line, within what the measure allows a tenancy in a year."""
        under = None
        if self.measure and self.opened_at:
            year = local_day(self.opened_at).year
            most = self._rules(self.measure).yearly_most
            under = Ceiling(key=f"{self.tenancy}/{self.measure.name}/{year}", most=most)
        return Reservation(kind="FUNDING", resource=given.funding_line, amount=given.amount, under=under)

    @step(NEW >> State.REQUESTED, by=FIELD | OFFICE, it="Richiedi un contributo", en="Request a contribution")
    def open(self, given: RequestContribution, at: datetime) -> None:
        """Ask for money towards a tenant's rent, arrears or utilities."""
        happened(given.informed_on, at, "informed_on")
        self.tenancy, self.arrears, self.purpose = given.tenancy, given.arrears, given.purpose
        self.requested, self.competitive, self.informed_on = given.requested, given.competitive, given.informed_on

    @step(State.REQUESTED >> State.ASSESSED, State.ASSESSED >> SAME, by=OFFICE, it="Istruisci la richiesta")
    def assess(self, given: AssessContribution, at: datetime) -> None:
        """Record what was found on the household, and how much it is eligible for under a measure."""
        most = self._rules(given.measure).yearly_most
        if given.eligible > most:
            raise Refused(Refusal.OVER_CEILING, path=("eligible",), most=most, measure=given.measure)
        if self.requested is not None and given.eligible > self.requested:
            raise Refused(Refusal.MORE_THAN_REQUESTED, path=("eligible",), requested=self.requested)
        self.measure, self.isee, self.months_assigned = given.measure, given.isee, given.months_assigned
        self.attested, self.within_assets, self.eligible = given.attested, given.within_assets, given.eligible

    @step(
        State.ASSESSED >> State.GRANTED,
        by=[Role.ADMINISTRATIVE, Role.SUPERVISOR],
        it="Concedi il contributo",
        when=is_eligible,
        reserves=funds,
    )
    def grant(self, given: GrantContribution, at: datetime) -> None:
        """Grant the money, taken from a funding line at the same moment."""
        if self.eligible is None or given.amount > self.eligible:
            raise Refused(Refusal.MORE_THAN_ELIGIBLE, path=("amount",), eligible=self.eligible)
        self.funding_line, self.granted = given.funding_line, given.amount

    @step(State.GRANTED >> State.PAID, by=[Role.ADMINISTRATIVE, Role.SUPERVISOR], it="Registra il pagamento")
    def pay(self, given: PayContribution, at: datetime) -> None:
        """The money was paid."""
        self.payment_reference = given.reference

    @step(State.GRANTED >> State.REVOKED, by=[Role.ADMINISTRATIVE, Role.SUPERVISOR], it="Revoca la concessione")
    def revoke_grant(self, given: RevokeGrant, at: datetime) -> None:
        """Take the grant back before it is paid: the money returns to its line."""
        self.revoked_because = given.reason

    @step(
        (State.REQUESTED | State.ASSESSED | State.REFUSAL_NOTIFIED) >> State.REFUSAL_NOTIFIED,
        by=OFFICE,
        it="Invia il preavviso di rigetto",
        when=not_competitive,
    )
    def notify_refusal(self, given: NotifyRefusal, at: datetime) -> None:
        """Announce the refusal with its ground (L. 241/1990, art. 10-bis), or again when the letter came back."""
        self.ground = given.ground

    @step(State.REFUSAL_NOTIFIED >> State.OBSERVATIONS_AWAITED, by=OFFICE | {Role.ENGINE}, it="Registra la ricevuta")
    def record_receipt(self, given: RecordReceipt, at: datetime) -> None:
        """The receipt of the notice came back: the tenant's term runs from the day on it."""
        happened(given.received_on, at, "received_on")
        if self.entered_at and given.received_on < local_day(self.entered_at):
            raise Refused(Refusal.RECEIVED_BEFORE_SENT, path=("received_on",), sent=local_day(self.entered_at))
        self.received_on = given.received_on

    @step(
        (State.REFUSAL_NOTIFIED | State.OBSERVATIONS_AWAITED) >> State.OBSERVATIONS_RECEIVED,
        by=FIELD | OFFICE,
        it="Registra le osservazioni",
    )
    def record_observations(self, given: RecordObservations, at: datetime) -> None:
        """The tenant answers the notice."""

    @step(State.OBSERVATIONS_RECEIVED >> State.ASSESSED, by=OFFICE, it="Accogli le osservazioni")
    def accept_observations(self, at: datetime) -> None:
        """The tenant is right: the request is assessed again."""
        self.ground = self.received_on = None

    @step(
        (State.REFUSAL_NOTIFIED | State.OBSERVATIONS_AWAITED) >> State.ASSESSED,
        by=OFFICE,
        it="Riprendi l'istruttoria",
    )
    def reassess(self, at: datetime) -> None:
        """What was missing has come, money or papers: the announced refusal falls, the request is assessed again."""
        self.ground = self.received_on = None

    @step(
        (State.REQUESTED | State.ASSESSED | State.OBSERVATIONS_AWAITED | State.OBSERVATIONS_RECEIVED) >> State.REFUSED,
        by=[Role.ADMINISTRATIVE, Role.SUPERVISOR],
        it="Rigetta la richiesta",
        when=may_be_refused,
    )
    def refuse(self, given: RefuseContribution, at: datetime) -> None:
        """Refuse the request; on another ground than the announced one only as observations have brought it up."""
        if self.state == self.State.OBSERVATIONS_RECEIVED.name and not given.answer:
            raise Refused(Refusal.ANSWER_MISSING, path=("answer",))
        if self.state == self.State.OBSERVATIONS_AWAITED.name and self.ground and given.ground is not self.ground:
            raise Refused(Refusal.GROUND_NOT_NOTIFIED, path=("ground",), ground=self.ground)
        self.ground = given.ground

    @step(OPEN >> State.WITHDRAWN, by=FIELD | OFFICE, it="Ritira la richiesta")
    def withdraw(self, given: WithdrawContribution, at: datetime) -> None:
        """The tenant gives up the request; money that was granted returns to its line."""

    @property
    def _facts(self) -> ContributionFacts:
        return ContributionFacts(
            purpose=self.purpose,
            requested=self.requested,
            eligible=self.eligible,
            isee=self.isee,
            months_assigned=self.months_assigned,
            attested=self.attested,
            within_assets=self.within_assets,
            for_arrears=self.arrears is not None,
            competitive=self.competitive,
            informed=self.informed_on is not None,
        )

    def _rules(self, measure: Measure) -> MeasureLimits:
        rules: MeasureLimits = getattr(self.limits, measure.name.lower())
        return rules
