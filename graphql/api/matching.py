"""Which partner's service to turn to, in GraphQL: all that there are for a need, ranked, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Annotated, Any, ForwardRef

import strawberry

from api.connections import read_filter
from api.context import Info
from api.derive import Fields, enum, make, resolved
from api.register import RegisterNode
from domain.external_referral import ExternalReferral
from domain.fields import Day, DistrictId, ProcessId, local_day
from domain.matching import MatchReason, Seeker, rank
from domain.partner import Age
from domain.process import Process
from domain.register import Person, Tongue
from domain.tenant_case import Fragility
from store.matching import candidates, seeker_of
from store.scope import require


@dataclass(frozen=True, kw_only=True)
class Need:
    """What is needed and by whom: somebody with a case, or somebody in a district, of a language, of an age."""

    area: Fragility
    case: ProcessId | None = None
    district: DistrictId | None = None
    language: Tongue | None = None
    age: Age | None = None


@dataclass(frozen=True)
class Ranking:
    """A service in its place."""

    service: RegisterNode
    score: int
    excluded: bool
    reasons: Sequence[MatchReason]


def _code(self: MatchReason) -> str:
    return self.name


def _label(self: MatchReason, info: Info) -> str:
    return self.label.text(info.context.language)


def _points(self: MatchReason) -> int | None:
    return self.points


_REASON = make(
    "MatchReason",
    {
        "code": resolved(str, _code),
        "label": resolved(str, _label, description="In the caller's language."),
        "points": resolved(int | None, _points, description="For it or against it; null if it rules the service out."),
    },
    description="Why a service stands where it does.",
)
_RANKED = make(
    "RankedService",
    {
        "service": (ForwardRef("PartnerService"), strawberry.field()),
        "score": (int, strawberry.field(description="The higher, the better.")),
        "excluded": (bool, strawberry.field(description="Whether it cannot be proposed at all; those come last.")),
        "reasons": (list[_REASON], strawberry.field(description="What the score is made of.")),  # type: ignore[valid-type]
    },
    description="A partner's service in its place for a need.",
)


async def _matching(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    area: Annotated[enum(Fragility), strawberry.argument(description="The area of the need.")],  # type: ignore[valid-type]
    case: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="Whose person it is for; what was proposed in it already is excluded."),
    ] = None,
    district: Annotated[
        strawberry.ID | None, strawberry.argument(description="Where, if not where the case is.")
    ] = None,
    language: Annotated[str | None, strawberry.argument(description="ISO 639, if not the person's.")] = None,
    age: Annotated[int | None, strawberry.argument(description="In years, if not the person's.")] = None,
) -> list[Ranking]:
    asked = SimpleNamespace(area=area, case=case, district=district, language=language, age=age)
    need, context = read_filter(Need, asked, path=()), info.context
    today = local_day(context.now)
    async with context.reading() as connection:
        known = await candidates(connection, need.area)
        seeker = _seeker(need, today)
        if need.case:
            await require(connection, [(("case",), Process.__name__, need.case)], scope=context.identity)
            there = await seeker_of(connection, need.case, need.area)
            seeker = _seeker(need, today, there)
        policy = await context.services.policies.in_force(connection)
    assured_days = policy.limits(ExternalReferral).assured_days
    entries = {candidate.id: entry for candidate, entry in known}
    ranked = rank([candidate for candidate, _ in known], seeker, on=today, assured_days=assured_days)
    return [
        Ranking(RegisterNode(entries[each.id]), score=each.score, excluded=each.excluded, reasons=each.reasons)
        for each in ranked
    ]


def _seeker(need: Need, today: Day, known: Seeker | None = None) -> Seeker:
    """Return who needs it, as far as that is known; what is given takes the place of what is stored."""
    # Of somebody unknown it is not known either that they have no telephone.
    person = known.person if known else Person(phone="0")
    if need.language:
        person = replace(person, languages=(need.language,))
    if need.age is not None:
        person = replace(person, born_on=today.replace(year=today.year - need.age, day=min(today.day, 28)))
    district = need.district or (known.district if known else None)
    return Seeker(area=need.area, person=person, district=district, tried=known.tried if known else ())


QUERIES: Fields = {
    "matching_services": resolved(
        list[_RANKED],  # type: ignore[valid-type]
        _matching,
        description="The services of partners for a need, the best first, each with the reasons for its place.",
    )
}
"""The query, by Python name."""
