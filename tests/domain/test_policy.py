"""The policy document is checked whole, against the declarations, and says on which line to do what."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain import record
from domain.arrears_support import ArrearsLimits, ArrearsSupport
from domain.calendar import closures
from domain.dry_run import opening
from domain.dunning import rungs
from domain.fields import Count, Euro
from domain.ladder import Anchor, Whom
from domain.policy import Policy, PolicyInvalid, load
from domain.process import Process, States
from domain.processes import PROCESSES
from domain.roles import Party, Role
from domain.tenant_case import TenantCase
from domain.terms import Closures, Term, Terms, Unit, due
from tests.domain.words import WORDS


@dataclass(frozen=True, kw_only=True)
class Fine:
    """What a late return costs."""

    most: Euro
    waived: bool = False


@dataclass(frozen=True, kw_only=True)
class LoanLimits:
    """What policy sets for loans."""

    renewals: Count
    fine: Fine
    reopen_within: Term
    follow_ups: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        if self.renewals > 5 and self.fine.most > 100:
            raise ValueError("more than 5 renewals go with a fine of up to 100 EUR")


@dataclass(kw_only=True)
class Loan(Process, it="Prestito"):
    """A book lent to a tenant."""

    class State(States):
        LENT = "In prestito", "Lent", Party.TENANT
        CHECKED = "In verifica", "Checked", Role.OPERATOR
        RETURNED = "Restituito", "Returned"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

    Limits = LoanLimits


@dataclass(kw_only=True)
class Seat(Process, it="Posto"):
    """A seat in a reading room, for which policy has nothing to set but its deadline."""

    class State(States):
        TAKEN = "Occupato", "Taken", Party.TENANT
        FREE = "Libero", "Free"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"


SAMPLES: tuple[type[Process], ...] = (Loan, Seat)
for sample in SAMPLES:  # not processes of the engine: whoever asks for all of those must not find these
    Process.kinds.pop(sample.kind)

GOOD = (
    """\
policy: lombardia
version: 2026-11-01
saturday_works: false
processes:
  LOAN:
    deadlines:
      LENT: {within: 30 days, because: rules of the library}
      CHECKED: {within: 2 working days, because: agency practice}
    limits:
      renewals: {value: 2, because: agency practice}
      fine: {value: {most: 10.50}, because: rules of the library}
      reopen_within: {value: 6 months, because: agency practice}
    ladders: {LENT: desk, CHECKED: desk}
  SEAT:
    deadlines:
      TAKEN: {within: 3 hours, fixed: true, because: agency practice}
    ladders: {TAKEN: desk}
ladders:
  desk:
    - {when: at deadline, task: SUPERVISOR, because: agency practice}
