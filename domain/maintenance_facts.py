"""The facts of maintenance: the closed lists that it counts by, and the typed input of each step."""

from dataclasses import dataclass

from domain.choices import Choice
from domain.fields import DwellingId, Moment, Note, ProcessId, ShortText
from domain.roles import Party, Role


class FaultPlace(Choice):
    """Where the fault is."""

    DWELLING = "Alloggio", "Dwelling"
    COMMON_PARTS = "Parti comuni", "Common parts"


class FaultCategory(Choice):
    """What is broken."""

    WATER = "Impianto idrico", "Plumbing"
    HEATING = "Riscaldamento", "Heating"
    ELECTRICITY = "Impianto elettrico", "Electricity"
    GAS = "Gas", "Gas"
    DAMP = "Umidità e infiltrazioni", "Damp and leaks"
    DOORS_WINDOWS = "Serramenti", "Doors and windows"
    LIFT = "Ascensore", "Lift"
    STRUCTURE = "Strutture e coperture", "Structure and roof"
    PESTS = "Infestazioni", "Pests"
    OTHER = "Altro", "Other"


class Reporter(Choice):
    """Who reported the fault, and so verifies the works."""

    TENANT = "Inquilino", "Tenant", Party.TENANT
    CUSTODIAN = "Custode", "Custodian", Role.CUSTODIAN
    OPERATOR = "Operatore", "Operator", Role.OPERATOR

    verifier: Role | Party
    """Whom finished works wait for."""

    def __init__(self, _it: str, _en: str, verifier: Role | Party) -> None:
        self.verifier = verifier


class Priority(Choice):
    """How soon the fault must be mended; the time for each is the policy's."""

    EMERGENCY = "Emergenza", "Emergency"
    URGENT = "Urgente", "Urgent"
    ORDINARY = "Ordinaria", "Ordinary"
    PLANNED = "Programmata", "Planned"


class Responsibility(Choice):
    """Who has to mend the fault."""

    AGENCY = "Agenzia", "Agency"
    CONDOMINIUM = "Condominio", "Condominium"
    TENANT = "Inquilino", "Tenant"


class WorksHold(Choice):
    """What the works wait for."""

    MATERIAL = "Materiale", "Material"
    APPROVAL = "Approvazione", "Approval"


class WorksCancellation(Choice):
    """Why nothing is mended."""

    DUPLICATE = "Già segnalata", "Reported already"
    NOT_FOUND = "Guasto non riscontrato", "No fault found"
    WITHDRAWN = "Ritirata da chi ha segnalato", "Withdrawn by who reported"
    MENDED = "Già riparato", "Mended already"
    NO_ACCESS = "Accesso impossibile", "No access"


class WorksCheck(Choice):
    """How finished works were verified."""

    REPORTER = "Da chi ha segnalato", "By who reported"
    INSPECTION = "Con un sopralluogo", "By an inspection"


@dataclass(frozen=True, kw_only=True)
class ReportFault:
    """A fault as it was told; `photo` is the photograph's reference in the agency's archive.

    One in a dwelling says which.
    """

    place: FaultPlace
    category: FaultCategory
    description: Note
    reporter: Reporter = Reporter.TENANT
    dwelling: DwellingId | None = None
    photo: ShortText | None = None


@dataclass(frozen=True, kw_only=True)
class TriageFault:
    """How soon, and whose task; if it is not the agency's, the tenant must have been told (`tenant_told`)."""

    priority: Priority
    responsibility: Responsibility = Responsibility.AGENCY
    tenant_told: bool = False
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class SetPriority:
    """The new priority; its time still counts from the report."""

    priority: Priority
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class OrderWorks:
    """The contractor and the number of the order, as in the agency's books."""

    contractor: ShortText
    order_number: ShortText


@dataclass(frozen=True, kw_only=True)
class ScheduleWorks:
    """When the contractor will come."""

    appointment: Moment


@dataclass(frozen=True, kw_only=True)
class HoldWorks:
    """What the works wait for."""

    reason: WorksHold
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class VerifyWorks:
    """How it was verified that the fault is mended."""

    check: WorksCheck = WorksCheck.REPORTER
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class RejectWorks:
    """What is still broken."""

    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class CancelWorks:
    """Why nothing is mended; a duplicate names the process that goes on (`duplicate_of`)."""

    reason: WorksCancellation
    duplicate_of: ProcessId | None = None
    note: Note | None = None
