"""Money towards rent or utilities: the measures' limits, the funding line, the law's notice before a refusal."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from domain.contribution import Contribution, MeasureLimits
from domain.process import Ceiling, Reservation
from domain.record import read_input
from tests.domain.lives import Life

LINE = UUID(int=3)
FOUND = {
    "measure": "DIFFICULTY",
    "isee": "6100.00",
    "months_assigned": 60,
    "eligible": "900.00",
}


def requested(**given: Any) -> Life[Contribution]:
    """A request of 1,000 EUR, on Monday 2 March 2026."""
    life = Life(Contribution)
    life.take("open", **{"tenancy": UUID(int=1), "purpose": "RENT", "requested": "1000.00"} | given)
    return life


def assessed(*, purpose: str = "RENT", **found: Any) -> Life[Contribution]:
    life = requested(purpose=purpose)
    life.take("assess", **FOUND | found)
    return life


def announced() -> Life[Contribution]:
    life = assessed()
    life.take("notify_refusal", ground="NO_FUNDS")
    return life


def test_a_contribution_is_requested_assessed_granted_and_paid() -> None:
    life = assessed()
    life.take("grant", funding_line=LINE, amount="900.00")
    assert life.process.funding_line == LINE
    assert life.process.granted == 900
    assert life.take("pay", reference="M-2026-118").state == "PAID"


def test_a_grant_takes_its_money_from_the_funding_line() -> None:
    """The share is worked out from the step's input: the register takes it before the step may happen."""
    life = assessed()
    declared = life.process.steps["grant"]
    assert declared.reserves
    share = declared.reserves(life.process, read_input(declared, {"funding_line": LINE, "amount": "900.00"}))
    ceiling = Ceiling(key=f"{UUID(int=1)}/DIFFICULTY/2026", most=Decimal(2700))
    assert share == Reservation(kind="FUNDING", resource=LINE, amount=Decimal("900.00"), under=ceiling)
    assert [name for name, step in Contribution.steps.items() if step.reserves] == ["grant"]


def test_no_more_is_granted_than_is_eligible() -> None:
    refusal = assessed().refused("grant", funding_line=LINE, amount="900.01")
    assert (refusal.code, refusal.path) == ("MORE_THAN_ELIGIBLE", ("amount",))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"eligible": "1000.01"}, "MORE_THAN_REQUESTED"),
        ({"eligible": "2700.01"}, "OVER_CEILING"),
        ({"measure": "INDIGENT", "eligible": "1850.01"}, "OVER_CEILING"),
    ],
)
def test_an_assessment_keeps_to_the_request_and_to_the_measures_ceiling(found: dict[str, Any], code: str) -> None:
    """r.r. 11/2019: 1,850 EUR a year to indigent households, 2,700 EUR in economic difficulty."""
    refusal = requested().refused("assess", **FOUND | found)
    assert (refusal.code, refusal.path) == (code, ("eligible",))


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        pytest.param({"isee": "9359.99"}, None, id="an ISEE under 9,360"),
        pytest.param({"isee": "9360.00"}, "ISEE: 9360.00 EUR (required: below 9360.00 EUR)", id="an ISEE of 9,360"),
        pytest.param({"months_assigned": 24}, None, id="assigned for 24 months"),
        pytest.param(
            {"months_assigned": 23}, "Months since the contract: 23 (required: at least 24)", id="assigned for 23"
        ),
        pytest.param({"within_assets": False}, "Assets within the limit: no (required: yes)", id="assets"),
        pytest.param({"purpose": "UTILITIES"}, "Purpose: Utilities (required: Rent and arrears)", id="utilities"),
        pytest.param({"measure": "PROJECT", "purpose": "UTILITIES"}, None, id="utilities from project money"),
        pytest.param(
            {"measure": "INDIGENT", "isee": "3000.00", "months_assigned": 36, "attested": True},
            None,
            id="indigent at the limits",
        ),
        pytest.param(
            {"measure": "INDIGENT", "isee": "3000.00", "months_assigned": 36},
            "Attestation of social services: no (required: yes)",
            id="indigent, no attestation",
        ),
        pytest.param(
            {"measure": "INDIGENT", "isee": "3000.01", "months_assigned": 37, "attested": True},
            "ISEE: 3000.01 EUR (required: up to 3000.00 EUR); Months since the contract: 37 (required: up to 36)",
            id="indigent, ISEE over 3,000 and after 36 months",
        ),
    ],
)
def test_a_grant_needs_what_its_measure_requires(found: dict[str, Any], missing: str | None) -> None:
    """The regional regulation 11/2019, art. 3 and 5-6: the guard says all that is missing before any input."""
    life = assessed(**found)
    given = {"funding_line": LINE, "amount": "100.00"}
    if missing:
        refusal = life.refused("grant", **given)
        assert refusal.code == "REQUIREMENT_NOT_MET"
        assert f"({missing})" in refusal.label.en
    else:
        assert life.take("grant", **given).state == "GRANTED"


