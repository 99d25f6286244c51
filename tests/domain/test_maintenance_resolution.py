"""A fault, from its report to the works that its reporter verifies."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.maintenance_resolution import MaintenanceResolution
from domain.roles import Party, Role
from tests.domain.lives import START, Life

FAULT = {"place": "DWELLING", "dwelling": UUID(int=4), "category": "WATER", "description": UUID(int=5)}


def reported(**limits: Any) -> Life[MaintenanceResolution]:
    """A leak, told on Monday 2 March 2026 at 10 in the morning in Varese."""
    life = Life(MaintenanceResolution, **limits)
    life.take("open", **FAULT)
    return life


def ordered(priority: str = "ORDINARY", **limits: Any) -> Life[MaintenanceResolution]:
    life = reported(**limits)
    life.take("triage", priority=priority)
    life.take("order", contractor="IDR-04", order_number="2026/118")
    return life


def completed(**given: Any) -> Life[MaintenanceResolution]:
    life = Life(MaintenanceResolution)
    life.take("open", **FAULT | given)
    life.take("triage", priority="ORDINARY")
    life.take("order", contractor="IDR-04", order_number="2026/118")
    life.take("schedule", appointment=life.at + timedelta(days=2))
    life.later(days=2).take("start")
    life.take("complete")
    return life


def test_a_fault_is_mended_and_verified_by_who_reported_it() -> None:
    life = completed()
    assert life.state == "COMPLETED"
    life.take("verify")
    assert life.state == "VERIFIED"
    assert life.process.verified
    assert life.process.verified.name == "REPORTER"


@pytest.mark.parametrize(
    ("reporter", "verifier"),
    [("TENANT", Party.TENANT), ("CUSTODIAN", Role.CUSTODIAN), ("OPERATOR", Role.OPERATOR)],
)
def test_finished_works_wait_for_who_reported_the_fault(reporter: str, verifier: Role | Party) -> None:
    life = completed(reporter=reporter)
    assert life.process.waits_for is verifier
    assert life.take("reject").waits_for is Party.CONTRACTOR


def test_a_fault_in_a_dwelling_says_which() -> None:
    life = Life(MaintenanceResolution)
    refusal = life.refused("open", **FAULT | {"dwelling": None})
    assert (refusal.code, refusal.path) == ("DWELLING_MISSING", ("dwelling",))
    assert life.take("open", **FAULT | {"dwelling": None, "place": "COMMON_PARTS"}).state == "REPORTED"


def test_works_that_did_not_mend_it_come_back_to_the_contractor() -> None:
    """Counted; the priority's time starts again, or it would be overdue at once."""
    life = completed()
    life.take("reject", note=UUID(int=6))
    assert life.state == "ORDERED"
    assert life.process.rejections == 1
    assert life.process.promised_from == life.at
    assert life.process.deadline
    assert life.process.deadline > life.at


@pytest.mark.parametrize(
    ("priority", "promised"),
    [
        ("EMERGENCY", datetime(2026, 3, 2, 11, tzinfo=UTC)),  # two hours
        ("URGENT", datetime(2026, 3, 3, 23, tzinfo=UTC)),  # one working day, to its last instant
        ("ORDINARY", datetime(2026, 3, 5, 23, tzinfo=UTC)),  # the state's three working days come before the seven
    ],
)
def test_the_priority_sets_by_when_it_is_mended(priority: str, promised: datetime) -> None:
    """From the report, not from the order; the state's own term counts where it ends sooner."""
    assert ordered(priority).process.deadline == promised


def test_another_priority_moves_the_deadline() -> None:
    life = ordered()
    life.take("set_priority", priority="EMERGENCY")
    assert life.process.deadline == START + timedelta(hours=2)
    assert life.process.entry == 3, "nothing was entered"


def test_what_is_not_the_agencys_ends_with_the_tenant_told() -> None:
    life = reported()
    refusal = life.refused("triage", priority="ORDINARY", responsibility="CONDOMINIUM")
    assert (refusal.code, refusal.path) == ("TENANT_NOT_TOLD", ("tenant_told",))
    assert "Condominio" in refusal.label.it
    assert life.take("triage", priority="ORDINARY", responsibility="CONDOMINIUM", tenant_told=True).state == "NOT_OURS"


def test_the_third_time_that_nobody_is_at_home_is_a_persons_task() -> None:
    """Twice the contractor makes another appointment; nobody was absent before the hour."""
    life = ordered()
    for state in ("ORDERED", "ORDERED", "NO_ACCESS"):
        life.take("schedule", appointment=life.at + timedelta(days=1))
        assert life.refused("record_no_access").code == "APPOINTMENT_AHEAD"
        assert life.later(days=1).take("record_no_access").state == state
    assert life.process.no_accesses == 3
    assert life.take("schedule", appointment=life.at + timedelta(days=1)).state == "SCHEDULED"


def test_an_appointment_lies_ahead() -> None:
    life = ordered()
    assert life.refused("schedule", appointment=life.at).code == "DUE_DATE_PAST"


def test_a_visit_counts_from_its_appointment() -> None:
    """Wednesday 4 March; the day after is the state's term, before the seven working days of the priority."""
    life = ordered()
    life.take("schedule", appointment=START + timedelta(days=2))
    assert life.process.deadline == datetime(2026, 3, 5, 23, tzinfo=UTC)


@pytest.mark.parametrize(("started", "state"), [(False, "ORDERED"), (True, "IN_PROGRESS")])
def test_works_on_hold_go_on_where_they_stopped(*, started: bool, state: str) -> None:
    life = ordered()
    if started:
        life.take("start")
    life.take("hold", reason="MATERIAL")
    assert life.process.hold_reason
    assert life.take("resume").state == state
    assert life.process.hold_reason is None


def test_a_duplicate_names_the_fault_that_goes_on() -> None:
    life = reported()
    for itself in (None, life.process.id):
        refusal = life.refused("cancel", reason="DUPLICATE", duplicate_of=itself)
        assert (refusal.code, refusal.path) == ("DUPLICATE_OF_WHAT", ("duplicate_of",))
    life.take("cancel", reason="DUPLICATE", duplicate_of=UUID(int=8))
    assert life.state == "CANCELLED"
    assert life.process.duplicate_of == UUID(int=8)
