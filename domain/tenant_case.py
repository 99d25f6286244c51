"""A tenant's case: one file from first contact to closure and follow-up (DOMAIN section 3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from types import MappingProxyType
from typing import Annotated

from pydantic import model_validator

from domain.case import Case, Urgency
from domain.choices import Choice
from domain.fields import (
    Count,
    Day,
    DistrictId,
    Moment,
    Note,
    PersonId,
    ServicePointId,
    StaffId,
    StopId,
    ahead,
    local_day,
    start_of,
)
from domain.process import NEW, OPEN, SAME, Appointment, Reservation, States, step
from domain.refusals import Refusal, Refused
from domain.roles import FIELD, OFFICE, STAFF, Party, Role
from domain.shape import ANYWHERE
from domain.terms import LASTING, Term, Unit, due, last_moment

NEEDS_MOST = 60
"""How many needs a case keeps, the latest: a bound on what it carries; the event log has them all."""


class Fragility(Choice):
    """The area of a need heard in an interview (K1L1 network, Varese)."""

    SOCIAL = "Sociale", "Social"
    HEALTH = "Sanitaria", "Health"
    ECONOMIC = "Economica", "Economic"
    FAMILY = "Familiare", "Family"
    HOUSING = "Abitativa", "Housing"


class Outcome(Choice):
    """How a case ends."""

    RESOLVED = "Risolta", "Resolved"
    STABLE_UNDER_PLAN = "Stabile con piano", "Stable under plan"
    REFERRED_OUT = "Affidata ad altri", "Referred out"
    DECLINED = "Rifiutata dall'utente", "Declined"
    UNREACHABLE = "Irreperibile", "Unreachable"
    MOVED = "Trasferito", "Moved"
    DECEASED = "Deceduto", "Deceased"
    ESCALATED = "Passata all'ufficio competente", "Escalated"
    DUPLICATE = "Doppione", "Duplicate"


class Reason(Choice):
    """Why a case is paused."""

    TENANT_AWAY = "Utente assente", "Tenant away"
    COURT = "In attesa del giudice", "Awaiting the court"
    OTHER_BODY = "In attesa di un altro ente", "Awaiting another body"
    HOSPITAL = "Ricovero", "In hospital"


@dataclass(frozen=True, kw_only=True)
class Need:
    """A need that the interview brought up; `note` says more, to who may read it."""

    area: Fragility
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """`operator` answers for the case; `district` decides who sees it."""

    person: PersonId
    district: DistrictId
    service_point: ServicePointId | None = None
    operator: StaffId | None = None
    urgency: Urgency = Urgency.ROUTINE


@dataclass(frozen=True, kw_only=True)
class Convene:
    """An appointment at a stop of the mobile office, or of a desk, at one of its times."""

    stop: StopId
    appointment: Moment


@dataclass(frozen=True, kw_only=True)
class PlanVisit:
    """When the operators will call at the tenant's home."""

    appointment: Moment


@dataclass(frozen=True, kw_only=True)
class Interview:
    """What was heard, by area; `minutes` is how long it took."""

    needs: tuple[Need, ...] = ()
    minutes: Count | None = None
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class Close:
    """The outcome is counted in reports; the note is for the next operator."""

    outcome: Outcome
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Until when nothing is expected, and why."""

    until: Day
    reason: Reason
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Who answers for the case from now on, and in which district."""

    operator: StaffId
    district: Annotated[DistrictId, ANYWHERE] | None = None
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class SetUrgency:
    """The new urgency."""

    urgency: Urgency
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """How the tenant is doing."""

    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class Reopen:
    """Why the case is taken up again."""

    note: Note | None = None


_NINETY_DAYS = Term(90, Unit.DAYS)
_HALF_A_YEAR = Term(180, Unit.DAYS)
_TEN_YEARS = Term(120, Unit.MONTHS)


@dataclass(frozen=True, kw_only=True)
class CaseLimits:
    """What policy sets for cases.

    `reconvocations`: how many times a tenant is convened again after not coming, before a home visit.
    `next_follow_up`: how long after one follow-up of a monitored case comes the next; the first one is due at the term
    of `MONITORED`. `reopen_within`: how long after closure a case is reopened rather than opened anew. `danger_within`:
    how soon a case in danger reaches a person. `pause_most`: how long a pause may last, with all its extensions.
    `retain_for`: how long the file is kept after it has ended, in error too, before it may be erased.
    """

    reconvocations: Count
    reopen_within: Term
    danger_within: Term
    retain_for: Annotated[Term, LASTING]
    next_follow_up: Term = _NINETY_DAYS
    pause_most: Term = _HALF_A_YEAR

    def __post_init__(self) -> None:
        if self.retain_for.longest < self.reopen_within.longest:
            raise ValueError("`retain_for` is shorter than `reopen_within`: what may be reopened is kept")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        # A policy must say it; cases that were opened before policies did are kept for the ordinary prescription.
        return {"retain_for": _TEN_YEARS, **given} if isinstance(given, Mapping) else given


