"""A tenant's case, from first contact to closure and follow-up."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.arrears_support import ArrearsSupport
from domain.process import Process, Reservation
from domain.record import dump, load, read_input
from domain.tenant_case import TenantCase
from domain.terms import Term, Unit, due
from tests.domain.lives import START, VARESE, Life

STOP = UUID(int=1)
NEEDS = [{"area": "ECONOMIC"}, {"area": "HEALTH"}]


def contacted(**given: Any) -> Life[TenantCase]:
    """A case on Monday 2 March 2026 at 10 in the morning."""
    life = Life(TenantCase)
    life.take("open", **{"person": UUID(int=2), "district": UUID(int=3)} | given)
    return life


def in_charge() -> Life[TenantCase]:
    life = contacted()
    life.take("record_interview", needs=NEEDS)
    life.take("take_charge")
    return life


def no_show(life: Life[TenantCase]) -> None:
    life.take("convene", stop=STOP, appointment=life.at + timedelta(days=7))
    life.later(days=7).take("record_no_show")


def track(*steps: str) -> Process:
    """An arrears support that has lived through some steps: it waits for the agency until a plan is proposed."""
    life = Life(ArrearsSupport)
    life.take("open", tenancy=UUID(int=4), balance="600", months_owed=3, source="LETTER")
    given: dict[str, dict[str, Any]] = {
        "verify_debt": {"balance": "600", "months_owed": 3},
        "assess_cause": {"cause": "AT_FAULT"},
        "propose_plan": {"instalments": 6, "first_due_on": "2026-03-31"},
        "sign_plan": {},
    }
    for step in steps:
        life.take(step, **given[step])
    return life.process


PLAN_SIGNED = ("verify_debt", "assess_cause", "propose_plan", "sign_plan")


def test_who_walks_in_is_listened_to_straight_away() -> None:
    life = contacted()
    assert life.take("record_interview", needs=NEEDS).state == "LISTENED"
    assert [need.area.name for need in life.process.needs] == ["ECONOMIC", "HEALTH"]


def test_who_is_convened_and_comes_is_listened_to() -> None:
    """The appointment takes a place at the stop; the term runs from its hour."""
    life = contacted()
    declared = life.process.steps["convene"]
    given = {"stop": STOP, "appointment": (START + timedelta(days=7)).isoformat()}
    assert declared.reserves
    assert declared.reserves(life.process, read_input(declared, given)) == Reservation(
        kind="STOP",
        resource=STOP,
        amount=1,  # type: ignore[arg-type]
        at=START + timedelta(days=7),
    )
    life.take("convene", **given)
    assert life.process.deadline == datetime(2026, 3, 10, 23, tzinfo=UTC)
    assert life.later(days=7).take("record_interview").state == "LISTENED"


def test_after_the_policys_reconvocations_comes_a_home_visit() -> None:
    """Lombardy: convened three times in all."""
    life = contacted()
    for _ in range(3):
        no_show(life)
    refusal = life.refused("convene", stop=STOP, appointment=life.at + timedelta(days=7))
    assert refusal.code == "RECONVOCATIONS_SPENT"
    life.take("plan_visit", appointment=life.at + timedelta(days=2))
    assert life.later(days=2).take("record_interview", needs=NEEDS).state == "LISTENED"


def test_nobody_is_absent_before_the_hour() -> None:
    life = contacted()
    life.take("convene", stop=STOP, appointment=life.at + timedelta(days=7))
    assert life.later(days=6).refused("record_no_show").code == "APPOINTMENT_AHEAD"


@pytest.mark.parametrize("step", ["convene", "plan_visit"])
def test_an_appointment_lies_ahead(step: str) -> None:
    life = contacted()
    given = {"appointment": life.at} | ({"stop": STOP} if step == "convene" else {})
    assert life.refused(step, **given).code == "DUE_DATE_PAST"


def test_it_cannot_close_while_a_track_is_open() -> None:
    """The refusal names what is still open."""
    life = in_charge()
    life.process.tracks = (track(),)
    refusal = life.refused("close", outcome="RESOLVED")
    assert refusal.code == "TRACKS_OPEN"
    assert "Sostegno alla morosità" in refusal.label.it
    life.process.tracks = ()
    assert life.take("close", outcome="RESOLVED").state == "CLOSED"


def test_a_running_plan_is_monitored() -> None:
    """It waits for the tenant; a debt to be verified waits for the agency."""
    life = in_charge()
    life.process.tracks = (track(),)
    assert life.refused("monitor").code == "TRACKS_WAIT_FOR_AGENCY"
    life.process.tracks = (track(*PLAN_SIGNED),)
    assert life.take("monitor").state == "MONITORED"


def test_each_follow_up_starts_the_next_interval() -> None:
    """In Lombardy after 30 days, then every 90; when it is monitored anew, from the beginning."""
    life = in_charge()
    life.take("monitor")
    for number, days in enumerate((30, 90, 90), start=1):
        assert life.process.deadline == due(Term(days, Unit.DAYS), life.at, VARESE)
        life.later(days=days).take("follow_up")
        assert life.process.follow_ups == number
    assert life.take("resume_charge").state == "IN_CHARGE"
    life.take("monitor")
    assert life.process.deadline == due(Term(30, Unit.DAYS), life.at, VARESE)


def test_a_closed_case_is_reopened_within_the_window() -> None:
    """Ninety days in Lombardy; then a new case is opened."""
    life = in_charge()
    life.take("close", outcome="RESOLVED")
    assert life.later(days=30).take("follow_up").state == "CLOSED"
    expiry = life.process.expires()
    assert expiry
    life.at = expiry
    assert life.refused("reopen").code == "REOPENING_EXPIRED"
    life.at = expiry - timedelta(minutes=1)
    assert life.take("reopen").state == "IN_CHARGE"
    assert life.process.outcome is None


def test_danger_reaches_a_person_within_the_hour() -> None:
    """From when it was known, not from when the state was entered; once it has passed, the usual term is back."""
    life = contacted()
    usual = life.process.deadline
    life.later(hours=5).take("set_urgency", urgency="DANGER")
    assert life.process.deadline
    assert life.process.deadline - life.at <= timedelta(hours=1)
    assert life.take("set_urgency", urgency="URGENT").deadline == usual


def test_a_pause_gives_the_case_longer() -> None:
    """By as many days as it lasts; ended early, by as many as it lasted."""
    life = in_charge()
    usual = life.process.deadline
    assert usual
    assert life.refused("resume").code == "NOT_PAUSED"
    assert life.refused("pause", until="2026-03-02", reason="HOSPITAL").code == "DUE_DATE_PAST"
    life.take("pause", until="2026-04-02", reason="HOSPITAL")
    assert life.process.deadline
    assert life.process.deadline > usual + timedelta(days=27)
    life.on(date(2026, 3, 2)).take("resume")
    assert life.process.deadline == usual


def test_a_case_changes_hands() -> None:
    """With its district, or in it."""
    life = contacted()
    life.take("hand_over", operator=UUID(int=8))
    assert life.process.operator == UUID(int=8)
    assert life.process.district == UUID(int=3)
    life.take("hand_over", operator=UUID(int=9), district=UUID(int=4))
    assert life.process.district == UUID(int=4)


def test_tracks_are_no_part_of_a_cases_own_record() -> None:
    """They are attached by whoever evaluates the case; each has its own record and version."""
    life = in_charge()
    life.process.tracks = (track(),)
    record = dump(life.process)
    assert "tracks" not in record
    loaded = load("TENANT_CASE", record)
    assert isinstance(loaded, TenantCase)
    assert loaded.tracks == ()
