"""How the stories go on in the months after: some come and some do not, some pay, answer and bring, some never.

What waits at the end of the weeks is handed out, by kind and state, to these functions in turn; what none of them
takes up is left alone, and climbs.
"""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from workers.demo.agenda import Later
from workers.demo.client import Desk, Process
from workers.demo.office import Office, Stop
from workers.demo.story import Story
from workers.demo.weeks import CONVENED_AHEAD, moment

GoesOn = Callable[[Story, Process, Later], Coroutine[Any, Any, None]]
"""How one process goes on; its docstring says how."""

_PAPERS = ("Documento di identità", "ISEE in corso di validità")
_BY_PHONE, _BY_EMAIL = {"how": "PHONE"}, {"how": "EMAIL"}


async def left_alone(_story: Story, _process: Process, _clock: Later) -> None:
    """Nobody finds the time."""


# The case.


async def comes(story: Story, case: Process, clock: Later) -> None:
    """Comes to the appointment, is listened to and taken in charge."""
    await clock.at(_moment(case.shown["appointment"]))
    await _take(case, story.operator, "RecordInterview", clock, minutes=30)
    await clock.days(2)
    await _take(case, story.operator, "TakeCharge", clock)
    await looked_at(story, case, clock)


async def comes_the_second_time(story: Story, case: Process, clock: Later) -> None:
    """Does not come, is written to, convened again, and then comes."""
    await clock.at(_moment(case.shown["appointment"]) + timedelta(hours=4))
    await _take(case, story.operator, "RecordNoShow", clock)
    await convened_again(story, case, clock)


async def convened_again(story: Story, case: Process, clock: Later) -> None:
    """Convened for a stop to come, and comes."""
    await clock.days(3)
    await _convene(story, case, clock)
    await comes(story, case, clock)


async def called_off(story: Story, case: Process, clock: Later) -> None:
    """Convened for a stop that is called off on its morning; convened for another one, and comes."""
    await clock.days(1)
    stop = await _convene(story, case, clock)
    await clock.at(stop.planned.starts_at - timedelta(minutes=80))
    if stop in story.office.stops:  # others are convened for it, too
        story.office.stops.remove(stop)
        await story.office.supervisor.tell(
            "AmendStop", clock.now, id=stop.id, expectedVersion=1, cancelledAt=clock.now.isoformat()
        )
    await clock.at(clock.now + timedelta(hours=2))
    await _convene(story, case, clock)
    await comes(story, case, clock)


async def taken_in_charge(story: Story, case: Process, clock: Later) -> None:
    """Taken in charge after some days, and looked at again."""
    await clock.days(3)
    if await _open(case, story.operator, "take_charge", clock):
        await _take(case, story.operator, "TakeCharge", clock)
        await looked_at(story, case, clock)


async def looked_at(story: Story, case: Process, clock: Later) -> None:
    """Looked at every four weeks: closed or monitored as soon as it can be, and then followed up."""
    while True:
        await clock.days(20)
        if await _open(case, story.operator, "close", clock):
            await _take(case, story.operator, "CloseCase", clock, outcome=story.outcome)
            return await asked_after(story, case, clock)
        if case.why_not("monitor") is None:
            await _take(case, story.operator, "MonitorCase", clock)
            return await followed_up(story, case, clock)


async def followed_up(story: Story, case: Process, clock: Later) -> None:
    """Followed up a day before the term ends, each time."""
    while case.shown["deadline"]:
        await clock.on(_moment(case.shown["deadline"]).date() - timedelta(days=2))
        if not await _open(case, story.operator, "follow_up", clock):
            return
        await _take(case, story.operator, "FollowUp", clock)


async def asked_after(story: Story, case: Process, clock: Later) -> None:
    """Closed; asked after a month how it goes, when the engine says so."""
    await clock.days(23)
    if await _open(case, story.operator, "follow_up", clock):
        await _take(case, story.operator, "FollowUp", clock, note="Tutto a posto.")


# Arrears.


async def pays(story: Story, debt: Process, clock: Later) -> None:
    """Pays each instalment on its day."""
    for instalment in _ahead(debt, clock):
        await _pay(story, debt, clock, instalment)


