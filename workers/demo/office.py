"""The register before the mobile office first goes out: districts, staff, stops, partners and money, all invented."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from api.identity import issue
from domain.roles import Role
from workers.demo.client import Api, Desk
from workers.demo.weeks import CONVENED_AHEAD, PlannedStop, Weeks

DISTRICTS = (
    "San Fermo", "Belforte", "Biumo Inferiore", "Giubiano", "Bustecche", "Valle Olona",
    "Bizzozero", "Bosto", "Casbeno", "Masnago", "Sant'Ambrogio", "San Carlo",
)  # fmt: skip
_OPERATORS = ("Marta Restelli", "Davide Cattoretti", "Ines Brusa")
_TEAM = {
    Role.ADMINISTRATIVE: "Paola Ghiringhelli",
    Role.TECHNICIAN: "Ivo Maroni",
    Role.EDUCATOR: "Sara Colombo",
    Role.PSYCHOLOGIST: "Livia Tamborini",
    Role.SUPERVISOR: "Renata Broggi",
}

# A partner of the network, its kind, what it offers in which area, and how it wants to be asked.
_PARTNERS: tuple[tuple[str, str, tuple[tuple[str, str, str, int | None], ...]], ...] = (
    ("Servizi sociali comunali", "SOCIAL_SERVICES", (("Segretariato sociale", "SOCIAL", "EMAIL", None),)),
    ("Casa della Comunità", "HEALTH", (("Ambulatorio di prossimità", "HEALTH", "PORTAL", 12),)),
    ("Centro di ascolto Il Gelso", "CHARITY", (
        ("Ascolto e compagnia", "SOCIAL", "IN_PERSON", 6),
        ("Emporio solidale", "ECONOMIC", "IN_PERSON", 20),
    )),
    ("Associazione Filo Diretto", "ASSOCIATION", (("Compagnia agli anziani", "SOCIAL", "PHONE", 3),)),
    ("Cooperativa Il Mulino", "COOPERATIVE", (("Bilancio familiare", "ECONOMIC", "EMAIL", 4),)),
    ("Consultorio Arca", "ASSOCIATION", (("Sostegno alla genitorialità", "FAMILY", "EMAIL", 5),)),
    ("Centro antiviolenza Alba", "ANTI_VIOLENCE", (("Accoglienza e protezione", "FAMILY", "PHONE", None),)),
)  # fmt: skip

SOLIDARITY_BUDGET = "5000.00"
"""Enough for two contributions of those that are asked for, and no more: the third is refused by the engine itself."""
PROJECT_BUDGET = "6000.00"

STOP_CAPACITY = 9


@dataclass(frozen=True, kw_only=True)
class District:
    """A district with the agency's building in it, and the operator who answers for it."""

    id: str
    name: str
    building: str
    operator: Desk


@dataclass(kw_only=True)
class Stop:
    """A stop of the mobile office, as registered; `given` appointments have been given at it."""

    id: str
    planned: PlannedStop
    district: District
    given: int = 0

    def next_slot(self) -> datetime:
        """Give the next appointment."""
        self.given += 1
        return self.planned.slot(self.given - 1)


@dataclass(kw_only=True)
class Office:
    """The agency as its front end knows it: desks by role, places, money."""

    weeks: Weeks
    administration: Desk
    technician: Desk
    educator: Desk
    psychologist: Desk
    supervisor: Desk
    camper: str
    stops: list[Stop]
    districts: list[District]
    solidarity_line: str
    project_line: str
    lift_fault: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """The id of the report of a broken lift, which others report again."""

    def next_stop(self, today: date, operator: Desk) -> Stop:
        """Return the first stop at which an operator can meet somebody who is convened today."""
        day = self.weeks.working_day(today, later=CONVENED_AHEAD)
        return next(
            stop
            for stop in self.stops
            if stop.planned.starts_at.date() >= day
            and stop.district.operator is operator
            and stop.given < STOP_CAPACITY
        )


@dataclass(frozen=True, kw_only=True)
class _Hiring:
    """Makes tokens as `pratica token` does, and registers who they are for."""

    api: Api
    secret: str
    hours: int

    def desk(self, role: Role, *, districts: list[UUID] | None, subject: UUID, staff: str = "") -> Desk:
        now = datetime.now(UTC)
        token = issue(self.secret, subject=subject, roles=[role], districts=districts, hours=self.hours, now=now)
        return Desk(self.api, token=token, staff=staff)

    async def hire(self, administrator: Desk, name: str, role: Role, districts: dict[UUID, str]) -> Desk:
        subject = uuid4()
        registered = await administrator.write(
            "RegisterStaff",
            newId=str(subject),
            name=name,
            roles=[role.name],
            districts=[*districts.values()],
            email=f"{name.replace(' ', '.').lower()}@example.org",
        )
        whole = None if role is Role.SUPERVISOR else [*districts]
        return self.desk(role, districts=whole, subject=subject, staff=registered["id"])


