"""The directory of partners, in the words of Open Referral HSDS 3.x: who they are, what they offer, whom to call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.choices import Choice
from domain.fields import Count, Day, Line, PartnerId, ReferentId, ShortText, like
from domain.register import MANAGERS, Districts, Email, Phone, Tongues
from domain.registered import Registered, happened, in_order
from domain.roles import FIELD, OFFICE
from domain.tenant_case import Fragility

Age = Annotated[int, Field(ge=0, le=120)]
"""Years."""

Recurrence = Annotated[
    Line,
    like(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[A-Z0-9,+-]+)*", "a rule looks like FREQ=WEEKLY;BYDAY=MO,TH"),
]
"""Opening days as an RFC 5545 rule: `FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=9`."""


class PartnerKind(Choice):
    """What kind of body a partner is."""

    PUBLIC_BODY = "Ente pubblico", "Public body"
    SOCIAL_SERVICES = "Servizi sociali", "Social services"
    HEALTH = "Ente sanitario", "Health body"
    ASSOCIATION = "Associazione", "Association"
    CHARITY = "Ente caritativo", "Charity"
    COOPERATIVE = "Cooperativa", "Cooperative"
    ANTI_VIOLENCE = "Centro antiviolenza", "Anti-violence centre"
    OTHER = "Altro", "Other"


class PartnerStatus(Choice):
    """Whether a partner, or one of its services, can be turned to (HSDS `status`)."""

    ACTIVE = "Attivo", "Active"
    INACTIVE = "Non attivo", "Inactive"
    DEFUNCT = "Cessato", "Defunct"
    TEMPORARILY_CLOSED = "Chiuso temporaneamente", "Temporarily closed"


class ReferralChannel(Choice):
    """How a service wants to be asked."""

    EMAIL = "E-mail", "E-mail"
    PHONE = "Telefono", "Phone"
    PORTAL = "Portale", "Portal"
    IN_PERSON = "Di persona", "In person"


@dataclass(frozen=True, kw_only=True)
class Partner(Registered, it="Ente partner", written_by=OFFICE | MANAGERS):
    """A body that people are referred to; `assured_on` is when somebody last made sure that this is right."""

    name: ShortText
    kind: PartnerKind
    status: PartnerStatus = PartnerStatus.ACTIVE
    assured_on: Day | None = None

    def check(self, now: datetime) -> None:
        """Nobody has made sure of anything tomorrow."""
        happened(self.assured_on, now, "assured_on")


@dataclass(frozen=True, kw_only=True)
class PartnerService(Registered, it="Servizio del partner", written_by=FIELD | OFFICE | MANAGERS):
    """What a partner offers, where (no district is everywhere), and to whom (no age is any).

    `free_places` None is not known. `contact` is where the channel leads: an address, a number, a counter.
    """

    partner: PartnerId
    name: ShortText
    area: Fragility
    status: PartnerStatus = PartnerStatus.ACTIVE
    districts: Districts = ()
    languages: Tongues = ()
    minimum_age: Age | None = None
    maximum_age: Age | None = None
    free_places: Count | None = None
    channel: ReferralChannel
    contact: Line | None = None
    schedule: Recurrence | None = None

    def check(self, now: datetime) -> None:
        """The youngest are not older than the oldest."""
        in_order(self.minimum_age, self.maximum_age, "maximum_age")


@dataclass(frozen=True, kw_only=True)
class Referent(Registered, it="Referente", written_by=FIELD | OFFICE | MANAGERS):
    """The partner's named person, and who stands in when there is no answer."""

    partner: PartnerId
    name: Line
    phone: Phone | None = None
    email: Email | None = None
    deputy: ReferentId | None = None
