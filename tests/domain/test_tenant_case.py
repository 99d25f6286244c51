"""A tenant's case, from first contact to closure and follow-up."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.arrears_support import ArrearsSupport
from domain.fields import local_day, start_of
from domain.process import Appointment, Process, Reservation
from domain.record import dump, load, read_input
from domain.tenant_case import NEEDS_MOST, TenantCase
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
    """In Lombardy so long that the follow-up after 90 days is still of the same case; then a new one is opened."""
    life = in_charge()
    life.take("close", outcome="RESOLVED")
    for days in (30, 65):
        assert life.later(days=days).take("follow_up").state == "CLOSED"
    expiry = life.process.expires()
    assert expiry
    life.at = expiry
    assert life.refused("reopen").code == "REOPENING_EXPIRED"
    assert life.refused("follow_up").code == "REOPENING_EXPIRED"
    life.at = expiry - timedelta(minutes=1)
    assert life.take("reopen").state == "IN_CHARGE"
    assert life.process.outcome is None


@pytest.mark.parametrize(("ending", "given"), [("close", {"outcome": "RESOLVED"}), ("enter_in_error", {})])
def test_a_case_that_has_ended_is_kept_as_long_as_the_policy_says(ending: str, given: dict[str, str]) -> None:
    """In Lombardy ten years from the day on which it ended, which is a Sunday: until Monday. Nothing while open."""
    life = in_charge().on(date(2026, 3, 2))
    assert life.process.retained_until is None
    assert "retain_for" not in str([*life.process.terms_running()])
    ended = life.take(ending, **given)
    assert ended.retained_until == date(2036, 3, 3)
    explained = [(term.clause, start) for term, start in ended.terms_running()]
    assert explained[-1] == ("TENANT_CASE.retain_for", life.at)


def test_a_follow_up_after_closure_does_not_keep_a_case_longer_and_a_reopened_one_is_not_counted() -> None:
    life = in_charge()
    life.take("close", outcome="RESOLVED")
    assert life.later(days=30).take("follow_up").retained_until == date(2036, 3, 3)
    assert life.take("reopen").retained_until is None
    assert life.take("close", outcome="MOVED").retained_until == date(2036, 4, 1)


def test_a_case_from_before_policies_said_it_is_kept_for_ten_years() -> None:
    """Its record, and the history that it is in, are read as they were written."""
    life = in_charge()
    record = dump(life.take("close", outcome="RESOLVED"))
    del record["limits"]["retain_for"]
    loaded = load("TENANT_CASE", record)
    assert isinstance(loaded, TenantCase)
    assert loaded.limits.retain_for == Term(120, Unit.MONTHS)
    assert loaded.retained_until == date(2036, 3, 3)


def test_danger_reaches_a_person_within_the_hour() -> None:
    """From when it was known, not from when the state was entered; once it has passed, the usual term is back."""
    life = contacted()
    usual = life.process.deadline
    life.later(hours=5).take("set_urgency", urgency="DANGER")
    assert life.process.deadline
    assert life.process.deadline - life.at <= timedelta(hours=1)
    assert life.take("set_urgency", urgency="URGENT").deadline == usual


def test_danger_lasts_until_a_person_has_been_reached() -> None:
    """Another state does not end its hour, an interview does; danger that is told again has a new hour."""
    life = contacted(urgency="DANGER")
    hour = life.process.deadline
    assert hour
    assert hour <= life.at + timedelta(hours=1)
    assert life.take("convene", stop=STOP, appointment=life.at + timedelta(days=21)).deadline == hour
    assert life.take("pause", until="2026-03-20", reason="OTHER_BODY").deadline == hour
    life.later(minutes=40).take("record_interview")
    assert life.process.urgency.name == "DANGER"
    assert life.process.deadline
    assert life.process.deadline > life.at + timedelta(days=5)
    life.take("take_charge")
    life.later(days=3).take("set_urgency", urgency="DANGER")
    assert life.process.deadline == life.at + timedelta(hours=1)
    life.take("close", outcome="RESOLVED")
    assert life.later(days=3).take("reopen").deadline == life.at + timedelta(hours=1)


def test_an_appointment_may_become_a_visit_that_moves_or_finds_nobody() -> None:
    """Only convocations count for the policy's limit."""
    life = contacted()
    life.take("convene", stop=STOP, appointment=life.at + timedelta(days=7))
    life.take("plan_visit", appointment=life.at + timedelta(days=2))
    moved = life.at + timedelta(days=3)
    assert life.take("plan_visit", appointment=moved).appointment_now() == Appointment(at=moved)
    assert life.refused("record_no_show").code == "APPOINTMENT_AHEAD"
    assert life.later(days=3).take("record_no_show").state == "NO_SHOW"
    assert life.process.no_shows == 0
    life.take("plan_visit", appointment=life.at + timedelta(days=2))
    assert life.take("record_interview").state == "LISTENED"


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