async def opened(api: Api, secret: str, weeks: Weeks, *, hours: int = 24) -> Office:
    """Register what the weeks need, as the administrator and the supervisor would, and return it.

    Everybody is signed in for so many hours.
    """
    hiring = _Hiring(api=api, secret=secret, hours=hours)
    subject = uuid4()
    admin = hiring.desk(Role.ADMINISTRATOR, districts=None, subject=subject)
    await admin.write("RegisterStaff", newId=str(subject), name="Guido Bernasconi", roles=[Role.ADMINISTRATOR.name])
    varese = await admin.write("RegisterMunicipality", name="Varese", province="VA", patronMonth=5, patronDay=8)
    minted = {uuid4(): name for name in DISTRICTS}
    places = await asyncio.gather(
        *(
            admin.write("RegisterDistrict", newId=str(each), name=name, municipality=varese["id"])
            for each, name in minted.items()
        )
    )
    districts = {each: place["id"] for each, place in zip(minted, places, strict=True)}
    operators = await asyncio.gather(
        *(
            hiring.hire(admin, name, Role.OPERATOR, dict([*districts.items()][number :: len(_OPERATORS)]))
            for number, name in enumerate(_OPERATORS)
        )
    )
    team = {role: await hiring.hire(admin, name, role, districts) for role, name in _TEAM.items()}
    supervisor = team[Role.SUPERVISOR]
    camper, solidarity, project, buildings, _ = await asyncio.gather(
        supervisor.write(
            "RegisterServicePoint", kind="MOBILE_OFFICE", name="Camper di comunità", municipality=varese["id"]
        ),
        _line(supervisor, weeks, "SOL", "Contributo regionale di solidarietà", SOLIDARITY_BUDGET),
        _line(supervisor, weeks, "L1", "Azione L1", PROJECT_BUDGET),
        asyncio.gather(
            *(
                supervisor.write("RegisterBuilding", address=f"Via dei Castagni {number}", district=place["id"])
                for number, place in enumerate(places, start=1)
            )
        ),
        asyncio.gather(*(_partner(supervisor, weeks, *partner) for partner in _PARTNERS)),
    )
    here = [
        District(id=place["id"], name=name, building=building["id"], operator=operators[number % len(operators)])
        for number, (place, name, building) in enumerate(zip(places, DISTRICTS, buildings, strict=True))
    ]
    return Office(
        weeks=weeks,
        administration=team[Role.ADMINISTRATIVE],
        technician=team[Role.TECHNICIAN],
        educator=team[Role.EDUCATOR],
        psychologist=team[Role.PSYCHOLOGIST],
        supervisor=supervisor,
        camper=camper["id"],
        stops=await asyncio.gather(
            *(stop(supervisor, camper["id"], planned, here[planned.place]) for planned in weeks.stops(len(here)))
        ),
        districts=here,
        solidarity_line=solidarity["id"],
        project_line=project["id"],
    )


async def stop(supervisor: Desk, camper: str, planned: PlannedStop, district: District) -> Stop:
    """Register a stop."""
    registered = await supervisor.write(
        "RegisterStop",
        servicePoint=camper,
        district=district.id,
        place=f"Piazza del mercato, {district.name}",
        startsAt=planned.starts_at.isoformat(),
        endsAt=planned.ends_at.isoformat(),
        capacity=STOP_CAPACITY,
    )
    return Stop(id=registered["id"], planned=planned, district=district)


async def _line(supervisor: Desk, weeks: Weeks, code: str, name: str, budget: str) -> Any:
    starts_on = weeks.since.replace(month=1, day=1).isoformat()
    return await supervisor.write("RegisterFundingLine", code=code, name=name, budget=budget, startsOn=starts_on)


async def _partner(
    supervisor: Desk, weeks: Weeks, name: str, kind: str, services: tuple[tuple[str, str, str, int | None], ...]
) -> None:
    assured = weeks.since - timedelta(days=20)
    partner = await supervisor.write("RegisterPartner", name=name, kind=kind, assuredOn=assured.isoformat())
    contact = f"{name.rsplit(maxsplit=1)[-1].lower()}@example.org"
    deputy = await supervisor.write(
        "RegisterReferent", partner=partner["id"], name=f"Vice referente, {name}", email=f"vice.{contact}"
    )
    await supervisor.write(
        "RegisterReferent", partner=partner["id"], name=f"Referente, {name}", email=contact, deputy=deputy["id"]
    )
    for service, area, channel, places in services:
        await supervisor.write(
            "RegisterPartnerService",
            partner=partner["id"],
            name=service,
            area=area,
            channel=channel,
            contact=contact,
            **({} if places is None else {"freePlaces": places}),
        )