"""
    + WORDS
)


def errors(text: str) -> list[str]:
    """What the loader says about a document that it refuses."""
    with pytest.raises(PolicyInvalid) as refused:
        load(text, SAMPLES)
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.errors]
    return str(refused.value).splitlines()


def test_a_document_gives_each_kind_its_own_terms() -> None:
    """A term knows the clause that it comes from, and the clause says why."""
    policy = load(GOOD, SAMPLES)
    place = closures((5, 8), start=date(2026, 11, 1), until=date(2029, 10, 31), saturday_works=policy.saturday_works)
    assert policy.id == "lombardia@2026-11-01"
    assert policy.terms("LOAN", place) == Terms(
        policy="lombardia@2026-11-01",
        deadlines={
            "LENT": Term(30, Unit.DAYS, "LOAN.LENT"),
            "CHECKED": Term(2, Unit.WORKING_DAYS, "LOAN.CHECKED"),
        },
        closures=place,
    )
    assert policy.clauses["LOAN.LENT"] == "rules of the library"


def test_a_document_gives_each_process_its_limits() -> None:
    """They are the process's own type; what the declaration has a default for may be left out."""
    policy = load(GOOD, SAMPLES)
    assert policy.limits(Loan) == LoanLimits(
        renewals=2, fine=Fine(most=Decimal("10.50")), reopen_within=Term(6, Unit.MONTHS, "LOAN.reopen_within")
    )
    assert policy.limits(Seat) == Seat.Limits()


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    """Whoever edits a policy corrects it in one go."""
    text = """\
policy: Lombardia
version: 2026-02-30
saturday_works: sometimes
saturday_work: true
processes:
  LOAN:
    deadlines:
      LENDED: {within: 30 days, because: rules of the library}
      RETURNED: {within: 3 days, because: rules of the library}
      CHECKED: {within: 2 weeks, because: agency practice}
      CHECKED: {within: 2 working days, because: agency practice}
    limits:
      renewals: {value: -2, because: agency practice}
      fine: {value: {most: ten, wavied: true}, because:}
      reopen_within: {value: 6, because: agency practice}
      colour: {value: red, because: taste}
    ladders: {LENT: desk}
  SEAT:
    deadlines:
      TAKEN: 3 hours
    ladders: {TAKEN: desk}
  SEATS:
ladders:
  desk:
    - {when: after lunch, task: SUPERVISOR, because: agency practice}
    - {when: at deadline, tell: ANYBODY, by: [SMS], text: hello, because: agency practice}
"""
    assert errors(text + WORDS) == [
        "line 1: `policy` is 'Lombardia': use small letters, digits and hyphens",
        (
            "line 2: `version` is '2026-02-30': it should be a valid date in the format YYYY-MM-DD,"
            " day value is outside expected range"
        ),
        "line 3: `saturday_works` is 'sometimes': write true or false",
        "line 4: `saturday_work` means nothing here: is it saturday_works?",
        (
            "line 7: LOAN has no deadline for LENT, which waits for Tenant:"
            " add `LENT: {within: 10 working days, because: ...}`"
        ),
        "line 8: `LENDED` means nothing here: is it LENT?",
        "line 9: RETURNED waits for nobody: remove its deadline",
        (
            "line 10: `within`: '2 weeks' is not a term: write a whole number from 1 to 9999 and its unit (hours, days,"
            " working days or months), such as '10 working days'"
        ),
        "line 11: CHECKED was already set on line 10: keep one of the two",
        "line 13: `value` is -2: it should be greater than or equal to 0",
        "line 14: `because` is None: write a text",
        "line 14: `most` is 'ten': it should be a valid decimal",
        "line 14: `wavied` means nothing here: is it waived?",
        "line 15: `value` is 6: write it with its unit, such as '10 working days'",
        "line 16: `colour` means nothing here: remove it, or use one of renewals, fine, reopen_within, follow_ups",
        "line 17: LOAN has no ladder for CHECKED, which waits for Community manager: add `CHECKED: office`",
        "line 20: `TAKEN` needs names under it: within, because, fixed",
        "line 22: `SEATS` means nothing here: is it SEAT?",
        (
            "line 25: `when`: 'after lunch' is no time: write 'on entry', 'at start', 'at deadline',"
            " '2 working days before deadline', '3 hours after entry', 'every 7 days after deadline' or"
            " 'every 7 days after deadline, 4 times'"
        ),
        ("line 26: `tell`: expected one of PERSON, OPERATOR, SUPERVISOR, REFERENT, DEPUTY_REFERENT"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("2 working days", "-2 working days", "line 8: `within`: '-2 working days' is not a term"),
        ("because: rules of the library}", "because: ''}", "line 7: `because` is '': write a text"),
        ("value: 2,", "value: yes,", "line 10: `value` is True: write a whole number"),
        ("value: 2,", "value: '2',", "line 10: `value` is '2': write a whole number"),
        ("value: 2,", "value: 0b_,", "line 10: 0b_ is not a number"),
        ("10.50", "1.850", "line 11: 1.850 may mean thousands: write 1850"),
        ("10.50", "10.5055", "line 11: `most` is 10.5055: Decimal input should have no more than 2 decimal places"),
        ("{most: 10.50}", "10.50", "line 11: `value` needs names under it: most, waived"),
        ("value: 2,", "value: 6,", ""),
        ("limits:", "limit:", "line 9: `limit` means nothing here: is it limits?"),
        ("      TAKEN: {", "      taken: {", "line 16: `taken` means nothing here: is it TAKEN?"),
        ("version: 2026-11-01\n", "", "line 1: `version` is missing: add it"),
        (
            "    deadlines:\n      TAKEN: {within: 3 hours, fixed: true, because: agency practice}\n",
            "",
            "line 14: `deadlines` is",
        ),
        ("  SEAT:", "  SEAT: &seat", ""),
        ("2026-11-01", "!!binary aGk=", "line 2: tag:yaml.org,2002:binary is not for this document"),
        ("2026-11-01", "[2026-11-01", "line 3: this cannot be read as YAML"),
        ("2026-11-01", "\x00", "line 2: this cannot be read as YAML: special characters are not allowed"),
        ("saturday_works: false", "? [a]\n: b", "line 3: a name must be plain text"),
        ("saturday_works: false", "saturday_works: &a [*a]", "line 3: `*` repeats another part of the document"),
    ],
)
def test_a_slip_of_the_pen_is_told(old: str, new: str, error: str) -> None:
    """One change to a good document, and the line that says so (none: the change does no harm)."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if error:
        assert any(line.startswith(error) for line in errors(text)), errors(text)
    else:
        assert load(text, SAMPLES).id == "lombardia@2026-11-01"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("CHECKED: desk", "CHECKED: desks", "line 13: there is no ladder desks: is it desk?"),
        ("  desk:", "  other: []\n  desk:", "line 19: no state has the ladder other"),
        ("task: SUPERVISOR", "take: enter_in_error", "line 13: rung desk.1 does not fit here: the engine may not take"),
        ("task: SUPERVISOR", "take: renew", "line 13: rung desk.1 does not fit here: LOAN has no step renew"),
        (
            "task: SUPERVISOR",
            "tell: REFERENT, by: [EMAIL], text: contact_us",
            "line 17: rung desk.1 does not fit here: SEAT has no partner",
        ),
        (
            "task: SUPERVISOR",
            "tell: REFERENT, by: [EMAIL], text: contact_us",
            "line 20: REFERENT is told with a text of partners, and contact_us is one of reminders",
        ),
        ("task: SUPERVISOR", "tell: PERSON, by: [SMS], text: contact_u", "line 20: there is no text contact_u: is it"),
        (
            "task: SUPERVISOR",
            "repropose: true",
            "line 13: rung desk.1 does not fit here: a referral is proposed to the",
        ),
        ("task: SUPERVISOR", "dun: true, text: hello", "line 20: `0`: `by`, `text`, `urgent` and `receipt` say how"),
        ("task: SUPERVISOR", "task: SUPERVISOR, dun: true", "line 20: `0`: a rung does one thing"),
        ("task: SUPERVISOR", "tell: PERSON, by: [IN_APP], text: hello", "line 20: `0`: IN_APP reaches only who works"),
    ],
)
def test_a_ladder_must_fit_the_states_that_have_it(old: str, new: str, error: str) -> None:
    """Where it is named, or where it is written."""
    text = GOOD.replace(old, new, 1)
    assert any(line.startswith(error) for line in errors(text)), errors(text)


@pytest.mark.parametrize(
    ("name", "rung", "error"),
    [
        ("desks", "when: on entry, task: OPERATOR", "line 18: there is no ladder desks: is it desk?"),
        ("news", "when: at deadline, task: OPERATOR", "line 18: rung news.1 does not fit here: it is counted from"),
        ("news", "when: on entry, dun: true", "line 18: rung news.1 does not fit here: an event tells somebody"),
        ("news", "when: on entry, repropose: true", "line 18: rung news.1 does not fit here: an event tells somebody"),
        (
            "news",
            "when: on entry, tell: REFERENT, by: [EMAIL], text: referral_waiting",
            "line 18: rung news.1 does not fit here: not every process has a partner",
        ),
        ("news", "when: 2 hours after entry, task: OPERATOR", ""),
    ],
)
def test_the_ladder_of_an_event_fits_whatever_it_happens_to(name: str, rung: str, error: str) -> None:
    """It is counted from the event; no state need have it."""
    written = f"events: {{stop_cancelled: {name}}}\nladders:\n  news:\n    - {{{rung}, because: x}}\n  desk:"
    text = GOOD.replace("ladders:\n  desk:", written)
    if error:
        assert any(line.startswith(error) for line in errors(text)), errors(text)
    else:
        (news,) = load(text, SAMPLES).events["stop_cancelled"]
        assert (news.clause, news.task) == ("news.1", Role.OPERATOR)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("ACCEPTED: partner_at_work", "ACCEPTED: partner", "step repropose is not possible in state ACCEPTED, but in"),
        (
            "2 working days after deadline, rep",
            "1 working day before deadline, rep",
            "partner has time until the deadl",
        ),
        (
            "2 working days after deadline, rep",
            "4 working days after entry, rep",
            "the partner has time until the deadl",
        ),
        ("2 working days after deadline, rep", "at deadline, rep", ""),
        ("REJECTED: office", "REJECTED: partner", ""),
    ],
)
def test_the_next_partner_is_proposed_where_a_referral_may_be_once_its_term_has_passed(
    old: str, new: str, error: str
) -> None:
    """In the states from which the declaration leads on, whatever else their ladders do."""
    text = files("domain").joinpath("policies/lombardia.yaml").read_text("utf-8")
    assert text.count(old) == 1
    if not error:
        assert load(text.replace(old, new), PROCESSES)
        return
    with pytest.raises(PolicyInvalid) as refused:
        load(text.replace(old, new), PROCESSES)
    (problem,) = refused.value.errors
    assert problem.message.startswith("rung partner.4 does not fit here: ")
    assert error in problem.message


def test_an_event_without_a_ladder_is_followed_by_nothing() -> None:
    assert load(GOOD, SAMPLES).events == {}


def test_limits_that_do_not_go_together_are_told() -> None:
    """The declaration's own check, on the line where its limits begin."""
    text = GOOD.replace("value: 2,", "value: 6,").replace("10.50", "500")
    assert errors(text) == ["line 9: more than 5 renewals go with a fine of up to 100 EUR"]


