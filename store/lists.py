"""The lists of the register, and of appointments: what each can be narrowed to, and its order.

Every filter is a list of its own: `listed` finds by its type which table it is about.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, func, or_, select
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
    StaffId,
    StopId,
)
from domain.partner import PartnerKind, PartnerStatus
from domain.register import ServicePointKind
from domain.roles import Role
from domain.tenant_case import Fragility
from store import tables as t
from store.filters import matching
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
    """Which appointments; everything that is given must hold. Days are those of Italy, both included."""

    stop: StopId | None = None
    service_point: ServicePointId | None = None
    district: DistrictId | None = None
    person: PersonId | None = None
    status: tuple[AppointmentStatus, ...] = ()
    starts_from: Day | None = None
    starts_to: Day | None = None


@dataclass(frozen=True, kw_only=True)
class StopFilter:
    """Which stops; everything that is given must hold. Days are those of Italy, both included."""

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
    channel: tuple[ContactChannel, ...] = ()
    outcome: tuple[ContactOutcome, ...] = ()
    occurred_from: Day | None = None
    occurred_to: Day | None = None


@dataclass(frozen=True, kw_only=True)
class PartnerFilter:
    """Which partners; everything that is given must hold, `area` and `district` of one of its active services.

    `text` is found anywhere in the name.
    """

    kind: tuple[PartnerKind, ...] = ()
    status: tuple[PartnerStatus, ...] = ()
    area: Fragility | None = None
    district: DistrictId | None = None
    text: Line | None = None


@dataclass(frozen=True, kw_only=True)
class PartnerServiceFilter:
    """Which services of partners; everything that is given must hold."""

    partner: PartnerId | None = None
    area: Fragility | None = None
    status: tuple[PartnerStatus, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReferentFilter:
    """Whose referents."""

    partner: PartnerId | None = None


@dataclass(frozen=True, kw_only=True)
class PersonFilter:
    """Which persons; `text` is how the name begins, family name first, whatever its case and accents."""

    text: Line | None = None
    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class TenancyFilter:
    """Which tenancies; everything that is given must hold."""

    holder: PersonId | None = None
    dwelling: DwellingId | None = None


@dataclass(frozen=True, kw_only=True)
class DwellingFilter:
    """Where the dwellings are."""

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
class DistrictFilter:
    """Where the districts are."""

    municipality: MunicipalityId | None = None


@dataclass(frozen=True, kw_only=True)
class ServicePointFilter:
    """Which service points; everything that is given must hold."""

    kind: tuple[ServicePointKind, ...] = ()
    municipality: MunicipalityId | None = None
    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class StaffFilter:
    """Which members of staff: who has the role; who works in the district."""

    role: Role | None = None
    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class FundingLineFilter:
    """Which funding lines: those that pay on the day."""

    open_on: Day | None = None


async def listed(connection: AsyncConnection, given: Any, *, first: int, after: str | None, scope: Scope) -> Page:
    """Return a page of the list that the filter `given` is of. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    listing = _LISTINGS[type(given)]
    own = {name: clause for name, clause in listing.own.items() if getattr(given, name) is not None}
    statement = select(listing.table).where(
        within(scope, listing.table),
        *matching(given, listing.table, leave_out=listing.own),
        *(clause(getattr(given, name)) for name, clause in own.items()),
    )
    pages = Pages(statement, listing.order, sight=within(scope, listing.table))
    return await pages.page(connection, first=first, after=after)


@dataclass(frozen=True, kw_only=True)
class _Listing:
    table: Table
    order: Order
    own: Mapping[str, Callable[[Any], ColumnElement[bool]]] = field(default_factory=dict)
    """The fields of the filter that are not columns of the table."""


def _sorted(table: Table, column: str, *, ascending: bool = True, personal: bool = False) -> Order:
    keys = (table.c[column], ascending), (table.c.id, ascending)
    return Order(f"{table.name}.{column}", keys, personal=personal)


def _served(*clauses: ColumnElement[bool]) -> ColumnElement[bool]:
    service = t.partner_service.c
    active = service.status == PartnerStatus.ACTIVE.name
    return exists().where(service.partner_id == t.partner.c.id, active, *clauses)


def _serves(district: DistrictId) -> ColumnElement[bool]:
    districts = t.partner_service.c.districts
    return _served(or_(func.cardinality(districts) == 0, districts.contains([district])))


def _begins(text: str) -> ColumnElement[bool]:
    prefix, search = folded(text), t.person.c.search
    return (search >= prefix) & (search < prefix + "\U0010ffff")  # no code point comes after


def _pays(day: Day) -> ColumnElement[bool]:
    line = t.funding_line.c
    return (line.starts_on <= day) & or_(line.ends_on.is_(None), line.ends_on >= day)


_appointment = t.appointment.c
_LISTINGS: Mapping[type, _Listing] = {
    AppointmentFilter: _Listing(
        table=t.appointment,
        order=Order(
            "appointment.starts_at",
            ((_appointment.starts_at, True), (_appointment.process_id, True), (_appointment.entry, True)),
        ),
        own={
            "service_point": lambda point: exists().where(
                t.stop.c.id == _appointment.stop_id, t.stop.c.service_point_id == point
            )
        },
    ),
    StopFilter: _Listing(table=t.stop, order=_sorted(t.stop, "starts_at")),
    ContactFilter: _Listing(table=t.contact, order=_sorted(t.contact, "occurred_at", ascending=False)),
    PartnerFilter: _Listing(
        table=t.partner,
        order=_sorted(t.partner, "name"),
        own={
            "area": lambda area: _served(t.partner_service.c.area == area.name),
            "district": _serves,
            "text": lambda text: func.lower(t.partner.c.name).contains(text.lower(), autoescape=True),
        },
    ),
    PartnerServiceFilter: _Listing(table=t.partner_service, order=_sorted(t.partner_service, "name")),
    ReferentFilter: _Listing(table=t.referent, order=_sorted(t.referent, "name", personal=True)),
    PersonFilter: _Listing(table=t.person, order=_sorted(t.person, "search", personal=True), own={"text": _begins}),
    TenancyFilter: _Listing(table=t.tenancy, order=_sorted(t.tenancy, "code")),
    DwellingFilter: _Listing(table=t.dwelling, order=_sorted(t.dwelling, "code")),
    BuildingFilter: _Listing(table=t.building, order=_sorted(t.building, "address")),
    MunicipalityFilter: _Listing(table=t.municipality, order=_sorted(t.municipality, "name")),
    DistrictFilter: _Listing(table=t.district, order=_sorted(t.district, "name")),
    ServicePointFilter: _Listing(table=t.service_point, order=_sorted(t.service_point, "name")),
    StaffFilter: _Listing(
        table=t.staff,
        order=_sorted(t.staff, "name", personal=True),
        own={
            "role": lambda role: t.staff.c.roles.contains([role.name]),
            "district": lambda district: t.staff.c.districts.contains([district]),
        },
    ),
    FundingLineFilter: _Listing(table=t.funding_line, order=_sorted(t.funding_line, "code"), own={"open_on": _pays}),
}
