"""What a text may say beside its own words: its placeholders, declared once, with what they mean to who writes policy.

A text writes `{place}`; whoever sends it gives `Values(place=...)`. Of an instant a text names the day and the hour
apart: `{appointment_day}`, `{appointment_time}`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Annotated, get_type_hints

from domain.choices import Label
from domain.fields import Day, Euro, Moment
from domain.terms import ROME


class Group(StrEnum):
    """What kind of text it is: what it may say, and to whom, hangs on this."""

    REMINDERS = "reminders"
    """To persons: no reason and no detail of the case, for it may be read by anybody in the house."""
    STAFF = "staff"
    """To staff: the kind of a process and its number, never whose it is."""
    PARTNERS = "partners"
    """To partners' referents: the number of a referral, never whose it is."""
    FORMAL = "formal"
    """Formal notices to persons: they state their reasons, and are never merged with anything."""


class Kind(Enum):
    """How a value is written."""

    TEXT = auto()
    DAY = auto()
    """With its weekday."""
    DATE = auto()
    TIME = auto()
    INSTANT = auto()
    MONEY = auto()
    DAYS = auto()
    LABEL = auto()


@dataclass(frozen=True)
class _Says:
    kind: Kind
    groups: frozenset[Group]
    meaning: str
    sample: object


_ALL = frozenset(Group)
_TO_PERSONS = frozenset({Group.REMINDERS, Group.FORMAL})
_NUMBERED = _ALL - {Group.REMINDERS}
_STAFF = frozenset({Group.STAFF})
_FORMAL = frozenset({Group.FORMAL})


@dataclass(frozen=True, kw_only=True)
class Values:
    """What a text may be given to say; `Text.needs` are those that a text cannot be written without."""

    appointment: Annotated[
        Moment | None,
        _Says(
            Kind.INSTANT,
            _TO_PERSONS,
            "when the person is expected, or visited",
            datetime(2026, 9, 30, 10, 30, tzinfo=ROME),
        ),
    ] = None
    place: Annotated[
        str | None,
        _Says(
            Kind.TEXT,
            _TO_PERSONS,
            "where to come: an address, not what is done there",
            "Piazza della Repubblica 10, Varese",
        ),
    ] = None
    by_day: Annotated[
        Day | None, _Says(Kind.DAY, _ALL, "by which day to answer, to come, to do it", date(2026, 9, 30))
    ] = None
    process: Annotated[
        Label | None,
        _Says(Kind.LABEL, _STAFF, "the kind of process", Label("Sostegno alla morosità", "Arrears support")),
    ] = None
    number: Annotated[str | None, _Says(Kind.TEXT, _NUMBERED, "the public number of the process", "2026-001234")] = None
    tenancy: Annotated[str | None, _Says(Kind.TEXT, _FORMAL, "the code of the tenancy", "VA-00421")] = None
    reason: Annotated[
        Label | str | None,
        _Says(Kind.LABEL, _FORMAL, "why", Label("ISEE oltre il limite", "ISEE over the limit")),
    ] = None
    amount: Annotated[
        Euro | None, _Says(Kind.MONEY, _FORMAL, "what is asked for, or owed, in EUR", Decimal("1234.50"))
    ] = None
    balance_day: Annotated[Day | None, _Says(Kind.DATE, _FORMAL, "as of which day it is owed", date(2026, 8, 31))] = (
        None
    )
    requested_day: Annotated[Day | None, _Says(Kind.DATE, _FORMAL, "when it was applied for", date(2026, 7, 1))] = None
    days: Annotated[int | None, _Says(Kind.DAYS, _FORMAL, "the days of a term, as in '10 days'", 10)] = None


@dataclass(frozen=True)
class Placeholder:
    """One placeholder: which of `Values` it says (none for those of the agency and the frame), how, and where."""

    field: str
    kind: Kind
    groups: frozenset[Group]
    meaning: str


_AGENCY = {
    "agency": "the agency's name",
    "agency_phone": "its telephone number",
    "agency_email": "its e-mail address",
    "agency_address": "its address",
}


def _declared() -> Iterator[tuple[str, Placeholder]]:
    hints = get_type_hints(Values, include_extras=True)
    for field in fields(Values):
        says: _Says = hints[field.name].__metadata__[0]
        if says.kind is Kind.INSTANT:
            yield f"{field.name}_day", Placeholder(field.name, Kind.DAY, says.groups, f"{says.meaning}: the day")
            yield f"{field.name}_time", Placeholder(field.name, Kind.TIME, says.groups, f"{says.meaning}: the hour")
        else:
            yield field.name, Placeholder(field.name, says.kind, says.groups, says.meaning)
    for name, meaning in _AGENCY.items():
        yield name, Placeholder("", Kind.TEXT, _ALL, meaning)
    yield "name", Placeholder("", Kind.TEXT, frozenset(), "whom the message is for; in a greeting only")
    yield "message", Placeholder("", Kind.TEXT, frozenset(), "what a text message says; in the frame's `sms` only")


PLACEHOLDERS: Mapping[str, Placeholder] = MappingProxyType(dict(_declared()))
"""Every placeholder by its name."""

SAMPLE = Values(
    **{name: hint.__metadata__[0].sample for name, hint in get_type_hints(Values, include_extras=True).items()}
)
"""Values of an ordinary length, for previews and to see whether a text message fits."""
