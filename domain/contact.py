"""Somebody was met: what the service counts first of all. It needs no case, and no name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from domain.choices import Choice
from domain.fields import (
    Count,
    DistrictId,
    Moment,
    Note,
    PersonId,
    ProcessId,
    ServicePointId,
    StaffId,
    StopId,
)
from domain.refusals import Refusal, Refused
from domain.registered import Registered, happened
from domain.roles import STAFF
from domain.shape import KEPT


class ContactChannel(Choice):
    """How somebody was met."""

    CONVENED = "Su convocazione", "Convened"
    WALK_IN = "Accesso spontaneo", "Walk-in"
    FIELD_VISIT = "Visita sul campo", "Field visit"
    REMOTE = "A distanza", "Remote"
    REPORTED_BY_PARTNER = "Segnalato da un partner", "Reported by a partner"


class ContactOutcome(Choice):
    """What came of it."""

    INFORMED = "Informato", "Informed"
    CASE_OPENED = "Pratica aperta", "Case opened"
    ADDED_TO_CASE = "Aggiunto a una pratica", "Added to a case"
    DECLINED = "Ha rifiutato", "Declined"


WITH_CASE = frozenset({ContactOutcome.CASE_OPENED, ContactOutcome.ADDED_TO_CASE})
"""Outcomes that name their case; the others have none."""


@dataclass(frozen=True, kw_only=True)
class Contact(
    Registered,
    it="Contatto",
    written_by=STAFF,
    verb="record",
    filled=["district", "operator", "occurred_at", "recorded_at"],
):
    """Somebody was met, `person` or a stranger, for some `minutes`.

    Unless given, `district` is that of the stop, the service point or the person, in this order; `operator` is
    whoever records it, and `occurred_at` is now. One with `entered_in_error_at` never was: no figure counts it.
    """

    channel: ContactChannel
    outcome: ContactOutcome
    service_point: ServicePointId
    stop: StopId | None = None
    district: DistrictId | None = None
    person: PersonId | None = None
    operator: StaffId | None = None
    minutes: Count | None = None
    case: ProcessId | None = None
    note: Note | None = None
    occurred_at: Moment | None = None
    entered_in_error_at: Moment | None = None
    recorded_at: Annotated[Moment | None, KEPT] = None

    def check(self, now: datetime) -> None:
        """It has happened, and its outcome says whether there is a case."""
        happened(self.occurred_at, now, "occurred_at")
        happened(self.entered_in_error_at, now, "entered_in_error_at")
        if self.outcome in WITH_CASE and not self.case:
            raise Refused(Refusal.CASE_MISSING, path=("case",))
        if self.case and self.outcome not in WITH_CASE:
            raise Refused(Refusal.CASE_UNEXPECTED, path=("case",), outcome=self.outcome)
