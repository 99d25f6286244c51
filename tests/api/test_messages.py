"""What was really sent: who sees it, who reads its words, and the notices of whoever asks."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.fields import local_day
from domain.roles import Role
from store import tables as t
from tests.api.office import MORNING, Office, gid

MESSAGE = """
  id channel status code language subject body formal recipientKind createdAt sentAt endedAt
  person { familyName } staff { name } referent { name } processes { id }
"""
MESSAGES = f"""
query($first: Int! = 50, $after: String, $filter: MessageFilterInput) {{
  messages(first: $first, after: $after, filter: $filter) {{
    nodes {{ {MESSAGE} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
OF_PROCESS = f"query($id: ID!) {{ node(id: $id) {{ ... on Process {{ messages {{ {MESSAGE} }} }} }} }}"
NOTICES = """
query($first: Int! = 50, $after: String, $unread: Boolean) {
  viewer { unreadNotices }
  notices(first: $first, after: $after, unread: $unread) {
    nodes { id subject body createdAt readAt processes { id } } pageInfo { hasNextPage endCursor }
  }
}
"""
READ = """
mutation($input: NoticeReadInput!) { noticeRead(input: $input) { notices { id readAt } userErrors { code path } } }
"""


async def sent(office: Office, *about: UUID, to: UUID, at: datetime = MORNING, **more: Any) -> UUID:
    """Write a message, as dispatch does; to a person, and delivered, unless said."""
    identifier = uuid4()
    row = {
        "id": identifier,
        "recipient": "PERSON",
        "recipient_id": to,
        "day": local_day(at),
        "alone": True,
        "formal": False,
        "channel": "SMS",
        "key": uuid4(),
        "language": "it",
        "subject": "",
        "body": "La aspettiamo.",
        "told": [{"process_id": str(each), "entry": 1, "rung": "appointment.1", "occurrence": 1} for each in about],
        "status": "DELIVERED",
        "created_at": at,
        "sent_at": at,
        "ended_at": at,
    }
    await office.add(t.message, **row | more)
    return identifier


async def messages(office: Office, *, roles: Any = (Role.SUPERVISOR,), districts: Any = (), **narrowed: Any) -> Any:
    found = await office.ask(MESSAGES, {"filter": narrowed}, roles=roles, districts=districts)
    return found["messages"]["nodes"]


async def test_a_process_shows_what_was_sent_about_it(office: Office) -> None:
    """Merged messages too; oldest first; one statement for however many processes."""
    bianchi = await office.person("Bianchi")
    case, other = await office.open(person=bianchi), await office.open(person=bianchi)
    later = MORNING + timedelta(days=1)
    await sent(office, case, other, to=bianchi, at=later, status="RETURNED", code="UNKNOWN_ADDRESS", channel="LETTER")
    await sent(office, case, to=bianchi)
    answer = await office.ask(OF_PROCESS, {"id": gid("TenantCase", case)})
    first, second = answer["node"]["messages"]
    assert first | {"id": ""} == {
        "id": "",
        "channel": "SMS",
        "status": "DELIVERED",
        "code": None,
        "language": "it",
        "subject": "",
        "body": "La aspettiamo.",
        "formal": False,
        "recipientKind": "PERSON",
        "createdAt": MORNING.isoformat(),
        "sentAt": MORNING.isoformat(),
        "endedAt": MORNING.isoformat(),
        "person": {"familyName": "Bianchi"},
        "staff": None,
        "referent": None,
        "processes": [{"id": gid("TenantCase", case)}],
    }
    assert (second["status"], second["code"], len(second["processes"])) == ("RETURNED", "UNKNOWN_ADDRESS", 2)
    assert len((await office.ask(OF_PROCESS, {"id": gid("TenantCase", other)}))["node"]["messages"]) == 1
    both = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Process { messages { id channel } } } }"
    statements = office.statements()
    await office.ask(both, {"ids": [gid("TenantCase", case), gid("TenantCase", other)]})
    assert len(statements) == 2, "the processes, and their messages"


async def test_a_supervisor_finds_what_failed(office: Office) -> None:
    bianchi, rossi = await office.person("Bianchi"), await office.person("Rossi")
    case = await office.open(person=bianchi)
    for day, (status, channel) in enumerate(
        [("DELIVERED", "SMS"), ("PERMANENT_FAILURE", "SMS"), ("RETURNED", "LETTER"), ("SENDING", "EMAIL")]
    ):
        at = MORNING + timedelta(days=day)
        under_way = at if status == "SENDING" else None
        await sent(office, case, to=bianchi, at=at, status=status, channel=channel, next_at=under_way)
    assert [each["status"] for each in await messages(office)] == [
        "SENDING",
        "RETURNED",
        "PERMANENT_FAILURE",
        "DELIVERED",
    ]
    failed = await messages(office, status=["PERMANENT_FAILURE", "RETURNED"])
    assert [each["channel"] for each in failed] == ["LETTER", "SMS"]
    assert [each["status"] for each in await messages(office, status="SENDING")] == ["SENDING"]
    assert len(await messages(office, channel="SMS")) == 2
    assert len(await messages(office, person=gid("Person", bianchi), recipient="PERSON", formal=False)) == 4
    assert await messages(office, person=gid("Person", rossi)) == []
    assert [each["channel"] for each in await messages(office, createdFrom="2026-11-18", createdTo="2026-11-18")] == [
        "LETTER"
    ]
    page = (await office.ask(MESSAGES, {"first": 3}, roles=[Role.SUPERVISOR]))["messages"]
    after = page["pageInfo"]["endCursor"]
    rest = (await office.ask(MESSAGES, {"first": 3, "after": after}, roles=[Role.SUPERVISOR]))["messages"]
    assert [each["status"] for each in rest["nodes"]] == ["DELIVERED"]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_messages_are_seen_where_what_they_are_about_is(office: Office) -> None:
    """Of what is told to staff about several districts the words are kept from who sees one of them."""
    bianchi = await office.person("Bianchi")
    here = await office.open(person=bianchi)
    there = await office.open(person=await office.person("Verdi"), district=office.world.elsewhere)
    await sent(office, here, to=bianchi)
    await sent(office, here, there, to=office.world.staff, recipient="STAFF", channel="IN_APP", subject="Due")
    mine = [office.world.district]
    to_staff, to_person = sorted(await messages(office, districts=mine), key=lambda each: each["channel"])
    assert (to_person["body"], to_person["person"]) == ("La aspettiamo.", {"familyName": "Bianchi"})
    assert (to_staff["body"], to_staff["subject"], to_staff["staff"]) == (None, None, {"name": "Anna"})
    assert to_staff["processes"] == [{"id": gid("TenantCase", here)}]
    everything = await messages(office, status=["DELIVERED"])
    assert {each["subject"] for each in everything} == {"", "Due"}
    assert [each["processes"] for each in await messages(office, districts=[office.world.elsewhere])] == [
        [{"id": gid("TenantCase", there)}]
    ]
    assert await office.refused(MESSAGES, {}) == ["NOT_YOURS"]
    assert await office.refused(MESSAGES, {}, roles=[Role.PARTNER_REFERENT]) == ["NOT_YOURS"]


async def notice(office: Office, case: UUID, *, to: UUID, hours: int = 0) -> str:
    at = MORNING + timedelta(hours=hours)
    told = {"recipient": "STAFF", "channel": "IN_APP", "subject": f"N{hours}", "body": "Da fare."}
    return gid("Notice", await sent(office, case, to=to, at=at, **told))


async def notices(office: Office, *, unread: bool | None = None, **who: Any) -> tuple[int, list[str]]:
    found = await office.ask(NOTICES, {"unread": unread}, **who)
    return found["viewer"]["unreadNotices"], [each["subject"] for each in found["notices"]["nodes"]]


async def read(office: Office, *named: str, **who: Any) -> Any:
    payload = (await office.ask(READ, {"input": {"ids": [*named]}}, **who))["noticeRead"]
    return payload["notices"] or [(error["code"], *error["path"]) for error in payload["userErrors"]]


async def test_notices_are_one_s_own_until_they_are_read_and_after(office: Office) -> None:
    case, bruno = await office.open(), uuid4()
    await office.add(t.staff, id=bruno, name="Bruno")
    first, second = [await notice(office, case, to=office.world.staff, hours=hours) for hours in (0, 1)]
    his = await notice(office, case, to=bruno)
    await sent(office, case, to=office.world.staff, recipient="STAFF", channel="EMAIL")
    assert await notices(office) == (2, ["N1", "N0"])
    office.now = MORNING + timedelta(hours=2)
    assert await read(office, first, his) == [("NOT_FOUND", "input", "ids", "1")]
    assert await read(office, first) == await read(office, first) == [{"id": first, "readAt": office.now.isoformat()}]
    office.now = MORNING + timedelta(hours=3)
    assert (await read(office, first))[0]["readAt"] == (MORNING + timedelta(hours=2)).isoformat()
    assert await notices(office, unread=True) == (1, ["N1"])
    assert await notices(office, unread=False) == (1, ["N0"])
    assert await notices(office, staff=bruno) == (1, ["N0"])
    assert await notices(office, roles=[Role.PARTNER_REFERENT]) == (0, [])
    page = (await office.ask(NOTICES, {"first": 1}))["notices"]
    after = {"first": 1, "after": page["pageInfo"]["endCursor"]}
    assert (await office.ask(NOTICES, after))["notices"]["nodes"][0]["processes"] == [{"id": gid("TenantCase", case)}]
    for nonsense, code in (([], "INPUT_INVALID"), ([second] * 101, "INPUT_INVALID"), (["x"], "ID_INVALID")):
        assert (await read(office, *nonsense))[0][0] == code
