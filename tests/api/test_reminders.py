"""What will be told to whom and when: in whose sight, in which order, called off, sent now, and in which words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from temporalio.client import Client

from domain.arrears_support import ArrearsSupport
from domain.contribution import Contribution
from domain.external_referral import ExternalReferral
from domain.roles import Role
from domain.terms import ROME
from store import tables as t
from tests.api.office import MORNING, Office, gid
from tests.world import POLICY

REMINDER = """
  id does doesLabel whom channels text role step occurrence dueAt leavesAt status code urgent formal clause because
  process { id } person { familyName } message { id } endedBy { name }
"""
DUE = f"""
query($first: Int! = 50, $after: String, $filter: ReminderFilterInput, $order: ReminderOrder! = LEAVES_ASC) {{
  remindersDue(first: $first, after: $after, filter: $filter, order: $order) {{
    nodes {{ {REMINDER} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
OF_PROCESS = f"query($id: ID!) {{ node(id: $id) {{ ... on Process {{ reminders {{ {REMINDER} }} }} }} }}"
CANCEL = f"""
mutation($input: ReminderCancelInput!) {{
  reminderCancel(input: $input) {{ reminder {{ {REMINDER} }} userErrors {{ code path }} }}
}}
"""
SEND = CANCEL.replace("ReminderCancelInput", "ReminderSendNowInput").replace("reminderCancel", "reminderSendNow")
PREVIEW = """
query($id: ID!, $languages: [String!], $channel: Channel) {
  reminderPreview(id: $id, languages: $languages, channel: $channel) { language channel subject text html segments }
}
"""
TEXT = """
query($text: String!, $languages: [String!], $channel: Channel, $policy: String) {
  textPreview(text: $text, languages: $languages, channel: $channel, policy: $policy) {
    language channel subject text html segments
  }
}
"""


async def convened(office: Office, *, days: int = 7, hour: int = 11, **given: Any) -> UUID:
    """A case whose tenant is expected at the stop, so many days later at that hour."""
    case = await office.open(**given)
    at = (MORNING + timedelta(days=days)).astimezone(ROME).replace(hour=hour)
    moved = update(t.stop).where(t.stop.c.id == office.world.stop)
    async with office.engine.begin() as connection:
        await connection.execute(moved.values(starts_at=at - timedelta(hours=1), ends_at=at + timedelta(hours=3)))
    appointment: Any = at.isoformat()
    await office.take(case, "convene", at=MORNING, stop=str(office.world.stop), appointment=appointment)
    return case


async def due(
    office: Office, *, order: str = "LEAVES_ASC", who: Mapping[str, Any] | None = None, **narrowed: Any
) -> Any:
    variables = {"filter": narrowed, "order": order}
    return (await office.ask(DUE, variables, **(who or {})))["remindersDue"]["nodes"]


async def write(office: Office, document: str, identifier: str, key: str = "", **who: Any) -> Any:
    given = {"id": identifier, "idempotencyKey": key or uuid4().hex}
    (payload,) = (await office.ask(document, {"input": given}, **who)).values()
    assert (payload["reminder"] is None) == bool(payload["userErrors"])
    return payload["reminder"] or [(error["code"], *error["path"]) for error in payload["userErrors"]]


def texts(found: Any) -> list[str]:
    return [each["text"] for each in found]


async def test_what_will_be_told_comes_soonest_first_and_says_why(office: Office) -> None:
    bianchi = await office.person("Bianchi", phone="+39 333 1234567")
    case = await convened(office, person=bianchi)
    first, second, third = await due(office)
    assert first | {"id": "", "process": None} == {
        "id": "",
        "does": "TELL",
        "doesLabel": "Tell somebody",
        "whom": "PERSON",
        "channels": ["SMS", "EMAIL", "LETTER", "PHONE_CALL"],
        "text": "appointment",
        "role": None,
        "step": None,
        "occurrence": 1,
        "dueAt": MORNING.isoformat(),
        "leavesAt": MORNING.isoformat(),
        "status": "SCHEDULED",
        "code": None,
        "urgent": False,
        "formal": False,
        "clause": "lombardia@2026-11-22#appointment.1",
        "because": "assumed: everybody has it in writing, or is called",
        "process": None,
        "person": {"familyName": "Bianchi"},
        "message": None,
        "endedBy": None,
    }
    assert texts([second, third]) == ["appointment_soon", "task_overdue"]
    assert {each["process"]["id"] for each in (first, second, third)} == {gid("TenantCase", case)}
    assert datetime.fromisoformat(second["leavesAt"]).astimezone(ROME).isoformat() == "2026-11-20T08:30:00+01:00"
    assert texts(await due(office, order="LEAVES_DESC")) == ["task_overdue", "appointment_soon", "appointment"]


async def test_it_is_within_the_caller_s_sight(office: Office) -> None:
    case = await convened(office)
    (one, *_) = await due(office)
    document = "query($id: ID!) { node(id: $id) { ... on Process { reminders { id } messages { id } } } }"
    for who in ({"districts": [office.world.elsewhere]}, {"roles": [Role.PARTNER_REFERENT], "districts": []}):
        assert await due(office, who=who) == []
        assert await office.ask(document, {"id": gid("TenantCase", case)}, **who) == {"node": None}
        assert await office.refused(PREVIEW, {"id": one["id"]}, **who) == ["NOT_FOUND"]
    away = [office.world.elsewhere]
    assert await write(office, CANCEL, one["id"], districts=away) == [("NOT_FOUND", "input", "id")]
    assert await write(office, CANCEL, one["id"], roles=[Role.CUSTODIAN]) == [("NOT_YOURS",)]


async def test_it_is_narrowed_by_everything_that_is_asked_for(office: Office) -> None:
    bianchi = await office.person("Bianchi")
    case = await convened(office, person=bianchi, operator=office.world.staff)
    await office.open(district=office.world.elsewhere)
    debt: dict[str, Any] = {"tenancy": str(office.world.tenancy), "balance": "900.00", "months_owed": 3}
    await office.track(case, ArrearsSupport, source="ACCOUNTS", **debt)
    who = {"roles": [Role.SUPERVISOR], "districts": []}
    everything = await due(office, who=who)
    assert len(everything) > len(await due(office, who=who, person=gid("Person", bianchi))) > 0
    assert texts(await due(office, who=who, whom="PERSON")) == ["appointment", "appointment_soon"]
    assert texts(await due(office, who=who, kind="TENANT_CASE", person=gid("Person", bianchi))) == [
        "appointment",
        "appointment_soon",
        "task_overdue",
    ]
    elsewhere = await due(office, who=who, district=gid("District", office.world.elsewhere))
    mine = await due(office, who=who, operator=gid("Staff", office.world.staff))
    assert len(elsewhere) + len(mine) == len(everything)
    assert texts(await due(office, who=who, leavesFrom="2026-11-17", leavesTo="2026-11-20", whom=["PERSON"])) == [
        "appointment_soon"
    ]
    assert await due(office, who=who, status="DONE") == []
    assert await office.refused(DUE, {"filter": {"kind": "NONSENSE"}}) == ["INPUT_INVALID"]


async def test_pages_follow_one_another_and_cost_the_same_however_many_there_are(office: Office) -> None:
    """Those that leave in the same minute too."""
    for _ in range(6):
        await convened(office, days=7, person=await office.person("Uno"))
    page = await office.ask(DUE, {"first": 4})
    found, sent = page["remindersDue"]["nodes"], office.statements()
    while page["remindersDue"]["pageInfo"]["hasNextPage"]:
        after = page["remindersDue"]["pageInfo"]["endCursor"]
        page = await office.ask(DUE, {"first": 4, "after": after})
        found += page["remindersDue"]["nodes"]
    assert len({each["id"] for each in found}) == len(found) == 18
    assert [each["leavesAt"] for each in found] == sorted(each["leavesAt"] for each in found)
    sent.clear()
    await due(office)
    assert len(sent) == 3, "reminders, processes, persons"
    assert await office.refused(DUE, {"first": 4, "after": after, "order": "LEAVES_DESC"}) == ["CURSOR_INVALID"]


async def test_who_calls_a_reminder_off_is_kept(office: Office) -> None:
    case = await convened(office)
    first = (await due(office))[0]["id"]
    for _ in range(2):
        cancelled = await write(office, CANCEL, first, "k")
        assert (cancelled["status"], cancelled["code"]) == ("CANCELLED", "CANCELLED_BY_STAFF")
        assert cancelled["endedBy"] == {"name": "Anna"}
    assert await write(office, CANCEL, first) == [("REMINDER_GONE", "input", "id")]
    other = (await due(office))[0]["id"]
    assert await write(office, CANCEL, other, "k") == [("IDEMPOTENCY_KEY_REUSED", "input", "idempotencyKey")]
    assert await write(office, CANCEL, other, staff=uuid4()) == [("STAFF_UNKNOWN",)]
    assert texts(await due(office)) == ["appointment_soon", "task_overdue"]
    over = await due(office, status="CANCELLED")
    assert [each["text"] for each in over if each["code"] == "CANCELLED_BY_STAFF"] == ["appointment"]
    of_case = (await office.ask(OF_PROCESS, {"id": gid("TenantCase", case)}))["node"]["reminders"]
    left = [each["text"] for each in of_case if each["code"] != "STATE_LEFT"]
    assert left == ["appointment", "appointment_soon", "task_overdue"]
    for nonsense in ("x", gid("Person", case), gid("Reminder", case)):
        assert await write(office, CANCEL, nonsense) == [("ID_INVALID", "input", "id")]


async def test_what_repeats_comes_again_after_it_was_called_off_once(office: Office) -> None:
    await office.open()
    (weekly,) = [each for each in await due(office) if each["whom"] == "SUPERVISOR"]
    assert (await write(office, CANCEL, weekly["id"]))["status"] == "CANCELLED"
    (following,) = [each for each in await due(office) if each["whom"] == "SUPERVISOR"]
    assert (following["occurrence"], following["clause"]) == (2, weekly["clause"])
    assert following["leavesAt"] > weekly["leavesAt"]


async def test_a_formal_notice_is_a_supervisor_s(office: Office) -> None:
    case = await office.open()
    asked: dict[str, Any] = {"tenancy": str(office.world.tenancy), "purpose": "RENT", "requested": "900.00"}
    track = await office.track(case, Contribution, **asked)
    await office.take(case, "notify_refusal", on=track, at=MORNING, ground="NO_FUNDS")
    (notice,) = [each for each in await due(office) if each["formal"]]
    assert (notice["text"], notice["channels"]) == ("refusal_notice", ["LETTER"])
    (letter,) = (await office.ask(PREVIEW, {"id": notice["id"], "languages": ["it"]}))["reminderPreview"]
    assert "Fondi esauriti" in letter["text"], "what is known of the process itself"
    assert await write(office, CANCEL, notice["id"]) == [("NOT_YOURS",)]
    assert (await write(office, CANCEL, notice["id"], roles=[Role.SUPERVISOR]))["status"] == "CANCELLED"


@pytest.fixture
async def awake(office: Office, temporal: Client) -> Office:
    """An office whose Temporal is there."""
    office.services.engine._client = temporal
    office.services.engine.available = True
    return office


async def test_a_message_is_sent_now_or_in_the_first_minute_that_is_permitted(awake: Office) -> None:
    """The same key asked again wakes dispatch again, and changes nothing."""
    office = awake
    await convened(office)
    soon = (await due(office))[1]["id"]
    office.now = MORNING + timedelta(hours=1)
    for _ in range(2):
        sent = await write(office, SEND, soon, "k")
        assert (sent["status"], sent["leavesAt"]) == ("SCHEDULED", office.now.isoformat())
    office.now = MORNING + timedelta(hours=12)
    staff = (await due(office))[-1]
    assert (staff["whom"], staff["channels"]) == ("OPERATOR", ["EMAIL", "IN_APP"])
    tomorrow = datetime.fromisoformat((await write(office, SEND, staff["id"]))["leavesAt"])
    assert tomorrow.astimezone(ROME).isoformat() == "2026-11-17T08:30:00+01:00"


async def test_without_temporal_nothing_is_written(office: Office) -> None:
    await convened(office)
    before = (await due(office))[1]
    assert await write(office, SEND, before["id"], "k") == [("ENGINE_UNAVAILABLE",)]
    assert (await due(office))[1] == before


async def test_only_a_message_can_leave_before_its_time(awake: Office) -> None:
    case = await awake.open()
    async with awake.engine.begin() as connection:
        of_case = update(t.reminder).where(t.reminder.c.process_id == case, t.reminder.c.rung.startswith("office.1"))
        await connection.execute(of_case.values(rung="partner_at_work.4", whom=None))
    (task,) = [each for each in await due(awake) if each["role"]]
    assert (task["role"], task["does"]) == ("OPERATOR", "TASK")
    assert await write(awake, SEND, task["id"]) == [("NOT_YOURS",)]
    refused = await write(awake, SEND, task["id"], roles=[Role.SUPERVISOR])
    assert refused == [("REMINDER_NO_MESSAGE", "input", "id")]
    assert await awake.ask(PREVIEW, {"id": task["id"]}) == {"reminderPreview": []}


async def test_that_the_next_partner_is_proposed_is_said_before_and_called_off_by_a_supervisor(office: Office) -> None:
    case = await office.open()
    draft: Any = {"service": str(office.world.partner_service), "area": "HEALTH"}
    referral = await office.track(case, ExternalReferral, **draft)
    await office.take(case, "record_consent", on=referral, at=MORNING, scope="NETWORK")
    await office.take(case, "send", on=referral, at=MORNING)
    (planned,) = [each for each in await due(office) if each["does"] == "REPROPOSE"]
    assert (planned["doesLabel"], planned["step"]) == ("Propose to the next partner", "repropose")
    assert (planned["whom"], planned["role"], planned["text"], planned["channels"]) == (None, None, None, [])
    assert datetime.fromisoformat(planned["leavesAt"]).astimezone(ROME).isoformat() == "2026-11-24T00:00:00+01:00"
    assert await write(office, CANCEL, planned["id"]) == [("NOT_YOURS",)]
    cancelled = await write(office, CANCEL, planned["id"], roles=[Role.SUPERVISOR])
    assert cancelled["code"] == "CANCELLED_BY_STAFF"


async def test_the_words_of_a_reminder_are_those_that_would_leave(office: Office) -> None:
    """By the channel that reaches the person, with the real place and hour, in every language of the policy."""
    bianchi = await office.person("Bianchi", phone="+39 333 1234567", email="ada@example.org")
    await convened(office, person=bianchi)
    first = (await due(office))[0]["id"]
    by_sms = (await office.ask(PREVIEW, {"id": first}))["reminderPreview"]
    assert [each["language"] for each in by_sms] == ["it", "en", "ar"]
    assert {each["channel"] for each in by_sms} == {"SMS"}
    assert all("11:00" in each["text"] and each["segments"] <= 3 for each in by_sms)
    (mail,) = (await office.ask(PREVIEW, {"id": first, "languages": ["en"], "channel": "EMAIL"}))["reminderPreview"]
    assert "Dear" in mail["text"]
    assert "Bianchi" in mail["text"]
    assert (mail["segments"], mail["html"][:9]) == (None, "<!doctype")
    assert await office.refused(PREVIEW, {"id": first, "languages": ["de"]}) == ["INPUT_INVALID"]
    async with office.engine.begin() as connection:
        await connection.execute(update(t.appointment).values(status="CANCELLED"))
    assert await office.refused(PREVIEW, {"id": first}) == ["TEXT_LACKS_VALUE"]


async def test_a_text_is_shown_with_values_of_an_ordinary_length(office: Office) -> None:
    found = (await office.ask(TEXT, {"text": "appointment", "channel": "SMS"}))["textPreview"]
    assert [each["language"] for each in found] == ["it", "en", "ar"]
    assert all(1 <= each["segments"] <= 3 for each in found)
    version = POLICY.id
    (notice,) = (await office.ask(TEXT, {"text": "refusal_notice", "languages": ["en"], "policy": version}))[
        "textPreview"
    ]
    assert "* * *" in notice["text"], "the Italian that counts, and its translation"
    for wrong, code in (
        ({"text": "nothing"}, "INPUT_INVALID"),
        ({"text": "refusal_notice", "channel": "SMS"}, "INPUT_INVALID"),
        ({"text": "appointment", "languages": ["klingon"]}, "INPUT_INVALID"),
        ({"text": "appointment", "policy": "lombardia@1999-01-01"}, "NOT_FOUND"),
    ):
        assert await office.refused(TEXT, wrong) == [code], wrong
    assert await office.refused(TEXT, {"text": "appointment"}, roles=[Role.PARTNER_REFERENT]) == ["NOT_YOURS"]