@dataclass(kw_only=True)
class TenantCase(Case, it="Pratica"):
    """One file on one person, from first contact to closure and follow-up."""

    class State(States):
        CONTACTED = "Primo contatto", "First contact", Role.OPERATOR
        CONVENED = "Convocato", "Convened", Party.TENANT
        NO_SHOW = "Non presentato", "No-show", Role.OPERATOR
        VISIT_PLANNED = "Visita domiciliare prevista", "Home visit planned", Role.OPERATOR
        LISTENED = "Ascoltato", "Listened to", Role.OPERATOR
        IN_CHARGE = "In carico", "In charge", Role.OPERATOR
        MONITORED = "Monitorato", "Monitored", Role.OPERATOR
        CLOSED = "Chiusa", "Closed"
        ENTERED_IN_ERROR = "Inserita per errore", "Entered in error"

    Limits = CaseLimits
    limits: CaseLimits

    stop: StopId | None = None
    appointment: Moment | None = None
    no_shows: int = 0
    needs: tuple[Need, ...] = ()
    pause_reason: Reason | None = None
    follow_ups: int = 0
    """Since it was last handed to monitoring."""
    outcome: Outcome | None = None
    danger_since: Moment | None = None
    """From when it was known, until a person has been reached."""

    settles = MappingProxyType({State.LISTENED.name: "KEPT", State.NO_SHOW.name: "MISSED"})

    def appointment_now(self) -> Appointment | None:
        """A convocation at a stop, or a visit at home."""
        if not self.appointment or self.state not in {self.State.CONVENED.name, self.State.VISIT_PLANNED.name}:
            return None
        return Appointment(at=self.appointment, stop=self.stop if self.state == self.State.CONVENED.name else None)

    def terms_now(self) -> Iterator[tuple[Term, datetime]]:
        """After the first follow-up of a monitored case they are further apart."""
        for term, start in super().terms_now():
            again = self.state == self.State.MONITORED.name and self.follow_ups
            yield self.limits.next_follow_up if again else term, start

    def terms_running(self) -> Iterator[tuple[Term, datetime]]:
        """Danger's own term beside the state's; of a case that has ended, how long it may be reopened and is kept."""
        yield from super().terms_running()
        if self.danger_since:
            yield self.limits.danger_within, self.danger_since
        if self.state == self.State.CLOSED.name and self.entered_at:
            yield self.limits.reopen_within, self.entered_at
        if self.ended and self.entered_at:
            yield self.limits.retain_for, self.entered_at

    def falls_due(self) -> tuple[datetime, Term] | None:
        """Danger reaches a person at once, whatever the state and in any pause."""
        ends = super().falls_due()
        if self.danger_since:
            hour = self.limits.danger_within
            reached = due(hour, self.danger_since, self.terms.closures), hour
            ends = min(ends or reached, reached, key=itemgetter(0))
        return ends

    def expires(self) -> datetime | None:
        """A closed case can be reopened within the policy's window."""
        if self.state != self.State.CLOSED.name or not self.entered_at:
            return None
        return due(self.limits.reopen_within, self.entered_at, self.terms.closures)

    @property
    def retained_until(self) -> Day | None:
        """The file is kept for as long as the policy says that it carries, from the day on which the case ended."""
        if not self.ended or not self.entered_at:
            return None
        end = due(self.limits.retain_for, self.entered_at, self.terms.closures)
        return local_day(end - datetime.resolution)

    def may_be_convened(self, _at: datetime) -> None:
        """Guard: after the policy's number of re-convocations comes a home visit."""
        if self.no_shows > self.limits.reconvocations:
            raise Refused(Refusal.RECONVOCATIONS_SPENT, most=self.limits.reconvocations)

    def within_window(self, at: datetime) -> None:
        """Guard: later than the window, a new case is opened."""
        expiry = self.expires()
        if expiry and at >= expiry:
            raise Refused(Refusal.REOPENING_EXPIRED)

    def paused(self, at: datetime) -> None:
        """Guard: there is a pause to end."""
        if not self.paused_until or self.paused_until <= local_day(at):
            raise Refused(Refusal.NOT_PAUSED)

    def slot(self, given: Convene) -> Reservation:
        """Return the place at the stop that a convocation takes, at the hour of the appointment."""
        return Reservation(kind="STOP", resource=given.stop, amount=Decimal(1), at=given.appointment)

    @step(NEW >> State.CONTACTED, by=FIELD | OFFICE, it="Apri la pratica", en="Open a case")
    def open(self, given: OpenCase, at: datetime) -> None:
        """Open a case on a person who was met, or whom the agency wants to meet."""
        self.person, self.district, self.service_point = given.person, given.district, given.service_point
        self.operator = given.operator
        self._urgent(given.urgency, at)

    @step(
        (State.CONTACTED | State.CONVENED | State.NO_SHOW) >> State.CONVENED,
        by=FIELD | OFFICE,
        it="Convoca",
        when=may_be_convened,
        reserves=slot,
    )
    def convene(self, given: Convene, at: datetime) -> None:
        """Give the tenant an appointment at a stop, or another one."""
        ahead(given.appointment, at, "appointment")
        self.stop, self.appointment = given.stop, given.appointment

    @step(
        (State.CONVENED | State.VISIT_PLANNED) >> State.NO_SHOW,
        by=FIELD,
        it="Segna l'assenza",
        when=Case.appointment_passed,
    )
    def record_no_show(self, at: datetime) -> None:
        """The tenant did not come to the appointment, or was not at home; only convocations are counted."""
        self.no_shows += self.state == self.State.CONVENED.name

    @step(
        (State.CONTACTED | State.CONVENED | State.NO_SHOW | State.VISIT_PLANNED) >> State.VISIT_PLANNED,
        by=FIELD,
        it="Programma una visita domiciliare",
    )
    def plan_visit(self, given: PlanVisit, at: datetime) -> None:
        """Agree when the operators will call at the tenant's home, or will call instead."""
        ahead(given.appointment, at, "appointment")
        self.appointment = given.appointment

    @step(
        (State.CONTACTED | State.CONVENED | State.NO_SHOW | State.VISIT_PLANNED) >> State.LISTENED,
        (State.LISTENED | State.IN_CHARGE | State.MONITORED) >> SAME,
        by=FIELD,
        it="Registra il colloquio",
    )
    def record_interview(self, given: Interview, at: datetime) -> None:
        """Record what was heard: at the first contact, the appointment, the visit, or later; a person was reached."""
        self.needs = (*self.needs, *given.needs)[-NEEDS_MOST:]
        self.danger_since = None

    @step(State.LISTENED >> State.IN_CHARGE, by=FIELD, it="Prendi in carico")
    def take_charge(self, at: datetime) -> None:
        """Take the case in charge: its plan is the tracks that are open, or will be."""

    @step(State.IN_CHARGE >> State.MONITORED, by=FIELD, it="Passa al monitoraggio", when=Case.no_track_waits_for_agency)
    def monitor(self, at: datetime) -> None:
        """Nothing waits for the agency: keep an eye on the case at the policy's intervals.

        A track that comes to wait for the agency again is a task of its own, under its own term.
        """
        self.follow_ups = 0

    @step(
        State.MONITORED >> State.MONITORED,
        State.CLOSED >> SAME,
        by=FIELD,
        it="Registra il seguito",
        when=within_window,
    )
    def follow_up(self, given: FollowUp, at: datetime) -> None:
        """Ask how the tenant is doing, while the case is monitored, or closed and may be reopened."""
        self.follow_ups += 1

    @step(State.MONITORED >> State.IN_CHARGE, by=FIELD, it="Riprendi in carico")
    def resume_charge(self, at: datetime) -> None:
        """Something waits for the agency again."""

    @step(OPEN >> State.CLOSED, by=FIELD, it="Chiudi la pratica", when=Case.no_track_open)
    def close(self, given: Close, at: datetime) -> None:
        """Close the case with its outcome, once every track has ended."""
        self.outcome = given.outcome

    @step(State.CLOSED >> State.IN_CHARGE, by=FIELD, it="Riapri la pratica", when=within_window)
    def reopen(self, given: Reopen, at: datetime) -> None:
        """Take a closed case up again, within the policy's window."""
        self.outcome = None
        self._urgent(self.urgency, at)

    @step(OPEN >> SAME, by=FIELD, it="Sospendi fino a una data")
    def pause(self, given: Pause, at: datetime) -> None:
        """Expect nothing of the case and its tracks until a day, or another day: the agency's own terms are longer.

        Terms of law, and those in hours, run on.
        """
        today = local_day(at)
        if given.until <= today:
            raise Refused(Refusal.DUE_DATE_PAST, path=("until",), date=given.until)
        extended = self.paused_on if self.paused_until and self.paused_until > today else None
        began = extended or today
        longest = due(self.limits.pause_most, start_of(began), self.terms.closures)
        if start_of(given.until) >= longest:
            raise Refused(Refusal.PAUSE_TOO_LONG, path=("until",), latest=last_moment(longest))
        self.pause_between(began, given.until)
        self.pause_reason = given.reason

    @step(OPEN >> SAME, by=FIELD, it="Riprendi la pratica sospesa", when=paused)
    def resume(self, at: datetime) -> None:
        """End the pause before its time."""
        self.pause_between(self.paused_on, local_day(at))

    @step(OPEN >> SAME, by=FIELD, it="Assegna a un altro operatore")
    def hand_over(self, given: HandOver, at: datetime) -> None:
        """Give the case to another operator, or to another district with its operator."""
        self.operator, self.district = given.operator, given.district or self.district

    @step(OPEN >> SAME, by=STAFF, it="Cambia l'urgenza")
    def set_urgency(self, given: SetUrgency, at: datetime) -> None:
        """Say how soon a person must act."""
        self._urgent(given.urgency, at)

    def _urgent(self, urgency: Urgency, at: datetime) -> None:
        self.urgency, self.danger_since = urgency, at if urgency is Urgency.DANGER else None
