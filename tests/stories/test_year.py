"""A year of a tenant, lived on the time-skipping server: who was told what, by which channel, at which minute."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.arrears_support import ArrearsSupport
from domain.contribution import Contribution
from domain.document_practice import DocumentPractice
from domain.message import MessageStatus
from domain.tenant_case import TenantCase
from domain.terms import ROME
from store import tables as t
from tests.stories.lived import Year, a_year
from tests.world import World


@pytest.fixture
async def year(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> AsyncIterator[Year]:
    """A tenant with a telephone, an operator and a supervisor with e-mail; it is Monday 11 January 2027, 9 o'clock."""
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.until(2027, 1, 11, 9)
        await year.change(t.person, world.person, phone="+39 333 1234567", given_name="Elda", family_name="Rovera")
        await year.change(t.staff, world.staff, email="anna@example.org")
        await year.add(t.staff, name="Bruno", roles=["SUPERVISOR"], email="bruno@example.org")
        yield year


async def test_a_convocation_that_nobody_comes_to(year: Year) -> None:
    """Told at once, and on the working day before; the operator is told that nothing was recorded; then she is."""
    await year.open(operator=year.world.staff)
    await year.convene(2027, 1, 18, 10)
    await year.until(2027, 1, 20, 9)
    await year.take(TenantCase, "record_no_show")
    await year.until(2027, 1, 27, 12)
    await year.convene(2027, 2, 1, 15)
    await year.until(2027, 2, 1, 16)
    await year.take(TenantCase, "record_interview", {"needs": []})
    assert await year.told() == [
        "2027-01-11 09:00 SMS PERSON appointment",
        "2027-01-15 08:30 SMS PERSON appointment_soon",
        "2027-01-20 08:30 EMAIL STAFF task_overdue",
        "2027-01-20 09:00 SMS PERSON contact_us",
        "2027-01-27 12:00 SMS PERSON appointment",
        "2027-01-29 08:30 SMS PERSON appointment_soon",
    ]
    first = (await year.messages(channel="SMS"))[0]
    assert "lunedì 18 gennaio 2027 alle 10:00. Dove: Piazza" in first.body


async def test_whoever_speaks_arabic_is_written_to_in_arabic(year: Year) -> None:
    await year.change(t.person, year.world.person, languages=["ti", "ar"], phone=None, email="elda@example.org")
    await year.open()
    await year.convene(2027, 1, 18, 10)
    await year.until(2027, 1, 11, 10)
    (told,) = await year.messages(recipient="PERSON")
    assert (told.channel, told.language) == ("EMAIL", "ar")
    assert "ننتظركم" in told.body


async def test_what_is_due_at_night_leaves_in_the_morning_and_several_needs_are_one_message(year: Year) -> None:
    """Convened at 22:40; papers were asked for by the day after the next: one message at 8:30."""
    await year.open()
    practice = await year.take(DocumentPractice, "open", {"document": "ISEE"})
    await year.until(2027, 1, 11, 22, 40)
    await year.take(DocumentPractice, "ask_papers", {"titles": ["Reddito"], "due_on": "2027-01-13"}, on=practice)
    await year.convene(2027, 1, 20, 10)
    await year.until(2027, 1, 15, 12)
    assert await year.told("PERSON") == ["2027-01-12 08:30 SMS PERSON appointment+papers_awaited"]


async def test_a_person_has_one_message_a_day_and_the_rest_tomorrow(year: Year) -> None:
    await year.open()
    await year.convene(2027, 1, 20, 10)
    await year.later(minutes=10)
    practice = await year.take(DocumentPractice, "open", {"document": "ISEE"})
    await year.take(DocumentPractice, "ask_papers", {"titles": ["Reddito"], "due_on": "2027-01-13"}, on=practice)
    await year.until(2027, 1, 13)
    assert await year.told("PERSON") == [
        "2027-01-11 09:00 SMS PERSON appointment",
        "2027-01-12 08:30 SMS PERSON papers_awaited",
    ]


