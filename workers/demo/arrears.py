"""Arrears, each on its own way: settled, broken and agreed again, helped by a contribution, disputed, handed over."""

from datetime import date, timedelta

from workers.demo.client import Declined, Process
from workers.demo.story import Story
from workers.demo.weeks import Clock

CONTRIBUTION = "1800.00"
"""What each household asks of the regional line, whose budget holds it twice."""


async def settled(story: Story, clock: Clock) -> None:
    """A small debt: a first payment and two monthly instalments, all paid."""
    debt = await _assessed(story, clock, owed="340.00", months=2)
    await _signed(story, debt, clock, instalments=2, first_payment="100.00")
    await _pay(story, debt, clock, "100.00")
    await _keep(story, debt, clock)


async def settled_early(story: Story, clock: Clock) -> None:
    """A relative pays the whole debt while the plan is still on the table."""
    debt = await _assessed(story, clock, owed="520.00", months=3)
    await _proposed(story, debt, clock, instalments=10)
    await debt.take(story.office.administration, "RecordPayment", clock.days(3), amount="520.00", source="THIRD_PARTY")


async def kept(story: Story, clock: Clock) -> None:
    """A long plan that runs: what falls due is paid, the plan's and the bills'."""
    owed, instalments = story.chance.randrange(900, 4800, 10), story.chance.randint(12, 36)
    debt = await _assessed(story, clock, owed=f"{owed}.00", months=owed // 150)
    await _signed(story, debt, clock, instalments=instalments)
    await _keep(story, debt, clock)


async def bill_paid_beside(story: Story, clock: Clock) -> None:
    """A plan that runs, and a current bill paid by its number: the two ledgers stay apart."""
    debt = await _assessed(story, clock, owed="1260.00", months=7)
    await _signed(story, debt, clock, instalments=12)
    due = (clock.today + timedelta(days=15)).isoformat()
    administration = story.office.administration
    await debt.take(administration, "RecordBill", clock.days(2), number="B-1", amount="142.35", dueOn=due)
    await debt.take(administration, "RecordPayment", clock.days(4), amount="142.35", bill="B-1")
    await _keep(story, debt, clock)


async def breached_and_renegotiated(story: Story, clock: Clock) -> None:
    """A plan of which nothing is paid, agreed again by exception, and then kept."""
    debt = await _breached(story, clock)
    first_due = clock.days(2).date() + timedelta(days=9)
    await debt.take(
        story.office.supervisor, "RenegotiatePlan", clock.now, instalments=24, firstDueOn=first_due.isoformat()
    )
    await debt.take(story.operator, "SignPlan", clock.days(2), reference="PR-2")
    await _keep(story, debt, clock)


async def escalated(story: Story, clock: Clock) -> None:
    """A plan of which nothing is paid goes to the office that decides."""
    debt = await _breached(story, clock)
    story.outcome = "ESCALATED"
    await debt.take(
        story.office.supervisor, "EscalateArrears", clock.days(3), reason="BREACHED", office="Ufficio legale"
    )


async def breach_declared(story: Story, clock: Clock) -> None:
    """A plan of which nothing is paid waits for the supervisor."""
    await _breached(story, clock)


async def not_owed(story: Story, clock: Clock) -> None:
    """The payments were there, credited to another tenancy."""
    debt = await _opened(story, clock, owed="430.00", months=2)
    await debt.take(story.operator, "DisputeDebt", clock.minutes(), ground="PAID_ALREADY")
    await debt.take(
        story.office.administration, "ResolveDispute", clock.days(5),
        balance="0.00", monthsOwed=0, recalculation="NOT_APPLICABLE", note="Versamenti su un altro contratto.",
    )  # fmt: skip


async def recalculated(story: Story, clock: Clock) -> None:
    """The rent is recalculated on the present income, the debt falls, and a plan is signed for the rest."""
    debt = await _opened(story, clock, owed="2100.00", months=9)
    await debt.take(story.operator, "DisputeDebt", clock.minutes(), ground="INCOME_CHANGED")
    await debt.take(
        story.office.administration, "ResolveDispute", clock.days(6),
        balance="1180.00", monthsOwed=9, recalculation="DONE",
    )  # fmt: skip
    await debt.take(story.operator, "AssessCause", clock.days(1), cause="NO_FAULT", evidence="REDUCED_HOURS")
    await _signed(story, debt, clock, instalments=18)
    await _keep(story, debt, clock)


async def disputed(story: Story, clock: Clock) -> None:
    """The condominium's charges are disputed; the accounts are at it."""
    debt = await _opened(story, clock, owed="690.00", months=4)
    await debt.take(story.operator, "DisputeDebt", clock.minutes(), ground="CHARGES")


async def plan_on_the_table(story: Story, clock: Clock) -> None:
    """A plan is proposed; the tenant thinks it over."""
    debt = await _assessed(story, clock, owed=f"{story.chance.randrange(600, 3000, 20)}.00", months=6)
    await _proposed(story, debt, clock, instalments=story.chance.randint(8, 20))


async def cause_assessed(story: Story, clock: Clock) -> None:
    """The commission is still at the cause; no plan yet."""
    await _assessed(story, clock, owed=f"{story.chance.randrange(400, 2500, 10)}.00", months=5)


async def first_payment_awaited(story: Story, clock: Clock) -> None:
    """Signed; the plan runs once the first payment is there."""
    debt = await _assessed(story, clock, owed="1900.00", months=10)
    await _signed(story, debt, clock, instalments=18, first_payment="280.00")


async def figure_confirmed(story: Story, clock: Clock) -> None:
    """The accounts confirm the figure; the cause has yet to be talked about."""
    debt = await _opened(story, clock, owed="870.00", months=5)
    await debt.take(story.office.administration, "VerifyDebt", clock.days(2), balance="865.40", monthsOwed=5)


async def figure_awaited(story: Story, clock: Clock) -> None:
    """The figure comes from a letter; the accounts have yet to confirm it."""
    await _opened(story, clock, owed=f"{story.chance.randrange(300, 2500, 10)}.00", months=3)


async def helped_by_contribution(story: Story, clock: Clock) -> None:
    """A contribution is asked of the regional line: paid and a plan for the rest, or refused for lack of funds."""
    debt = await _assessed(story, clock, owed="2700.00", months=14)
    money = await _requested(story, debt, clock)
    administration = story.office.administration
    try:
        await money.take(
            administration, "GrantContribution", clock.days(2),
            fundingLine=story.office.solidarity_line, amount=CONTRIBUTION,
        )  # fmt: skip
    except Declined as declined:
        if declined.code != "FUNDS_SHORT":
            raise
        await _refused_for_lack_of_funds(story, money, clock)
    else:
        await money.take(administration, "PayContribution", clock.days(3), reference=f"MAND-{clock.today:%m%d}")
        await debt.take(administration, "RecordPayment", clock.minutes(), amount=CONTRIBUTION, source="CONTRIBUTION")
    await _signed(story, debt, clock, instalments=15)
    await _keep(story, debt, clock)


async def utilities_paid(story: Story, clock: Clock) -> None:
    """Not a debt to the agency: the project's money pays the electricity."""
    money = await story.open(
        story.operator, "RequestContribution", clock.minutes(),
        tenancy=await story.tenancy(), purpose="UTILITIES", requested="480.00",
    )  # fmt: skip
    administration = story.office.administration
    await money.take(
        administration, "AssessContribution", clock.days(3),
        measure="PROJECT", isee="5120.00", monthsAssigned=90, eligible="450.00",
    )  # fmt: skip
    await money.take(
        administration, "GrantContribution", clock.days(1), fundingLine=story.office.project_line, amount="450.00"
    )
    await money.take(administration, "PayContribution", clock.days(4), reference="MAND-L1")


async def _opened(story: Story, clock: Clock, *, owed: str, months: int) -> Process:
    tenancy = await story.tenancy(balance=owed)
    return await story.open(
        story.operator, "OpenArrears", clock.minutes(),
        tenancy=tenancy, balance=owed, monthsOwed=months, source="LETTER",
    )  # fmt: skip


async def _assessed(story: Story, clock: Clock, *, owed: str, months: int) -> Process:
    debt = await _opened(story, clock, owed=owed, months=months)
    await debt.take(story.office.administration, "VerifyDebt", clock.days(1), balance=owed, monthsOwed=months)
    evidence = story.chance.choice(
        (None, "DISMISSAL", "CONTRACT_NOT_RENEWED", "SERIOUS_ILLNESS", "WAGE_GUARANTEE_FUND")
    )
    found = {"cause": "NO_FAULT", "evidence": evidence} if evidence else {"cause": "UNDETERMINED"}
    await debt.take(story.operator, "AssessCause", clock.minutes(), **found)
    return debt


async def _proposed(
    story: Story, debt: Process, clock: Clock, *, instalments: int, first_payment: str = "0.00"
) -> None:
    at = clock.days(1)
    await debt.take(
        story.operator, "ProposePlan", at,
        instalments=instalments, firstPayment=first_payment,
        firstDueOn=(clock.today + timedelta(days=6)).isoformat(),
    )  # fmt: skip


async def _signed(story: Story, debt: Process, clock: Clock, *, instalments: int, first_payment: str = "0.00") -> None:
    await _proposed(story, debt, clock, instalments=instalments, first_payment=first_payment)
    await debt.take(story.operator, "SignPlan", clock.days(1), reference=f"PR-{clock.today:%m%d}")


async def _pay(story: Story, debt: Process, clock: Clock, amount: str) -> None:
    await debt.take(story.office.administration, "RecordPayment", clock.days(1), amount=amount)


async def _keep(story: Story, debt: Process, clock: Clock) -> None:
    """Pay each instalment when it is due, until the last or the end of the weeks."""
    for instalment in debt.shown["plan"]["instalments"]:
        at = clock.on(date.fromisoformat(instalment["dueOn"]))
        await debt.take(story.office.administration, "RecordPayment", at, amount=instalment["amount"])


async def _breached(story: Story, clock: Clock) -> Process:
    debt = await _assessed(story, clock, owed="1500.00", months=8)
    await _signed(story, debt, clock, instalments=12)
    missed = date.fromisoformat(debt.shown["plan"]["instalments"][0]["dueOn"])
    await debt.take(story.office.administration, "DeclareBreach", clock.on(missed + timedelta(days=10)))
    return debt


async def _requested(story: Story, debt: Process, clock: Clock) -> Process:
    money = await story.open(
        story.operator, "RequestContribution", clock.minutes(),
        tenancy=await story.tenancy(), arrears=debt.id, purpose="RENT", requested=CONTRIBUTION,
    )  # fmt: skip
    await money.take(
        story.office.administration, "AssessContribution", clock.days(2),
        measure="DIFFICULTY", isee="7240.00", monthsAssigned=61, eligible=CONTRIBUTION,
    )  # fmt: skip
    return money


async def _refused_for_lack_of_funds(story: Story, money: Process, clock: Clock) -> None:
    """No refusal without notice: the tenant has ten days from its receipt (L. 241/1990, art. 10-bis)."""
    administration = story.office.administration
    if money.why_not("refuse") == "NOTICE_DUE":
        await money.take(administration, "NotifyRefusal", clock.days(1), ground="NO_FUNDS")
        await money.take(administration, "RecordReceipt", clock.days(2), receivedOn=clock.today.isoformat())
        clock.on(clock.today + timedelta(days=14))
    await money.take(administration, "RefuseContribution", clock.days(1), ground="NO_FUNDS")