def test_an_empty_document_is_told_what_it_needs() -> None:
    """The file that was just created."""
    names = "languages, agency, frame, texts, policy, version, saturday_works"
    names += ", messages, ladders, events, processes, dunning"
    assert errors("") == [f"line 1: `document` needs names under it: {names}"]


@given(st.text() | st.text(alphabet=" \n:-{}[]&*?!'\"abLOAN019.,#|>%@"))
def test_any_text_is_told_what_is_wrong_with_it(text: str) -> None:
    """A document that is no policy gives sentences, never a trace."""
    assert all(line.startswith("line ") for line in errors(text))


REGIONS = ("lombardia", "emilia-romagna")


def shipped(region: str = "lombardia") -> Policy:
    """The policy of a region that comes with the engine."""
    return load(files("domain").joinpath(f"policies/{region}.yaml").read_text("utf-8"), PROCESSES)


def test_every_policy_that_comes_along_is_tested() -> None:
    shipped_documents = {file.name for file in files("domain").joinpath("policies").iterdir()}
    assert shipped_documents == {f"{region}.yaml" for region in REGIONS}


@pytest.mark.parametrize("region", REGIONS)
def test_a_shipped_policy_sets_every_process(region: str) -> None:
    """Each of the processes can be opened under it, and each of its terms can say why."""
    policy = shipped(region)
    assert policy.id.startswith(f"{region}@")
    for process in PROCESSES:
        assert set(policy.deadlines[process.kind]) == {state.name for state in process.State if state.waits_for}
        assert isinstance(policy.limits(process), process.Limits)
    assert all(term.clause in policy.clauses for terms in policy.deadlines.values() for term in terms.values())


