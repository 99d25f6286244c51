"""What a contact leaves unsaid, filled in from the place, the person and who records it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.contact import Contact
from domain.fields import StaffId
from domain.refusals import Refusal, Refused
from store import tables as t


def moved(before: Contact, changes: Mapping[str, object]) -> bool:
    """Whether these changes say that it was somewhere else than they said before, and not in which district."""
    places = {"stop": before.stop, "service_point": before.service_point}
    return "district" not in changes and any(changes.get(name, place) != place for name, place in places.items())


async def completed(connection: AsyncConnection, contact: Contact, *, staff_id: UUID, now: datetime) -> Contact:
    """Return the contact with its district, operator and times; what it names exists.

    Raises `Refused` if the stop is another service point's, the case is not a case or another person's, the operator is
    not of the staff, or nothing says the district.
    """
    operator = contact.operator or StaffId(staff_id)
    point, stop, person, process = t.service_point.c, t.stop.c, t.person.c, t.process.c
    joined = (
        t.service_point.outerjoin(t.stop, stop.id == contact.stop)
        .outerjoin(t.person, person.id == contact.person)
        .outerjoin(t.process, and_(process.id == contact.case, process.id == process.case_id))
        .outerjoin(t.staff, t.staff.c.id == operator)
    )
    found = (
        await connection.execute(
            select(
                stop.service_point_id.label("stops_at"),
                stop.district_id.label("of_stop"),
                point.district_id.label("of_point"),
                person.district_id.label("of_person"),
                process.id.label("case_id"),
                process.person_id.label("person_of_case"),
                t.staff.c.id.label("operator_id"),
            )
            .select_from(joined)
            .where(point.id == contact.service_point)
        )
    ).one()
    if contact.stop and found.stops_at != contact.service_point:
        raise Refused(Refusal.STOP_ELSEWHERE, path=("stop",))
    if contact.case and not found.case_id:
        raise Refused(Refusal.NOT_FOUND, path=("case",))
    if contact.person and found.person_of_case and contact.person != found.person_of_case:
        raise Refused(Refusal.CASE_OF_ANOTHER, path=("case",))
    if not found.operator_id:
        raise Refused(Refusal.NOT_FOUND, path=("operator",))
    district = contact.district or found.of_stop or found.of_point or found.of_person
    if not district:
        raise Refused(Refusal.DISTRICT_MISSING, path=("district",))
    return replace(
        contact,
        district=district,
        operator=operator,
        occurred_at=contact.occurred_at or now,
        recorded_at=contact.recorded_at or now,
    )
