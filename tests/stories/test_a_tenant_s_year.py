"""One tenant's life with the agency, from January 2027 to March 2028: every message and every open task, in chapters.

Selam speaks Tigrinya and Arabic, lives in Monza (patron's day 24 June), has a telephone, and owes three months' rent.
Anna has her case; Carla is Anna's deputy, Bruno their supervisor. What each line says is worked out from the policy.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.arrears_support import ArrearsSupport
from domain.contribution import Contribution
from domain.ladder import clause_of
from domain.message import MessageStatus
from domain.tenant_case import TenantCase
from domain.terms import ROME
from store import tables as t
from tests.stories.lived import Year, a_year
from tests.world import POLICY, World

SAINT_JOHN = (6, 24)
"""The patron's day of Monza, in 2027 a Thursday."""


@pytest.fixture
async def year(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World, tmp_path: Path
) -> AsyncIterator[Year]:
    """It is Monday 11 January 2027, 9 o'clock; Anna will be away from 25 January to 5 February."""
    async with a_year(time_skipping, engine, world, tmp_path) as year:
        await year.until(2027, 1, 11, 9)
        world.patron = month, day = SAINT_JOHN
        monza = {"name": "Monza", "province": "MB", "patron_month": month, "patron_day": day}
        await year.change(t.municipality, world.municipality, **monza)
        selam = {"given_name": "Selam", "family_name": "Tesfay", "languages": ["ti", "ar"], "phone": "+39 333 1234567"}
        await year.change(t.person, world.person, **selam)
        await year.change(t.tenancy, world.tenancy, monthly_rent=200)
        await year.change(t.staff, world.staff, email="anna@example.org")
        carla = await year.add(t.staff, name="Carla", email="carla@example.org")
        await year.add(t.staff, name="Bruno", roles=["SUPERVISOR"], email="bruno@example.org")
        away = {"starts_on": date(2027, 1, 25), "ends_on": date(2027, 2, 5)}
        await year.add(t.absence, staff_id=world.staff, deputy_id=carla, **away)
        yield year


async def test_a_tenant_s_year(year: Year) -> None:
    """From the first convocation to the end of the window in which a closed case is reopened."""
    await she_is_convened_and_does_not_come(year)
    await she_comes_and_is_listened_to(year)
    arrears = await she_agrees_to_a_plan_and_pays(year)
    await june_is_missed(year, arrears)
    await the_plan_is_lost_and_agreed_again(year, arrears)
    contribution = await a_refusal_is_announced_and_the_letter_comes_back(year, arrears)
    await she_has_it_and_ten_days_to_answer(year, contribution)
    await she_is_told_no_and_pays_the_rest(year, arrears, contribution)
    await she_is_asked_how_she_is_until_the_case_is_over(year)


async def she_is_convened_and_does_not_come(year: Year) -> None:
    """Convened for Monday the 18th; who came is recorded by the 19th; within 5 working days she is asked again."""
    await year.open(operator=year.world.staff)
    await year.convene(2027, 1, 18, 10)
    await year.until(2027, 1, 20, 9)
    await year.take(TenantCase, "record_no_show")
    await year.until(2027, 1, 28, 9)
    assert await year.news() == [
        "2027-01-11 09:00 SMS PERSON ar TENANT_CASE appointment",
        "2027-01-15 08:30 SMS PERSON ar TENANT_CASE appointment_soon",
        "2027-01-20 08:30 EMAIL Anna it TENANT_CASE task_overdue",
        "2027-01-20 09:00 SMS PERSON ar TENANT_CASE contact_us",
        "2027-01-28 08:30 EMAIL Carla it TENANT_CASE task_overdue",
    ]
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR"), ("TENANT_CASE", "OVERDUE", "SUPERVISOR")]
    first = (await year.messages())[0]
    assert first.sent_to == "+39 333 1234567"
    assert "ننتظركم يوم الاثنين، 18 يناير 2027 الساعة 10:00. المكان: " in first.body