@pytest.mark.parametrize("region", REGIONS)
def test_whoever_is_late_is_asked_for_nothing_by_a_day_that_has_passed(region: str) -> None:
    """After the deadline `by_day` is over; papers are those that had been asked for by that day."""
    policy = shipped(region)
    told = [
        rung
        for rung in policy.rungs.values()
        if rung.tell is Whom.PERSON and rung.when.anchor is Anchor.DEADLINE and not rung.when.before
    ]
    if policy.dunning:
        told += [rung for rung, _ in rungs(policy.dunning, policy.wording.texts)]
    late = {rung.text for rung in told if rung.text and "by_day" in policy.wording.texts[rung.text].needs}
    assert late <= {"papers_awaited"}


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.kind)
def test_terms_with_three_years_of_closures_stay_under_2_kb(process: type[Process]) -> None:
    """They are in the input of a step, in the state, and in every history."""
    bridges = [date(year, month, 24) for year in (2026, 2027, 2028, 2029) for month in (4, 12)]
    place = closures((5, 8), start=date(2026, 11, 1), until=date(2029, 10, 31), saturday_works=True, extra=bridges)
    assert len(TypeAdapter(Terms).dump_json(shipped().terms(process.kind, place))) < 2048


def test_a_term_that_outlives_the_closed_days_that_are_known_is_told() -> None:
    """By its line, in whatever unit, deadline or limit; what just fits is taken."""
    too_long = GOOD.replace("30 days", "401 days").replace("2 working days", "201 working days")
    too_long = too_long.replace("3 hours", "9601 hours").replace("6 months", "13 months")
    assert [error.split(" is ")[0] for error in errors(too_long)] == [
        "line 7: `LENT`",
        "line 8: `CHECKED`",
        "line 12: `reopen_within`",
        "line 16: `TAKEN`",
    ]
    longest = GOOD.replace("30 days", "400 days").replace("2 working days", "200 working days")
    assert load(longest.replace("3 hours", "9600 hours").replace("6 months", "12 months"), SAMPLES)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("9999 months", ""),
        ("3 months", "`retain_for` is shorter than `reopen_within`: what may be reopened is kept"),
        (None, "TENANT_CASE has no limit retain_for: add `retain_for: {value: ..., because: ...}`"),
    ],
)
def test_how_long_a_file_is_kept_is_said_and_may_be_years(value: str | None, said: str) -> None:
    """Longer than closed days are known, never shorter than it may be reopened, and no policy is silent about it."""
    text = files("domain").joinpath("policies/lombardia.yaml").read_text("utf-8")
    (line,) = (line for line in text.splitlines() if "retain_for:" in line)
    changed = text.replace(line, line.replace("120 months", value) if value else "")
    if not said:
        assert load(changed, PROCESSES).limits(TenantCase).retain_for.amount == 9999
        return
    with pytest.raises(PolicyInvalid) as invalid:
        load(changed, PROCESSES)
    assert [problem.message for problem in invalid.value.errors] == [said]


