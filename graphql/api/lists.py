"""The lists of the register in GraphQL, and of appointments: each a filter of `store.lists` and what its rows are."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ForwardRef, Optional

import strawberry

from api.connections import DEFAULT_FIRST, After, Connection, First, connection, read_filter
from api.context import Info
from api.derive import LOADERS, Fields, enum, input_type, make, resolved
from api.ids import encode
from api.register import RegisterNode
from api.told import Told, chosen, itself, told_fields
from domain.contact import Contact
from domain.partner import Partner, PartnerService, Referent
from domain.register import (
    Absence,
    Building,
    Closure,
    District,
    Dwelling,
    FundingLine,
    Municipality,
    Person,
    ServicePoint,
    Staff,
    Stop,
    Tenancy,
)
from domain.registered import Registered
from store import lists
from store.database import AnyRow
from store.lists import AppointmentStatus, listed
from store.register import stored

# Appointments.


class _Appointment:
    """What the fields of an appointment are read from."""

    def __init__(self, row: AnyRow) -> None:
        self.row = row


def _id(_context: object, process: object, entry: int) -> str:
    return encode("Appointment", f"{process}:{entry}")


def _refers(type_name: str, column: str, description: str, *, always: bool = False) -> tuple[Any, Any]:
    async def one(self: _Appointment, info: Info) -> Any:
        identifier = getattr(self.row, column)
        return identifier and await LOADERS[type_name](info, identifier)

    reference: Any = ForwardRef(type_name)
    return resolved(reference if always else Optional[reference], one, description=description)  # noqa: UP045


make(
    "Appointment",
    {
        **told_fields(
            "Appointment",
            {
                "id": (strawberry.ID, Told(("process_id", "entry"), _id), "The same for as long as it exists."),
                "starts_at": (datetime, Told(("starts_at",), itself), "When."),
                "status": (enum(AppointmentStatus), chosen("status", AppointmentStatus), "How it stands."),
            },
        ),
        "process": _refers("Process", "process_id", "What expects somebody.", always=True),
        "stop": _refers("Stop", "stop_id", "Where, if at a stop; otherwise at home."),
        "person": _refers("Person", "person_id", "Who is expected, if the caller may see them."),
        "district": _refers("District", "district_id", "The district of the case."),
    },
    description="An appointment at a stop, or a visit at home.",
)


# Lists.


def _list(name: str, given: type[Any], node: Callable[[AnyRow], Any], description: str) -> tuple[Any, Any]:
    async def page(
        self: Any,  # noqa: ARG001 (the root)
        info: Info,
        *,
        first: First = DEFAULT_FIRST,
        after: After = None,
        filter: Any = None,  # noqa: A002
    ) -> Connection:
        narrowed = read_filter(given, filter)
        async with info.context.reading() as reading:
            found = await listed(reading, narrowed, first=first, after=after, scope=info.context.identity)
        return Connection(found, node)

    page.__annotations__["filter"] = Optional[input_type(given)]  # noqa: UP045
    return resolved(connection(name), page, description=description)


def _entries(kind: type[Registered], given: type[Any], description: str) -> tuple[Any, Any]:
    return _list(kind.__name__, given, lambda row: RegisterNode(stored(kind, row)), description)


QUERIES: Fields = {
    "appointments": _list(
        "Appointment", lists.AppointmentFilter, _Appointment, "Appointments by when they start, the oldest first."
    ),
    "stops": _entries(Stop, lists.StopFilter, "Stops by when they start, the oldest first."),
    "contacts": _entries(Contact, lists.ContactFilter, "Contacts, the latest first."),
    "persons": _entries(Person, lists.PersonFilter, "Persons, by family name."),
    "tenancies": _entries(Tenancy, lists.TenancyFilter, "Tenancies, by code."),
    "dwellings": _entries(Dwelling, lists.DwellingFilter, "Dwellings, by code."),
    "buildings": _entries(Building, lists.BuildingFilter, "Buildings, by address."),
    "districts": _entries(District, lists.DistrictFilter, "Districts, by name."),
    "municipalities": _entries(Municipality, lists.MunicipalityFilter, "Municipalities, by name."),
    "closures": _entries(Closure, lists.ClosureFilter, "Closures of the agency, the latest first."),
    "service_points": _entries(ServicePoint, lists.ServicePointFilter, "Service points, by name."),
    "staff": _entries(Staff, lists.StaffFilter, "Members of staff, by name."),
    "absences": _entries(Absence, lists.AbsenceFilter, "Absences of staff, by when they start."),
    "funding_lines": _entries(FundingLine, lists.FundingLineFilter, "Funding lines, by code."),
    "partners": _entries(Partner, lists.PartnerFilter, "Partners, by name."),
    "partner_services": _entries(PartnerService, lists.PartnerServiceFilter, "Services of partners, by name."),
    "referents": _entries(Referent, lists.ReferentFilter, "Partners' referents, by name."),
}
"""The queries, by Python name."""
