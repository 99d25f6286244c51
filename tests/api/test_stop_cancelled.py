"""A stop that is cancelled: who is booked there is told and called to another, whatever their district."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from temporalio.client import Client

from domain.terms import ROME
from store import tables as t
from tests.api.office import MORNING, Office, gid
from tests.api.test_reminders import convened, due

AMEND = "mutation($input: StopAmendInput!) { stopAmend(input: $input) { stop { version } userErrors { code } } }"


@pytest.fixture(autouse=True)
def _awake(office: Office, temporal: Client) -> None:
    office.services.engine._client = temporal
    office.services.engine.available = True


async def amend(office: Office, version: int, key: str = "", **changes: Any) -> list[str]:
    given = {"id": gid("Stop", office.world.stop), "expectedVersion": version, "idempotencyKey": key or uuid4().hex}
    payload = (await office.ask(AMEND, {"input": given | changes}))["stopAmend"]
    return [error["code"] for error in payload["userErrors"]]


async def test_who_is_booked_is_told_today_and_the_operator_finds_another_day(office: Office) -> None:
    """Also on a Saturday; and is not reminded of an appointment that is none."""
    await convened(office, days=14)
    office.now = datetime(2026, 11, 21, 10, tzinfo=ROME)
    told = office.now.isoformat()
    for _ in range(2):
        assert await amend(office, 1, "k", cancelledAt=told) == []
    news = [each for each in await due(office) if "called_off" in each["clause"]]
    assert [(each["text"], each["role"], each["channels"]) for each in news] == [
        ("appointment_cancelled", None, ["SMS", "EMAIL", "PHONE_CALL"]),
        (None, "OPERATOR", []),
    ]
    assert {datetime.fromisoformat(each["leavesAt"]) for each in news} == {office.now}
    assert news[0]["clause"] == "lombardia@2026-11-22#called_off.1"
    assert news[0]["because"]
    assert [each["text"] for each in await due(office, whom="PERSON")] == ["appointment_cancelled"]
    silenced = [each for each in await due(office, status="CANCELLED") if each["code"] == "STOP_CANCELLED"]
    assert "appointment_soon" in [each["text"] for each in silenced]
    assert await amend(office, 2, place="Piazza Due") == [], "nobody is told twice"
    assert len([each for each in await due(office) if "called_off" in each["clause"]]) == 2


async def test_in_the_evening_it_is_told_the_next_morning(office: Office) -> None:
    await convened(office, days=14)
    office.now = datetime(2026, 11, 21, 21, tzinfo=ROME)
    assert await amend(office, 1, cancelledAt=office.now.isoformat()) == []
    (news,) = [each for each in await due(office) if each["text"] == "appointment_cancelled"]
    assert datetime.fromisoformat(news["leavesAt"]) == datetime(2026, 11, 22, 8, 30, tzinfo=ROME)


async def test_who_is_expected_before_messages_leave_in_the_morning_is_told_in_the_evening(office: Office) -> None:
    """At half past eight they would have come already."""
    await convened(office, days=8, hour=8)
    office.now = datetime(2026, 11, 23, 21, tzinfo=ROME)
    assert await amend(office, 1, cancelledAt=office.now.isoformat()) == []
    (news,) = [each for each in await due(office) if each["text"] == "appointment_cancelled"]
    assert datetime.fromisoformat(news["leavesAt"]) == office.now


async def test_a_stop_that_is_held_after_all_tells_nobody_and_may_be_cancelled_again(office: Office) -> None:
    await convened(office, days=14)
    before = await due(office)
    office.now = MORNING + timedelta(minutes=1)
    when = office.now.isoformat()
    assert await amend(office, 1, cancelledAt=when) == []
    assert await amend(office, 2, cancelledAt=None) == []
    after = await due(office)
    assert [each["text"] for each in after] == [each["text"] for each in before if each["leavesAt"] > when]
    assert await amend(office, 3, cancelledAt=when) == []
    assert [each["text"] for each in await due(office)][:2] == ["appointment_cancelled", None]


async def test_appointments_that_are_past_or_elsewhere_are_left_alone(office: Office) -> None:
    await convened(office, days=1)
    office.now = MORNING + timedelta(days=2)
    assert await amend(office, 1, cancelledAt=office.now.isoformat()) == []
    async with office.engine.connect() as connection:
        assert (await connection.execute(select(t.reminder).where(t.reminder.c.own.is_not(None)))).all() == []


async def test_without_temporal_a_stop_with_appointments_is_not_cancelled(office: Office) -> None:
    """Nobody would be told; a stop without is as good as any other entry."""
    office.services.engine.available = False
    assert await amend(office, 1, place="Piazza Due") == []
    await convened(office, days=14)
    assert await amend(office, 2, "k", cancelledAt=MORNING.isoformat()) == ["ENGINE_UNAVAILABLE"]
    assert [each for each in await due(office) if "called_off" in each["clause"]] == []
    office.services.engine.available = True
    assert await amend(office, 2, "k", cancelledAt=MORNING.isoformat()) == []
