"""Partner services in the order in which they are proposed, each with why."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fields import DistrictId, PartnerId, PartnerServiceId
from domain.matching import Candidate, MatchReason, Ranked, Seeker, rank
from domain.partner import Partner, PartnerKind, PartnerService, PartnerStatus, ReferralChannel
from domain.register import Person
from domain.tenant_case import Fragility

TODAY = date(2026, 3, 2)
NEAR, FAR = DistrictId(UUID(int=1)), DistrictId(UUID(int=2))
AMINA = Person(languages=("ar", "fr"), born_on=date(2008, 3, 3), phone="+39 333 0000000")
NEED = Seeker(area=Fragility.HEALTH, person=AMINA, district=NEAR)


def candidate(number: int, *, status: Any = PartnerStatus.ACTIVE, assured_on: Any = TODAY, **service: Any) -> Candidate:
    """A service for health needs everywhere, unless told otherwise."""
    offered: dict[str, Any] = {"name": "Ambulatorio", "area": Fragility.HEALTH, "channel": ReferralChannel.EMAIL}
    partner = Partner(name="Ente", kind=PartnerKind.HEALTH, status=status, assured_on=assured_on)
    return Candidate(
        id=PartnerServiceId(UUID(int=number)),
        service=PartnerService(partner=PartnerId(UUID(int=9)), **offered | service),
        partner=partner,
    )


def ranked(*candidates: Candidate, seeker: Seeker = NEED) -> list[Ranked]:
    return rank(candidates, seeker, on=TODAY, assured_days=180)


def one(found: Candidate, seeker: Seeker = NEED) -> Ranked:
    return ranked(found, seeker=seeker)[0]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(candidate(1, status=PartnerStatus.DEFUNCT), MatchReason.NOT_ACTIVE, id="partner"),
        pytest.param(
            replace(candidate(1), service=replace(candidate(1).service, status=PartnerStatus.TEMPORARILY_CLOSED)),
            MatchReason.NOT_ACTIVE,
            id="service",
        ),
        pytest.param(candidate(1, area=Fragility.FAMILY), MatchReason.OTHER_AREA, id="area"),
        pytest.param(candidate(1, districts=(FAR,)), MatchReason.OTHER_DISTRICT, id="district"),
        pytest.param(candidate(1, minimum_age=18), MatchReason.AGE_OUTSIDE, id="a day too young"),
        pytest.param(candidate(1, maximum_age=16), MatchReason.AGE_OUTSIDE, id="too old"),
    ],
)
def test_what_cannot_be_proposed_says_why(found: Candidate, reason: MatchReason) -> None:
    """And stands last, however good it is otherwise."""
    excluded = one(found)
    assert excluded.excluded
    assert reason in excluded.reasons
    assert reason.points is None
    assert [each.excluded for each in ranked(found, candidate(2, free_places=0, assured_on=None))] == [False, True]


def test_a_service_is_not_proposed_twice() -> None:
    found = candidate(1)
    assert MatchReason.TRIED in one(found, replace(NEED, tried=(found.id,))).reasons


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        ({"districts": (NEAR, FAR)}, {}, MatchReason.SAME_DISTRICT),
        ({}, {"languages": ("it",)}, MatchReason.EVERY_DISTRICT),
        ({"languages": ("fr", "it")}, {}, MatchReason.LANGUAGE_SPOKEN),
        ({"free_places": 1}, {}, MatchReason.FREE_PLACES),
        ({}, {"free_places": 0}, MatchReason.PLACES_UNKNOWN),
        ({"assured_on": TODAY - timedelta(days=180)}, {"assured_on": TODAY - timedelta(days=181)}, None),
    ],
)
def test_what_suits_the_need_comes_first(
    better: dict[str, Any], worse: dict[str, Any], why: MatchReason | None
) -> None:
    """Whichever id is smaller; the reasons that count for it are told."""
    first, second = ranked(candidate(1, **worse), candidate(2, **better))
    assert first.id == UUID(int=2)
    assert first.score > second.score
    assert why is None or why in first.reasons


def test_who_has_no_phone_is_sent_where_none_is_needed() -> None:
    by_phone, by_mail = candidate(1, channel=ReferralChannel.PHONE), candidate(2)
    unreachable = replace(NEED, person=replace(AMINA, phone=None))
    assert [each.id for each in ranked(by_phone, by_mail)] == [by_phone.id, by_mail.id]
    assert [each.id for each in ranked(by_phone, by_mail, seeker=unreachable)] == [by_mail.id, by_phone.id]


def test_what_is_not_known_of_a_person_excludes_nothing() -> None:
    """A stranger is nobody's fault: no age, no language, no district."""
    stranger = Seeker(area=Fragility.HEALTH, person=Person())
    assert not one(candidate(1, minimum_age=18, districts=(FAR,), languages=("it",)), stranger).excluded


offers = st.builds(
    candidate,
    st.integers(1, 30),
    status=st.sampled_from(PartnerStatus),
    assured_on=st.none() | st.dates(date(2025, 1, 1), TODAY),
    area=st.sampled_from(Fragility),
    districts=st.sampled_from([(), (NEAR,), (FAR,)]),
    languages=st.sampled_from([(), ("ar",), ("it",)]),
    free_places=st.none() | st.integers(0, 3),
    minimum_age=st.none() | st.integers(0, 60),
    maximum_age=st.none() | st.integers(0, 60),
)


@given(st.lists(offers, max_size=8, unique_by=lambda each: each.id), st.randoms())
def test_the_order_is_the_same_however_the_directory_was_read(found: list[Candidate], chance: Any) -> None:
    """Every service is there once; its score is the sum of its reasons."""
    ordered = ranked(*found)
    chance.shuffle(found)
    assert ranked(*found) == ordered
    assert sorted(each.id for each in ordered) == sorted(each.id for each in found)
    for each in ordered:
        assert each.score == sum(reason.points or 0 for reason in each.reasons)
        assert each.excluded == (None in {reason.points for reason in each.reasons})
