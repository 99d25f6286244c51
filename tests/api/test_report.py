"""The activity report, on contacts and cases that a small agency has had."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.case_file import CaseFile
from domain.choices import Language
from domain.external_referral import ExternalReferral
from domain.fields import DistrictId, ServicePointId, local_day
from domain.maintenance_resolution import MaintenanceResolution
from domain.reporting import ActivityReport
from domain.roles import Role
from domain.tenant_case import TenantCase
from store import tables as t
from store.projection import project
from store.reporting import ReportFilter, activity_report, snapshot
from store.scope import Scope
from tests.api.office import Office
from tests.world import POLICIES, World

TODAY = datetime(2026, 11, 20, 10, tzinfo=UTC)
EVERYWHERE = Scope(staff_id=uuid4(), roles=frozenset({Role.SUPERVISOR}), districts=None)


async def reported(engine: AsyncEngine, scope: Scope = EVERYWHERE, **given: Any) -> ActivityReport:
    """Return the report of the day."""
    day = local_day(TODAY)
    async with engine.connect() as connection:
        return await activity_report(connection, day, day, ReportFilter(**given), scope=scope)


async def contact(engine: AsyncEngine, world: World, person: UUID | None, channel: str, at: datetime = TODAY) -> None:
    """Record that somebody was met."""
    row = {
        "id": uuid4(),
        "person_id": person,
        "service_point_id": world.service_point,
        "district_id": world.district,
        "operator_id": world.staff,
        "channel": channel,
        "outcome": "INFORMED",
        "occurred_at": at,
        "recorded_at": TODAY,
    }
    async with engine.begin() as connection:
        await connection.execute(insert(t.contact).values(row))


async def test_persons_are_counted_once_by_their_first_contact(engine: AsyncEngine, world: World) -> None:
    """A stranger is a contact and no person; yesterday and tomorrow are other reports; both ends of the day count."""
    midnight = datetime(2026, 11, 19, 23, tzinfo=UTC)  # in Rome the 20th begins
    await contact(engine, world, world.person, "CONVENED", midnight)
    await contact(engine, world, world.person, "WALK_IN")
    await contact(engine, world, None, "WALK_IN")
    await contact(engine, world, world.person, "REMOTE", midnight - timedelta(seconds=1))
    await contact(engine, world, world.person, "REMOTE", midnight + timedelta(days=1))
    report = await reported(engine)
    assert (report.registered, report.convened, report.walk_ins, report.contacts) == (1, 1, 0, 3)
    assert {tally.code: tally.count for tally in report.contacts_by_channel if tally.count} == {
        "CONVENED": 1,
        "WALK_IN": 2,
    }
    elsewhere = await reported(engine, district=DistrictId(world.elsewhere))
    assert (elsewhere.registered, elsewhere.contacts) == (0, 0)
    away = Scope(staff_id=uuid4(), roles=frozenset({Role.OPERATOR}), districts=frozenset({world.elsewhere}))
    assert (await reported(engine, away)).contacts == 0


async def test_a_referral_is_counted_when_it_is_first_sent(engine: AsyncEngine, world: World) -> None:
    """A consent for one partner alone makes it a draft again for the next: what is sent tomorrow was sent today."""
    file, referral = CaseFile(uuid4()), uuid4()
    opened = world.request(
        TenantCase, "open", {"person": str(world.person), "district": str(world.district)}, on=file.case_id, at=TODAY
    )
    entries = [file.take(opened, TODAY)]
    steps: list[tuple[str, int, dict[str, Any]]] = [
        ("open", 0, {"service": str(world.partner_service), "area": "HEALTH"}),
        ("record_consent", 0, {"scope": "THIS_PARTNER"}),
        ("send", 0, {}),
        ("reject", 0, {"how": "PHONE", "reason": "NO_PLACES"}),
        ("repropose", 1, {"service": str(uuid4())}),
        ("record_consent", 1, {"scope": "THIS_PARTNER"}),
        ("send", 1, {}),
    ]
    for version, (step, days, given) in enumerate(steps):
        at = TODAY + timedelta(days=days)
        given_to = world.request(ExternalReferral, step, given, on=referral, version=version or None, at=at)
        entries.append(file.take(given_to, at))
    await project(engine, file.case_id, entries, POLICIES)
    counted = []
    for days in (0, 1):
        day = local_day(TODAY + timedelta(days=days))
        async with snapshot(engine) as reading:
            counted.append((await activity_report(reading, day, day, ReportFilter(), scope=EVERYWHERE)).referrals)
    assert counted == [1, 0]


async def test_a_contact_entered_in_error_never_was(engine: AsyncEngine, world: World) -> None:
    await contact(engine, world, world.person, "CONVENED")
    await contact(engine, world, world.person, "WALK_IN")
    async with engine.begin() as writing:
        wrong = t.contact.c.channel == "CONVENED"
        await writing.execute(update(t.contact).where(wrong).values(entered_in_error_at=TODAY))
    report = await reported(engine)
    assert (report.registered, report.convened, report.walk_ins, report.contacts) == (1, 0, 1, 1)


async def test_tracks_needs_and_closures_are_counted_by_when_they_happened(engine: AsyncEngine, world: World) -> None:
    """What was entered in error is left out; a service point has the cases that were opened there."""
    file = CaseFile(uuid4())
    entries = []

    def take(step: str, on: UUID, *, process: Any = TenantCase, version: int | None = None, **given: Any) -> None:
        request = world.request(process, step, given, on=on, version=version, at=TODAY)
        entries.append(file.take(request, TODAY + timedelta(days=2)))

    subject: dict[str, Any] = {
        "person": str(world.person),
        "district": str(world.district),
        "service_point": str(world.service_point),
    }
    take("open", file.case_id, **subject)
    take("record_interview", file.case_id, version=1, needs=[{"area": "ECONOMIC"}, {"area": "HEALTH"}])
    for place in ("DWELLING", "COMMON_PARTS", "DWELLING"):
        track = uuid4()
        fault: dict[str, Any] = {"place": place, "category": "WATER", "description": str(uuid4())}
        fault |= {"dwelling": str(world.dwelling)} if place == "DWELLING" else {}
        take("open", track, process=MaintenanceResolution, **fault)
    take("enter_in_error", track, process=MaintenanceResolution, version=1)
    await project(engine, file.case_id, entries, POLICIES)
    report = await reported(engine, service_point=ServicePointId(world.service_point))
    assert (report.cases_opened, report.maintenance_reports, report.maintenance_in_dwellings) == (1, 2, 1)
    assert {tally.code: tally.count for tally in report.needs_by_area if tally.count} == {"ECONOMIC": 1, "HEALTH": 1}
    assert report.cases_closed_by_outcome[0].label.text(Language.EN) == "Resolved"
    assert (await reported(engine, service_point=ServicePointId(uuid4()))).cases_opened == 0


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-11-01", "9999-12-31", "INPUT_INVALID"),
        ("0001-01-01", "2026-11-01", "INPUT_INVALID"),
        ("2026-11-02", "2026-11-01", "RANGE_REVERSED"),
    ],
)
async def test_a_period_that_cannot_be_is_refused(office: Office, first: str, last: str, code: str) -> None:
    asked = f'{{ activityReport(from: "{first}", to: "{last}") {{ contacts }} }}'
    assert await office.refused(asked) == [code]


async def test_its_figures_are_of_one_moment(engine: AsyncEngine, world: World) -> None:
    """What is recorded between two of its statements is in both, or in neither; and it can write nothing."""
    async with snapshot(engine) as reading:
        day, given = local_day(TODAY), ReportFilter()
        before = await activity_report(reading, day, day, given, scope=EVERYWHERE)
        await contact(engine, world, world.person, "CONVENED")
        assert await activity_report(reading, day, day, given, scope=EVERYWHERE) == before
        with pytest.raises(DBAPIError, match="read-only"):
            await reading.execute(insert(t.municipality).values(id=uuid4(), name="Varese", province="VA"))
    assert (await reported(engine)).contacts == before.contacts + 1