async def she_comes_and_is_listened_to(year: Year) -> None:
    """Carla convenes her again; she is listened to, and what she needs is seen to."""
    await year.until(2027, 1, 29, 10)
    await year.convene(2027, 2, 8, 15)
    await year.until(2027, 2, 8, 15, 30)
    await year.take(TenantCase, "record_interview", {"needs": [{"area": "ECONOMIC"}, {"area": "HOUSING"}]})
    await year.take(TenantCase, "take_charge")
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR")]
    assert await year.news() == [
        "2027-01-29 10:00 SMS PERSON ar TENANT_CASE appointment",
        "2027-02-05 08:30 SMS PERSON ar TENANT_CASE appointment_soon",
    ]


async def she_agrees_to_a_plan_and_pays(year: Year) -> UUID:
    """Three months, verified on the last of 10 working days; a plan of 60 EUR at once and 9 times 60 is agreed.

    She is asked after 15 days; reminded 3 working days before each instalment. On 28 March clocks go forward.
    """
    debt = {"balance": "600.00", "months_owed": 3}
    arrears = await year.take(ArrearsSupport, "open", debt | {"tenancy": str(year.world.tenancy), "source": "ACCOUNTS"})
    await year.until(2027, 2, 22, 10)
    await year.take(ArrearsSupport, "verify_debt", debt, on=arrears)
    cause = {"cause": "NO_FAULT", "evidence": "WAGE_GUARANTEE_FUND"}
    await year.take(ArrearsSupport, "assess_cause", cause, on=arrears)
    plan = {"first_payment": "60.00", "instalments": 9, "first_due_on": "2027-04-19"}
    await year.take(ArrearsSupport, "propose_plan", plan, on=arrears)
    await year.until(2027, 3, 10, 10)
    await year.take(ArrearsSupport, "sign_plan", {}, on=arrears)
    await year.take(TenantCase, "monitor")
    assert await year.news() == [
        "2027-02-22 00:00 IN_APP Anna it ARREARS_SUPPORT task_waiting",
        "2027-03-09 08:30 SMS PERSON ar ARREARS_SUPPORT plan_proposed",
        "2027-03-10 00:00 IN_APP Anna it TENANT_CASE task_waiting",
    ]

    await year.until(2027, 3, 25, 11)
    await pays(year, arrears, "60.00")
    assert await year.state(arrears) == "RUNNING"
    await year.until(2027, 4, 9, 10)
    await year.take(TenantCase, "follow_up")
    await year.until(2027, 4, 14, 12)
    assert await last_left(year) == "14 April 06:30"
    await year.until(2027, 4, 20, 11)
    await pays(year, arrears, "60.00")
    await year.until(2027, 5, 18, 11)
    await pays(year, arrears, "60.00")
    assert await year.news() == [
        "2027-04-09 00:00 IN_APP Anna it TENANT_CASE task_waiting",
        "2027-04-14 08:30 SMS PERSON ar ARREARS_SUPPORT payment_reminder",
        "2027-05-14 08:30 SMS PERSON ar ARREARS_SUPPORT payment_reminder",
    ]
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR")]
    return arrears


async def june_is_missed(year: Year, arrears: UUID) -> None:
    """Due on Saturday the 19th, awaited for 5 days: the 24th is Monza's patron's day, so until Friday the 25th.

    The operator is told on Monday. The dunning table is asked a week after the term, a Saturday: she is written to on
    Monday, and not again a week later.
    """
    await year.until(2027, 6, 28, 9)
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR"), ("ARREARS_SUPPORT", "OVERDUE", "SUPERVISOR")]
    assert await year.news() == [
        "2027-06-16 08:30 SMS PERSON ar ARREARS_SUPPORT payment_reminder",
        "2027-06-28 08:30 EMAIL Anna it ARREARS_SUPPORT task_overdue",
    ]
    await year.until(2027, 7, 8, 10)
    await year.take(TenantCase, "follow_up")
    await year.until(2027, 7, 13, 10)
    assert await year.news() == [
        "2027-07-05 08:30 SMS PERSON ar ARREARS_SUPPORT contact_us",
        "2027-07-08 00:00 IN_APP Anna it TENANT_CASE task_waiting",
    ]
    assert await days_on_which_the_table_was_asked(year) == ["2027-07-03", "2027-07-10"]
    asked = (await year.messages(channel="SMS"))[-1]
    assert "نودّ التحدث معكم. يرجى الاتصال بنا أو الحضور إلى مكتبنا." in asked.body
    assert await year.tasks() == [("ARREARS_SUPPORT", "OVERDUE", "SUPERVISOR"), ("TENANT_CASE", "STATE", "OPERATOR")]


