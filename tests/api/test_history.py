"""The history of a process and of its whole case, and which services a need can be referred to."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from domain.document_practice import DocumentPractice
from domain.external_referral import ExternalReferral
from domain.roles import Role
from store import tables as t
from tests.api.office import MORNING, Office, gid

HISTORY = """
query($id: ID!, $first: Int! = 50, $after: String, $order: HistoryOrder! = OLDEST_FIRST, $whole: Boolean! = false) {
  node(id: $id) { ... on Process { history(first: $first, after: $after, order: $order, wholeCase: $whole) {
    nodes {
      step label kind fromState toState toStateLabel version occurredAt role given actor { name } notes { text }
      process { id }
    }
    pageInfo { hasNextPage endCursor }
  } } }
}
"""


async def history(office: Office, identifier: str, variables: Any = None, **who: Any) -> Any:
    found = await office.ask(HISTORY, {"id": identifier} | (variables or {}), **who)
    return found["node"] and found["node"]["history"]


async def test_a_history_says_what_happened_when_and_who_told_it(office: Office) -> None:
    case = await office.open()
    heard = MORNING + timedelta(hours=2)
    note = str(uuid4())
    await office.take(case, "record_interview", at=heard, needs=[{"area": "ECONOMIC", "note": note}], minutes=30)
    await office.let_deadlines_pass(case, MORNING + timedelta(days=30))
    told = (await history(office, gid("TenantCase", case)))["nodes"]
    assert [(line["step"], line["fromState"], line["toState"], line["version"]) for line in told] == [
        ("open", None, "CONTACTED", 1),
        ("record_interview", "CONTACTED", "LISTENED", 2),
        ("deadline_passed", "LISTENED", "LISTENED", 2),
    ]
    assert [line["label"] for line in told] == ["Open a case", "Record interview", "Deadline passed"]
    interview, passed = told[1], told[2]
    assert (interview["actor"], interview["role"], passed["actor"], passed["role"]) == (
        {"name": "Anna"},
        "SUPERVISOR",
        None,
        None,
    )
    opened = {"person": gid("Person", office.world.person), "district": gid("District", office.world.district)}
    assert (told[0]["given"], passed["given"]) == (opened, None)
    assert interview["given"] == {"needs": [{"area": "ECONOMIC"}], "minutes": 30}
    assert (interview["occurredAt"], interview["toStateLabel"]) == (heard.isoformat(), "Listened to")


async def test_the_history_of_a_case_can_be_that_of_its_tracks_too(office: Office) -> None:
    """Page by page, from either end."""
    case = await office.open()
    track = await office.track(case, DocumentPractice, document="ISEE")
    of_case, of_track = gid("TenantCase", case), gid("DocumentPractice", track)
    assert [line["kind"] for line in (await history(office, of_case))["nodes"]] == ["TENANT_CASE"]
    assert [line["kind"] for line in (await history(office, of_track))["nodes"]] == ["DOCUMENT_PRACTICE"]
    last = await history(office, of_track, {"whole": True, "order": "LATEST_FIRST", "first": 1})
    assert [line["process"]["id"] for line in last["nodes"]] == [of_track]
    after = {"whole": True, "order": "LATEST_FIRST", "after": last["pageInfo"]["endCursor"]}
    assert [line["process"]["id"] for line in (await history(office, of_track, after))["nodes"]] == [of_case]
    assert await office.refused(HISTORY, {"id": of_case, "after": after["after"]}) == ["CURSOR_INVALID"]
    assert await history(office, of_case, districts=[office.world.elsewhere]) is None


async def test_a_note_is_told_to_those_it_is_for(office: Office) -> None:
    case = await office.open()
    for readers, author in (([], office.world.staff), (["PSYCHOLOGIST"], uuid4())):
        if author != office.world.staff:
            await office.add(t.staff, id=author, name="Carla")
        note = uuid4()
        row = {"author_id": author, "body": f"{readers}", "readers": readers, "written_at": MORNING, "attached": True}
        await office.add(t.note, **row, id=note, process_id=case)
        hours = 1 + len(readers)
        await _noted(office, case, note, hours)

    async def read(role: Role) -> list[str]:
        told = (await history(office, gid("TenantCase", case), roles=[role]))["nodes"]
        return [note["text"] for line in told for note in line["notes"]]

    assert await read(Role.OPERATOR) == ["[]"]
    assert await read(Role.PSYCHOLOGIST) == ["[]", "['PSYCHOLOGIST']"]


async def _noted(office: Office, case: Any, note: Any, hours: int) -> None:
    """Take a step that carries a note, as the API sends it."""
    at = MORNING + timedelta(hours=hours)
    await office.take(case, "record_interview", at=at, notes=(note,), note=str(note))


SERVICES = """
query($area: Fragility!, $case: ID, $district: ID, $language: String, $age: Int) {
  matchingServices(area: $area, case: $case, district: $district, language: $language, age: $age) {
    score excluded service { name partner { name } } reasons { code points }
  }
}
"""


async def services(office: Office, **asked: Any) -> Any:
    return (await office.ask(SERVICES, asked))["matchingServices"]


async def service(office: Office, name: str, **more: Any) -> Any:
    identifier, partner = uuid4(), office.world.partner
    row = {"id": identifier, "partner_id": partner, "name": name, "area": "FAMILY", "status": "ACTIVE"}
    await office.add(t.partner_service, **row, channel="EMAIL", **more)
    return identifier


async def test_services_are_ranked_for_a_need_with_the_reasons(office: Office) -> None:
    here = [office.world.district]
    await service(office, "Near", districts=here, languages=["ar"], free_places=2)
    await service(office, "Everywhere", languages=["it"])
    await service(office, "Elsewhere", districts=[office.world.elsewhere])
    await service(office, "Children", maximum_age=17)
    found = await services(office, area="FAMILY", district=gid("District", here[0]), language="ar", age=40)
    assert [each["service"]["name"] for each in found[:2]] == ["Near", "Everywhere"]
    assert {each["service"]["name"] for each in found if each["excluded"]} == {"Elsewhere", "Children"}
    reasons = {each["code"] for each in found[0]["reasons"]}
    assert reasons == {"SAME_DISTRICT", "LANGUAGE_SPOKEN", "FREE_PLACES", "STALE"}
    assert found[0]["service"]["partner"] == {"name": "Caritas"}
    assert await services(office, area="HOUSING") == []
    assert await office.refused(SERVICES, {"area": "FAMILY", "language": "Klingon"}) == ["INPUT_INVALID"]
    assert await office.refused(SERVICES, {"area": "FAMILY", "age": -1}) == ["INPUT_INVALID"]


async def test_a_service_that_was_asked_for_the_same_need_of_a_case_is_excluded(office: Office) -> None:
    """Not while it is only chosen in a draft; and not for another need."""
    case = await office.open(person=await office.person("Bianchi", languages=["ar"]))
    asked, drafted = await service(office, "Asked"), await service(office, "Drafted")
    at = MORNING + timedelta(hours=1)
    referral = await office.track(case, ExternalReferral, at=at, service=str(asked), area="FAMILY")
    await office.take(case, "record_consent", on=referral, at=at)
    await office.take(case, "send", on=referral, at=at)
    await office.track(case, ExternalReferral, at=at, service=str(drafted), area="FAMILY")
    found = await services(office, area="FAMILY", case=gid("TenantCase", case))
    assert {each["service"]["name"]: each["excluded"] for each in found} == {"Asked": True, "Drafted": False}
    assert "TRIED" in {reason["code"] for reason in found[-1]["reasons"]}
    assert await office.refused(SERVICES, {"area": "FAMILY", "case": gid("TenantCase", uuid4())}) == ["NOT_FOUND"]
    elsewhere = {"districts": [office.world.elsewhere]}
    assert await office.refused(SERVICES, {"area": "FAMILY", "case": gid("TenantCase", case)}, **elsewhere) == [
        "NOT_FOUND"
    ]