async def misses_a_month(story: Story, debt: Process, clock: Later) -> None:
    """Pays, then misses a month: the breach is declared, and the plan agreed again by exception."""
    _, *others = instalments = _ahead(debt, clock)
    if not others:
        return
    await _pay(story, debt, clock, instalments[0])
    await clock.on(date.fromisoformat(others[0]["dueOn"]) + timedelta(days=14))
    if not await _open(debt, story.office.administration, "declare_breach", clock):
        return
    await _take(debt, story.office.administration, "DeclareBreach", clock)
    await clock.days(6)
    if not await _open(debt, story.office.supervisor, "renegotiate", clock):
        return
    first = clock.today + timedelta(days=30)
    await _take(debt, story.office.supervisor, "RenegotiatePlan", clock, instalments=24, firstDueOn=first.isoformat())
    await clock.days(4)
    await _take(debt, story.operator, "SignPlan", clock, reference="PR-2")
    await pays(story, debt, clock)


async def signs(story: Story, debt: Process, clock: Later) -> None:
    """Thinks it over until written to, signs, and pays."""
    await clock.days(16)
    if await _open(debt, story.operator, "sign_plan", clock):
        await _take(debt, story.operator, "SignPlan", clock, reference=f"PR-{clock.today:%m%d}")
        await pays(story, debt, clock)


async def pays_the_first(story: Story, debt: Process, clock: Later) -> None:
    """Makes the first payment, and the plan runs."""
    await clock.days(4)
    amount = debt.shown["plan"]["firstPayment"]
    await _take(debt, story.office.administration, "RecordPayment", clock, amount=amount)
    await pays(story, debt, clock)


async def agrees(story: Story, debt: Process, clock: Later) -> None:
    """A plan is proposed, and signed once the tenant was written to."""
    await clock.days(5)
    if await _open(debt, story.operator, "propose_plan", clock):
        first = clock.today + timedelta(days=40)
        await _take(debt, story.operator, "ProposePlan", clock, instalments=18, firstDueOn=first.isoformat())
        await signs(story, debt, clock)


async def notified(story: Story, money: Process, clock: Later) -> None:
    """No funds are left: the notice that the law asks for goes by letter; its receipt lets the ten days run."""
    administration = story.office.administration
    await clock.days(2)
    await _take(
        money, administration, "AssessContribution", clock,
        measure="DIFFICULTY", isee="7240.00", monthsAssigned=61, eligible="1800.00",
    )  # fmt: skip
    await clock.days(1)
    await _take(money, administration, "NotifyRefusal", clock, ground="NO_FUNDS")
    while not await _open(money, administration, "refuse", clock):
        await clock.days(5)
    await _take(money, administration, "RefuseContribution", clock, ground="NO_FUNDS")


# Faults.


async def mended(story: Story, fault: Process, clock: Later) -> None:
    """The contractor comes when it was said, mends it, and the tenant says so once asked."""
    await _visit_fixed(story, fault, clock)
    await _take(fault, story.office.technician, "StartWorks", clock)
    await works_end(story, fault, clock)


async def works_end(story: Story, fault: Process, clock: Later) -> None:
    """Mended, and the tenant says so once asked."""
    await clock.days(1)
    await _take(fault, story.office.technician, "CompleteWorks", clock)
    await confirmed(story, fault, clock)


async def confirmed(story: Story, fault: Process, clock: Later) -> None:
    """The tenant, asked, says that it is mended."""
    await clock.days(4)
    if await _open(fault, story.operator, "verify", clock):
        await _take(fault, story.operator, "VerifyWorks", clock)


async def never_confirmed(story: Story, fault: Process, clock: Later) -> None:
    """Mended; the tenant never says so."""
    await clock.days(1)
    await _take(fault, story.office.technician, "CompleteWorks", clock)


async def contractor_came(story: Story, fault: Process, clock: Later) -> None:
    """The morning that was fixed has come."""
    await clock.at(max(_moment(fault.shown["appointment"]), clock.now))
    await _take(fault, story.office.technician, "StartWorks", clock)
    await works_end(story, fault, clock)


