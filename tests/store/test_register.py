"""The register on real PostgreSQL: written once, amended by version, and seen only by those it concerns."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.partner import Partner, PartnerService, Referent
from domain.record import read_value
from domain.refusals import Refused
from domain.register import Building, District, Dwelling, FundingLine, Person, ServicePoint, Staff, Stop, Tenancy
from domain.registered import Registered
from domain.roles import Role
from store import register
from store import tables as t
from store.scope import Scope, within
from tests.store.desk import Desk, now, refusal
from tests.world import World


async def rows(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(t.metadata.tables[table]))).scalar_one())


async def test_every_kind_of_entry_is_read_back_as_it_was_written(everywhere: Desk, world: World) -> None:
    later = (now() + timedelta(days=1)).isoformat()
    partner = await everywhere.register(Partner, {"name": "Caritas", "kind": "CHARITY", "assured_on": "2026-01-01"})
    deputy = await everywhere.register(Referent, {"partner": partner.id, "name": "Sara"})
    given: list[tuple[type[Registered], dict[str, Any]]] = [
        (Building, {"address": "Via Due 2", "district": world.district}),
        (Dwelling, {"code": "B2", "building": world.building}),
        (
            ServicePoint,
            {"kind": "DESK", "name": "Sportello", "municipality": world.municipality, "district": world.district},
        ),
        (
            Stop,
            {
                "service_point": world.service_point,
                "district": world.district,
                "place": "Piazza",
                "starts_at": now(),
                "ends_at": later,
                "capacity": 3,
            },
        ),
        (Staff, {"name": "Bruno", "roles": ["OPERATOR", "EDUCATOR"], "districts": [world.district, world.elsewhere]}),
        (Person, {"identity": "VERIFIED", "family_name": "Rossi", "languages": ["it", "ar"], "low_literacy": True}),
        (
            Tenancy,
            {
                "code": "T9",
                "holder": world.person,
                "dwelling": world.dwelling,
                "rent_area": "PROTECTION",
                "starts_on": "2015-01-01",
                "balance": "100.10",
                "balance_on": "2026-01-01",
            },
        ),
        (
            PartnerService,
            {
                "partner": partner.id,
                "name": "Mensa",
                "area": "SOCIAL",
                "channel": "PHONE",
                "districts": [world.district],
                "languages": ["it"],
            },
        ),
        (Referent, {"partner": partner.id, "name": "Ugo", "deputy": deputy.id, "email": "ugo@caritas.example"}),
        (FundingLine, {"code": "K1", "name": "Servizi", "budget": "494414.00", "starts_on": "2026-01-01"}),
    ]
    for kind, values in given:
        written = await everywhere.register(kind, values)
        assert written.version == 1
        assert written.entry == read_value(kind, values)
        assert (await everywhere.load(kind, written.id))[written.id] == written


async def test_an_amendment_changes_what_it_names_and_raises_the_version(desk: Desk) -> None:
    person = await desk.register(Person, {"identity": "DECLARED", "family_name": "Rossi", "phone": "0332 123456"})
    amended = await desk.amend(Person, person.id, 1, family_name="Bianchi", phone=None)
    assert (amended.version, amended.entry.family_name, amended.entry.phone) == (2, "Bianchi", None)
    assert amended.entry.identity is person.entry.identity
    async with desk.engine.connect() as connection:
        search = select(t.person.c.search).where(t.person.c.id == person.id)
        assert (await connection.execute(search)).scalar() == "bianchi"


async def test_an_amendment_of_another_version_or_of_nothing_is_refused(desk: Desk) -> None:
    person = await desk.register(Person, {})
    await desk.amend(Person, person.id, 1, phone="0332 123456")
    assert await refusal(desk.amend(Person, person.id, 1, phone=None)) == ("STALE_VERSION", ("expected_version",))
    assert await refusal(desk.amend(Person, uuid4(), 1, phone=None)) == ("NOT_FOUND", ("id",))
    assert (await desk.load(Person, person.id))[person.id].version == 2


async def test_an_amendment_keeps_to_what_must_hold_between_all_fields(desk: Desk) -> None:
    person = await desk.register(Person, {"identity": "DECLARED", "family_name": "Rossi"})
    assert await refusal(desk.amend(Person, person.id, 1, family_name=None)) == ("NAME_MISSING", ("family_name",))
    assert await refusal(desk.amend(Person, person.id, 1, identity=None)) == ("INPUT_INVALID", ("identity",))


async def test_of_two_amendments_of_the_same_version_at_once_one_is_refused(desk: Desk) -> None:
    person = await desk.register(Person, {})
    done = await asyncio.gather(
        *(desk.amend(Person, person.id, 1, phone=f"0332 12345{digit}") for digit in range(4)), return_exceptions=True
    )
    assert sorted(each.code for each in done if isinstance(each, Refused)) == ["STALE_VERSION"] * 3
    assert (await desk.load(Person, person.id))[person.id].version == 2


async def test_the_same_request_again_writes_nothing_and_gives_the_same_object(desk: Desk, engine: AsyncEngine) -> None:
    before = await rows(engine, "person")
    first = await desk.register(Person, {"phone": "0332 123456"}, key="k")
    assert await desk.register(Person, {"phone": "0332 123456"}, key="k") == first
    assert await rows(engine, "person") == before + 1
    amended = await desk.amend(Person, first.id, 1, key="l", phone=None)
    assert await desk.amend(Person, first.id, 1, key="l", phone=None) == amended


async def test_the_same_request_ten_times_at_once_writes_once(desk: Desk, engine: AsyncEngine) -> None:
    before = await rows(engine, "person")
    made = await asyncio.gather(*(desk.register(Person, {}, key="k", new_id=UUID(int=7)) for _ in range(10)))
    assert {each.id for each in made} == {UUID(int=7)}
    assert await rows(engine, "person") == before + 1


async def test_a_key_that_served_another_request_is_refused(desk: Desk) -> None:
    person = await desk.register(Person, {}, key="k")
    reused = "IDEMPOTENCY_KEY_REUSED", ("idempotency_key",)
    assert await refusal(desk.register(Person, {}, key="k", fingerprint="other")) == reused
    assert await refusal(desk.amend(Person, person.id, 1, key="k", fingerprint="other")) == reused


async def test_a_refused_request_leaves_nothing_and_its_key_unused(desk: Desk, engine: AsyncEngine) -> None:
    assert (await refusal(desk.register(Person, {"district": uuid4()}, key="k"))) == ("NOT_FOUND", ("district",))
    assert await rows(engine, "request") == 0
    await desk.register(Person, {}, key="k")


async def test_an_id_that_is_taken_is_refused(desk: Desk, world: World) -> None:
    assert await refusal(desk.register(Person, {}, new_id=world.person)) == ("ALREADY_EXISTS", ("new_id",))


async def test_what_an_entry_names_must_be_there_and_in_sight(desk: Desk, elsewhere: Desk, world: World) -> None:
    nowhere = uuid4()
    assert await refusal(desk.register(Dwelling, {"code": "X", "building": nowhere})) == ("NOT_FOUND", ("building",))
    dwelling = {"code": "X", "building": world.building}
    assert await refusal(elsewhere.register(Dwelling, dwelling)) == ("NOT_FOUND", ("building",))
    building = {"address": "Via Tre 3", "district": world.district}
    assert await refusal(elsewhere.register(Building, building)) == ("NOT_FOUND", ("district",))
    service = {"partner": nowhere, "name": "Mensa", "area": "SOCIAL", "channel": "PHONE"}
    assert await refusal(desk.register(PartnerService, service)) == ("NOT_FOUND", ("partner",))
    staff = {"name": "Bruno", "districts": [world.district, nowhere]}
    assert await refusal(desk.register(Staff, staff)) == ("NOT_FOUND", ("districts", "1"))


async def test_a_list_of_districts_is_written_back_as_it_was_read(
    desk: Desk, elsewhere: Desk, everywhere: Desk, world: World
) -> None:
    """Districts are no secret: a list of them is whole for everybody, and only what is added must be one's own."""
    assert {*await desk.load(District, world.district, world.elsewhere)} == {world.district, world.elsewhere}
    service = {"partner": world.partner, "name": "Mensa", "area": "SOCIAL", "channel": "PHONE"}
    far = await everywhere.register(PartnerService, service | {"districts": [world.elsewhere]})
    both = await desk.amend(PartnerService, far.id, 1, districts=[world.elsewhere, world.district])
    assert both.entry.districts == (world.elsewhere, world.district)
    near = await desk.register(PartnerService, service | {"districts": [world.district]})
    adding = desk.amend(PartnerService, near.id, 1, districts=[world.district, world.elsewhere])
    assert await refusal(adding) == ("NOT_FOUND", ("districts", "1"))


