"""The lists of the register, and of appointments: what each can be narrowed to, and its order.

Every filter is a list of its own: `listed` finds by its type which table it is about.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.choices import Choice
from domain.contact import ContactChannel, ContactOutcome
from domain.fields import (
    BuildingId,
    Day,
    DistrictId,
    DwellingId,
    Line,
    MunicipalityId,
    PartnerId,
    PersonId,
    ProcessId,
    ServicePointId,
    ShortText,
    StaffId,
    StopId,
)
from domain.partner import PartnerKind, PartnerStatus
from domain.register import ServicePointKind
from domain.roles import Role
from domain.tenant_case import Fragility
from store import tables as t
from store.filters import Several, matching
from store.pages import Order, Page, Pages
from store.register import folded
from store.scope import Scope, within


class AppointmentStatus(Choice):
    """How an appointment stands."""

    BOOKED = "Fissato", "Booked"
    KEPT = "Rispettato", "Kept"
    MISSED = "Mancato", "Missed"
    CANCELLED = "Annullato", "Cancelled"


@dataclass(frozen=True, kw_only=True)
class AppointmentFilter:
    """Which appointments; everything that is given must hold. Days are those of Italy, both included.

    The first page begins with the oldest there are, or with those of `starts_from`.
    """

    stop: StopId | None = None
    service_point: ServicePointId | None = None
    district: DistrictId | None = None
    person: PersonId | None = None
    status: Several[AppointmentStatus] = ()
    starts_from: Day | None = None
    starts_to: Day | None = None


@dataclass(frozen=True, kw_only=True)
class StopFilter:
    """Which stops; everything that is given must hold. Days are those of Italy, both included.

    The first page begins with the oldest there are, or with those of `starts_from`.
    """

    service_point: ServicePointId | None = None
    district: DistrictId | None = None
    starts_from: Day | None = None
    starts_to: Day | None = None


@dataclass(frozen=True, kw_only=True)
class ContactFilter:
    """Which contacts; everything that is given must hold. Days are those of Italy, both included."""

    person: PersonId | None = None
    case: ProcessId | None = None
    service_point: ServicePointId | None = None
    stop: StopId | None = None
    district: DistrictId | None = None
    operator: StaffId | None = None
    channel: Several[ContactChannel] = ()
    outcome: Several[ContactOutcome] = ()
    occurred_from: Day | None = None
    occurred_to: Day | None = None


@dataclass(frozen=True, kw_only=True)
class PartnerFilter:
    """Which partners; everything that is given must hold, `area` and `district` of the same active service.

    `text` is found anywhere in the name.
    """

    kind: Several[PartnerKind] = ()
    status: Several[PartnerStatus] = ()
    area: Fragility | None = None
    district: DistrictId | None = None
    text: Line | None = None


@dataclass(frozen=True, kw_only=True)
class PartnerServiceFilter:
    """Which services of partners; everything that is given must hold."""

    partner: PartnerId | None = None
    area: Fragility | None = None
    status: Several[PartnerStatus] = ()


@dataclass(frozen=True, kw_only=True)
class ReferentFilter:
    """Whose referents."""

    partner: PartnerId | None = None


@dataclass(frozen=True, kw_only=True)
class PersonFilter:
    """Which persons; everything that is given must hold.

    `text` is how the name begins, family name or given name first, whatever its case and accents; a text without a
    letter or digit is nobody's name.
    """

    text: Line | None = None
    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class TenancyFilter:
    """Which tenancies; everything that is given must hold. `code` is how it begins."""

    code: ShortText | None = None
    holder: PersonId | None = None
    dwelling: DwellingId | None = None


@dataclass(frozen=True, kw_only=True)
class DwellingFilter:
    """Which dwellings; everything that is given must hold. `code` is how it begins."""

    code: ShortText | None = None
    building: BuildingId | None = None


@dataclass(frozen=True, kw_only=True)
class BuildingFilter:
    """Where the buildings are."""

    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class MunicipalityFilter:
    """Which municipalities: those of a province, by its two letters."""

    province: Line | None = None


@dataclass(frozen=True, kw_only=True)
class ClosureFilter:
    """Which closures; everything that is given must hold. `closed_on`: those of the day, withdrawn ones left out."""

    municipality: MunicipalityId | None = None
    closed_on: Day | None = None


@dataclass(frozen=True, kw_only=True)
class DistrictFilter:
    """Where the districts are."""

    municipality: MunicipalityId | None = None


@dataclass(frozen=True, kw_only=True)
class ServicePointFilter:
    """Which service points; everything that is given must hold."""

    kind: Several[ServicePointKind] = ()
    municipality: MunicipalityId | None = None
    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class StaffFilter:
    """Which members of staff: who has the role; who works in the district."""

    role: Role | None = None
    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class AbsenceFilter:
    """Which absences: whose, who stands in, and who is away `on` a day."""

    staff: StaffId | None = None
    deputy: StaffId | None = None
    on: Day | None = None


@dataclass(frozen=True, kw_only=True)
class FundingLineFilter:
    """Which funding lines: those that pay on the day."""

    open_on: Day | None = None


async def listed(connection: AsyncConnection, given: Any, *, first: int, after: str | None, scope: Scope) -> Page:
    """Return a page of the list that the filter `given` is of. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    listing = _LISTINGS[type(given)]
    statement = select(listing.table).where(
        within(scope, listing.table), *matching(given, listing.table, leave_out=listing.own), *listing.narrowed(given)
    )
    pages = Pages(statement, listing.order, sight=within(scope, listing.table))
    return await pages.page(connection, first=first, after=after)