async def test_whoever_opted_out_is_reached_otherwise_or_called(year: Year) -> None:
    """No text messages, no e-mail, no address: the letter goes to the dwelling; without one somebody calls."""
    await year.change(t.person, year.world.person, opted_out=["SMS"])
    await year.open()
    await year.convene(2027, 1, 18, 10)
    await year.until(2027, 1, 15, 9)
    assert await year.told("PERSON") == ["2027-01-11 09:00 LETTER PERSON appointment"]
    assert (await year.messages(channel="LETTER"))[0].sent_to == "Via Uno 1"
    assert ("TENANT_CASE", "PHONE_CALL", "OPERATOR") in await year.tasks()


@pytest.mark.parametrize(
    ("absences", "told"),
    [
        ([("anna", "carla")], ["carla"]),
        ([("anna", "carla"), ("carla", None)], ["bruno"]),
        ([("anna", None)], ["bruno"]),
        ([], ["anna"]),
    ],
    ids=["a deputy", "a deputy who is away", "no deputy", "nobody is away"],
)
async def test_what_is_due_reaches_the_deputy_and_never_an_empty_desk(
    year: Year, absences: list[tuple[str, str | None]], told: list[str]
) -> None:
    carla = await year.add(t.staff, name="Carla", email="carla@example.org")
    people = {"anna": year.world.staff, "carla": carla, None: None}
    for away, deputy in absences:
        span = {"starts_on": datetime(2027, 1, 15).date(), "ends_on": datetime(2027, 1, 31).date()}  # noqa: DTZ001
        await year.add(t.absence, staff_id=people[away], deputy_id=people[deputy], **span)
    await year.open(operator=year.world.staff)
    await year.until(2027, 1, 20)
    assert [each.sent_to for each in await year.messages(channel="EMAIL")] == [f"{name}@example.org" for name in told]


async def test_the_fourth_of_october_is_a_holiday_again(year: Year) -> None:
    """In 2027 it is a Monday: the term of five working days, and what leaves on it, move to Tuesday."""
    await year.until(2027, 9, 28, 9)
    await year.open(operator=year.world.staff)
    await year.until(2027, 10, 7, 9)
    assert await year.told() == [
        "2027-10-06 00:00 IN_APP STAFF task_waiting",
        "2027-10-07 08:30 EMAIL STAFF task_overdue",
    ]


async def test_the_patron_s_day_of_the_municipality_is_no_working_day(year: Year) -> None:
    """San Vittore, 8 May: in 2028 it is a Monday, on which nobody in Varese is reminded of Tuesday's appointment."""
    await year.until(2028, 5, 2, 9)
    await year.open()
    await year.convene(2028, 5, 9, 10)
    await year.until(2028, 5, 9, 12)
    assert await year.told("PERSON") == [
        "2028-05-02 09:00 SMS PERSON appointment",
        "2028-05-05 08:30 SMS PERSON appointment_soon",
    ]


async def test_messages_leave_at_the_same_local_hour_through_both_changes_of_the_clock(year: Year) -> None:
    """28 March 2027 is Easter, 31 October a Sunday; 29 March and 1 November are holidays."""
    hours = []
    for since, appointment in (((2027, 3, 22, 9), (2027, 3, 31, 10)), ((2027, 10, 25, 9), (2027, 11, 3, 10))):
        await year.until(*since)
        year.case_id = type(year.case_id)(int=year.case_id.int + 1)
        await year.open()
        await year.convene(*appointment)
        await year.until(*appointment[:3])
        hours.append((await year.messages(recipient="PERSON"))[-1].created_at.astimezone(UTC).strftime("%d %H:%M"))
    assert (await year.told("PERSON"))[1::2] == [
        "2027-03-30 08:30 SMS PERSON appointment_soon",
        "2027-11-02 08:30 SMS PERSON appointment_soon",
    ]
    assert hours == ["30 06:30", "02 07:30"]


