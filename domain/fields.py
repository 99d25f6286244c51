"""The types of a process's data and of a step's input, with their units and bounds.

The ids are distinct types so that each field says what it points at: the API derives global ids, existence checks and
nested objects from them.
"""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, NewType
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from domain.refusals import Refusal, Refused
from domain.terms import ROME

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

PersonId = NewType("PersonId", UUID)
TenancyId = NewType("TenancyId", UUID)
DwellingId = NewType("DwellingId", UUID)
DistrictId = NewType("DistrictId", UUID)
ServicePointId = NewType("ServicePointId", UUID)
StopId = NewType("StopId", UUID)
StaffId = NewType("StaffId", UUID)
PartnerId = NewType("PartnerId", UUID)
PartnerServiceId = NewType("PartnerServiceId", UUID)
FundingLineId = NewType("FundingLineId", UUID)
ProcessId = NewType("ProcessId", UUID)
MunicipalityId = NewType("MunicipalityId", UUID)
BuildingId = NewType("BuildingId", UUID)
ReferentId = NewType("ReferentId", UUID)

Note = NewType("Note", UUID)
"""Free text: the API stores it as a note and the step carries the note's id, so histories hold no personal data."""

Euro = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=2)]
"""An amount of money in EUR, above zero, to the cent."""

EuroOrZero = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
"""An amount of money in EUR, zero allowed, to the cent."""


def _one_line(text: str) -> str:
    # PostgreSQL takes no NUL, and a line break in a name misleads whoever reads a list.
    if _CONTROL.search(text):
        raise ValueError("line breaks and control characters are not allowed")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("the character NUL is not allowed")
    return text


ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_one_line)
]
"""A title or a code from a list of the agency's own; never anything personal."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_one_line)]
"""One line of text of the register: a name, an address, a telephone number. May be personal."""


def like(pattern: str, problem: str, /) -> AfterValidator:
    """Return the bound that keeps a text to a pattern; `problem` says what it should look like."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(problem)
        return text

    return AfterValidator(check)


NoteText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), AfterValidator(_no_nul)
]
"""What a note says: up to 10,000 characters, on as many lines as it takes."""

Count = Annotated[int, Field(ge=0, le=10_000)]
"""How many of something."""

# Beyond these years a date is a slip of the hand, and arithmetic with it overflows.
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)

Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime.combine(_FIRST, time(), ROME), le=datetime.combine(_LAST, time(), ROME)),
]
"""An instant; always with its offset."""

Day = Annotated[date, Field(ge=_FIRST, le=_LAST)]
"""A local day in Italy."""


def local_day(moment: datetime, /) -> Day:
    """Return the local day in Italy on which `moment` falls."""
    return moment.astimezone(ROME).date()


def start_of(day: Day, /) -> Moment:
    """Return the instant at which a local day in Italy begins: what a term that runs from a day runs from."""
    return datetime.combine(day, time(), ROME)


def ahead(when: Day | Moment, at: Moment, /, *path: str) -> None:
    """Refuse an appointment that is not after `at`, or a due day before the day of `at`; `path` is its field."""
    if when <= at if isinstance(when, datetime) else when < local_day(at):
        raise Refused(Refusal.DUE_DATE_PAST, path=path, date=when)