async def test_an_entry_is_not_moved_to_where_its_writer_does_not_see(desk: Desk, world: World) -> None:
    moving = desk.amend(Person, world.person, 1, district=world.elsewhere, identity="UNKNOWN")
    assert await refusal(moving) == ("NOT_FOUND", ("district",))


async def test_a_person_is_seen_in_their_district_and_one_without_by_all(
    desk: Desk, elsewhere: Desk, everywhere: Desk, world: World
) -> None:
    stranger = await elsewhere.register(Person, {})
    assert {*await desk.load(Person, world.person, stranger.id)} == {world.person, stranger.id}
    assert {*await elsewhere.load(Person, world.person, stranger.id)} == {stranger.id}
    assert {*await everywhere.load(Person, world.person, stranger.id)} == {world.person, stranger.id}
    assert await refusal(elsewhere.amend(Person, world.person, 1, phone=None)) == ("NOT_FOUND", ("id",))


async def test_a_tenancy_is_seen_where_its_dwelling_stands(desk: Desk, elsewhere: Desk, world: World) -> None:
    assert {*await desk.load(Tenancy, world.tenancy)} == {world.tenancy}
    assert await elsewhere.load(Tenancy, world.tenancy) == {}
    assert await elsewhere.load(Dwelling, world.dwelling) == {}