async def test_a_letter_that_comes_back_weeks_later_is_a_task_and_a_receipt_lets_the_term_of_law_run(
    year: Year,
) -> None:
    """The notice of art. 10-bis: returned once, sent again, received; then the tenant has ten days."""
    await year.open(operator=year.world.staff)
    request = {"tenancy": str(year.world.tenancy), "purpose": "RENT", "requested": "1200.00"}
    contribution = await year.take(Contribution, "open", request)
    await year.take(Contribution, "notify_refusal", {"ground": "OVER_ISEE"}, on=contribution)
    await year.later(days=21)
    (notice,) = await year.messages(formal=True)
    assert (notice.channel, notice.status) == ("LETTER", "SENT")
    assert "1.200,00" in notice.body
    assert "ISEE" in notice.body
    await year.receipt(notice, MessageStatus.RETURNED)
    await year.later(minutes=5)
    assert ("CONTRIBUTION", "UNDELIVERED", "OPERATOR") in await year.tasks()

    await year.change(t.person, year.world.person, address="Via Due 2, Varese")
    await year.take(Contribution, "notify_refusal", {"ground": "OVER_ISEE"}, on=contribution)
    await year.later(days=4)
    again = (await year.messages(formal=True))[-1]
    assert (again.sent_to, again.status) == ("Via Due 2, Varese", "SENT")
    await year.receipt(again, MessageStatus.DELIVERED)
    await year.later(minutes=5)
    assert await year.state(contribution) == "OBSERVATIONS_AWAITED"
    assert ("CONTRIBUTION", "UNDELIVERED", "OPERATOR") not in await year.tasks()


async def test_a_plan_with_a_missed_month(year: Year) -> None:
    """Reminded before each instalment, asked about the missed one, told of the breach by letter."""
    await year.change(t.tenancy, year.world.tenancy, monthly_rent=200)
    await year.open(operator=year.world.staff)
    debt: dict[str, Any] = {
        "tenancy": str(year.world.tenancy),
        "balance": "600.00",
        "months_owed": 3,
        "source": "ACCOUNTS",
    }
    arrears = await year.take(ArrearsSupport, "open", debt)
    for step, given in (
        ("verify_debt", {"balance": "600.00", "months_owed": 3}),
        ("assess_cause", {"cause": "UNDETERMINED"}),
        ("propose_plan", {"instalments": 3, "first_due_on": "2027-02-10"}),
        ("sign_plan", {}),
    ):
        await year.take(ArrearsSupport, step, given, on=arrears)
    await year.until(2027, 2, 10, 11)
    await year.take(ArrearsSupport, "record_payment", {"amount": "200.00"}, on=arrears)
    await year.until(2027, 3, 18, 11)
    await year.take(ArrearsSupport, "declare_breach", on=arrears)
    await year.until(2027, 3, 24)
    assert [
        each for each in await year.told("PERSON") if "payment" in each or "breach" in each or "LETTER" in each
    ] == [
        "2027-02-05 08:30 SMS PERSON payment_reminder",
        "2027-03-05 08:30 SMS PERSON payment_reminder",
        "2027-03-19 08:30 LETTER PERSON plan_breached",
    ]
    (letter,) = await year.messages(channel="LETTER")
    assert "200,00" in letter.body


async def test_a_closed_case_is_followed_up_until_its_window_ends(year: Year) -> None:
    await year.open(operator=year.world.staff)
    await year.take(TenantCase, "record_interview", {"needs": []})
    await year.take(TenantCase, "close", {"outcome": "RESOLVED"})
    await year.until(2027, 2, 9)
    assert await year.tasks() == []
    await year.until(2027, 2, 11)
    assert await year.tasks() == [("TENANT_CASE", "FOLLOW_UP", "OPERATOR")]
    await year.take(TenantCase, "follow_up")
    assert await year.tasks() == []
    await year.until(2027, 4, 12)
    assert await year.tasks() == [("TENANT_CASE", "FOLLOW_UP", "OPERATOR")]
    await year.take(TenantCase, "reopen")
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR")]


async def test_when_the_window_of_a_closed_case_ends_nothing_is_left_to_do(year: Year) -> None:
    """Nobody followed it up: what was still to be done is over, and the history says so."""
    await year.open(operator=year.world.staff)
    await year.take(TenantCase, "record_interview", {"needs": []})
    await year.take(TenantCase, "close", {"outcome": "RESOLVED"})
    await year.until(2027, 5, 11, 12)
    assert await year.tasks() == [("TENANT_CASE", "FOLLOW_UP", "OPERATOR")]
    await year.until(2027, 5, 12, 12)  # 120 days after 11 January
    assert await year.tasks() == []
    async with year.engine.connect() as connection:
        last = (await connection.execute(select(t.event).order_by(t.event.c.seq.desc()).limit(1))).one()
    assert (last.name, last.occurred_at) == ("window_ended", datetime(2027, 5, 12, tzinfo=ROME))
    with pytest.raises(RPCError, match="not found"):
        await year.take(TenantCase, "reopen")
