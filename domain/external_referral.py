"""A tenant referred to a partner, until the tenant says whether it helped (FHIR Task, Gravity SDOH closed loop).

Every state but one is the FHIR Task status of the same name, in capitals with an underscore; `LOOP_CLOSED` is a
`completed` Task whose feedback was recorded. The agency moves drafts and requests, the partner the rest, by its own
referent or through the staff who hear from it; either cancels (DOMAIN section 3).
"""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from domain.fields import Count, Moment, PartnerServiceId, ahead
from domain.process import NEW, SAME, Appointment, Process, States, step
from domain.referral_facts import (
    AnswerChannel,
    CancelReferral,
    ChooseService,
    ConsentScope,
    DraftReferral,
    FailReferral,
    Helped,
    HoldReferral,
    LegalBasis,
    PartnerAnswer,
    RecordConsent,
    RecordFeedback,
    RecordOtherBasis,
    ReferralCancellation,
    ReferralFailure,
    ReferralHold,
    ReferralRejection,
    RejectReferral,
)
from domain.refusals import Refusal, Refused
from domain.roles import FIELD, Party, Role
from domain.tenant_case import Fragility
from domain.terms import last_moment


@dataclass(frozen=True, kw_only=True)
class ReferralLimits:
    """What policy sets for referrals.

    `assured_days`: for how many days after it was last confirmed what is known of a service counts as fresh.
    """

    assured_days: Count


PARTNER = FIELD | {Role.PARTNER_REFERENT}
"""Who records a partner's steps: its referent, or staff on its behalf."""