@dataclass(frozen=True, kw_only=True)
class _Listing:
    table: Table
    order: Order
    own: Collection[str] = ()
    """The fields of the filter that are not columns of the table."""
    narrowed: Callable[[Any], Iterator[ColumnElement[bool]]] = lambda _given: iter(())
    """What they mean."""


def _sorted(table: Table, column: str, *, ascending: bool = True, personal: bool = False) -> Order:
    keys = (table.c[column], ascending), (table.c.id, ascending)
    return Order(f"{table.name}.{column}", keys, personal=personal)


def _appointments(given: AppointmentFilter) -> Iterator[ColumnElement[bool]]:
    if given.service_point:
        stop = t.stop.c
        yield exists().where(stop.id == t.appointment.c.stop_id, stop.service_point_id == given.service_point)


def _partners(given: PartnerFilter) -> Iterator[ColumnElement[bool]]:
    service = t.partner_service.c
    served = [service.area == given.area.name] if given.area else []
    if given.district:
        served.append(or_(func.cardinality(service.districts) == 0, service.districts.contains([given.district])))
    if served:
        active = service.status == PartnerStatus.ACTIVE.name
        yield exists().where(service.partner_id == t.partner.c.id, active, *served)
    if given.text:
        yield func.lower(t.partner.c.name).contains(given.text.lower(), autoescape=True)


def _persons(given: PersonFilter) -> Iterator[ColumnElement[bool]]:
    if given.text:
        words = folded(given.text).split()
        yield _begins(*words) if words else false()


def _begins(*words: str) -> ColumnElement[bool]:
    """Family name first as it is stored, or given name first: then what is told first comes later in the name."""
    search = t.person.c.search
    first_word, others = words[0], " ".join(words[1:])
    stored = _prefixed(search, " ".join(words))
    return or_(stored, _prefixed(search, others) & search.contains(f" {first_word}")) if others else stored


def _prefixed(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    return (column >= prefix) & (column < prefix + "\U0010ffff")  # no code point comes after


def _coded(given: TenancyFilter | DwellingFilter) -> Iterator[ColumnElement[bool]]:
    if given.code:
        table = t.tenancy if isinstance(given, TenancyFilter) else t.dwelling
        yield table.c.code.startswith(given.code, autoescape=True)


def _staff(given: StaffFilter) -> Iterator[ColumnElement[bool]]:
    if given.role:
        yield t.staff.c.roles.contains([given.role.name])
    if given.district:
        yield t.staff.c.districts.contains([given.district])


def _away(given: AbsenceFilter) -> Iterator[ColumnElement[bool]]:
    if given.on:
        yield t.absence.c.starts_on <= given.on
        yield t.absence.c.ends_on >= given.on


def _paying(given: FundingLineFilter) -> Iterator[ColumnElement[bool]]:
    if given.open_on:
        line = t.funding_line.c
        yield line.starts_on <= given.open_on
        yield or_(line.ends_on.is_(None), line.ends_on >= given.open_on)


def _closed(given: ClosureFilter) -> Iterator[ColumnElement[bool]]:
    if given.closed_on:
        closure = t.closure.c
        yield closure.starts_on <= given.closed_on
        yield closure.ends_on >= given.closed_on
        yield ~closure.withdrawn


_appointment = t.appointment.c
_LISTINGS: Mapping[type, _Listing] = {
    AppointmentFilter: _Listing(
        table=t.appointment,
        order=Order(
            "appointment.starts_at",
            ((_appointment.starts_at, True), (_appointment.process_id, True), (_appointment.entry, True)),
        ),
        own={"service_point"},
        narrowed=_appointments,
    ),
    StopFilter: _Listing(table=t.stop, order=_sorted(t.stop, "starts_at")),
    ContactFilter: _Listing(table=t.contact, order=_sorted(t.contact, "occurred_at", ascending=False)),
    PartnerFilter: _Listing(
        table=t.partner,
        order=_sorted(t.partner, "name"),
        own={"area", "district", "text"},
        narrowed=_partners,
    ),
    PartnerServiceFilter: _Listing(table=t.partner_service, order=_sorted(t.partner_service, "name")),
    ReferentFilter: _Listing(table=t.referent, order=_sorted(t.referent, "name", personal=True)),
    PersonFilter: _Listing(
        table=t.person, order=_sorted(t.person, "search", personal=True), own={"text"}, narrowed=_persons
    ),
    TenancyFilter: _Listing(table=t.tenancy, order=_sorted(t.tenancy, "code"), own={"code"}, narrowed=_coded),
    DwellingFilter: _Listing(table=t.dwelling, order=_sorted(t.dwelling, "code"), own={"code"}, narrowed=_coded),
    BuildingFilter: _Listing(table=t.building, order=_sorted(t.building, "address")),
    MunicipalityFilter: _Listing(table=t.municipality, order=_sorted(t.municipality, "name")),
    ClosureFilter: _Listing(
        table=t.closure, order=_sorted(t.closure, "starts_on", ascending=False), own={"closed_on"}, narrowed=_closed
    ),
    DistrictFilter: _Listing(table=t.district, order=_sorted(t.district, "name")),
    ServicePointFilter: _Listing(table=t.service_point, order=_sorted(t.service_point, "name")),
    StaffFilter: _Listing(
        table=t.staff,
        order=_sorted(t.staff, "name", personal=True),
        own={"role", "district"},
        narrowed=_staff,
    ),
    AbsenceFilter: _Listing(table=t.absence, order=_sorted(t.absence, "starts_on"), own={"on"}, narrowed=_away),
    FundingLineFilter: _Listing(
        table=t.funding_line, order=_sorted(t.funding_line, "code"), own={"open_on"}, narrowed=_paying
    ),
}