def test_nothing_of_a_region_is_in_the_program() -> None:
    """The same week under two policies: other deadlines, other limits, a Saturday that counts, another plan allowed."""
    told: dict[str, list[object]] = {}
    for region in REGIONS:
        policy = shipped(region)
        place = closures(None, start=date(2026, 11, 1), until=date(2029, 10, 31), saturday_works=policy.saturday_works)
        monday = datetime(2026, 11, 16, 9, tzinfo=UTC)
        fault = blank("MAINTENANCE_RESOLUTION", policy, place)
        arrears: ArrearsLimits = policy.limits(ArrearsSupport)
        told[region] = [
            due(fault.limits.ordinary, monday, place).date(),
            due(fault.limits.emergency, monday, place) - monday,
            policy.limits(TenantCase).retain_for.amount,
            arrears.missed_allowed,
            [frequency.name for frequency in arrears.frequencies],
        ]
    assert told == {
        "lombardia": [date(2026, 11, 25), timedelta(hours=2), 120, 0, ["MONTHLY"]],
        "emilia-romagna": [date(2026, 11, 24), timedelta(hours=4), 60, 1, ["MONTHLY", "BIMONTHLY"]],
    }


def blank(kind: str, policy: Policy, place: Closures) -> Any:
    """Return a process of that kind as the policy opens it."""
    given = opening(policy, Process.kinds[kind], place)
    return record.blank(kind, id=UUID(int=1), case_id=UUID(int=2), opening=given)