def test_a_pause_that_is_extended_counts_whole() -> None:
    """And so does an earlier one of the same state; the next state has its own term."""
    life = in_charge()
    life.take("pause", until="2026-03-12", reason="HOSPITAL")
    life.on(date(2026, 3, 10)).take("pause", until="2026-03-22", reason="HOSPITAL")
    assert life.process.deadline == due(Term(50, Unit.DAYS), START, VARESE)
    life.on(date(2026, 3, 25)).take("pause", until="2026-03-30", reason="TENANT_AWAY")
    assert life.process.deadline == due(Term(55, Unit.DAYS), START, VARESE)
    life.on(date(2026, 3, 27)).take("resume")
    assert life.process.deadline == due(Term(52, Unit.DAYS), START, VARESE)
    life.take("pause", until="2026-04-10", reason="TENANT_AWAY")
    life.on(date(2026, 3, 31)).take("monitor")
    assert life.process.deadline == due(Term(40, Unit.DAYS), life.at, VARESE)


def test_a_paused_day_is_a_day_of_the_calendar() -> None:
    """The clocks go forward on 29 March: half past midnight stays half past midnight."""
    life = contacted()
    life.at = datetime(2026, 3, 27, 23, 30, tzinfo=UTC)
    life.take("record_interview")
    life.take("take_charge")
    life.take("pause", until="2026-04-02", reason="HOSPITAL")
    assert life.process.deadline == due(Term(35, Unit.DAYS), life.at, VARESE)


@pytest.mark.parametrize("overdue", [True, False])
def test_nothing_is_due_before_a_pause_ends(*, overdue: bool) -> None:
    """Also if the term had passed when it began, or the appointment lies within it."""
    life = contacted()
    if overdue:
        life.later(days=60)
    else:
        life.take("convene", stop=STOP, appointment=life.at + timedelta(days=7))
    until = local_day(life.at + timedelta(days=90))
    life.take("pause", until=until, reason="HOSPITAL")
    assert life.process.deadline
    assert life.process.deadline >= start_of(until)


def test_a_pause_has_the_policys_most_with_all_its_extensions() -> None:
    """Half a year in Lombardy, from its first day: 29 August is a Saturday, so until Monday."""
    life = in_charge()
    refusal = life.refused("pause", until="2026-09-01", reason="COURT")
    assert (refusal.code, refusal.path) == ("PAUSE_TOO_LONG", ("until",))
    assert "31 August 2026" in refusal.label.en
    life.take("pause", until="2026-05-31", reason="COURT")
    life.on(date(2026, 5, 30))
    assert life.refused("pause", until="2026-09-01", reason="COURT").code == "PAUSE_TOO_LONG"
    life.take("pause", until="2026-08-31", reason="COURT")


def test_the_latest_needs_are_kept() -> None:
    """A case that lives for years is interviewed for years; the event log has all of it."""
    life = in_charge()
    life.take("record_interview", needs=[{"area": "FAMILY"}] * (NEEDS_MOST - 1))
    assert [need.area.name for need in life.process.needs][:2] == ["HEALTH", "FAMILY"]
    assert len(life.process.needs) == NEEDS_MOST


def test_people_are_told_the_hour_in_italy() -> None:
    life = contacted()
    life.take("convene", stop=STOP, appointment="2026-03-12T08:30:00Z")
    refusal = life.refused("record_no_show")
    assert "12/03/2026 ore 09:30" in refusal.label.it
    assert "12 March 2026, 09:30" in refusal.label.en


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
