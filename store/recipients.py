"""Who is told, as the register has them today: persons, staff and their deputies, partners' referents."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.message import Channel
from domain.recipient import Recipient, RecipientKind
from domain.roles import Role
from store import tables as t

CHAIN = 5
"""How many deputies in turn are looked for: whoever is behind so many is reached through the supervisors."""


async def persons(connection: AsyncConnection, identifiers: Collection[UUID]) -> dict[UUID, Recipient]:
    """Return these persons; letters go to their own address, else to the building of the dwelling that they hold."""
    rows = await connection.execute(_PERSONS, {"ids": list(identifiers)})
    return {
        row.id: Recipient(
            kind=RecipientKind.PERSON,
            id=row.id,
            name=" ".join(filter(None, [row.given_name, row.family_name])),
            languages=tuple(row.languages),
            addresses=_addresses(EMAIL=row.email, SMS=row.phone, LETTER=row.address),
            opted_out=frozenset(Channel[each] for each in row.opted_out),
        )
        for row in rows
    }


async def referents(connection: AsyncConnection, services: Collection[UUID]) -> dict[UUID, list[Recipient]]:
    """Return, by service of a partner, its referent and then the referent's deputy; none if nobody is named."""
    found: dict[UUID, list[Recipient]] = {}
    for row in await connection.execute(_REFERENTS, {"ids": list(services)}):
        people = [_referent(row.id, row.name, row.email, row.phone)]
        if row.deputy_id:
            people.append(_referent(row.deputy_id, row.deputy_name, row.deputy_email, row.deputy_phone))
        found.setdefault(row.service_id, people)
    return found


class Desks:
    """The staff whom reminders reach on a day: who is there, who stands in, who supervises where."""

    def __init__(self, staff: Iterable[Any], absences: Iterable[Any]) -> None:
        self._staff = {row.id: row for row in staff}
        self._deputies: Mapping[UUID, UUID | None] = {row.staff_id: row.deputy_id for row in absences}

    @classmethod
    async def on(cls, connection: AsyncConnection, day: date) -> "Desks":
        """Return the desks as they are on a local day; of absences that overlap, the one that began last counts."""
        absence = t.absence.c
        away = select(absence.staff_id, absence.deputy_id).where(absence.starts_on <= day, absence.ends_on >= day)
        staff = t.staff.c
        everybody = select(staff.id, staff.name, staff.email, staff.roles, staff.districts).order_by(staff.id)
        return cls(
            (await connection.execute(everybody)).all(),
            (await connection.execute(away.order_by(absence.starts_on, absence.id))).all(),
        )

    def of(self, staff_id: UUID | None, district_id: UUID) -> list[Recipient]:
        """Return who sits at a desk: its owner, who stands in for them, or the supervisors of the district."""
        for _ in range(CHAIN):
            if staff_id is None or staff_id not in self._staff:
                break
            if staff_id not in self._deputies:
                return [_member(self._staff[staff_id])]
            staff_id = self._deputies[staff_id]
        return self.supervisors(district_id)

    def supervisors(self, district_id: UUID) -> list[Recipient]:
        """Return the supervisors of a district who are there, all of them if none is."""
        mine = [
            row
            for row in self._staff.values()
            if Role.SUPERVISOR.name in row.roles and (not row.districts or district_id in row.districts)
        ]
        there = [row for row in mine if row.id not in self._deputies]
        return [_member(row) for row in there or mine]


def _member(row: Any) -> Recipient:
    return Recipient(kind=RecipientKind.STAFF, id=row.id, name=row.name, addresses=_addresses(EMAIL=row.email))


def _referent(identifier: UUID, name: str, email: str | None, phone: str | None) -> Recipient:
    addresses = _addresses(EMAIL=email, SMS=phone)
    return Recipient(kind=RecipientKind.REFERENT, id=identifier, name=name, addresses=addresses)


def _addresses(**by_channel: str | None) -> dict[Channel, str]:
    return {Channel[name]: address for name, address in by_channel.items() if address}


_PERSONS = text(
    """
    select p.id, p.given_name, p.family_name, p.languages, p.email, p.phone, p.opted_out,
           coalesce(p.address, h.address) as address
      from person p
      left join lateral (
        select b.address from tenancy y join dwelling d on d.id = y.dwelling_id join building b on b.id = d.building_id
         where y.holder_id = p.id order by y.ends_on desc nulls first, y.starts_on desc limit 1
      ) h on true
     where p.id = any(:ids)
    """
)
_REFERENTS = text(
    """
    select s.id as service_id, r.id, r.name, r.email, r.phone,
           d.id as deputy_id, d.name as deputy_name, d.email as deputy_email, d.phone as deputy_phone
      from partner_service s join referent r on r.partner_id = s.partner_id left join referent d on d.id = r.deputy_id
     where s.id = any(:ids)
       -- Whoever is somebody's deputy is asked after them.
     order by s.id, exists (select from referent o where o.deputy_id = r.id), r.id
    """
)
