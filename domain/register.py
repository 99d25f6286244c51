"""The register: places, people, what they hold and owe, and the money that can be given.

Names, addresses and telephone numbers live here and nowhere else: not in workflows, not in logs, not in refusals.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from domain.choices import Choice
from domain.fields import (
    BuildingId,
    Count,
    Day,
    DistrictId,
    DwellingId,
    Euro,
    EuroOrZero,
    Line,
    Moment,
    MunicipalityId,
    PersonId,
    ServicePointId,
    ShortText,
    StaffId,
    like,
)
from domain.message import Channel
from domain.refusals import Refusal, Refused
from domain.registered import Registered, happened, in_order
from domain.roles import FIELD, OFFICE, STAFF, Role
from domain.shape import KEPT

MANAGERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who decides where the service is, who works in it and what it may spend."""

Email = Annotated[Line, like(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address looks like name@example.org")]
"""An e-mail address; whether it arrives is known only once a message has been sent."""

Phone = Annotated[Line, like(r"\+?[0-9][0-9 ./-]{4,24}", "a telephone number looks like +39 0332 123456")]
"""A telephone number as people write it."""

Tongue = Annotated[Line, like("[a-z]{2,3}", "a language is given by its ISO 639 code, like it or ar")]
"""A language by its ISO 639 code: `it`, `ar`, `uk`."""

Tongues = Annotated[tuple[Tongue, ...], Field(max_length=10)]
"""Languages, the best understood first."""

Districts = Annotated[tuple[DistrictId, ...], Field(max_length=500)]
"""Districts of the agency."""

CLOSURE_MOST = 60
"""Days that a closure may last: a year without working days would move every term out of sight."""

Balance = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]
"""What is owed in EUR, to the cent; below zero is credit."""


class Identity(Choice):
    """How sure the agency is of who a person is."""

    UNKNOWN = "Sconosciuta", "Unknown"
    DECLARED = "Dichiarata", "Declared"
    VERIFIED = "Verificata", "Verified"


class RentArea(Choice):
    """The rent area of a tenancy (Lombardy, l.r. 27/2009 art. 31)."""

    PROTECTION = "Protezione", "Protection"
    ACCESS = "Accesso", "Access"
    STAY = "Permanenza", "Stay"


class ServicePointKind(Choice):
    """What kind of place people are met at."""

    MOBILE_OFFICE = "Ufficio mobile", "Mobile office"
    DESK = "Sportello", "Desk"
    CASA_CENTRE = "Centro C.A.S.A.", "C.A.S.A. centre"
    CONCIERGE = "Portineria sociale", "Social concierge"
    CLINIC = "Ambulatorio di quartiere", "Neighbourhood clinic"
    REMOTE = "A distanza", "Remote"


# Places.


@dataclass(frozen=True, kw_only=True)
class Municipality(Registered, it="Comune", written_by=MANAGERS):
    """A municipality; its offices are closed on its patron's day (not on that of the province)."""

    name: ShortText
    province: Annotated[Line, like("[A-Z]{2}", "a province is given by its two letters, like VA")]
    patron_month: Annotated[int, Field(ge=1, le=12)] | None = None
    patron_day: Annotated[int, Field(ge=1, le=31)] | None = None

    def check(self, now: datetime) -> None:
        """The patron has a day that every year has, or none."""
        try:
            if (self.patron_month, self.patron_day) != (None, None):
                date(2025, self.patron_month or 0, self.patron_day or 0)
        except ValueError:
            raise Refused(Refusal.NO_SUCH_DAY, path=("patron_day",)) from None


@dataclass(frozen=True, kw_only=True)
class District(Registered, it="Quartiere", written_by=MANAGERS):
    """A neighbourhood: the unit by which staff see persons, cases and places."""

    name: ShortText
    municipality: MunicipalityId


@dataclass(frozen=True, kw_only=True)
class Building(Registered, it="Caseggiato", written_by=OFFICE | MANAGERS):
    """A building of the agency, or one in which it has dwellings."""

    address: Line
    district: DistrictId


@dataclass(frozen=True, kw_only=True)
class Dwelling(Registered, it="Alloggio", written_by=OFFICE | MANAGERS, unique="code"):
    """A dwelling; `code` is the agency's own."""

    code: ShortText
    building: BuildingId


@dataclass(frozen=True, kw_only=True)
class ServicePoint(Registered, it="Presidio", written_by=MANAGERS):
    """Where people are met; one that moves from district to district belongs to none."""

    kind: ServicePointKind
    name: ShortText
    municipality: MunicipalityId
    district: DistrictId | None = None
    address: Line | None = None


@dataclass(frozen=True, kw_only=True)
class Stop(Registered, it="Tappa", written_by=FIELD | OFFICE | MANAGERS):
    """A service point in one place for some hours: `capacity` is how many appointments it has room for."""

    service_point: ServicePointId
    district: DistrictId
    place: Line
    starts_at: Moment
    ends_at: Moment
    capacity: Count
    cancelled_at: Moment | None = None
    booked: Annotated[Count, KEPT] = 0

    def check(self, now: datetime) -> None:
        """It takes some time, has room for whoever is booked, and is not cancelled tomorrow."""
        if self.ends_at <= self.starts_at:
            raise Refused(Refusal.RANGE_REVERSED, path=("ends_at",))
        if self.capacity < self.booked:
            raise Refused(Refusal.PLACES_BOOKED, path=("capacity",), taken=self.booked)
        happened(self.cancelled_at, now, "cancelled_at")


@dataclass(frozen=True, kw_only=True)
class Closure(Registered, it="Chiusura", written_by=MANAGERS):
    """Days, the first and the last included, on which the agency is closed: in a municipality, or everywhere.

    What opens from then on knows them; what is live once the policy is adopted again. Days that have passed stay as
    they were counted.
    """

    reason: ShortText
    starts_on: Day
    ends_on: Day
    municipality: MunicipalityId | None = None
    withdrawn: bool = False

    def check(self, now: datetime) -> None:
        """It ends after it begins, and leaves days to work on."""
        in_order(self.starts_on, self.ends_on, "ends_on")
        if (self.ends_on - self.starts_on).days >= CLOSURE_MOST:
            problem = f"at most {CLOSURE_MOST} days at a time"
            raise Refused(Refusal.INPUT_INVALID, path=("ends_on",), problem=problem)


# People.


@dataclass(frozen=True, kw_only=True)
class Staff(Registered, it="Personale", written_by=[Role.ADMINISTRATOR]):
    """Somebody who works for the agency. What they may do is in their token; this is whom to assign to."""

    name: Line
    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role))] = ()
    districts: Districts = ()
    email: Email | None = None