async def the_plan_is_lost_and_agreed_again(year: Year, arrears: UUID) -> None:
    """She is told by letter on the day after, of the 60 EUR that are due; a month later the supervisor is.

    The table, asked every week, would hand the debt over on 17 August. On the 13th a new plan is agreed: 3 times 140.
    """
    await year.take(ArrearsSupport, "declare_breach", on=arrears)
    await year.until(2027, 8, 13, 11)
    assert await year.news() == [
        "2027-07-14 08:30 LETTER PERSON it ARREARS_SUPPORT plan_breached",
        "2027-08-13 08:30 EMAIL Bruno it ARREARS_SUPPORT task_overdue",
    ]
    days = ["2027-07-14", "2027-07-20", "2027-07-27", "2027-08-03", "2027-08-10"]
    assert (await days_on_which_the_table_was_asked(year))[2:] == days
    (letter,) = await year.messages(channel="LETTER")
    assert letter.sent_to == "Via Uno 1"
    assert "Al 14 luglio 2027 risulta dovuto e non pagato l'importo di 60,00" in letter.body
    assert "لم يتم الالتزام بخطة السداد" in letter.body
    assert await year.tasks() == [
        ("TENANT_CASE", "STATE", "OPERATOR"),
        ("ARREARS_SUPPORT", "STATE", "SUPERVISOR"),
        ("ARREARS_SUPPORT", "OVERDUE", "SUPERVISOR"),
    ]
    plan = {"instalments": 3, "first_due_on": "2027-09-05"}
    await year.take(ArrearsSupport, "renegotiate", plan, on=arrears)
    await year.take(ArrearsSupport, "sign_plan", {}, on=arrears)
    assert await year.state(arrears) == "RUNNING"
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR")]


async def a_refusal_is_announced_and_the_letter_comes_back(year: Year, arrears: UUID) -> UUID:
    """A contribution of 400 EUR is requested; her ISEE is too high. She is not found at the dwelling's address."""
    request = {"tenancy": str(year.world.tenancy), "purpose": "RENT", "requested": "400.00", "arrears": str(arrears)}
    contribution = await year.take(Contribution, "open", request)
    await year.until(2027, 8, 20, 10)
    found = {"measure": "DIFFICULTY", "isee": "9600.00", "months_assigned": 151, "eligible": "0"}
    await year.take(Contribution, "assess", found, on=contribution)
    await year.take(Contribution, "notify_refusal", {"ground": "OVER_ISEE"}, on=contribution)
    await year.until(2027, 9, 6, 10)
    await pays(year, arrears, "140.00")
    await year.until(2027, 9, 9, 10)
    notice = (await year.messages(formal=True))[-1]
    await year.receipt(notice, MessageStatus.RETURNED)
    await year.later(minutes=5)
    assert await year.news() == [
        "2027-08-20 10:00 LETTER PERSON it CONTRIBUTION refusal_notice",
        "2027-09-01 08:30 SMS PERSON ar ARREARS_SUPPORT payment_reminder",
    ]
    assert await year.tasks() == [
        ("TENANT_CASE", "STATE", "OPERATOR"),
        ("CONTRIBUTION", "STATE", "ADMINISTRATIVE"),
        ("CONTRIBUTION", "UNDELIVERED", "OPERATOR"),
    ]
    return contribution


async def she_has_it_and_ten_days_to_answer(year: Year, contribution: UUID) -> None:
    """Received on 24 September: ten days end on Monday 4 October, a national holiday again, and so on the 5th.

    The instalment of the 5th is announced 3 working days before, of which the 4th is none.
    """
    await year.until(2027, 9, 10, 10)
    await year.change(t.person, year.world.person, address="Via Due 2, Monza")
    await year.take(Contribution, "notify_refusal", {"ground": "OVER_ISEE"}, on=contribution)
    await year.until(2027, 9, 24, 10)
    notice = (await year.messages(formal=True))[-1]
    assert notice.sent_to == "Via Due 2, Monza"
    assert "per un contributo di 400,00" in notice.body
    assert "ISEE oltre il limite" in notice.body
    assert "Entro 10 giorni dal ricevimento" in notice.body
    await year.receipt(notice, MessageStatus.DELIVERED)
    await year.later(minutes=5)
    assert await year.state(contribution) == "OBSERVATIONS_AWAITED"
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR")]

    await year.until(2027, 10, 5, 12)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await year.take(Contribution, "refuse", {"ground": "OVER_ISEE"}, on=contribution)
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.message == "NOTICE_TERM_RUNNING"
    assert await year.news() == [
        "2027-09-10 10:00 LETTER PERSON it CONTRIBUTION refusal_notice",
        "2027-09-29 08:30 SMS PERSON ar ARREARS_SUPPORT payment_reminder",
        "2027-10-05 00:00 IN_APP Anna it CONTRIBUTION task_waiting",
    ]


