"""A fault in a dwelling or in the common parts, from the report to the works that its reporter verifies (DOMAIN 3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from domain.fields import Count, DwellingId, Moment, Note, ProcessId, ShortText, ahead
from domain.maintenance_facts import (
    CancelWorks,
    FaultCategory,
    FaultPlace,
    HoldWorks,
    OrderWorks,
    Priority,
    RejectWorks,
    Reporter,
    ReportFault,
    Responsibility,
    ScheduleWorks,
    SetPriority,
    TriageFault,
    VerifyWorks,
    WorksCancellation,
    WorksCheck,
    WorksHold,
)
from domain.process import NEW, SAME, Appointment, Process, States, step
from domain.refusals import Refusal, Refused
from domain.roles import FIELD, STAFF, TECHNICAL, Party, Role
from domain.terms import Term


@dataclass(frozen=True, kw_only=True)
class MaintenanceLimits:
    """What policy sets for maintenance.

    `emergency`, `urgent`, `ordinary`, `planned`: by when a fault of that priority must be mended, from its report
    (ACER Ravenna: urgent 1 working day, ordinary 7; UK practice: 2 and 24 hours, 5 and 21 working days).
    `no_access`: how many times a contractor who finds nobody at home makes another appointment on their own.
    """

    emergency: Term
    urgent: Term
    ordinary: Term
    planned: Term
    no_access: Count


@dataclass(kw_only=True)
class MaintenanceResolution(Process, it="Segnalazione di manutenzione"):
    """A fault that was reported, until who reported it says that it is mended."""

    class State(States):
        REPORTED = "Segnalata", "Reported", Role.TECHNICIAN
        TRIAGED = "Valutata", "Triaged", Role.TECHNICIAN
        ORDERED = "Ordinata", "Ordered", Party.CONTRACTOR
        SCHEDULED = "Appuntamento fissato", "Scheduled", Party.CONTRACTOR
        IN_PROGRESS = "Lavori in corso", "Works in progress", Party.CONTRACTOR
        ON_HOLD = "Lavori sospesi", "Works on hold", Role.TECHNICIAN
        NO_ACCESS = "Accesso mancato", "No access", Role.OPERATOR
        COMPLETED = "Lavori finiti", "Works completed", Party.TENANT
        VERIFIED = "Verificata e chiusa", "Verified and closed"
        NOT_OURS = "Non di competenza", "Not the agency's"
        CANCELLED = "Annullata", "Cancelled"
        ENTERED_IN_ERROR = "Inserita per errore", "Entered in error"

    Limits = MaintenanceLimits
    limits: MaintenanceLimits

    place: FaultPlace | None = None
    category: FaultCategory | None = None
    description: Note | None = None
    reporter: Reporter | None = None
    dwelling: DwellingId | None = None
    photo: ShortText | None = None
    priority: Priority | None = None
    responsibility: Responsibility | None = None
    promised_from: Moment | None = None
    contractor: ShortText | None = None
    order_number: ShortText | None = None
    appointment: Moment | None = None
    no_accesses: int = 0
    works_started: bool = False
    hold_reason: WorksHold | None = None
    rejections: int = 0
    verified: WorksCheck | None = None
    cancelled_because: WorksCancellation | None = None
    duplicate_of: ProcessId | None = None

    settles = MappingProxyType(
        {
            State.IN_PROGRESS.name: "KEPT",
            State.COMPLETED.name: "KEPT",
            State.ORDERED.name: "MISSED",
            State.NO_ACCESS.name: "MISSED",
        }
    )

    @property
    def waits_for(self) -> Role | Party | None:
        """Finished works wait for whoever reported the fault."""
        reporter = self.reporter if self.state == self.State.COMPLETED.name else None
        return reporter.verifier if reporter else super().waits_for

    def appointment_now(self) -> Appointment | None:
        """When the contractor comes."""
        scheduled = self.appointment and self.state == self.State.SCHEDULED.name
        return Appointment(at=self.appointment) if scheduled and self.appointment else None

    def terms_now(self) -> Iterator[tuple[Term, datetime]]:
        """While the works are still to be done, the priority's term runs too, from the report on."""
        yield from super().terms_now()
        to_do = {s.name for s in (self.State.TRIAGED, self.State.ORDERED, self.State.SCHEDULED, self.State.IN_PROGRESS)}
        if self.state in to_do and self.priority and self.promised_from:
            yield getattr(self.limits, self.priority.name.lower()), self.promised_from

    @step(NEW >> State.REPORTED, by=STAFF, it="Segnala un guasto", en="Report a fault")
    def open(self, given: ReportFault, at: datetime) -> None:
        """Report a fault in a dwelling or in the common parts."""
        if given.place is FaultPlace.DWELLING and not given.dwelling:
            raise Refused(Refusal.DWELLING_MISSING, path=("dwelling",))
        self.place, self.category, self.description = given.place, given.category, given.description
        self.reporter, self.dwelling, self.photo = given.reporter, given.dwelling, given.photo
        self.promised_from = at

    @step(State.REPORTED >> (State.TRIAGED | State.NOT_OURS), by=TECHNICAL, it="Valuta la segnalazione")
    def triage(self, given: TriageFault, at: datetime) -> States | None:
        """Say how soon the fault must be mended and by whom; what is not the agency's ends here."""
        self.priority, self.responsibility = given.priority, given.responsibility
        if given.responsibility is Responsibility.AGENCY:
            return None
        if not given.tenant_told:
            raise Refused(Refusal.TENANT_NOT_TOLD, path=("tenant_told",), responsibility=given.responsibility)
        return self.State.NOT_OURS

    @step(
        (State.TRIAGED | State.ORDERED | State.SCHEDULED | State.IN_PROGRESS | State.ON_HOLD | State.NO_ACCESS) >> SAME,
        by=TECHNICAL,
        it="Cambia la priorità",
    )
    def set_priority(self, given: SetPriority, at: datetime) -> None:
        """Say that the fault is more urgent, or less, than it seemed."""
        self.priority = given.priority

    @step(State.TRIAGED >> State.ORDERED, by=TECHNICAL | {Role.ADMINISTRATIVE}, it="Ordina i lavori")
    def order(self, given: OrderWorks, at: datetime) -> None:
        """Order the works from a contractor."""
        self.contractor, self.order_number = given.contractor, given.order_number

    @step(
        (State.ORDERED | State.SCHEDULED | State.NO_ACCESS) >> State.SCHEDULED,
        by=TECHNICAL | {Role.CUSTODIAN},
        it="Fissa l'appuntamento",
    )
    def schedule(self, given: ScheduleWorks, at: datetime) -> None:
        """Record when the contractor will come, or will come instead."""
        ahead(given.appointment, at, "appointment")
        self.appointment = given.appointment

    @step(
        State.SCHEDULED >> (State.ORDERED | State.NO_ACCESS),
        by=TECHNICAL | {Role.CUSTODIAN},
        it="Registra un accesso mancato",
        when=Process.appointment_passed,
    )
    def record_no_access(self, at: datetime) -> States | None:
        """The contractor found nobody at home: another appointment, or somebody sees to it after the policy's limit."""
        self.no_accesses += 1
        return self.State.NO_ACCESS if self.no_accesses > self.limits.no_access else None

    @step(
        (State.ORDERED | State.SCHEDULED) >> State.IN_PROGRESS,
        by=TECHNICAL | {Role.CUSTODIAN},
        it="Inizia i lavori",
    )
    def start(self, at: datetime) -> None:
        """The contractor is at work."""
        self.works_started = True

    @step((State.ORDERED | State.SCHEDULED | State.IN_PROGRESS) >> State.ON_HOLD, by=TECHNICAL, it="Sospendi i lavori")
    def hold(self, given: HoldWorks, at: datetime) -> None:
        """The works wait for material or for an approval."""
        self.hold_reason = given.reason

    @step(State.ON_HOLD >> (State.ORDERED | State.IN_PROGRESS), by=TECHNICAL, it="Riprendi i lavori")
    def resume(self, at: datetime) -> States | None:
        """The works go on where they stopped; if they had not begun, with another appointment."""
        self.hold_reason = None
        return self.State.IN_PROGRESS if self.works_started else None

    @step(State.IN_PROGRESS >> State.COMPLETED, by=TECHNICAL | {Role.CUSTODIAN}, it="Segna i lavori finiti")
    def complete(self, at: datetime) -> None:
        """The contractor says that the fault is mended."""

    @step(State.COMPLETED >> State.VERIFIED, by=FIELD | TECHNICAL | {Role.CUSTODIAN}, it="Conferma la riparazione")
    def verify(self, given: VerifyWorks, at: datetime) -> None:
        """Who reported the fault says that it is mended; an inspection may stand in for them."""
        self.verified = given.check

    @step(State.COMPLETED >> State.ORDERED, by=FIELD | TECHNICAL | {Role.CUSTODIAN}, it="Contesta la riparazione")
    def reject(self, given: RejectWorks, at: datetime) -> None:
        """The fault is not mended: the contractor comes back, and the priority's time starts again."""
        self.rejections += 1
        self.promised_from, self.works_started, self.appointment = at, False, None

    @step(
        (State.REPORTED | State.TRIAGED | State.ORDERED | State.SCHEDULED | State.ON_HOLD | State.NO_ACCESS)
        >> State.CANCELLED,
        by=TECHNICAL,
        it="Annulla la segnalazione",
    )
    def cancel(self, given: CancelWorks, at: datetime) -> None:
        """End the report without works, and say why."""
        if given.reason is WorksCancellation.DUPLICATE and given.duplicate_of in {None, self.id}:
            raise Refused(Refusal.DUPLICATE_OF_WHAT, path=("duplicate_of",))
        self.cancelled_because, self.duplicate_of = given.reason, given.duplicate_of
