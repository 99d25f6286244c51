"""What becomes of a case: carried to its end, paused, handed over, closed and followed up, reopened."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from workers.demo.coming import Coming
from workers.demo.story import Story, Track
from workers.demo.weeks import Clock, WeeksOver

Course = Callable[[Story, Sequence[Track]], Awaitable[None]]
"""What becomes of the case, beside and after what is done for the person's needs."""

FOLLOW_UP = timedelta(days=30)
"""The policy's interval."""


async def live(story: Story, coming: Coming, course: Course | None, tracks: Sequence[Track]) -> None:
    """Live one story, as far as the weeks go."""
    with suppress(WeeksOver):
        await coming(story)
        if course:
            await course(story, tracks)


async def carried(story: Story, tracks: Sequence[Track]) -> None:
    """Taken in charge; closed once its tracks have ended, monitored once nothing waits for the agency."""
    await _in_charge(story, tracks)
    await _review(story)


async def only_reported(story: Story, tracks: Sequence[Track]) -> None:
    """There was no interview yet: the case stays at the first contact."""
    await _follow(story, tracks)


async def heard(story: Story, tracks: Sequence[Track]) -> None:
    """Somebody to talk to was all that it took."""
    await _follow(story, tracks)
    await story.case.take(story.operator, "CloseCase", story.clock.days(2), outcome="RESOLVED")


async def declined(story: Story, _tracks: Sequence[Track]) -> None:
    """The person wants no help."""
    await story.case.take(story.operator, "CloseCase", story.clock.minutes(), outcome="DECLINED")


async def closed_and_followed_up(story: Story, tracks: Sequence[Track]) -> None:
    """Closed, and asked after a month how it goes."""
    await _in_charge(story, tracks)
    await story.case.take(story.operator, "CloseCase", story.clock.days(1), outcome="RESOLVED")
    a_month_later = story.clock.on(story.clock.today + FOLLOW_UP)
    await story.case.take(story.operator, "FollowUp", a_month_later, note="Tutto a posto, ha il certificato.")


async def reopened(story: Story, tracks: Sequence[Track]) -> None:
    """Closed, and taken up again for what comes next."""
    first, *others = tracks
    await _in_charge(story, [first])
    await story.case.take(story.operator, "CloseCase", story.clock.days(1), outcome="RESOLVED")
    await story.case.take(story.operator, "ReopenCase", story.clock.days(5), note="Torna con un altro guasto.")
    await _follow(story, others)


async def paused(story: Story, tracks: Sequence[Track]) -> None:
    """The tenant goes into hospital: nothing is expected for a while."""
    await _in_charge(story, tracks)
    until = (story.office.weeks.until + timedelta(days=20)).isoformat()
    await story.case.take(story.operator, "PauseCase", story.clock.days(1), until=until, reason="HOSPITAL")
    told = "Ha chiamato la figlia: ricovero in ospedale, tornerà a casa tra un mese."
    await story.operator.tell("AddNote", story.clock.now, process=story.case.id, text=told)


async def in_danger(story: Story, tracks: Sequence[Track]) -> None:
    """Violence at home: everybody sees at once that a person must act, and one does; a protected place is found."""
    await story.case.take(story.operator, "SetUrgency", story.clock.minutes(), urgency="DANGER")
    await story.case.take(story.operator, "RecordInterview", story.clock.minutes(), minutes=30)
    await _in_charge(story, tracks)
    await story.case.take(story.operator, "SetUrgency", story.clock.days(1), urgency="URGENT")
    await _review(story)


async def handed_over(story: Story, tracks: Sequence[Track]) -> None:
    """The educator takes the case over, and carries it."""
    await _in_charge(story, tracks)
    educator = story.office.educator.staff
    await story.case.take(story.operator, "HandOverCase", story.clock.days(1), operator=educator)
    await _review(story)


# What they are made of.


async def _in_charge(story: Story, tracks: Sequence[Track]) -> None:
    """Take the case in charge, while its tracks are opened and go their ways."""
    await _follow(story, [_take_charge, *tracks])
    if story.case.state != "IN_CHARGE":
        raise WeeksOver


async def _take_charge(story: Story, clock: Clock) -> None:
    await story.case.take(story.operator, "TakeCharge", clock.days(2))


async def _follow(story: Story, tracks: Sequence[Track]) -> None:
    """Go all the ways beside each other, each as far as the weeks let it; the story is then where the last one is."""
    clocks = [story.clock.fork() for _ in tracks]
    async with asyncio.TaskGroup() as group:
        for track, clock in zip(tracks, clocks, strict=True):
            group.create_task(_go(story, track, clock))
    story.clock.at(max((clock.now for clock in clocks), default=story.clock.now))


async def _go(story: Story, track: Track, clock: Clock) -> None:
    with suppress(WeeksOver):
        await track(story, clock)


async def _review(story: Story) -> None:
    """Look at the case before the weeks end: close it, or keep an eye on it, if the engine says that it can be."""
    at = story.clock.days_at_most(2)
    await story.case.look(story.operator, at)
    if not story.case.why_not("close"):
        await story.case.take(story.operator, "CloseCase", at, outcome=story.outcome)
    elif not story.case.why_not("monitor"):
        await story.case.take(story.operator, "MonitorCase", at)
        a_month_later = story.clock.on(story.clock.today + FOLLOW_UP)
        await story.case.take(story.operator, "FollowUp", a_month_later)