def test_nothing_is_granted_of_nothing() -> None:
    assert assessed(eligible="0").refused("grant", funding_line=LINE, amount="100.00").code == "NOTHING_ELIGIBLE"


def test_another_region_has_rules_of_its_own() -> None:
    """Attested, or with an ISEE under 6,000 and no other call open: `any` and `all` are data."""
    requires = {"any": [{"attested": True}, {"isee": {"below": 6000}, "not": {"competitive": True}}]}
    limits = TypeAdapter(MeasureLimits).validate_python({"yearly_most": 900, "requires": requires})
    life = Life(Contribution, difficulty=limits)
    life.take("open", tenancy=UUID(int=1), purpose="UTILITIES", requested="1000.00")
    life.take("assess", **FOUND)
    refusal = life.refused("grant", funding_line=LINE, amount="100.00")
    assert "(Attestazione dei servizi sociali: no (richiesto: sì); ISEE: 6100,00 EUR (richiesto:" in refusal.label.it
    life.take("assess", **FOUND | {"attested": True})
    assert life.take("grant", funding_line=LINE, amount="100.00").state == "GRANTED"


def test_limits_stored_before_requirements_were_conditions_are_still_read() -> None:
    """As a history holds them, and as they are held from now on: the same, and unchanged from then on."""
    stored = {
        "yearly_most": "1850",
        "isee_most": "3000",
        "months_assigned_least": 0,
        "months_assigned_most": 36,
        "attestation": True,
        "utilities": False,
    }
    adapter = TypeAdapter(MeasureLimits)
    limits = adapter.validate_python(stored)
    now = adapter.dump_python(limits, mode="json")
    assert now["requires"]["all"] == [
        {"within_assets": True},
        {"isee": {"up_to": "3000"}},
        {"months_assigned": {"up_to": 36}},
        {"attested": True},
        {"purpose": {"is_not": "UTILITIES"}},
    ]
    assert adapter.validate_python(now) == limits


def test_a_refusal_is_announced_first() -> None:
    """L. 241/1990, art. 10-bis; without the notice, neither before the assessment nor after."""
    assert requested().refused("refuse", ground="INCOMPLETE").code == "NOTICE_DUE"
    assert assessed().refused("refuse", ground="NO_FUNDS").code == "NOTICE_DUE"
    assert announced().refused("refuse", ground="NO_FUNDS").code == "STEP_NOT_ALLOWED"


def test_ten_days_run_from_the_proved_receipt() -> None:
    """Received on 6 March, recorded on the 20th: the term ends with Monday 16 March, and has passed."""
    life = announced().on(date(2026, 3, 20))
    life.take("record_receipt", received_on="2026-03-06")
    assert life.process.deadline == datetime(2026, 3, 16, 23, tzinfo=UTC)
    assert life.take("refuse", ground="NO_FUNDS").state == "REFUSED"


def test_a_tenant_was_told_of_a_call_before_asking() -> None:
    refusal = Life(Contribution).refused(
        "open", tenancy=UUID(int=1), purpose="RENT", requested="1000.00", informed_on="2090-01-01"
    )
    assert (refusal.code, refusal.path) == ("FACT_IN_FUTURE", ("informed_on",))


