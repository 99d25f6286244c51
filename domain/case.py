"""A case: the process that hosts others, and cannot end while one of them is open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from domain.choices import Choice
from domain.fields import Day, DistrictId, PersonId, ServicePointId, StaffId
from domain.process import ENTERED_IN_ERROR, OPEN, Process, step
from domain.refusals import Refusal, Refused
from domain.roles import Role


class Urgency(Choice):
    """How soon a person must act; `DANGER` (eviction date, violence, self-harm, a child at risk) within the hour."""

    ROUTINE = "Ordinaria", "Routine"
    URGENT = "Urgente", "Urgent"
    DANGER = "Pericolo", "Danger"


@dataclass(kw_only=True)
class Case(Process):
    """What every kind of case shares; its tracks are processes of their own, each with its own version."""

    person: PersonId | None = None
    """Whom the case is about; None for a building's."""
    district: DistrictId | None = None
    """Decides who sees the case."""
    service_point: ServicePointId | None = None
    operator: StaffId | None = None
    """Who answers for the case."""
    urgency: Urgency = Urgency.ROUTINE
    last_track_ended_at: datetime | None = None
    """When the last of its tracks ended: the case does not end before."""
    tracks: Annotated[tuple[Any, ...], Field(exclude=True)] = ()
    """The open tracks, attached by whoever evaluates the case; not part of its own record."""

    @property
    def retained_until(self) -> Day | None:
        """The last day on which the file must be kept; None while the case is open, or if nothing says how long."""
        return None

    def admit(self, at: datetime) -> None:
        """Refuse a new track, or a step on a present one, when the case cannot take it."""
        if self.ended:
            raise Refused(Refusal.CASE_NOT_OPEN)

    def no_track_open(self, at: datetime) -> None:
        """Guard: every track has ended, and none later than the case."""
        if self.tracks:
            raise Refused(Refusal.TRACKS_OPEN, tracks=[track.label for track in self.tracks])
        if self.last_track_ended_at and at < self.last_track_ended_at:
            raise Refused(Refusal.FACT_BEFORE_LAST, path=("occurredAt",), last=self.last_track_ended_at)

    @step(OPEN >> ENTERED_IN_ERROR, by=[Role.SUPERVISOR], it="Segna come inserita per errore", when=no_track_open)
    def enter_in_error(self, at: datetime) -> None:
        """End a case that should never have been opened, once its tracks have ended."""

    def no_track_waits_for_agency(self, _at: datetime) -> None:
        """Guard: what is still open waits for the tenant, a partner or a contractor."""
        waiting = [track.label for track in self.tracks if isinstance(track.waits_for, Role)]
        if waiting:
            raise Refused(Refusal.TRACKS_WAIT_FOR_AGENCY, tracks=waiting)
