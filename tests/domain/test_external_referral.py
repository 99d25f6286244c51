"""The closed loop of a referral: FHIR Task's states, and a legal basis before anybody is told."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.external_referral import ExternalReferral
from domain.process import SAME, Appointment
from domain.roles import Party, Role
from tests.domain.lives import Life, moves

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))


def drafted() -> Life[ExternalReferral]:
    life = Life(ExternalReferral)
    life.take("open", service=FIRST, area="HEALTH")
    return life


def requested(scope: str = "NETWORK") -> Life[ExternalReferral]:
    life = drafted()
    life.take("record_consent", scope=scope)
    life.take("send")
    return life


def accepted() -> Life[ExternalReferral]:
    life = requested()
    life.take("accept", how="PHONE")
    return life


def test_the_loop_closes_with_what_the_tenant_says() -> None:
    life = accepted()
    life.take("start", how="EMAIL")
    life.take("complete", how="LINK")
    assert life.state == "COMPLETED"
    life.take("record_feedback", helped="PARTLY")
    assert life.state == "LOOP_CLOSED"
    assert life.process.helped
    assert life.process.helped.name == "PARTLY"


def test_the_moves_are_those_of_the_closed_loop() -> None:
    """DOMAIN section 3; and a draft may be given up, a rejected one proposed to the next partner or given up."""
    works = {"COMPLETED", "FAILED", "CANCELLED"}
    assert _leads_to("DRAFT") == {"REQUESTED", "CANCELLED"}
    assert _leads_to("REQUESTED") == {"ACCEPTED", "REJECTED", "CANCELLED", "REQUESTED", "DRAFT"}
    assert _leads_to("REJECTED") == {"REQUESTED", "DRAFT", "CANCELLED"}
    assert _leads_to("ACCEPTED") == {"IN_PROGRESS", "ON_HOLD"} | works
    assert _leads_to("IN_PROGRESS") == {"ON_HOLD"} | works
    assert _leads_to("ON_HOLD") == {"IN_PROGRESS"} | works
    assert _leads_to("COMPLETED") == {"LOOP_CLOSED"}


def _leads_to(state: str) -> set[str]:
    return {
        target
        for name, source, target in moves(ExternalReferral)
        if source == state and target not in SAME and name != "enter_in_error"
    }


def test_the_agency_asks_and_the_partner_answers() -> None:
    """Staff record what a partner says, its referent may do so too; only the agency drafts, asks and hears feedback."""
    by_partner = {name for name, step in ExternalReferral.steps.items() if Role.PARTNER_REFERENT in step.by}
    assert by_partner == {"accept", "reject", "start", "hold", "resume", "complete", "fail", "cancel"}
    assert all(Role.OPERATOR in ExternalReferral.steps[name].by for name in by_partner)


def test_the_engine_may_propose_it_to_the_next_partner_and_no_more() -> None:
    assert [name for name, step in ExternalReferral.steps.items() if Role.ENGINE in step.by] == ["repropose"]


@pytest.mark.parametrize("step", ["reject", "hold", "fail", "cancel"])
def test_what_stops_a_referral_has_its_reason(step: str) -> None:
    life = requested() if step == "reject" else accepted()
    refusal = life.refused(step, how="PHONE")
    assert (refusal.code, refusal.path) == ("INPUT_INVALID", ("reason",))


@pytest.mark.parametrize("step", ["accept", "reject", "start", "hold", "resume", "complete", "fail"])
def test_a_partners_step_says_how_it_came(step: str) -> None:
    """Partners mostly have no log-in: by phone, by e-mail, in person, by a link."""
    given = ExternalReferral.steps[step].input
    assert given
    assert "how" in given.__dataclass_fields__


def test_nobody_is_told_before_there_is_a_legal_basis() -> None:
    assert drafted().refused("send").code == "LEGAL_BASIS_MISSING"


def test_another_basis_than_consent_takes_a_role_that_may_say_so() -> None:
    """D.Lgs. 196/2003, art. 2-sexies; consent has a step of its own."""
    assert ExternalReferral.steps["record_other_basis"].by == {Role.PSYCHOLOGIST, Role.SUPERVISOR}
    life = drafted()
    assert life.refused("record_other_basis", basis="CONSENT", note=UUID(int=4)).path == ("basis",)
    life.take("record_other_basis", basis="VITAL_INTEREST", note=UUID(int=4))
    assert life.take("send").state == "REQUESTED"


def test_a_rejected_referral_goes_to_the_next_partner_and_to_none_twice() -> None:
    life = requested()
    life.take("reject", how="PHONE", reason="NO_PLACES")
    assert life.refused("repropose", service=FIRST).code == "SERVICE_TRIED"
    life.take("repropose", service=SECOND)
    assert life.state == "REQUESTED"
    assert life.process.tried == (FIRST,)
    assert life.process.rejection is None
    life.take("reject", how="EMAIL", reason="OTHER")
    for tried in (FIRST, SECOND):
        assert life.refused("repropose", service=tried).path == ("service",)
    life.take("repropose", service=THIRD)
    assert [*life.process.tried] == [FIRST, SECOND]
    assert life.process.reproposals == 2


def test_a_consent_for_one_partner_does_not_hold_for_the_next() -> None:
    """It is a draft again until the tenant has been asked; the partners that were tried stay known."""
    life = requested("THIS_PARTNER")
    life.take("reject", how="PHONE", reason="NO_PLACES")
    assert life.take("repropose", service=SECOND).state == "DRAFT"
    assert life.refused("send").code == "LEGAL_BASIS_MISSING"
    assert life.refused("choose_service", service=FIRST).code == "SERVICE_TRIED"
    life.take("record_consent")
    life.take("choose_service", service=THIRD)
    assert life.refused("send").code == "LEGAL_BASIS_MISSING"


def test_a_silent_partner_keeps_the_referral_until_its_term_has_passed() -> None:
    life = requested()
    refusal = life.refused("repropose", service=SECOND)
    assert refusal.code == "PARTNER_HAS_TIME"
    entry = life.process.entry
    assert life.until_due().take("repropose", service=SECOND).state == "REQUESTED"
    assert life.process.entry == entry + 1, "the next partner has its own term"
    assert life.process.deadline
    assert life.process.deadline > life.at


def test_a_referral_on_hold_goes_on() -> None:
    life = accepted()
    life.take("hold", how="PHONE", reason="WAITING_LIST")
    assert life.process.hold_reason
    life.take("resume", how="PHONE")
    assert life.state == "IN_PROGRESS"
    assert life.process.hold_reason is None


def test_the_term_runs_from_the_partners_appointment() -> None:
    """It lies ahead, and is for one state: the next one has its own, or none."""
    life = requested()
    assert life.refused("accept", how="PHONE", appointment=life.at).code == "DUE_DATE_PAST"
    life.take("accept", how="PHONE", appointment=life.at + timedelta(days=7))
    assert life.process.deadline == datetime(2026, 3, 23, 23, tzinfo=UTC)  # ten working days from 9 March
    assert life.process.appointment_now() == Appointment(at=life.at + timedelta(days=7))
    life.later(days=7)
    assert life.refused("start", how="PHONE", appointment=life.at).path == ("appointment",)
    assert life.take("start", how="PHONE").appointment_now() is None
    life.take("hold", how="PHONE", reason="PAPERS")
    assert life.refused("resume", how="PHONE", appointment=life.at).code == "DUE_DATE_PAST"
    assert life.take("resume", how="PHONE", appointment=life.at + timedelta(days=1)).appointment_now()


def test_states_are_fhirs_task_statuses() -> None:
    """But for the loop that is closed: a completed Task whose feedback was recorded."""
    task = {
        "draft", "requested", "accepted", "rejected", "in-progress", "on-hold", "completed", "failed", "cancelled",
        "entered-in-error",
    }  # fmt: skip
    states = {state.name.lower().replace("_", "-") for state in ExternalReferral.State}
    assert states - {"loop-closed"} == task


def test_a_referral_waits_for_the_partner_until_it_has_answered_for_good() -> None:
    waits_for_partner = {state.name for state in ExternalReferral.State if state.waits_for is Party.PARTNER}
    assert waits_for_partner == {"REQUESTED", "ACCEPTED", "IN_PROGRESS", "ON_HOLD"}