async def she_is_told_no_and_pays_the_rest(year: Year, arrears: UUID, contribution: UUID) -> None:
    """She did not answer. On 31 October clocks go back; 1 November is a holiday; the last instalment is of the 5th."""
    await year.until(2027, 10, 6, 10)
    await year.take(Contribution, "refuse", {"ground": "OVER_ISEE"}, on=contribution)
    await pays(year, arrears, "140.00")
    await year.take(TenantCase, "follow_up")
    assert await year.tasks() == [("TENANT_CASE", "STATE", "OPERATOR")]
    await year.until(2027, 11, 4, 11)
    assert await last_left(year) == "02 November 07:30"
    await pays(year, arrears, "140.00")
    assert await year.state(arrears) == "SETTLED"
    await year.take(TenantCase, "close", {"outcome": "RESOLVED"})
    assert await year.news() == [
        "2027-10-06 00:00 IN_APP Anna it TENANT_CASE task_waiting",
        "2027-10-06 08:30 EMAIL Anna it CONTRIBUTION task_overdue",
        "2027-11-02 08:30 SMS PERSON ar ARREARS_SUPPORT payment_reminder",
    ]
    assert await year.tasks() == []


async def she_is_asked_how_she_is_until_the_case_is_over(year: Year) -> None:
    """30 and 90 days after closure; 120 days after, at the end of 3 March 2028, nothing can happen any more."""
    await year.until(2027, 12, 3, 23, 30)
    assert await year.tasks() == []
    await year.until(2027, 12, 4, 0, 30)
    assert await year.tasks() == [("TENANT_CASE", "FOLLOW_UP", "OPERATOR")]
    await year.until(2027, 12, 6, 10)
    await year.take(TenantCase, "follow_up")
    await year.until(2028, 2, 1, 23, 30)
    assert await year.tasks() == []
    await year.until(2028, 2, 2, 10)
    assert await year.tasks() == [("TENANT_CASE", "FOLLOW_UP", "OPERATOR")]
    await year.take(TenantCase, "follow_up")

    workflow = year.cases.handle(year.case_id)
    await year.until(2028, 3, 3, 23, 30)
    assert (await workflow.describe()).status == WorkflowExecutionStatus.RUNNING
    await year.until(2028, 3, 4, 0, 30)
    assert (await workflow.describe()).status == WorkflowExecutionStatus.COMPLETED
    assert await year.news() == []
    assert await year.tasks() == []
    assert {message.status for message in await year.messages()} == {"SENT", "DELIVERED", "RETURNED"}


async def pays(year: Year, arrears: UUID, amount: str) -> None:
    await year.take(ArrearsSupport, "record_payment", {"amount": amount}, on=arrears)


async def days_on_which_the_table_was_asked(year: Year) -> list[str]:
    """The local days at whose beginning the dunning table was asked."""
    done = select(t.reminder.c.rung, t.reminder.c.ended_at).where(t.reminder.c.status == "DONE")
    async with year.engine.connect() as connection:
        rows = await connection.execute(done.order_by(t.reminder.c.ended_at))
    dunning = [name for name, rung in POLICY.rungs.items() if rung.dun]
    return [f"{row.ended_at.astimezone(ROME):%Y-%m-%d}" for row in rows if clause_of(row.rung) in dunning]


async def last_left(year: Year) -> str:
    """When she was last written to, in UTC."""
    return str((await year.messages(recipient="PERSON"))[-1].created_at.astimezone(UTC).strftime("%d %B %H:%M"))
