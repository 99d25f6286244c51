"""The lists of the register, and of appointments: each a table, what it can be narrowed to, and its order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.choices import Choice
from domain.contact import ContactChannel, ContactOutcome
from domain.fields import Day, DistrictId, Line, PersonId, ServicePointId, StaffId, StopId
from domain.partner import PartnerKind, PartnerStatus
from domain.tenant_case import Fragility
from store import tables as t
from store.filters import matching
from store.pages import Order, Page, page
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
class PersonFilter:
    """Which persons: those of a district, or whose name begins with `text`, family name first; accents do not matter."""

    text: Line | None = None
    district: DistrictId | None = None


@dataclass(frozen=True, kw_only=True)
class TenancyFilter:
    """Which tenancies: those of a person, or of a dwelling."""

    holder: PersonId | None = None
    dwelling: DwellingId | None = None
