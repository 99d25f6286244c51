"""What the ranking of partners' services starts from: the directory, who needs something, and who was asked already."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.external_referral import ExternalReferral
from domain.fields import PartnerServiceId
from domain.matching import Candidate, Seeker
from domain.partner import Partner, PartnerService
from domain.process import ENTERED_IN_ERROR
from domain.register import Person
from domain.tenant_case import Fragility
from store import tables as t
from store.database import AnyRow
from store.joins import Joined, Part
from store.register import Stored, stored


async def candidates(connection: AsyncConnection, area: Fragility) -> list[tuple[Candidate, Stored[PartnerService]]]:
    """Return every service of the directory for this area, with its partner; and as the register holds it."""
    service, partner = t.partner_service, t.partner
    joined = Joined(service, service.c).along(
        "partner", partner, partner.c.id == service.c.partner_id, columns=partner.c.keys()
    )
    rows = await connection.execute(joined.select().where(service.c.area == area.name))
    return [(_candidate(row), stored(PartnerService, row)) for row in rows]


def _candidate(row: AnyRow) -> Candidate:
    return Candidate(
        id=PartnerServiceId(row.id),
        service=stored(PartnerService, row).entry,
        partner=stored(Partner, Part(row, "partner")).entry,
    )


async def seeker_of(connection: AsyncConnection, process_id: UUID, area: Fragility) -> Seeker:
    """Return who needs something: the person of a case, or of a track of it; with the services asked for it already.

    The process must be there, and in the sight of whoever asks: `store.scope.require`. The engine sees all of them.
    """
    process, person = t.process, t.person
    joined = Joined(process, [process.c.case_id, process.c.district_id]).along(
        "person", person, person.c.id == process.c.person_id, columns=person.c.keys()
    )
    row = (await connection.execute(joined.select().where(process.c.id == process_id))).one()
    whom = stored(Person, Part(row, "person")).entry if row.person__id else Person()
    return Seeker(area=area, person=whom, district=row.district_id, tried=await _tried(connection, row.case_id, area))


async def _tried(connection: AsyncConnection, case_id: UUID, area: Fragility) -> frozenset[PartnerServiceId]:
    """A service that is only chosen in a draft has not been asked yet."""
    process = t.process.c
    referrals = await connection.execute(
        select(process.state, process.data["service"].astext, process.data["tried"]).where(
            process.case_id == case_id,
            process.kind == ExternalReferral.kind,
            process.state.not_in(ENTERED_IN_ERROR),
            process.data["area"].astext == area.name,
        )
    )
    draft = ExternalReferral.State.DRAFT.name
    asked = [each for state, service, before in referrals for each in (*before, *([] if state == draft else [service]))]
    return frozenset(PartnerServiceId(UUID(each)) for each in asked)