async def nobody_home(story: Story, fault: Process, clock: Later) -> None:
    """The contractor finds nobody, three times; then the tenant calls."""
    while fault.state != "NO_ACCESS":
        await _visit_fixed(story, fault, clock)
        await _take(fault, story.office.technician, "RecordNoAccess", clock)
    await clock.days(6)
    await mended(story, fault, clock)


async def looked_into(story: Story, fault: Process, clock: Later) -> None:
    """Looked into at last, ordered and mended."""
    await clock.days(2)
    if await _open(fault, story.office.technician, "triage", clock):
        await _take(fault, story.office.technician, "TriageFault", clock, priority="ORDINARY")
        await ordered(story, fault, clock)


async def not_ours(story: Story, fault: Process, clock: Later) -> None:
    """Somebody else's to mend, and the tenant is told so."""
    await clock.days(1)
    given = {"priority": "ORDINARY", "responsibility": "TENANT", "tenantTold": True}
    if await _open(fault, story.office.technician, "triage", clock):
        await _take(fault, story.office.technician, "TriageFault", clock, **given)


async def confirmed_by_the_accounts(story: Story, debt: Process, clock: Later) -> None:
    """Nothing is owed after all."""
    await clock.days(5)
    if await _open(debt, story.office.administration, "verify_debt", clock):
        await _take(debt, story.office.administration, "VerifyDebt", clock, balance="0.00", monthsOwed=0)


async def ordered(story: Story, fault: Process, clock: Later) -> None:
    """Ordered at last, and mended."""
    await clock.days(4)
    if await _open(fault, story.office.technician, "order", clock):
        number = f"OL-{clock.today:%y%m%d}"
        await _take(
            fault, story.office.technician, "OrderWorks", clock, contractor="Edil Campo snc", orderNumber=number
        )
        await mended(story, fault, clock)


# Papers.


async def brought(story: Story, practice: Process, clock: Later) -> None:
    """The tenant brings the papers once reminded; they are checked, and the document issued."""
    due = date.fromisoformat(practice.shown["dueOn"])
    await clock.on(max(due - timedelta(days=1), clock.today + timedelta(days=2)))
    for number, title in enumerate(_PAPERS):
        await _take(practice, story.operator, "UploadPaper", clock, title=title, reference=f"ARC-{number}")
    await checked(story, practice, clock)


async def checked(story: Story, practice: Process, clock: Later) -> None:
    """The papers are checked, and the document issued."""
    administration = story.office.administration
    await clock.days(2)
    for title in _PAPERS:
        await _take(practice, administration, "ApprovePaper", clock, title=title)
    await clock.days(1)
    await _take(practice, administration, "FilePractice", clock, protocol=f"{clock.today:%Y/%m%d}")
    await clock.days(4)
    await _take(practice, administration, "IssueDocument", clock, reference=f"DOC-{clock.today:%m%d}")


# Partners.


async def answered(story: Story, referral: Process, clock: Later) -> None:
    """The partner accepts once reminded, and does its part."""
    await clock.days(3)
    if await _open(referral, story.operator, "accept", clock):
        first = moment(clock.working_day(clock.today + timedelta(days=6)), time(15))
        await _take(referral, story.operator, "AcceptReferral", clock, appointment=first.isoformat(), **_BY_EMAIL)
        await clock.days(6)
        await _take(referral, story.operator, "StartReferral", clock, **_BY_EMAIL)
        await helped(story, referral, clock)


async def begun(story: Story, referral: Process, clock: Later) -> None:
    """The partner begins, and does its part."""
    await clock.days(3)
    if await _open(referral, story.operator, "start", clock):
        await _take(referral, story.operator, "StartReferral", clock, **_BY_PHONE)
        await helped(story, referral, clock)


async def helped(story: Story, referral: Process, clock: Later) -> None:
    """The partner tells how it went when asked, and the tenant too."""
    await clock.days(23)
    if await _open(referral, story.operator, "complete", clock):
        await _take(referral, story.operator, "CompleteReferral", clock, **_BY_EMAIL)
        await told_how(story, referral, clock)


async def told_how(story: Story, referral: Process, clock: Later) -> None:
    """The tenant, asked, says whether it helped."""
    await clock.days(4)
    if await _open(referral, story.operator, "record_feedback", clock):
        await _take(referral, story.operator, "RecordFeedback", clock, helped="YES")


