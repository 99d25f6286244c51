"""The cases, as supervisors look through them; the board; the lists of the register; who asks."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.document_practice import DocumentPractice
from domain.roles import Role
from store import tables as t
from tests.api.office import MORNING, Office, gid

CASES = """
query($first: Int! = 50, $after: String, $filter: CaseFilterInput, $order: CaseOrder! = OPENED_DESC) {
  cases(first: $first, after: $after, filter: $filter, order: $order) {
    edges { cursor node { ... on TenantCase { person { familyName } state } } }
    pageInfo { hasPreviousPage startCursor hasNextPage endCursor }
  }
}
"""
SUPERVISOR: dict[str, Any] = {"roles": [Role.SUPERVISOR], "districts": []}


async def cases(office: Office, *, order: str = "OPENED_DESC", who: Any = SUPERVISOR, **narrowed: Any) -> str:
    """Return the initials of the persons whose cases are found."""
    found = await office.ask(CASES, {"filter": narrowed, "order": order}, **who)
    return "".join(edge["node"]["person"]["familyName"] for edge in found["cases"]["edges"])


async def some_cases(office: Office) -> None:
    """A opened on Monday, in the camper; B on Tuesday, in danger, elsewhere; C on Wednesday, closed on Thursday."""
    anna, camper = office.world.staff, office.world.service_point
    await office.open(person=await office.person("A"), service_point=camper, operator=anna)
    elsewhere = office.world.elsewhere
    b = await office.person("B", district=elsewhere)
    await office.open(person=b, at=MORNING + timedelta(days=1), urgency="DANGER", district=elsewhere)
    closed = await office.open(person=await office.person("C"), at=MORNING + timedelta(days=2))
    await office.take(closed, "close", at=MORNING + timedelta(days=3), outcome="RESOLVED")


async def test_cases_are_found_by_everything_that_supervisors_ask_for(office: Office) -> None:
    await some_cases(office)
    world = office.world
    assert await cases(office) == "CBA"
    assert await cases(office, order="URGENCY_DESC") == "BCA"
    assert await cases(office, order="DEADLINE_ASC") == "BAC", "what has ended has no deadline, and comes last"
    assert await cases(office, open=True) == "BA"
    assert await cases(office, open=False) == await cases(office, outcome="RESOLVED") == "C"
    assert await cases(office, state=["CLOSED", "CONTACTED"]) == "CBA"
    assert await cases(office, state="CONTACTED") == "BA"
    assert await cases(office, urgency="DANGER") == "B"
    assert await cases(office, operator=gid("Staff", world.staff)) == "A"
    assert await cases(office, servicePoint=gid("ServicePoint", world.service_point)) == "A"
    assert await cases(office, district=gid("District", world.elsewhere)) == "B"
    assert await cases(office, openedFrom="2026-11-17", openedTo="2026-11-17") == "B"
    assert await cases(office, openedTo="2026-11-17") == "BA"
    assert await cases(office, endedFrom="2026-11-19", endedTo="2026-11-19") == "C"
    assert await cases(office, endedTo="2026-11-18") == ""
    assert (await cases(office, operated=True), await cases(office, operated=False)) == ("A", "CB")
    assert await office.refused(CASES, {"filter": {"openedFrom": "3026-11-17"}}) == ["INPUT_INVALID"]


async def test_a_case_is_overdue_when_it_or_a_track_of_it_is(office: Office) -> None:
    by_itself = await office.open(person=await office.person("I"))
    by_track = await office.open(person=await office.person("T"), at=MORNING + timedelta(days=10))
    await office.track(by_track, DocumentPractice, at=MORNING + timedelta(days=10), document="ISEE")
    await office.open(person=await office.person("N"), at=MORNING + timedelta(days=12))
    await office.let_deadlines_pass(by_itself, MORNING + timedelta(days=8))
    await office.let_deadlines_pass(by_track, MORNING + timedelta(days=30))
    await office.take(by_itself, "record_interview", at=MORNING + timedelta(days=9))
    assert await cases(office, overdue=True) == "T"
    counted = await board(office, **SUPERVISOR)
    assert counted["overdue"] == sum(row["overdue"] for row in counted["operators"]) == 1, "the board says how many"
    assert await cases(office, overdue=False) == "NI"


async def test_another_district_sees_no_case_neither_in_lists_nor_in_counts(office: Office) -> None:
    await some_cases(office)
    elsewhere = {"districts": [office.world.elsewhere]}
    assert await cases(office, who={}) == "CA"
    assert await cases(office, who=elsewhere) == "B"
    assert await cases(office, who={"roles": [Role.PARTNER_REFERENT], "districts": []}) == ""
    counted = [(await board(office, **who))["open"] for who in ({}, elsewhere, SUPERVISOR)]
    assert counted == [1, 1, 2]


async def test_an_edge_says_where_the_page_after_it_begins(office: Office) -> None:
    await some_cases(office)
    page = (await office.ask(CASES, {"first": 2}, **SUPERVISOR))["cases"]
    first, last = (edge["cursor"] for edge in page["edges"])
    more = {"hasPreviousPage": False, "startCursor": first, "hasNextPage": True, "endCursor": last}
    assert page["pageInfo"] == more
    rest = (await office.ask(CASES, {"after": first}, **SUPERVISOR))["cases"]
    assert rest["pageInfo"]["hasPreviousPage"]
    assert [edge["node"]["person"]["familyName"] for edge in rest["edges"]] == ["B", "A"]
    assert await office.refused(CASES, {"after": "nonsense"}) == ["CURSOR_INVALID"]
    assert await office.refused(CASES, {"first": 0}) == ["PAGE_INVALID"]


BOARD = """
query($district: ID, $servicePoint: ID, $operator: ID) {
  caseBoard(district: $district, servicePoint: $servicePoint, operator: $operator) {
    open overdue
    states { kind stateName stateLabel count overdue }
    operators { operator { name } count overdue }
  }
}
"""


async def board(office: Office, variables: Any = None, **who: Any) -> Any:
    return (await office.ask(BOARD, variables, **who))["caseBoard"]


async def test_the_board_counts_by_kind_state_and_operator(office: Office) -> None:
    """In the order of the declarations; what is overdue is counted apart."""
    await some_cases(office)
    late = await office.open(operator=office.world.staff)
    await office.track(late, DocumentPractice, document="ISEE")
    await office.let_deadlines_pass(late, MORNING + timedelta(days=60))
    counted = await board(office, **SUPERVISOR)
    assert (counted["open"], counted["overdue"]) == (3, 1)
    assert [(row["kind"], row["stateName"], row["count"], row["overdue"]) for row in counted["states"]] == [
        ("TENANT_CASE", "CONTACTED", 3, 1),
        ("TENANT_CASE", "CLOSED", 1, 0),
        ("DOCUMENT_PRACTICE", "REQUESTED", 1, 1),
    ]
    assert [(row["operator"], row["count"], row["overdue"]) for row in counted["operators"]] == [
        ({"name": "Anna"}, 2, 1),
        (None, 1, 0),
    ]
    camper = {"servicePoint": gid("ServicePoint", office.world.service_point)}
    assert (await board(office, camper, **SUPERVISOR))["open"] == 1
    assert (await board(office, {"operator": gid("Staff", office.world.staff)}, **SUPERVISOR))["open"] == 2


async def test_the_registers_lists_are_found_by_what_their_users_know(office: Office) -> None:
    world = office.world
    await office.person("De Niccolò", given_name="Zoë", search="de niccolo zoe")
    await office.person("Altrove", district=world.elsewhere, search="altrove ada")

    async def found(query: str, **who: Any) -> Any:
        (page,) = (await office.ask(query, **who)).values()
        return page["nodes"]

    persons = 'query { persons(filter: {text: "DE NICCOLO\'"}) { nodes { givenName } } }'
    assert await found(persons) == [{"givenName": "Zoë"}]
    assert await found('{ persons(filter: {text: "altrove"}) { nodes { id } } }') == []
    first = (await office.ask("{ persons(first: 1) { pageInfo { endCursor } } }", **SUPERVISOR))["persons"]
    after = f'after: "{first["pageInfo"]["endCursor"]}"'
    rest = await found(f"{{ persons({after}) {{ nodes {{ familyName }} }} }}", **SUPERVISOR)
    assert rest == [{"familyName": "Altrove"}, {"familyName": "De Niccolò"}]
    assert {"place": "Piazza", "booked": 0} in await found("{ stops { nodes { place booked } } }")
    assert await found('{ stops(filter: {startsTo: "2020-01-01"}) { nodes { place } } }') == []
    partners = '{ partners(filter: {area: HEALTH, district: %s, text: "%s"}) { nodes { name } } }'
    here = f'"{gid("District", world.district)}"'
    assert await found(partners % (here, "cari")) == [{"name": "Caritas"}]
    assert await found(partners % (here, "100%")) == []
    elsewhere = {"id": uuid4(), "partner_id": world.partner, "name": "Altrove", "area": "ECONOMIC"}
    await office.add(t.partner_service, **elsewhere, channel="PHONE", status="ACTIVE", districts=[world.elsewhere])
    economic = '{ partners(filter: {area: ECONOMIC, district: "%s"}) { nodes { name } } }'
    assert await found(economic % gid("District", world.elsewhere)) == [{"name": "Caritas"}]
    assert await found(economic % gid("District", world.district)) == [], (
        "one of its services is here, and one economic"
    )
    held = f'{{holder: "{gid("Person", world.person)}"}}'
    assert await found(f"{{ tenancies(filter: {held}) {{ nodes {{ code }} }} }}") == [{"code": "T1"}]
    assert await found('{ tenancies(filter: {code: "T"}) { nodes { code } } }') == [{"code": "T1"}]
    assert await found('{ dwellings(filter: {code: "1"}) { nodes { code } } }') == []
    assert await found('{ dwellings(filter: {code: "A"}) { nodes { code } } }') == [{"code": "A1"}]
    assert await found("{ tenancies { nodes { code } } }", districts=[world.elsewhere]) == []
    assert await found('{ fundingLines(filter: {openOn: "2026-01-01"}) { nodes { code } } }') == [{"code": "L1"}]
    assert await found("{ districts { nodes { name } } }", **SUPERVISOR) == [{"name": "Biumo"}, {"name": "San Fermo"}]
    assert await found("{ staff { nodes { name } } }") == [{"name": "Anna"}]
    assert await found("{ servicePoints(filter: {kind: MOBILE_OFFICE}) { nodes { name } } }") == [{"name": "Camper"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rossi Mario", 1),
        ("mario ROSSI", 1),
        ("mario ro", 1),
        ("rossi ma", 1),
        ("mario", 0),
        ("rio rossi", 0),
        ("?!", 0),
    ],
)
async def test_a_person_is_found_with_either_name_first(office: Office, text: str, found: int) -> None:
    await office.person("Rossi", given_name="Mario", search="rossi mario")
    await office.person("Rossini", given_name="Anna", search="rossini anna")
    query = "query($text: String) { persons(filter: {text: $text}) { nodes { familyName } } }"
    persons = (await office.ask(query, {"text": text}))["persons"]["nodes"]
    assert persons == [{"familyName": "Rossi"}] * found


async def test_a_closed_list_is_asked_for_as_often_as_a_client_likes(office: Office) -> None:
    """More values than a statement takes parameters."""
    many = {"status": ["ACTIVE", "DEFUNCT"] * 40_000}
    query = "query($filter: PartnerFilterInput) { partners(filter: $filter) { nodes { name } } }"
    assert (await office.ask(query, {"filter": many}))["partners"]["nodes"] == [{"name": "Caritas"}]


async def test_nodes_are_asked_for_by_the_hundred(office: Office) -> None:
    query, one = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", gid("Staff", office.world.staff)
    assert (await office.ask(query, {"ids": [one] * 100}))["nodes"] == [{"id": one}] * 100
    (error,) = (await office.answer(query, {"ids": [one] * 101})).errors
    assert (error.extensions["code"], error.extensions["path"]) == ("INPUT_INVALID", ["ids"])


async def test_contacts_are_found_by_person_place_and_day(office: Office) -> None:
    for day, person in enumerate([office.world.person, None]):
        row = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point_id": office.world.service_point}
        at = MORNING + timedelta(days=day)
        district = office.world.district
        who = {"operator_id": office.world.staff, "person_id": person, "district_id": district}
        await office.add(t.contact, **row, **who, id=uuid4(), occurred_at=at, recorded_at=at)
    query = "query($filter: ContactFilterInput) { contacts(filter: $filter) { nodes { occurredAt } } }"

    async def days(**narrowed: Any) -> list[str]:
        page = (await office.ask(query, {"filter": narrowed}))["contacts"]
        return [node["occurredAt"][8:10] for node in page["nodes"]]

    assert await days() == ["17", "16"]
    assert await days(person=gid("Person", office.world.person)) == ["16"]
    assert await days(occurredFrom="2026-11-17", channel=["WALK_IN", "REMOTE"]) == ["17"]
    assert await days(operator=gid("Staff", office.world.staff), outcome="DECLINED") == []


async def test_appointments_are_kept_missed_or_cancelled(office: Office) -> None:
    stop, soon = str(office.world.stop), MORNING + timedelta(days=2)
    for name, step in (("A", "record_no_show"), ("B", "record_interview"), ("C", "")):
        case = await office.open(person=await office.person(name))
        await office.take(case, "convene", at=MORNING, stop=stop, appointment=soon.isoformat())
        if step:
            await office.take(case, step, at=soon + timedelta(hours=1))
    query = """query($filter: AppointmentFilterInput) {
      appointments(filter: $filter) { nodes { status startsAt stop { place } person { familyName } process { kind } } }
    }"""

    async def statuses(**narrowed: Any) -> list[tuple[str, str]]:
        page = (await office.ask(query, {"filter": narrowed}))["appointments"]
        return sorted((node["person"]["familyName"], node["status"]) for node in page["nodes"])

    whole = [("A", "MISSED"), ("B", "KEPT"), ("C", "BOOKED")]
    assert await statuses() == whole
    assert (
        await statuses(servicePoint=gid("ServicePoint", office.world.service_point), startsFrom="2026-11-18") == whole
    )
    assert await statuses(status="BOOKED") == [("C", "BOOKED")]
    assert (
        await statuses(startsTo="2026-11-17") == await statuses(district=gid("District", office.world.elsewhere)) == []
    )


async def test_a_front_end_is_told_who_asks(office: Office) -> None:
    viewer = "{ viewer { staffId staff { name } roles districts { name } } }"
    assert (await office.ask(viewer, roles=[Role.SUPERVISOR, Role.OPERATOR]))["viewer"] == {
        "staffId": gid("Staff", office.world.staff),
        "staff": {"name": "Anna"},
        "roles": ["OPERATOR", "SUPERVISOR"],
        "districts": [{"name": "San Fermo"}],
    }
    assert (await office.ask(viewer, districts=[]))["viewer"]["districts"] is None


async def test_the_processes_are_told_as_they_are_declared(office: Office) -> None:
    query = """{ processes { kind label isCase picture states { name waitsFor { name } }
      steps { name mutation roles moves { fromState toStates } } } }"""
    declared = {each["kind"]: each for each in (await office.ask(query))["processes"]}
    case = declared["TENANT_CASE"]
    assert (case["label"], case["isCase"], case["picture"][:15]) == ("Tenant case", True, "stateDiagram-v2")
    assert {"name": "CONVENED", "waitsFor": {"name": "TENANT"}} in case["states"]
    steps = {each["name"]: each for each in case["steps"]}
    assert steps["open"]["moves"] == [{"fromState": None, "toStates": ["CONTACTED"]}]
    assert {"fromState": "IN_CHARGE", "toStates": ["IN_CHARGE"]} in steps["pause"]["moves"]
    assert steps["take_charge"]["mutation"] == "tenantCaseTakeCharge"
    assert "OPERATOR" in steps["take_charge"]["roles"]
    assert not declared["CONTRIBUTION"]["isCase"]
