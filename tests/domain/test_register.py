"""Entries of the register: what each may say, on its own."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import contact, partner
from domain.record import read_value
from domain.refusals import Refused
from domain.register import FundingLine, Municipality, Person, Staff, Stop, Tenancy
from domain.registered import Registered
from domain.roles import Role
from domain.shape import shapes

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ID = UUID(int=1)
STOP = {"service_point": ID, "district": ID, "place": "Piazza", "starts_at": NOW, "ends_at": NOW, "capacity": 5}
TENANCY = {
    "code": "T1",
    "holder": ID,
    "dwelling": ID,
    "starts_on": date(2015, 1, 1),
    "balance": "-12.50",
    "balance_on": date(2026, 3, 1),
}
CONTACT = {"channel": "WALK_IN", "outcome": "INFORMED", "service_point": ID}
SERVICE = {"partner": ID, "name": "Sportello", "area": "SOCIAL", "channel": "PHONE"}


def refusal(kind: type[Registered], given: Mapping[str, Any], **more: Any) -> tuple[str, tuple[str, ...]]:
    """Return the code and the path with which an entry is refused."""
    with pytest.raises(Refused) as refused:
        read_value(kind, {**given, **more}).check(NOW)
    return refused.value.code, refused.value.path


def accepted(kind: type[Registered], given: Mapping[str, Any], **more: Any) -> Any:
    entry = read_value(kind, {**given, **more})
    entry.check(NOW)
    return entry


def test_every_entry_is_named_in_both_languages_and_written_by_somebody() -> None:
    assert len(Registered.kinds) == 16
    for kind in Registered.kinds.values():
        assert kind.label.it
        assert kind.label.en
        assert kind.written_by
        assert kind.filled <= {*shapes(kind)}


def test_the_directory_belongs_to_the_agency_and_a_partner_writes_nothing() -> None:
    assert all(Role.PARTNER_REFERENT not in kind.written_by for kind in Registered.kinds.values())
    assert Staff.written_by == {Role.ADMINISTRATOR}


def test_a_stranger_needs_no_name_and_nobody_else_goes_without() -> None:
    assert accepted(Person, {}).family_name is None
    assert refusal(Person, {"identity": "DECLARED"}) == ("NAME_MISSING", ("family_name",))
    assert accepted(Person, {"identity": "VERIFIED", "given_name": " Fatima "}).given_name == "Fatima"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("family_name", "   "),
        ("family_name", "a\0b"),
        ("family_name", "two\nlines"),
        ("family_name", "\ud800"),
        ("family_name", "x" * 2_000_000),
        ("phone", "call me"),
        ("email", "nowhere"),
        ("languages", ["Italian"]),
        ("languages", ["it"] * 11),
        ("born_on", "0001-01-01"),
        ("identity", "SURE"),
        ("district", "not an id"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_field_and_never_repeated(field: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        read_value(Person, {field: value})
    assert (refused.value.code, refused.value.path[0]) == ("INPUT_INVALID", field)
    assert str(value) not in refused.value.label.en


def test_nobody_is_born_tomorrow() -> None:
    assert refusal(Person, {}, born_on="2026-03-03") == ("FACT_IN_FUTURE", ("born_on",))
    assert accepted(Person, {}, born_on="2026-03-02")


@pytest.mark.parametrize(("month", "day"), [(2, 29), (4, 31), (5, None), (None, 8)])
def test_a_patron_has_a_day_that_every_year_has(month: int | None, day: int | None) -> None:
    given = {"name": "Varese", "province": "VA"}
    assert accepted(Municipality, given, patron_month=5, patron_day=8)
    assert accepted(Municipality, given)
    assert refusal(Municipality, given, patron_month=month, patron_day=day) == ("NO_SUCH_DAY", ("patron_day",))


def test_a_province_has_two_letters() -> None:
    assert refusal(Municipality, {"name": "Varese", "province": "Varese"}) == ("INPUT_INVALID", ("province",))


def test_a_stop_lasts_and_is_not_cancelled_tomorrow() -> None:
    assert refusal(Stop, STOP) == ("RANGE_REVERSED", ("ends_at",))
    later = NOW + timedelta(hours=4)
    assert accepted(Stop, STOP, ends_at=later, cancelled_at=NOW).capacity == 5
    assert refusal(Stop, STOP, ends_at=later, cancelled_at=later) == ("FACT_IN_FUTURE", ("cancelled_at",))


def test_what_is_booked_or_committed_stays_covered() -> None:
    assert refusal(Stop, STOP, ends_at=NOW + timedelta(hours=4), booked=6) == ("PLACES_BOOKED", ("capacity",))
    line = {"code": "L1", "name": "L1", "budget": "1000.00", "starts_on": "2026-01-01"}
    assert accepted(FundingLine, line, committed="1000.00")
    assert refusal(FundingLine, line, committed="1000.01") == ("FUNDS_COMMITTED", ("budget",))
    assert refusal(FundingLine, line, budget="0") == ("INPUT_INVALID", ("budget",))


def test_a_balance_may_be_credit_and_is_of_a_day_that_has_come() -> None:
    assert accepted(Tenancy, TENANCY).balance < 0
    assert refusal(Tenancy, TENANCY, balance_on="2026-03-03") == ("FACT_IN_FUTURE", ("balance_on",))
    assert refusal(Tenancy, TENANCY, balance="0.001") == ("INPUT_INVALID", ("balance",))
    assert refusal(Tenancy, TENANCY, ends_on="2014-12-31") == ("RANGE_REVERSED", ("ends_on",))


def test_a_service_is_for_an_age_and_opens_by_a_rule() -> None:
    assert (
        accepted(partner.PartnerService, SERVICE, minimum_age=0, schedule="FREQ=WEEKLY;BYDAY=MO,TH").free_places is None
    )
    assert refusal(partner.PartnerService, SERVICE, minimum_age=18, maximum_age=0) == (
        "RANGE_REVERSED",
        ("maximum_age",),
    )
    assert refusal(partner.PartnerService, SERVICE, schedule="Mondays") == ("INPUT_INVALID", ("schedule",))


def test_a_contact_needs_neither_person_nor_case() -> None:
    stranger = accepted(contact.Contact, CONTACT)
    assert (stranger.person, stranger.case, stranger.minutes) == (None, None, None)


@pytest.mark.parametrize("outcome", contact.ContactOutcome)
def test_an_outcome_names_its_case_exactly_when_there_is_one(outcome: contact.ContactOutcome) -> None:
    with_case, without = {"outcome": outcome.name, "case": ID}, {"outcome": outcome.name}
    if outcome in contact.WITH_CASE:
        assert accepted(contact.Contact, CONTACT, **with_case).case == ID
        assert refusal(contact.Contact, CONTACT, **without) == ("CASE_MISSING", ("case",))
    else:
        assert accepted(contact.Contact, CONTACT, **without).case is None
        assert refusal(contact.Contact, CONTACT, **with_case) == ("CASE_UNEXPECTED", ("case",))


@pytest.mark.parametrize("moment", [NOW + timedelta(hours=1), "9999-12-31T23:59:59-12:00", "2026-03-02T10:00:00"])
def test_nobody_is_met_in_the_future_nor_at_an_hour_without_its_offset(moment: datetime | str) -> None:
    assert refusal(contact.Contact, CONTACT, occurred_at=moment)[1] == ("occurred_at",)
    assert accepted(contact.Contact, CONTACT, occurred_at=NOW - timedelta(days=3))