@dataclass(frozen=True, kw_only=True)
class Absence(Registered, it="Assenza", written_by=STAFF):
    """Somebody of the staff is away, both days included: what is due to them reaches the deputy.

    Without a deputy, or if the deputy is away as well with nobody in their place, it reaches the supervisors.
    """

    staff: StaffId
    starts_on: Day
    ends_on: Day
    deputy: StaffId | None = None

    def check(self, now: datetime) -> None:
        """It ends after it begins, and nobody stands in for themselves."""
        in_order(self.starts_on, self.ends_on, "ends_on")
        if self.deputy == self.staff:
            raise Refused(Refusal.OWN_DEPUTY, path=("deputy",))


@dataclass(frozen=True, kw_only=True)
class Person(Registered, it="Utente", written_by=STAFF):
    """Anyone served, or a stranger who may be; the name of somebody in danger is a pseudonym.

    `district` decides who sees the person; without one, everybody of the agency. `interpreter`: needs one. `address` is
    where letters go, if not to the dwelling that the person holds. `opted_out`: channels by which the person wants no
    reminders; formal notices come all the same.
    """

    identity: Identity = Identity.UNKNOWN
    given_name: Line | None = None
    family_name: Line | None = None
    born_on: Day | None = None
    phone: Phone | None = None
    email: Email | None = None
    languages: Tongues = ()
    interpreter: bool = False
    low_literacy: bool = False
    address: Line | None = None
    opted_out: Annotated[tuple[Channel, ...], Field(max_length=len(Channel))] = ()
    district: DistrictId | None = None

    def check(self, now: datetime) -> None:
        """Whoever has said or shown who they are has a name."""
        if self.identity is not Identity.UNKNOWN and not (self.given_name or self.family_name):
            raise Refused(Refusal.NAME_MISSING, path=("family_name",))
        happened(self.born_on, now, "born_on")


@dataclass(frozen=True, kw_only=True)
class Tenancy(Registered, it="Contratto", written_by=OFFICE | MANAGERS, unique="code"):
    """Who holds a dwelling, and what is owed on it as of a day: debt belongs to the tenancy, not to the person."""

    code: ShortText
    holder: PersonId
    dwelling: DwellingId
    rent_area: RentArea | None = None
    starts_on: Day
    ends_on: Day | None = None
    balance: Balance
    balance_on: Day

    def check(self, now: datetime) -> None:
        """It ends after it begins, and its balance is one of a day that has come."""
        in_order(self.starts_on, self.ends_on, "ends_on")
        happened(self.balance_on, now, "balance_on")


# Money.


@dataclass(frozen=True, kw_only=True)
class FundingLine(Registered, it="Linea di finanziamento", written_by=MANAGERS, unique="code"):
    """Money for contributions within a period: what is `committed` never exceeds the budget."""

    code: ShortText
    name: ShortText
    budget: Euro
    starts_on: Day
    ends_on: Day | None = None
    committed: Annotated[EuroOrZero, KEPT] = Decimal(0)

    def check(self, now: datetime) -> None:
        """It ends after it begins, and covers what is committed."""
        in_order(self.starts_on, self.ends_on, "ends_on")
        if self.budget < self.committed:
            raise Refused(Refusal.FUNDS_COMMITTED, path=("budget",), taken=self.committed)
