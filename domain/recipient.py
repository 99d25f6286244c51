"""Who a message is for, and how they are reached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.choices import Choice
from domain.message import HUMAN, Channel


class RecipientKind(Choice):
    """What kind of people are told."""

    PERSON = "Persona", "Person"
    STAFF = "Personale", "Staff"
    REFERENT = "Referente", "Referent"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Somebody to be told: `languages` best understood first, `addresses` by channel; some channels not wanted."""

    kind: RecipientKind
    id: UUID
    name: str
    languages: Sequence[str] = ()
    addresses: Mapping[Channel, str] = field(default_factory=dict)
    opted_out: frozenset[Channel] = frozenset()

    def reached_by(self, wanted: Sequence[Channel], *, formal: bool) -> Iterator[Channel]:
        """Yield the channels that reach them, in the order in which they are wanted; nobody opts out of formal ones."""
        for channel in wanted:
            reaches = channel in HUMAN or channel is Channel.IN_APP or channel in self.addresses
            if reaches and (formal or channel not in self.opted_out):
                yield channel
