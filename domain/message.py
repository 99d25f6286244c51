"""What is told to people: by which channel, in which words, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.choices import Choice


class Channel(Choice):
    """How somebody is told. The last two are a person's work: they become tasks."""

    EMAIL = "E-mail", "E-mail"
    SMS = "SMS", "Text message"
    LETTER = "Lettera", "Letter"
    IN_APP = "Avviso nell'applicazione", "In-app notice"
    PHONE_CALL = "Telefonata", "Telephone call"
    BY_HAND = "A mano, tramite il custode", "By hand, through the custodian"


HUMAN = frozenset({Channel.PHONE_CALL, Channel.BY_HAND})
"""Channels that are a person's work."""


class MessageStatus(Choice):
    """What became of a message (the states of GOV.UK Notify, and one for an answer that was lost)."""

    CREATED = "Da inviare", "Created"
    SENDING = "In invio", "Sending"
    SENT = "Inviato", "Sent"
    DELIVERED = "Consegnato", "Delivered"
    TEMPORARY_FAILURE = "Non riuscito per ora", "Temporary failure"
    PERMANENT_FAILURE = "Non riuscito", "Permanent failure"
    RETURNED = "Tornato al mittente", "Returned"
    UNKNOWN = "Esito ignoto", "Outcome unknown"
    CANCELLED = "Annullato", "Cancelled"


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A message as a channel takes it; `to` is an e-mail address, a telephone number or a postal address.

    `key` is the same at every try of the same message by the same channel. `calendar` is an iCalendar file for whoever
    is expected somewhere, `language` a BCP 47 tag. `html` is empty for channels that have none.
    """

    key: UUID
    channel: Channel
    to: str
    name: str
    language: str
    subject: str
    text: str
    html: str = ""
    formal: bool = False
    calendar: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What became of the message with that `key`: SENT, TEMPORARY_FAILURE, PERMANENT_FAILURE or UNKNOWN.

    `provider_id` is what the provider calls it; `code` says why it failed, and quotes nothing. `retry_after` is how
    long the provider wants to be left alone.
    """

    key: UUID
    status: MessageStatus
    provider_id: str = ""
    code: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a provider says later of the message with that `key`: DELIVERED, a failure, or RETURNED.

    The same receipt may come twice, one may come before the answer to the handing over, and an older one after a newer:
    `at` is when it happened, by the provider's clock. `code` says why it failed, and quotes nothing.
    """

    key: UUID
    status: MessageStatus
    at: datetime
    provider_id: str = ""
    code: str = ""
