"""Who lives what: the published figures filled with stories, those that take longest at the first stops."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from workers.demo import arrears, coming, faults, journeys, network, papers, people
from workers.demo.coming import Coming
from workers.demo.journeys import Course
from workers.demo.office import Office, Stop
from workers.demo.story import Story, Track
from workers.demo.weeks import OFFICE_OPENS, Clock, moment


@dataclass(kw_only=True)
class Part:
    """What one person lives: how they come, `when` (0 at the first stop, 1 at the last), what for, what becomes of it.

    Without a `course` there is no case, or nothing more than how they come.
    """

    comes: Coming
    when: float
    course: Course | None = journeys.carried
    tracks: list[Track] = field(default_factory=list)


# In the order in which they are handed out, from the first stop to the last; what is left of a published figure is
# filled with the last one.
_ARREARS: Sequence[Track] = (
    arrears.settled, arrears.settled, arrears.breached_and_renegotiated, arrears.escalated,
    arrears.helped_by_contribution, arrears.helped_by_contribution, arrears.breached_and_renegotiated, arrears.kept,
    arrears.settled_early, arrears.helped_by_contribution, arrears.breach_declared, arrears.recalculated,
    arrears.bill_paid_beside, arrears.not_owed, arrears.kept, arrears.kept, arrears.plan_on_the_table, arrears.kept,
    arrears.disputed, arrears.first_payment_awaited, arrears.settled_early, arrears.cause_assessed, arrears.kept,
    arrears.kept, arrears.plan_on_the_table, arrears.kept, arrears.cause_assessed, arrears.kept,
    arrears.plan_on_the_table, arrears.figure_confirmed, arrears.disputed, arrears.plan_on_the_table,
    arrears.figure_awaited, arrears.cause_assessed, arrears.figure_awaited,
)  # fmt: skip
_FAULTS: Sequence[Track] = (
    faults.mended, faults.mended_at_last, faults.mended_the_second_time, faults.lift, faults.mended,
    faults.condominium, faults.nobody_home, faults.lift_again, faults.mended, faults.lift_again, faults.mended,
    faults.condominium, faults.mended, faults.mended, faults.waits_for_material, faults.mended, faults.mended,
    faults.condominium, faults.mended, faults.works_done, faults.mended, faults.mended, faults.condominium,
    faults.mended, faults.ordered, faults.mended, faults.waits_for_material, faults.condominium, faults.mended,
    faults.ordered, faults.works_done, faults.mended, faults.triaged, faults.works_begun, faults.condominium,
    faults.mended, faults.ordered, faults.contractor_comes, faults.triaged, faults.ordered, faults.triaged,
    faults.reported, faults.ordered, faults.contractor_comes, faults.triaged, faults.ordered, faults.reported,
    faults.triaged, faults.ordered, faults.reported, faults.triaged, faults.ordered, faults.contractor_comes,
    faults.triaged, faults.reported,
)  # fmt: skip
_PAPERS: Sequence[Track] = (
    papers.issued_after_another_paper, papers.issued, papers.refused, papers.issued, papers.withdrawn, papers.issued,
    papers.issued, papers.being_checked, papers.papers_awaited,
)  # fmt: skip
_REFERRALS: Sequence[Track] = (
    network.helped, network.taken_by_the_next, network.not_answered, network.came_to_nothing, network.helped,
    network.consent_withdrawn, network.feedback_awaited, network.rejected, network.on_waiting_list,
    network.in_progress, network.asked_of_the_partner, network.drafted,
)  # fmt: skip

_CONVENED: Sequence[Part] = (
    Part(comes=coming.convened, when=0, course=journeys.closed_and_followed_up, tracks=[papers.certificate]),
    Part(comes=partial(coming.convened, misses=2), when=0, tracks=[faults.mended]),
    Part(comes=partial(coming.convened, misses=1), when=0.1, tracks=[arrears.kept]),
    Part(comes=partial(coming.convened, misses=1), when=0.3, tracks=[faults.ordered]),
    Part(comes=coming.convened, when=0.2, course=journeys.paused, tracks=[arrears.cause_assessed]),
    Part(comes=coming.convened, when=0.4, course=journeys.handed_over, tracks=[arrears.plan_on_the_table]),
    Part(comes=coming.convened, when=0.3, course=journeys.in_danger, tracks=[network.protected]),
    Part(comes=coming.convened, when=0.2, tracks=[arrears.utilities_paid, faults.reported_by_mistake]),
    Part(comes=coming.convened, when=0.9, tracks=[arrears.utilities_paid]),
    Part(comes=coming.convened, when=1, tracks=[arrears.utilities_paid]),
)
"""Of those convened, the ones of whom more is to be told."""

_WALK_INS: Sequence[Part] = (
    Part(comes=coming.walked_in, when=0, course=journeys.reopened, tracks=[faults.mended, faults.triaged]),
    Part(comes=coming.visited_at_home, when=0.3, tracks=[faults.mended]),
    Part(comes=coming.visited_at_home, when=1, course=None),
    *(
        Part(comes=coming.reported_a_fault_and_left, when=when, course=journeys.only_reported, tracks=[fault])
        for when, fault in (
            (0.4, faults.condominium),
            (0.6, faults.ordered),
            (0.8, faults.triaged),
            (1, faults.reported),
        )
    ),
    *(Part(comes=coming.asked_something, when=each / 12, course=None) for each in range(12)),
    Part(comes=partial(coming.asked_something, outcome="DECLINED"), when=0.5, course=None),
)
"""Of those who come on their own."""

_NOT_COUNTED: Sequence[Part] = (
    *(Part(comes=coming.stranger, when=when, course=None) for when in (0.1, 0.5, 0.9)),
    *(Part(comes=coming.expected, when=2, course=None) for _ in range(3)),
    *(Part(comes=coming.missing, when=1, course=None) for _ in range(2)),
    Part(comes=coming.never_came, when=0, course=None),
    Part(comes=coming.mistaken, when=0.5, course=None),
)
"""Whom nobody has met by name: they are in the case lists, and not among the registered."""

_OF_NO_FIGURE: Collection[Track] = {arrears.utilities_paid, faults.reported_by_mistake}
"""No debt to the agency; entered in error, and so out of the reports."""

_AREAS: Mapping[str, str] = {
    arrears.__name__: "ECONOMIC",
    faults.__name__: "HOUSING",
    papers.__name__: "SOCIAL",
    network.__name__: "HEALTH",
}


def cast(office: Office, figures: Mapping[str, int]) -> list[tuple[Story, Part]]:
    """Return everybody's story and part, so that the engine must count the figures."""
    parts = [
        *_filled_with(coming.convened, _CONVENED, figures["convened"]),
        *_filled_with(coming.walked_in, _WALK_INS, figures["walk_ins"]),
    ]
    ordinary = sorted((part for part in parts if part.course is journeys.carried), key=lambda part: part.when)
    open_to_more = [part for part in ordinary if not part.tracks]
    told = [track for part in parts for track in part.tracks]
    for stories, module, figure, shift in (
        (_ARREARS, arrears, "arrears_cases", 0.2),
        (_FAULTS, faults, "maintenance_reports", 0.6),
        (_PAPERS, papers, "document_practices", 0.9),
    ):
        counted = [track for track in told if track.__module__ == module.__name__ and track not in _OF_NO_FIGURE]
        _hand_out(_filled(stories, figures[figure] - len(counted)), open_to_more, shift)
    _hand_out(_REFERRALS, open_to_more[: len(open_to_more) * 3 // 4], 0.4)
    for number, part in enumerate(part for part in open_to_more if not part.tracks):
        part.course = journeys.heard if number % 4 else journeys.declined
    invented = people.invented()
    return [
        (_story(office, next(invented), part, number), part)
        for number, part in enumerate([*sorted(parts, key=lambda part: part.when), *_NOT_COUNTED])
    ]


def _filled_with(comes: Coming, special: Sequence[Part], number: int) -> Iterator[Part]:
    """Yield the special parts, fresh, and ordinary ones up to that number, spread over the weeks."""
    for part in special:
        yield Part(comes=part.comes, when=part.when, course=part.course, tracks=[*part.tracks])
    ordinary = number - len(special)
    for each in range(ordinary):
        yield Part(comes=comes, when=each / ordinary)


def _filled(stories: Sequence[Track], number: int) -> Sequence[Track]:
    if number < len(stories):
        raise ValueError(f"{len(stories)} stories do not fit into a figure of {number}")
    return [*stories, *[stories[-1]] * (number - len(stories))]


def _hand_out(tracks: Sequence[Track], parts: Sequence[Part], shift: float) -> None:
    """Give the tracks to parts evenly, in the order of both; `shift` keeps different lists apart."""
    for number, track in enumerate(tracks):
        parts[int((number + shift) * len(parts) / len(tracks))].tracks.append(track)


def _story(office: Office, person: people.Person, part: Part, number: int) -> Story:
    chance = Random(people.SEED * 1000 + number)  # noqa: S311  invented, not secret
    stop = _stop(office, part.when)
    areas = {_AREAS[track.__module__] for track in part.tracks} or {chance.choice(("SOCIAL", "FAMILY", "HEALTH"))}
    return Story(
        office=office,
        person=person,
        district=stop.district,
        stop=stop,
        chance=chance,
        clock=Clock(office.weeks, chance, moment(office.weeks.days[0], OFFICE_OPENS)),
        areas=sorted(areas),
    )


def _stop(office: Office, when: float) -> Stop:
    past = [stop for stop in office.stops if not office.weeks.over(stop.planned.starts_at)]
    return office.stops[len(past)] if when > 1 else past[min(int(when * len(past)), len(past) - 1)]