async def test_who_is_not_of_the_agency_sees_nothing_and_unknown_tables_are_closed(
    engine: AsyncEngine, world: World
) -> None:
    referent = Scope(staff_id=world.staff, roles=frozenset({Role.PARTNER_REFERENT}), districts=None)
    nobody = Scope(staff_id=world.staff, roles=frozenset(), districts=None)
    for scope in (referent, nobody):
        assert await Desk(engine, scope).load(Person, world.person) == {}
        assert await Desk(engine, scope).load(FundingLine, world.funding_line) == {}
    everything = Scope(staff_id=world.staff, roles=frozenset({Role.SUPERVISOR}), districts=None)
    async with engine.connect() as connection:
        for table in (t.note, t.request, t.reservation):
            assert (await connection.execute(select(table).where(within(everything, table)))).all() == []


@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("  ROSSI   Àgata ", "rossi agata"),
        ("D'Àngelo Zoë", "dangelo zoe"),
        ("Zuñiga", "zuniga"),
        ("Straßer", "strasser"),
        ("%\0", ""),
        ("محمد", "محمد"),
    ],
)
def test_a_name_is_searched_for_without_case_accents_and_punctuation(name: str, search: str) -> None:
    assert register.folded(name) == search


async def test_capacity_and_budget_are_never_lowered_below_what_is_taken(
    everywhere: Desk, engine: AsyncEngine, world: World
) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(t.stop).values(booked=4))
        await connection.execute(update(t.funding_line).values(committed=Decimal(600)))
    assert await refusal(everywhere.amend(Stop, world.stop, 1, capacity=3)) == ("PLACES_BOOKED", ("capacity",))
    assert (await everywhere.amend(Stop, world.stop, 1, capacity=4)).entry.booked == 4
    line = world.funding_line
    assert await refusal(everywhere.amend(FundingLine, line, 1, budget=599)) == ("FUNDS_COMMITTED", ("budget",))
    assert (await everywhere.amend(FundingLine, line, 1, budget=600)).entry.committed == 600
