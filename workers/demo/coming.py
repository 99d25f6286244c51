"""How somebody comes to the mobile office: convened, missed and convened again, on their own, or not at all."""

from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

from workers.demo.client import Desk, Process
from workers.demo.story import Story
from workers.demo.weeks import CONVENED_AHEAD, moment

Coming = Callable[[Story], Awaitable[None]]
"""How somebody comes, up to the interview; its docstring says how."""


async def convened(story: Story, *, misses: int = 0) -> None:
    """The office writes, and the person comes to the appointment; or misses some, and is convened again."""
    await _convene(story)
    for _ in range(misses):
        await _miss(story)
        await _convene_again(story)
    await _meet(story, "CONVENED", "ADDED_TO_CASE")
    await _listen(story)


async def walked_in(story: Story) -> None:
    """The person sees the mobile office and comes over."""
    await _open_at_the_stop(story)
    await _listen(story)


async def reported_a_fault_and_left(story: Story) -> None:
    """The person has no time for an interview; a fault can be taken down all the same."""
    await _open_at_the_stop(story)


async def visited_at_home(story: Story) -> None:
    """The person cannot stay out for long: the operators come to the house."""
    await _open_at_the_stop(story)
    at = story.clock.minutes()
    visit = moment(story.office.weeks.working_day(story.clock.today, later=3), time(10))
    await story.case.take(story.operator, "PlanVisit", at, appointment=visit.isoformat())
    story.clock.at(visit)
    await _meet(story, "FIELD_VISIT", "ADDED_TO_CASE")
    await _listen(story)


async def asked_something(story: Story, *, outcome: str = "INFORMED") -> None:
    """A question that needs no case; or an offer that is turned down."""
    _arrive(story)
    await story.register("VERIFIED")
    await _meet(story, "WALK_IN", outcome)


async def stranger(story: Story) -> None:
    """Somebody asks which bill to pay, and leaves no name: a contact without a person."""
    _arrive(story)
    await _meet(story, "WALK_IN", "INFORMED", note="Chiede quale bollettino pagare per primo.")


async def expected(story: Story) -> None:
    """Convened for a stop to come."""
    await _convene(story)


async def missing(story: Story) -> None:
    """Convened, and did not come; to be convened again."""
    await _convene(story)
    await _miss(story)


async def never_came(story: Story) -> None:
    """Convened as often as the policy lets; then the operators go to the house, and find nobody."""
    await _convene(story)
    await _miss(story)
    while story.case.why_not("convene") != "RECONVOCATIONS_SPENT":
        await _convene_again(story)
        await _miss(story)
    at = story.clock.days(1)
    visit = moment(story.office.weeks.working_day(story.clock.today, later=2), time(11))
    await story.case.take(story.operator, "PlanVisit", at, appointment=visit.isoformat())
    story.clock.at(visit)
    await story.case.take(story.operator, "CloseCase", story.clock.minutes(), outcome="UNREACHABLE")


async def mistaken(story: Story) -> None:
    """Opened on the wrong person: it stays in the history, and out of the reports."""
    await _convene(story)
    await story.case.take(story.office.supervisor, "EnterCaseInError", story.clock.minutes())


# What they are made of.


async def _convene(story: Story) -> None:
    weeks = story.office.weeks
    ahead = weeks.working_day(story.stop.planned.starts_at.date(), later=-CONVENED_AHEAD)
    story.clock.on(min(ahead, weeks.last_working_day))
    await story.register("VERIFIED")
    await _open(story, story.office.administration)
    await _give_appointment(story)


async def _convene_again(story: Story) -> None:
    story.clock.days(1)
    story.stop = story.office.next_stop(story.clock.today, story.operator)
    await _give_appointment(story)


async def _give_appointment(story: Story) -> None:
    slot = story.stop.next_slot()
    await story.case.take(
        story.office.administration, "Convene", story.clock.minutes(), stop=story.stop.id, appointment=slot.isoformat()
    )
    story.clock.at(slot)


async def _miss(story: Story) -> None:
    story.clock.at(story.stop.planned.ends_at)
    await story.case.take(story.operator, "RecordNoShow", story.clock.minutes())


def _arrive(story: Story) -> None:
    """Come over while the mobile office is there."""
    minutes = story.chance.randrange(150)
    story.clock.at(story.stop.planned.starts_at + timedelta(minutes=minutes))


async def _open_at_the_stop(story: Story) -> None:
    _arrive(story)
    await story.register()
    await _open(story, story.operator)
    await _meet(story, "WALK_IN", "CASE_OPENED")


async def _open(story: Story, desk: Desk) -> None:
    at = story.clock.now
    shown = await desk.tell(
        "OpenCase", at,
        newId=str(uuid4()), person=story.id, district=story.district.id, servicePoint=story.office.camper,
        operator=story.operator.staff, occurredAt=at.isoformat(),
    )  # fmt: skip
    story.case = Process(shown)


async def _meet(story: Story, channel: str, outcome: str, *, note: str | None = None) -> None:
    """Write the contact down: it is what the service counts first of all."""
    at = story.clock.minutes()
    contact: dict[str, Any] = {
        "channel": channel,
        "outcome": outcome,
        "servicePoint": story.office.camper,
        "stop": None if channel == "FIELD_VISIT" else story.stop.id,
        "district": story.district.id,
        "person": story.id or None,
        "case": story.case.id if outcome in {"CASE_OPENED", "ADDED_TO_CASE"} else None,
        "minutes": story.chance.randrange(10, 45, 5),
        "note": note,
        "occurredAt": at.isoformat(),
    }
    await story.operator.tell("RecordContact", at, **contact)


async def _listen(story: Story) -> None:
    """The interview; now and then it is the educator's."""
    desk = story.chance.choice((story.operator, story.operator, story.operator, story.office.educator))
    minutes = story.chance.randrange(20, 60, 5)
    needs = [{"area": area} for area in story.areas]
    await story.case.take(desk, "RecordInterview", story.clock.minutes(), needs=needs, minutes=minutes)