def test_a_notice_that_comes_back_is_sent_again() -> None:
    """It is received after it was sent the second time, and its own term runs."""
    life = announced()
    usual = life.process.deadline
    assert usual
    life.on(date(2026, 3, 20)).take("notify_refusal", ground="NO_FUNDS")
    assert life.state == "REFUSAL_NOTIFIED"
    assert life.process.deadline
    assert life.process.deadline > usual
    assert life.refused("record_receipt", received_on="2026-03-06").code == "RECEIVED_BEFORE_SENT"


@pytest.mark.parametrize("received", [True, False])
def test_what_was_missing_may_come_after_the_notice(*, received: bool) -> None:
    """The announced refusal falls; another needs another notice."""
    life = announced()
    if received:
        life.take("record_receipt", received_on="2026-03-02")
    life.take("reassess")
    assert (life.state, life.process.ground, life.process.received_on) == ("ASSESSED", None, None)
    assert life.refused("refuse", ground="NO_FUNDS").code == "NOTICE_DUE"
    assert life.take("grant", funding_line=LINE, amount="900.00").state == "GRANTED"


def test_within_the_ten_days_it_cannot_be_refused() -> None:
    life = announced().on(date(2026, 3, 6))
    life.take("record_receipt", received_on="2026-03-06")
    refusal = life.on(date(2026, 3, 16)).refused("refuse", ground="NO_FUNDS")
    assert refusal.code == "NOTICE_TERM_RUNNING"
    assert "fino al 16/03/2026:" in refusal.label.it
    assert "until 16 March 2026:" in refusal.label.en
    assert life.until_due().take("refuse", ground="NO_FUNDS").state == "REFUSED"


@pytest.mark.parametrize(("day", "code"), [("2026-03-21", "FACT_IN_FUTURE"), ("2026-03-01", "RECEIVED_BEFORE_SENT")])
def test_the_receipt_lies_between_the_notice_and_today(day: str, code: str) -> None:
    refusal = announced().on(date(2026, 3, 20)).refused("record_receipt", received_on=day)
    assert (refusal.code, refusal.path) == (code, ("received_on",))


def test_observations_are_answered() -> None:
    """Either they are accepted and the request is assessed again, or the refusal says why not."""
    life = announced()
    life.take("record_observations", note=UUID(int=9))
    assert life.refused("refuse", ground="NOT_ELIGIBLE").code == "ANSWER_MISSING"
    accepted = life.process.after(life.process.steps["accept_observations"], None, at=life.at, now=life.at)
    assert (accepted.state, accepted.ground) == ("ASSESSED", None)
    assert life.take("refuse", ground="NOT_ELIGIBLE", answer=UUID(int=10)).state == "REFUSED"


def test_a_refusal_without_observations_keeps_to_the_announced_ground() -> None:
    """Only what follows from observations may be added (art. 10-bis, as amended in 2020)."""
    life = announced()
    life.take("record_receipt", received_on="2026-03-02")
    assert life.until_due().refused("refuse", ground="OVER_ISEE").code == "GROUND_NOT_NOTIFIED"


def test_competitive_procedures_are_refused_straight_away() -> None:
    life = requested(competitive=True)
    assert life.refused("notify_refusal", ground="NO_FUNDS").code == "NOTICE_NOT_DUE"
    life.take("refuse", ground="NO_FUNDS")
    assert life.state == "REFUSED"
    assert life.process.ground
    assert life.process.ground.name == "NO_FUNDS"


@pytest.mark.parametrize(
    ("step", "given", "state"),
    [("revoke_grant", {"reason": "PAID_OTHERWISE"}, "REVOKED"), ("withdraw", {}, "WITHDRAWN")],
)
def test_a_grant_may_be_given_back_until_it_is_paid(step: str, given: dict[str, Any], state: str) -> None:
    """Whatever is neither granted nor paid holds no money of the line."""
    life = assessed()
    life.take("grant", funding_line=LINE, amount="900.00")
    assert life.take(step, **given).state == state
    paid = assessed()
    paid.take("grant", funding_line=LINE, amount="900.00")
    paid.take("pay", reference="M-1")
    assert paid.refused(step, **given).code == "STEP_NOT_ALLOWED"