# What begins in the months, on cases in charge.


async def asks_a_partner(story: Story, _case: Process, clock: Later) -> None:
    """Referred to a partner, which answers once reminded."""
    await answered(story, await _referred(story, clock), clock)


async def asks_in_vain(story: Story, _case: Process, clock: Later) -> None:
    """No partner ever answers: referent, deputy, then the engine proposes the next; after the last one it climbs."""
    await _referred(story, clock, consent="NETWORK")


async def needs_a_document(story: Story, _case: Process, clock: Later) -> None:
    """Papers are asked for, and brought once the tenant is reminded."""
    await brought(story, await _asked(story, clock), clock)


async def brings_nothing(story: Story, _case: Process, clock: Later) -> None:
    """Papers are asked for, and never come."""
    await _asked(story, clock)


async def applies_in_vain(story: Story, _case: Process, clock: Later) -> None:
    """Applies for a contribution when the funds are spent."""
    await clock.days(2)
    money = await story.open(
        story.operator, "RequestContribution", clock.now,
        tenancy=await story.tenancy(), purpose="RENT", requested="1800.00",
    )  # fmt: skip
    await notified(story, money, clock)


_IN_TURN: Mapping[tuple[str, str], Sequence[GoesOn]] = {
    ("TENANT_CASE", "CONTACTED"): (called_off, convened_again, left_alone),
    ("TENANT_CASE", "CONVENED"): (comes, comes_the_second_time),
    ("TENANT_CASE", "NO_SHOW"): (convened_again, left_alone),
    ("TENANT_CASE", "LISTENED"): (taken_in_charge, taken_in_charge, left_alone),
    ("TENANT_CASE", "IN_CHARGE"): (looked_at, looked_at, looked_at, left_alone),
    ("TENANT_CASE", "MONITORED"): (followed_up, followed_up, left_alone),
    ("TENANT_CASE", "CLOSED"): (asked_after, asked_after, left_alone),
    ("ARREARS_SUPPORT", "CAUSE_ASSESSED"): (agrees, left_alone),
    ("ARREARS_SUPPORT", "PLAN_PROPOSED"): (signs, left_alone),
    ("ARREARS_SUPPORT", "AGREED"): (pays_the_first,),
    ("ARREARS_SUPPORT", "RUNNING"): (pays, pays, misses_a_month, pays, pays, pays, pays),
    ("ARREARS_SUPPORT", "OPENED"): (confirmed_by_the_accounts, left_alone),
    ("MAINTENANCE_RESOLUTION", "REPORTED"): (not_ours, not_ours, looked_into, not_ours, left_alone),
    ("MAINTENANCE_RESOLUTION", "TRIAGED"): (ordered, left_alone),
    ("MAINTENANCE_RESOLUTION", "ORDERED"): (mended, nobody_home, mended, left_alone),
    ("MAINTENANCE_RESOLUTION", "SCHEDULED"): (contractor_came,),
    ("MAINTENANCE_RESOLUTION", "IN_PROGRESS"): (works_end, never_confirmed),
    ("MAINTENANCE_RESOLUTION", "NO_ACCESS"): (mended,),
    ("MAINTENANCE_RESOLUTION", "COMPLETED"): (confirmed, left_alone),
    ("DOCUMENT_PRACTICE", "COLLECTING"): (brought, left_alone),
    ("DOCUMENT_PRACTICE", "CHECKING"): (checked,),
    ("EXTERNAL_REFERRAL", "REQUESTED"): (answered, left_alone),
    ("EXTERNAL_REFERRAL", "ACCEPTED"): (begun,),
    ("EXTERNAL_REFERRAL", "IN_PROGRESS"): (helped, left_alone),
    ("EXTERNAL_REFERRAL", "COMPLETED"): (told_how, left_alone),
}
_BEGIN: Sequence[GoesOn] = (
    asks_a_partner, asks_in_vain, needs_a_document, applies_in_vain, asks_a_partner, brings_nothing, needs_a_document,
)  # fmt: skip
"""What begins on the first cases that are in charge, beside how they go on."""