@dataclass(kw_only=True)
class ExternalReferral(Process, it="Invio a un ente"):
    """A tenant referred to a partner's service, until its feedback closes the loop."""

    class State(States):
        DRAFT = "Bozza", "Draft", Role.OPERATOR
        REQUESTED = "Proposto all'ente", "Requested", Party.PARTNER
        ACCEPTED = "Accettato", "Accepted", Party.PARTNER
        REJECTED = "Rifiutato dall'ente", "Rejected", Role.OPERATOR
        IN_PROGRESS = "In corso", "In progress", Party.PARTNER
        ON_HOLD = "In sospeso", "On hold", Party.PARTNER
        COMPLETED = "Concluso, in attesa del riscontro", "Completed, feedback awaited", Party.TENANT
        LOOP_CLOSED = "Concluso con riscontro", "Loop closed"
        FAILED = "Non riuscito", "Failed"
        CANCELLED = "Annullato", "Cancelled"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

    Limits = ReferralLimits
    limits: ReferralLimits

    service: PartnerServiceId | None = None
    area: Fragility | None = None
    basis: LegalBasis | None = None
    consent: ConsentScope | None = None
    tried: tuple[PartnerServiceId, ...] = ()
    reproposals: int = 0
    answered_by: AnswerChannel | None = None
    appointment: Moment | None = None
    rejection: ReferralRejection | None = None
    hold_reason: ReferralHold | None = None
    failure: ReferralFailure | None = None
    cancellation: ReferralCancellation | None = None
    helped: Helped | None = None

    settles = MappingProxyType({State.IN_PROGRESS.name: "KEPT", State.COMPLETED.name: "KEPT"})

    def appointment_now(self) -> Appointment | None:
        """When the partner expects the tenant next."""
        meets = self.state in {self.State.ACCEPTED.name, self.State.IN_PROGRESS.name}
        return Appointment(at=self.appointment) if meets and self.appointment else None

    def basis_recorded(self, _at: datetime) -> None:
        """Guard: no partner is told anything before there is a legal basis."""
        if not self.basis:
            raise Refused(Refusal.LEGAL_BASIS_MISSING)

    def not_answered_in_time(self, at: datetime) -> None:
        """Guard: a partner that was asked keeps the referral until its term to acknowledge has passed."""
        if self.state == self.State.REQUESTED.name and self.deadline and at < self.deadline:
            raise Refused(Refusal.PARTNER_HAS_TIME, until=last_moment(self.deadline))

    @step(NEW >> State.DRAFT, by=FIELD, it="Prepara un invio", en="Draft a referral")
    def open(self, given: DraftReferral, at: datetime) -> None:
        """Prepare a referral to a partner's service."""
        self.service, self.area = given.service, given.area

    @step(State.DRAFT >> SAME, by=FIELD, it="Scegli un altro servizio")
    def choose_service(self, given: ChooseService, at: datetime) -> None:
        """Prepare it for another service; a consent given for the first partner alone does not hold."""
        self._choose(given.service)

    @step(State.DRAFT >> SAME, by=FIELD, it="Registra il consenso")
    def record_consent(self, given: RecordConsent, at: datetime) -> None:
        """The tenant consents to the partner being told."""
        self.basis, self.consent = LegalBasis.CONSENT, given.scope

    @step(State.DRAFT >> SAME, by=[Role.PSYCHOLOGIST, Role.SUPERVISOR], it="Registra un'altra base giuridica")
    def record_other_basis(self, given: RecordOtherBasis, at: datetime) -> None:
        """The partner may be told without consent, on another legal basis."""
        if given.basis is LegalBasis.CONSENT:
            raise Refused(Refusal.CONSENT_APART, path=("basis",))
        self.basis, self.consent = given.basis, None

    @step(State.DRAFT >> State.REQUESTED, by=FIELD, it="Proponi all'ente", when=basis_recorded)
    def send(self, at: datetime) -> None:
        """Propose the referral to the partner."""

    @step(State.REQUESTED >> State.ACCEPTED, by=PARTNER, it="Registra l'accettazione", en="Record the acceptance")
    def accept(self, given: PartnerAnswer, at: datetime) -> None:
        """The partner takes the referral."""
        self._answered(given, at)

    @step(State.REQUESTED >> State.REJECTED, by=PARTNER, it="Registra il rifiuto", en="Record the rejection")
    def reject(self, given: RejectReferral, at: datetime) -> None:
        """The partner does not take the referral."""
        self.answered_by, self.rejection = given.how, given.reason

    @step(
        (State.REQUESTED | State.REJECTED) >> (State.REQUESTED | State.DRAFT),
        by=FIELD | {Role.ENGINE},
        it="Proponi a un altro ente",
        when=not_answered_in_time,
    )
    def repropose(self, given: ChooseService, at: datetime) -> States | None:
        """Propose it to the next partner; back to a draft if the consent was for the last partner alone."""
        self._choose(given.service)
        self.reproposals += 1
        self.answered_by = self.rejection = None
        return None if self.basis else self.State.DRAFT

    @step(State.ACCEPTED >> State.IN_PROGRESS, by=PARTNER, it="Registra l'avvio", en="Record the start")
    def start(self, given: PartnerAnswer, at: datetime) -> None:
        """The partner has begun."""
        self._answered(given, at)

    @step((State.ACCEPTED | State.IN_PROGRESS) >> State.ON_HOLD, by=PARTNER, it="Registra una sospensione")
    def hold(self, given: HoldReferral, at: datetime) -> None:
        """The partner cannot go on for now."""
        self.answered_by, self.hold_reason = given.how, given.reason

    @step(State.ON_HOLD >> State.IN_PROGRESS, by=PARTNER, it="Registra la ripresa", en="Record the resumption")
    def resume(self, given: PartnerAnswer, at: datetime) -> None:
        """The partner goes on."""
        self._answered(given, at)
        self.hold_reason = None

    @step(
        (State.ACCEPTED | State.IN_PROGRESS | State.ON_HOLD) >> State.COMPLETED,
        by=PARTNER,
        it="Registra la conclusione",
        en="Record the completion",
    )
    def complete(self, given: PartnerAnswer, at: datetime) -> None:
        """The partner has done its part; the tenant is asked whether it helped."""
        self.answered_by, self.hold_reason = given.how, None

    @step(
        (State.ACCEPTED | State.IN_PROGRESS | State.ON_HOLD) >> State.FAILED,
        by=PARTNER,
        it="Registra l'insuccesso",
        en="Record the failure",
    )
    def fail(self, given: FailReferral, at: datetime) -> None:
        """It came to nothing; the agency may draft another referral."""
        self.answered_by, self.failure = given.how, given.reason

    @step(
        (State.DRAFT | State.REQUESTED | State.REJECTED | State.ACCEPTED | State.IN_PROGRESS | State.ON_HOLD)
        >> State.CANCELLED,
        by=PARTNER,
        it="Annulla l'invio",
    )
    def cancel(self, given: CancelReferral, at: datetime) -> None:
        """The agency or the partner gives it up, or the tenant takes the consent back."""
        self.cancellation = given.reason

    @step(State.COMPLETED >> State.LOOP_CLOSED, by=FIELD, it="Registra il riscontro dell'inquilino")
    def record_feedback(self, given: RecordFeedback, at: datetime) -> None:
        """The tenant says whether it helped."""
        self.helped = given.helped

    def _answered(self, given: PartnerAnswer, at: datetime) -> None:
        """An appointment is for one state: the next one has its own, or none."""
        if given.appointment:
            ahead(given.appointment, at, "appointment")
        self.answered_by, self.appointment = given.how, given.appointment

    def _choose(self, service: PartnerServiceId) -> None:
        """Partners that were asked are not asked again."""
        asked = self.tried if self.state == self.State.DRAFT.name else (*self.tried, self.service)
        if service in asked:
            raise Refused(Refusal.SERVICE_TRIED, path=("service",))
        self.tried = tuple(each for each in asked if each)
        self.service = service
        if self.consent is ConsentScope.THIS_PARTNER:
            self.basis = self.consent = None
