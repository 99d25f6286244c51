"""Which partner's service a need is best referred to: pure, in a stable order, and explained (DOMAIN section 3)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.choices import Choice
from domain.fields import Day, DistrictId, PartnerServiceId
from domain.partner import Partner, PartnerService, PartnerStatus, ReferralChannel
from domain.register import Person
from domain.tenant_case import Fragility


class MatchReason(Choice):
    """Why a service stands where it does: `points` for or against it, or None if it cannot be proposed at all."""

    SAME_DISTRICT = "Opera nel quartiere", "Works in the district", 4
    EVERY_DISTRICT = "Opera in ogni quartiere", "Works in every district", 2
    LANGUAGE_SPOKEN = "Parla la lingua dell'inquilino", "Speaks the tenant's language", 3
    LANGUAGE_NOT_SPOKEN = "Non parla la lingua dell'inquilino", "Does not speak the tenant's language", -2
    FREE_PLACES = "Ha posti liberi", "Has free places", 3
    PLACES_UNKNOWN = "Posti liberi non noti", "Free places not known", 0
    FULL = "Nessun posto libero", "No free places", -4
    NO_PHONE_NEEDED = "Raggiungibile senza telefono", "Can be reached without a phone", 2
    PHONE_NEEDED = "Raggiungibile solo per telefono", "Can only be reached by phone", -2
    STALE = "Informazioni non aggiornate", "Information not up to date", -1
    NOT_ACTIVE = "Servizio non attivo", "Service not active", None
    OTHER_AREA = "Non risponde a questo bisogno", "Not for this need", None
    OTHER_DISTRICT = "Non opera nel quartiere", "Does not work in the district", None
    AGE_OUTSIDE = "Età non ammessa", "Age not admitted", None
    TRIED = "Già proposto", "Proposed already", None

    points: int | None

    def __init__(self, _it: str, _en: str, points: int | None) -> None:
        self.points = points


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A service of the directory, with the partner that offers it."""

    id: PartnerServiceId
    service: PartnerService
    partner: Partner


@dataclass(frozen=True, kw_only=True)
class Seeker:
    """The need, who has it and where, and the services that were asked already."""

    area: Fragility
    person: Person
    district: DistrictId | None = None
    tried: Collection[PartnerServiceId] = ()


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A service in its place: higher `score` first; `excluded` ones come last, and cannot be proposed."""

    id: PartnerServiceId
    score: int
    excluded: bool
    reasons: tuple[MatchReason, ...]


def rank(candidates: Sequence[Candidate], seeker: Seeker, *, on: Day, assured_days: int) -> list[Ranked]:
    """Return every service, the best first; equal ones in the order of their ids.

    `assured_days`: for how many days after it was last assured an entry counts as fresh on the day `on`.
    """
    fresh_from = on - timedelta(days=assured_days)
    ranked = [
        _ranked(each.id, (*_obstacles(each, seeker, on), *_merits(each, seeker, fresh_from))) for each in candidates
    ]
    return sorted(ranked, key=lambda each: (each.excluded, -each.score, str(each.id)))


def _ranked(service: PartnerServiceId, reasons: tuple[MatchReason, ...]) -> Ranked:
    return Ranked(
        id=service,
        score=sum(reason.points or 0 for reason in reasons),
        excluded=any(reason.points is None for reason in reasons),
        reasons=reasons,
    )


def _obstacles(candidate: Candidate, seeker: Seeker, on: Day) -> Iterator[MatchReason]:
    service, born_on = candidate.service, seeker.person.born_on
    if {service.status, candidate.partner.status} != {PartnerStatus.ACTIVE}:
        yield MatchReason.NOT_ACTIVE
    if service.area is not seeker.area:
        yield MatchReason.OTHER_AREA
    if candidate.id in seeker.tried:
        yield MatchReason.TRIED
    if born_on and not _admitted(service, _age(born_on, on)):
        yield MatchReason.AGE_OUTSIDE
    if service.districts and seeker.district and seeker.district not in service.districts:
        yield MatchReason.OTHER_DISTRICT


def _merits(candidate: Candidate, seeker: Seeker, fresh_from: Day) -> Iterator[MatchReason]:
    service, partner, person = candidate.service, candidate.partner, seeker.person
    if seeker.district in service.districts:
        yield MatchReason.SAME_DISTRICT
    if not service.districts:
        yield MatchReason.EVERY_DISTRICT
    if person.languages and service.languages:
        spoken = not set(person.languages).isdisjoint(service.languages)
        yield MatchReason.LANGUAGE_SPOKEN if spoken else MatchReason.LANGUAGE_NOT_SPOKEN
    if service.free_places is None:
        yield MatchReason.PLACES_UNKNOWN
    else:
        yield MatchReason.FREE_PLACES if service.free_places else MatchReason.FULL
    if not person.phone:
        by_phone = service.channel is ReferralChannel.PHONE
        yield MatchReason.PHONE_NEEDED if by_phone else MatchReason.NO_PHONE_NEEDED
    if partner.assured_on is None or partner.assured_on < fresh_from:
        yield MatchReason.STALE


def _age(born_on: Day, on: Day) -> int:
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def _admitted(service: PartnerService, age: int) -> bool:
    oldest = age if service.maximum_age is None else service.maximum_age
    return (service.minimum_age or 0) <= age <= oldest