def hand_out(stories: Iterable[Story]) -> Iterator[tuple[Story, Process, GoesOn]]:
    """Give each process that waits, with how it goes on, and to some cases what begins in the months."""
    turns: dict[tuple[str, str], int] = defaultdict(int)
    begin = list(_BEGIN)
    for story in stories:
        case = getattr(story, "case", None)
        if case is None:
            continue
        for process in (case, *story.tracks):
            ways = _IN_TURN.get((process.kind, process.state), (left_alone,))
            yield story, process, ways[turns[process.kind, process.state] % len(ways)]
            turns[process.kind, process.state] += 1
        if begin and case.state == "IN_CHARGE":
            yield story, case, begin.pop(0)


async def on_leave(office: Office, clock: Later) -> None:
    """An operator is on leave, with a deputy; another one is ill later, with nobody in their place."""
    first, second, third = dict.fromkeys(district.operator for district in office.districts)
    for days, away, deputy in ((10, first, second), (30, third, None)):
        starts = await clock.days(days)
        given: dict[str, Any] = {} if deputy is None else {"deputy": deputy.staff}
        await office.supervisor.tell(
            "RegisterAbsence", starts,
            staff=away.staff, startsOn=clock.today.isoformat(),
            endsOn=(clock.today + timedelta(days=13)).isoformat(), **given,
        )  # fmt: skip


# What they are made of.


async def _take(process: Process, desk: Desk, operation: str, clock: Later, **given: Any) -> None:
    """Take a step that happens now."""
    await process.take(desk, operation, clock.now, occurredAt=None, **given)


async def _open(process: Process, desk: Desk, step: str, clock: Later) -> bool:
    """Read it again, and say whether a step is open: it may have moved on, by the engine too."""
    await process.look(desk, clock.now)
    return process.why_not(step) is None


async def _convene(story: Story, case: Process, clock: Later) -> Stop:
    """Convene somebody for the next stop of their operator."""
    story.stop = story.office.next_stop(clock.working_day(clock.today, later=CONVENED_AHEAD), story.operator)
    slot = story.stop.next_slot()
    await _take(case, story.office.administration, "Convene", clock, stop=story.stop.id, appointment=slot.isoformat())
    return story.stop


async def _pay(story: Story, debt: Process, clock: Later, instalment: Mapping[str, Any]) -> None:
    await clock.on(date.fromisoformat(instalment["dueOn"]))
    if await _open(debt, story.office.administration, "record_payment", clock):
        await _take(debt, story.office.administration, "RecordPayment", clock, amount=instalment["amount"])


def _ahead(debt: Process, clock: Later) -> list[dict[str, Any]]:
    """The instalments that are still to be paid."""
    plan = debt.shown.get("plan")
    return [each for each in plan["instalments"] if date.fromisoformat(each["dueOn"]) >= clock.today] if plan else []


async def _visit_fixed(story: Story, fault: Process, clock: Later) -> None:
    """Fix a morning with the tenant, and let it come."""
    await clock.days(1)
    morning = moment(clock.working_day(clock.today, later=3), time(10))
    await _take(fault, story.office.technician, "ScheduleWorks", clock, appointment=morning.isoformat())
    await clock.at(morning)


async def _referred(story: Story, clock: Later, *, consent: str = "THIS_PARTNER") -> Process:
    """Refer to the service that the engine ranks first."""
    await clock.days(2)
    ranking = await story.operator.ask("MatchingServices", clock.now, case=story.case.id, area="SOCIAL")
    best = next(each["service"]["id"] for each in ranking if not each["excluded"])
    referral = await story.open(story.operator, "DraftReferral", clock.now, service=best, area="SOCIAL")
    if referral.why_not("send") == "LEGAL_BASIS_MISSING":
        await _take(referral, story.operator, "RecordConsent", clock, scope=consent)
    await _take(referral, story.operator, "SendReferral", clock)
    return referral


async def _asked(story: Story, clock: Later) -> Process:
    await clock.days(1)
    practice = await story.open(story.operator, "OpenPractice", clock.now, document="INCOME_REGISTER")
    due = (clock.today + timedelta(days=15)).isoformat()
    await _take(practice, story.office.administration, "AskPapers", clock, titles=_PAPERS, dueOn=due)
    return practice


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
