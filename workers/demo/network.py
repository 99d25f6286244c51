"""Referrals to the partners of the network: helped, rejected and taken by the next, not answered, failed, cancelled."""

from datetime import time, timedelta
from typing import Any

from workers.demo.client import Process
from workers.demo.story import Story
from workers.demo.weeks import Clock, moment

_BY_PHONE, _BY_EMAIL = {"how": "PHONE"}, {"how": "EMAIL"}


async def helped(story: Story, clock: Clock) -> None:
    """The partner takes the tenant, does its part, and the tenant says that it helped."""
    referral = await _taken(story, clock, "HEALTH")
    await referral.take(story.operator, "CompleteReferral", clock.days(8), **_BY_EMAIL)
    await referral.take(story.operator, "RecordFeedback", clock.days(3), helped="YES")


async def taken_by_the_next(story: Story, clock: Clock) -> None:
    """The first partner has no places; the consent is for the network, and the next one accepts."""
    referral = await _sent(story, clock, "SOCIAL", consent="NETWORK")
    await referral.take(story.operator, "RejectReferral", clock.days(1), reason="NO_PLACES", **_BY_PHONE)
    service = await _best(story, clock, referral, "SOCIAL")
    await referral.take(story.operator, "ReproposeReferral", clock.days(1), service=service)
    await referral.take(story.operator, "AcceptReferral", clock.days(2), **_BY_EMAIL)


async def not_answered(story: Story, clock: Clock) -> None:
    """No answer in the partner's time; the consent was for that partner alone, so it is asked again for the next."""
    referral = await _sent(story, clock, "ECONOMIC")
    service = await _best(story, clock, referral, "ECONOMIC")
    await referral.take(story.operator, "ReproposeReferral", clock.days(6), service=service)
    if referral.why_not("send") == "LEGAL_BASIS_MISSING":
        await referral.take(story.operator, "RecordConsent", clock.days(1))
    await referral.take(story.operator, "SendReferral", clock.minutes())


async def rejected(story: Story, clock: Clock) -> None:
    """Not the partner's competence; the next one is being looked for."""
    referral = await _sent(story, clock, "ECONOMIC", consent="NETWORK")
    await referral.take(story.operator, "RejectReferral", clock.days(2), reason="NOT_COMPETENT", **_BY_EMAIL)


async def feedback_awaited(story: Story, clock: Clock) -> None:
    """The partner has done its part; the tenant has yet to say whether it helped."""
    referral = await _taken(story, clock, "FAMILY")
    await referral.take(story.operator, "CompleteReferral", clock.days(6), **_BY_EMAIL)


async def in_progress(story: Story, clock: Clock) -> None:
    """The partner has begun."""
    await _taken(story, clock, "FAMILY")


async def on_waiting_list(story: Story, clock: Clock) -> None:
    """The partner accepts, and has a waiting list."""
    referral = await _accepted(story, clock, "HEALTH")
    await referral.take(story.operator, "HoldReferral", clock.days(2), reason="WAITING_LIST", **_BY_PHONE)


async def came_to_nothing(story: Story, clock: Clock) -> None:
    """The tenant does not go."""
    referral = await _accepted(story, clock, "SOCIAL")
    await referral.take(story.operator, "FailReferral", clock.days(7), reason="NO_SHOW", **_BY_EMAIL)


async def consent_withdrawn(story: Story, clock: Clock) -> None:
    """The tenant thinks better of it."""
    referral = await _sent(story, clock, "ECONOMIC")
    await referral.take(story.operator, "CancelReferral", clock.days(1), reason="CONSENT_WITHDRAWN")


async def asked_of_the_partner(story: Story, clock: Clock) -> None:
    """The partner has been asked."""
    await _sent(story, clock, "FAMILY")


async def drafted(story: Story, clock: Clock) -> None:
    """Prepared, while the tenant thinks about the consent."""
    await _drafted(story, clock, "HEALTH")


async def protected(story: Story, clock: Clock) -> None:
    """In danger: the psychologist refers on another basis than consent, and the partner takes over at once."""
    psychologist = story.office.psychologist
    referral = await _drafted(story, clock, "FAMILY")
    await referral.take(
        psychologist, "RecordOtherBasis", clock.minutes(), basis="VITAL_INTEREST", note="Pericolo immediato."
    )
    await referral.take(psychologist, "SendReferral", clock.minutes())
    await referral.take(psychologist, "AcceptReferral", clock.minutes(), **_BY_PHONE)
    await referral.take(psychologist, "StartReferral", clock.days(1), **_BY_PHONE)


async def _best(story: Story, clock: Clock, referral: Process | None, area: str) -> str:
    """Return the service that the engine ranks first for the need, of those that can be proposed."""
    about: dict[str, Any] = {"case": story.case.id, "area": area}
    ranking = await story.operator.ask("MatchingServices", clock.now, **about)
    asked = {referral.shown["service"]["id"]} if referral else set()
    best = next(each for each in ranking if not each["excluded"] and each["service"]["id"] not in asked)
    service: str = best["service"]["id"]
    return service


async def _drafted(story: Story, clock: Clock, area: str) -> Process:
    return await story.open(
        story.operator, "DraftReferral", clock.minutes(), service=await _best(story, clock, None, area), area=area
    )


async def _sent(story: Story, clock: Clock, area: str, *, consent: str = "THIS_PARTNER") -> Process:
    referral = await _drafted(story, clock, area)
    if referral.why_not("send") == "LEGAL_BASIS_MISSING":
        await referral.take(story.operator, "RecordConsent", clock.minutes(), scope=consent)
    await referral.take(story.operator, "SendReferral", clock.minutes())
    return referral


async def _accepted(story: Story, clock: Clock, area: str) -> Process:
    referral = await _sent(story, clock, area)
    at = clock.days(2)
    first_meeting = moment(clock.weeks.working_day(clock.today + timedelta(days=5)), time(15))
    await referral.take(story.operator, "AcceptReferral", at, appointment=first_meeting.isoformat(), **_BY_EMAIL)
    return referral


async def _taken(story: Story, clock: Clock, area: str) -> Process:
    referral = await _accepted(story, clock, area)
    await referral.take(story.operator, "StartReferral", clock.days(5), **_BY_EMAIL)
    return referral
