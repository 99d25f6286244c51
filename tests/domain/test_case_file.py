"""A case with its tracks: what holds between them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.arrears_support import ArrearsSupport
from domain.case_file import TRACKS_MOST, CaseFile
from domain.document_practice import DocumentPractice
from domain.events import ENGINE, Actor, Opening, StepRequest
from domain.process import Process
from domain.record import dump_value
from domain.refusals import Refused
from domain.roles import Role
from domain.tenant_case import TenantCase
from domain.terms import Closures
from tests.domain.lives import LOMBARDIA, START, VARESE

CASE = UUID(int=1)
_SUPERVISOR = Actor(id=UUID(int=4), role=Role.SUPERVISOR)


class File:
    """A case file in which steps are taken as a workflow takes them."""

    def __init__(self) -> None:
        self.file = CaseFile(CASE)
        self.take(TenantCase, "open", CASE, person=UUID(int=2), district=UUID(int=3))

    def take(
        self,
        kind: type[Process],
        step: str,
        process_id: UUID,
        /,
        *,
        at: datetime = START,
        closures: Closures | None = None,
        by: Actor = _SUPERVISOR,
        entry: int | None = None,
        **given: Any,
    ) -> None:
        """Take a step that happens `at`, and is told at once; by the engine for an `entry`."""
        opens = kind.steps[step].opens
        limits = LOMBARDIA.limits(kind)
        version = None if opens else next(each.version for each in self.file.processes if each.id == process_id)
        request = StepRequest(
            request_id=str(uuid4()),
            fingerprint="",
            process_id=process_id,
            kind=kind.kind,
            step=step,
            actor=by,
            expected_version=None if entry else version,
            entry=entry,
            occurred_at=at,
            given=given,
            opening=Opening(terms=LOMBARDIA.terms(kind.kind, VARESE), limits=dump_value(limits)) if opens else None,
            closures=closures,
        )
        self.file.take(request, at)

    @property
    def case(self) -> Process:
        assert self.file.case
        return self.file.case


def test_a_case_does_not_end_before_its_tracks_have() -> None:
    """Whatever else happened to the case may still be told as of an earlier hour."""
    file, track, later = File(), uuid4(), START + timedelta(days=9)
    file.take(DocumentPractice, "open", track, document="ISEE")
    file.take(DocumentPractice, "withdraw", track, at=later)
    before = later - timedelta(minutes=1)
    ends: dict[str, dict[str, Any]] = {"close": {"outcome": "RESOLVED"}, "enter_in_error": {}}
    for step, given in ends.items():
        with pytest.raises(Refused, match="FACT_BEFORE_LAST"):
            file.take(TenantCase, step, CASE, at=before, **given)
    file.take(TenantCase, "record_interview", CASE, at=before)
    file.take(TenantCase, "close", CASE, at=later, outcome="RESOLVED")
    assert file.case.state == "CLOSED"


def test_a_case_has_room_for_so_many_open_tracks() -> None:
    """One that ends makes room for another."""
    file, tracks = File(), [uuid4() for _ in range(TRACKS_MOST)]
    for track in tracks:
        file.take(DocumentPractice, "open", track, document="ISEE")
    with pytest.raises(Refused, match="TOO_MANY"):
        file.take(DocumentPractice, "open", uuid4(), document="ISEE")
    file.take(DocumentPractice, "withdraw", tracks[0])
    file.take(DocumentPractice, "open", uuid4(), document="ISEE")


def test_renewed_closures_do_not_forget_the_holidays_that_were_counted() -> None:
    """Ten working days from Friday 22 December 2028 end where they did, though January's closures begin in January."""
    file, track = File(), uuid4()
    opened, renewed = (datetime(*day, 9, tzinfo=UTC) for day in ((2028, 12, 22), (2029, 1, 4)))
    debt: dict[str, Any] = {"tenancy": UUID(int=5), "balance": "600.00", "months_owed": 3, "source": "LETTER"}
    file.take(ArrearsSupport, "open", track, at=opened, **debt)
    deadline = file.file.tracks[track].deadline
    january = replace(VARESE, days=tuple(day for day in VARESE.days if day >= renewed.date()), until=date(2032, 1, 4))
    court: dict[str, Any] = {"kind": "HEARING", "on": "2029-03-01"}
    file.take(ArrearsSupport, "record_court_date", track, at=renewed, closures=january, **court)
    assert file.file.tracks[track].deadline == deadline == datetime(2029, 1, 10, 23, tzinfo=UTC)
    assert file.file.tracks[track].terms.closures.until == january.until


def test_a_step_of_the_engine_is_for_a_state_whatever_was_noted_in_it_since() -> None:
    """A court date was recorded after the rung was claimed: the debt is handed over; for an earlier entry it is not."""
    file, track = File(), uuid4()
    debt: dict[str, Any] = {"tenancy": UUID(int=5), "balance": "600.00", "months_owed": 3, "source": "LETTER"}
    file.take(ArrearsSupport, "open", track, **debt)
    file.take(ArrearsSupport, "verify_debt", track, balance="600.00", months_owed=3)
    entry = file.file.tracks[track].entry
    file.take(ArrearsSupport, "record_court_date", track, kind="HEARING", on="2029-03-01")
    why: dict[str, Any] = {"reason": "NO_AGREEMENT", "office": "LEGAL"}
    with pytest.raises(Refused, match="TASK_OVER"):
        file.take(ArrearsSupport, "escalate", track, by=ENGINE, entry=entry - 1, **why)
    file.take(ArrearsSupport, "escalate", track, by=ENGINE, entry=entry, **why)
    assert track not in file.file.tracks
