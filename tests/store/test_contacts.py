"""Contacts on real PostgreSQL: counted without a name or a case, and complete with what they leave unsaid."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.case_file import CaseFile
from domain.contact import Contact
from domain.document_practice import DocumentPractice
from domain.register import Person, ServicePoint, Stop
from domain.roles import Role
from domain.tenant_case import TenantCase
from store import projection
from store.scope import Scope
from tests.store.desk import Desk, now, refusal
from tests.world import POLICIES, World


async def an_open_case(engine: AsyncEngine, world: World) -> UUID:
    case_id = uuid4()
    entry = CaseFile(case_id).take(world.open_case(case_id), now())
    await projection.project(engine, case_id, [entry], POLICIES)
    return case_id


async def test_a_stranger_is_counted_with_place_operator_and_time_filled_in(desk: Desk, world: World) -> None:
    given = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point": world.service_point, "stop": world.stop}
    met = (await desk.register(Contact, given)).entry
    assert (met.person, met.case, met.district, met.operator) == (None, None, world.district, world.staff)
    assert met.occurred_at == met.recorded_at


async def test_a_contact_told_in_the_evening_keeps_both_its_times(desk: Desk, world: World) -> None:
    morning = now() - timedelta(hours=9)
    given = {
        "channel": "FIELD_VISIT",
        "outcome": "DECLINED",
        "service_point": world.service_point,
        "person": world.person,
    }
    met = (await desk.register(Contact, given | {"occurred_at": morning})).entry
    assert (met.occurred_at, met.district) == (morning, world.district)
    assert met.recorded_at
    assert met.recorded_at > morning


async def test_a_contact_opens_or_joins_a_case_in_sight_and_no_other(
    desk: Desk, elsewhere: Desk, engine: AsyncEngine, world: World
) -> None:
    case = await an_open_case(engine, world)
    given = {"channel": "WALK_IN", "outcome": "ADDED_TO_CASE", "service_point": world.service_point}
    assert (await desk.register(Contact, given | {"case": case, "district": world.district})).entry.case == case
    foreign = given | {"case": case, "district": world.elsewhere}
    assert await refusal(elsewhere.register(Contact, foreign)) == ("NOT_FOUND", ("case",))
    assert await refusal(desk.register(Contact, given | {"case": uuid4()})) == ("NOT_FOUND", ("case",))
    here = given | {"district": world.district}
    assert await refusal(desk.register(Contact, here)) == ("CASE_MISSING", ("case",))


async def test_a_track_is_not_a_case(desk: Desk, engine: AsyncEngine, world: World) -> None:
    case_id, track_id = uuid4(), uuid4()
    file = CaseFile(case_id)
    entries = [
        file.take(world.open_case(case_id), now()),
        file.take(
            world.request(DocumentPractice, "open", {"document": "ISEE"}, on=track_id),
            now(),
        ),
    ]
    await projection.project(engine, case_id, entries, POLICIES)
    given = {"channel": "WALK_IN", "outcome": "ADDED_TO_CASE", "service_point": world.service_point, "stop": world.stop}
    assert await refusal(desk.register(Contact, given | {"case": track_id})) == ("NOT_FOUND", ("case",))


async def test_a_contact_says_where_it_was(desk: Desk, everywhere: Desk, world: World) -> None:
    given = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point": world.service_point}
    assert await refusal(desk.register(Contact, given)) == ("DISTRICT_MISSING", ("district",))
    desk_elsewhere = await everywhere.register(
        ServicePoint,
        {"kind": "DESK", "name": "Sportello", "municipality": world.municipality, "district": world.district},
    )
    assert (await desk.register(Contact, given | {"service_point": desk_elsewhere.id})).entry.district == world.district
    other = given | {"service_point": desk_elsewhere.id, "stop": world.stop}
    assert await refusal(desk.register(Contact, other)) == ("STOP_ELSEWHERE", ("stop",))


async def test_a_contact_recorded_by_somebody_who_is_not_of_the_staff_is_refused(
    engine: AsyncEngine, world: World
) -> None:
    scope = Scope(staff_id=uuid4(), roles=frozenset({Role.OPERATOR}), districts=None)
    given = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point": world.service_point, "stop": world.stop}
    assert await refusal(Desk(engine, scope).register(Contact, given)) == ("NOT_FOUND", ("operator",))


async def test_a_contact_recorded_wrongly_is_amended_and_keeps_when_it_was_recorded(desk: Desk, world: World) -> None:
    given = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point": world.service_point, "stop": world.stop}
    met = await desk.register(Contact, given)
    amended = await desk.amend(Contact, met.id, 1, person=world.person, minutes=20)
    assert (amended.entry.person, amended.entry.minutes) == (world.person, 20)
    assert amended.entry.recorded_at == met.entry.recorded_at
    assert await refusal(desk.amend(Contact, met.id, 2, outcome="CASE_OPENED")) == ("CASE_MISSING", ("case",))


async def test_a_case_is_that_of_the_person_who_was_met(desk: Desk, engine: AsyncEngine, world: World) -> None:
    case, other = await an_open_case(engine, world), await desk.register(Person, {})
    given = {"channel": "WALK_IN", "outcome": "ADDED_TO_CASE", "service_point": world.service_point, "stop": world.stop}
    assert (await desk.register(Contact, given | {"case": case, "person": world.person})).entry.case == case
    theirs = given | {"case": case, "person": other.id}
    assert await refusal(desk.register(Contact, theirs)) == ("CASE_OF_ANOTHER", ("case",))


async def test_what_the_engine_fills_in_is_never_taken_away(desk: Desk, world: World) -> None:
    given = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point": world.service_point, "stop": world.stop}
    met = await desk.register(Contact, given)
    for field in ("occurred_at", "operator", "district"):
        nothing: dict[str, Any] = {field: None}
        assert await refusal(desk.amend(Contact, met.id, 1, **nothing)) == ("INPUT_INVALID", (field,))


async def test_a_contact_that_was_elsewhere_was_in_the_district_of_that_place(everywhere: Desk, world: World) -> None:
    there = {"place": "Via", "starts_at": now(), "ends_at": now() + timedelta(hours=1), "capacity": 1}
    there |= {"service_point": world.service_point, "district": world.elsewhere}
    stop = (await everywhere.register(Stop, there)).id
    given = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point": world.service_point, "stop": world.stop}
    met = await everywhere.register(Contact, given)
    same = await everywhere.amend(Contact, met.id, 1, stop=world.stop, minutes=5)
    assert same.entry.district == world.district
    moved = await everywhere.amend(Contact, met.id, 2, stop=stop)
    assert moved.entry.district == world.elsewhere
    said = await everywhere.amend(Contact, met.id, 3, stop=world.stop, district=world.elsewhere)
    assert said.entry.district == world.elsewhere


async def test_no_note_is_written_in_a_case_out_of_sight(
    desk: Desk, everywhere: Desk, engine: AsyncEngine, world: World
) -> None:
    """The contact is in the caller's district, its case in another."""
    case_id, note = uuid4(), uuid4()
    subject = {"district": str(world.elsewhere)}
    request = world.request(TenantCase, "open", subject | {"person": str(world.person)}, on=case_id)
    await projection.project(engine, case_id, [CaseFile(case_id).take(request, now())], POLICIES)
    given = {"channel": "WALK_IN", "outcome": "ADDED_TO_CASE", "service_point": world.service_point, "stop": world.stop}
    met = await everywhere.register(Contact, given | {"case": case_id})
    assert (await desk.amend(Contact, met.id, 1, minutes=5)).entry.minutes == 5
    writing = desk.amend(Contact, met.id, 2, notes={note: "Ha chiamato."}, note=note)
    assert await refusal(writing) == ("NOT_FOUND", ("case",))
