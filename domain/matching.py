"""Which partner's service a need is best referred to: pure, in a stable order, and explained (DOMAIN section 3).

The directory's words are Open Referral HSDS's: status, area, `assured_date`, ages, languages.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.choices import Choice
from domain.fields import Day, DistrictId, PartnerServiceId
from domain.tenant_case import Fragility


class ServiceStatus(Choice):
    """Whether a service can be had (HSDS `status`)."""

    ACTIVE = "Attivo", "Active"
    INACTIVE = "Non attivo", "Inactive"
    DEFUNCT = "Cessato", "Defunct"
    TEMPORARILY_CLOSED = "Chiuso temporaneamente", "Temporarily closed"


class MatchReason(Choice):
    """Why a service stands where it does: `points` for or against it, or None if it cannot be proposed at all."""

    SAME_DISTRICT = "Opera nel quartiere", "Works in the district", 4
    WHOLE_AREA = "Opera ovunque", "Works everywhere", 2
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
class ServiceOffer:
    """A partner's service as the directory has it.

    `districts` empty is everywhere. `languages` are ISO 639 codes. `free_places` None is unknown. Ages are in years,
    included. `needs_phone`: it can only be reached by phone. `assured_on`: when the entry was last confirmed.
    """

    service: PartnerServiceId
    area: Fragility
    status: ServiceStatus = ServiceStatus.ACTIVE
    districts: Collection[DistrictId] = ()
    languages: Collection[str] = ()
    free_places: int | None = None
    minimum_age: int | None = None
    maximum_age: int | None = None
    needs_phone: bool = False
    assured_on: Day | None = None


@dataclass(frozen=True, kw_only=True)
class Seeker:
    """The need, and what is known of the person who has it.

    `languages` are those spoken (ISO 639; empty if unknown), `age` is in years, `tried` the services asked already.
    """

    area: Fragility
    district: DistrictId | None = None
    languages: Collection[str] = ()
    age: int | None = None
    has_phone: bool = True
    tried: Collection[PartnerServiceId] = ()


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A service in its place: higher `score` first; `excluded` ones come last, and cannot be proposed."""

    service: PartnerServiceId
    score: int
    excluded: bool
    reasons: tuple[MatchReason, ...]


def rank(offers: Sequence[ServiceOffer], seeker: Seeker, *, on: Day, assured_days: int) -> list[Ranked]:
    """Return every service, the best first; equal ones in the order of their ids.

    `assured_days`: for how many days after it was last confirmed an entry counts as fresh on the day `on`.
    """
    ranked = [_ranked(offer, tuple(_reasons(offer, seeker, on - timedelta(days=assured_days)))) for offer in offers]
    return sorted(ranked, key=lambda each: (each.excluded, -each.score, str(each.service)))


def _ranked(offer: ServiceOffer, reasons: tuple[MatchReason, ...]) -> Ranked:
    return Ranked(
        service=offer.service,
        score=sum(reason.points or 0 for reason in reasons),
        excluded=any(reason.points is None for reason in reasons),
        reasons=reasons,
    )


def _reasons(offer: ServiceOffer, seeker: Seeker, fresh_from: Day) -> Iterator[MatchReason]:
    if offer.status is not ServiceStatus.ACTIVE:
        yield MatchReason.NOT_ACTIVE
    if offer.area is not seeker.area:
        yield MatchReason.OTHER_AREA
    if offer.service in seeker.tried:
        yield MatchReason.TRIED
    if seeker.age is not None and not (offer.minimum_age or 0) <= seeker.age <= (offer.maximum_age or seeker.age):
        yield MatchReason.AGE_OUTSIDE
    if not offer.districts:
        yield MatchReason.WHOLE_AREA
    elif seeker.district is not None:
        yield MatchReason.SAME_DISTRICT if seeker.district in offer.districts else MatchReason.OTHER_DISTRICT
    if seeker.languages and offer.languages:
        spoken = not set(seeker.languages).isdisjoint(offer.languages)
        yield MatchReason.LANGUAGE_SPOKEN if spoken else MatchReason.LANGUAGE_NOT_SPOKEN
    if offer.free_places is None:
        yield MatchReason.PLACES_UNKNOWN
    else:
        yield MatchReason.FREE_PLACES if offer.free_places else MatchReason.FULL
    if not seeker.has_phone:
        yield MatchReason.PHONE_NEEDED if offer.needs_phone else MatchReason.NO_PHONE_NEEDED
    if offer.assured_on is None or offer.assured_on < fresh_from:
        yield MatchReason.STALE
