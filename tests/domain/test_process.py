"""The grammar of a declaration: what it derives, what it does not accept, what a step does to a process."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.fields import Count, Day, ShortText, ahead, start_of
from domain.process import CLOCK_SKEW, NEW, OPEN, SAME, Process, States, step
from domain.record import dump, load
from domain.refusals import Refusal, Refused
from domain.roles import OFFICE, Party, Role
from domain.terms import Closures, Term, Terms, Unit

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class LendTool:
    """The tool, and until when."""

    tool: ShortText
    due_on: Day


@dataclass(frozen=True, kw_only=True)
class CheckTool:
    """How many parts came back."""

    parts: Count


@dataclass(kw_only=True)
class ToolLoan(Process, it="Prestito di un attrezzo"):
    """A tool lent by the custodian."""

    class State(States):
        LENT = "In prestito", "Lent", Party.TENANT
        CHECKED = "In verifica", "Checked", Role.CUSTODIAN
        RETURNED = "Restituito", "Returned"
        LOST = "Perso", "Lost"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

    tool: ShortText | None = None
    due_on: Day | None = None
    reminders: int = 0

    def clock_starts(self) -> datetime | None:
        return start_of(self.due_on) if self.due_on and self.state == "LENT" else self.entered_at

    def due(self, at: datetime) -> None:
        if self.due_on and at < start_of(self.due_on):
            raise Refused(Refusal.APPOINTMENT_AHEAD, appointment=self.due_on)

    @step(NEW >> State.LENT, by=OFFICE, it="Presta")
    def open(self, given: LendTool, at: datetime) -> None:
        """Lend a tool."""
        ahead(given.due_on, at, "due_on")
        self.tool, self.due_on = given.tool, given.due_on

    @step(State.LENT >> SAME, by=OFFICE, it="Sollecita", when=due)
    def remind(self, _at: datetime) -> None:
        """Ask for it back."""
        self.reminders += 1

    @step(State.LENT >> State.LENT, by=OFFICE, it="Rinnova", en="Lend it again")
    def renew(self, _at: datetime) -> None:
        """Lend it on."""
        self.due_on = None

    @step((State.LENT | State.CHECKED) >> (State.CHECKED | State.RETURNED | State.LOST), by=OFFICE, it="Ritira")
    def take_back(self, given: CheckTool, _at: datetime) -> States | None:
        """Take it back, whole or not."""
        return {0: self.State.LOST, 1: None}.get(given.parts, self.State.RETURNED)


def loan() -> ToolLoan:
    closures = Closures(until=date(2026, 12, 31), days=(), saturday_works=False)
    terms = Terms(
        policy="test@1", deadlines={"LENT": Term(2, Unit.DAYS), "CHECKED": Term(1, Unit.HOURS)}, closures=closures
    )
    return ToolLoan(id=uuid4(), case_id=uuid4(), terms=terms)


def taken(process: ToolLoan, name: str, given: object = None, at: datetime = NOW) -> ToolLoan:
    return process.after(process.steps[name], given, at=at, now=at)


def lent() -> ToolLoan:
    return taken(loan(), "open", LendTool(tool="drill", due_on=date(2026, 3, 10)))


def test_everything_is_read_from_the_declaration() -> None:
    """Kind, labels, description, input, roles, targets: nothing is written twice."""
    assert (ToolLoan.kind, ToolLoan.label.it, ToolLoan.label.en) == (
        "TOOL_LOAN",
        "Prestito di un attrezzo",
        "Tool loan",
    )
    assert Process.kinds["TOOL_LOAN"] is ToolLoan
    opening, renewal = ToolLoan.steps["open"], ToolLoan.steps["renew"]
    assert (opening.opens, opening.input, opening.description, opening.by) == (True, LendTool, "Lend a tool.", OFFICE)
    assert (renewal.opens, renewal.input, renewal.label.it, renewal.label.en) == (
        False,
        None,
        "Rinnova",
        "Lend it again",
    )
    assert ToolLoan.steps["remind"].label.en == "Remind"
    assert ToolLoan.steps["take_back"].targets["LENT"] == ("CHECKED", "RETURNED", "LOST")


def test_every_open_state_can_be_entered_in_error() -> None:
    """The step is inherited, by supervisors, and from no state that has ended."""
    declared = ToolLoan.steps["enter_in_error"]
    assert set(declared.targets) == {"LENT", "CHECKED"}
    assert declared.by == {Role.SUPERVISOR}


def test_a_step_leaves_the_process_it_was_taken_on_as_it_was() -> None:
    """The validator throws the copy away, the handler keeps it."""
    before = lent()
    record = dump(before)
    after = taken(before, "take_back", CheckTool(parts=2))
    assert dump(before) == record
    assert (after.state, after.version, after.entry) == ("RETURNED", 2, 2)


def test_the_body_chooses_among_the_targets_and_the_first_is_what_it_leaves_unsaid() -> None:
    chosen = {parts: taken(lent(), "take_back", CheckTool(parts=parts)).state for parts in (0, 1, 2)}
    assert chosen == {0: "LOST", 1: "CHECKED", 2: "RETURNED"}


def test_a_step_that_stays_enters_nothing() -> None:
    """The version rises, for the data changed; entry, term and the mark of being overdue stay."""
    late = replace(lent(), overdue=True)
    reminded = taken(late, "remind", at=NOW + timedelta(days=20))
    assert reminded.reminders == 1
    assert (reminded.version, reminded.entry, reminded.entered_at) == (2, 1, NOW)
    assert (reminded.deadline, reminded.overdue) == (late.deadline, True)


def test_a_step_back_into_the_same_state_enters_it_anew() -> None:
    """Unlike one that stays: the term starts again, and nothing is overdue."""
    again = taken(replace(lent(), overdue=True), "renew", at=NOW + timedelta(days=20))
    assert (again.state, again.entry, again.overdue) == ("LENT", 2, False)
    assert again.entered_at == NOW + timedelta(days=20)


def test_a_term_runs_from_where_the_process_says() -> None:
    """Two days after the due day (10 March), to its last instant in Rome; an ended process has no deadline."""
    assert lent().deadline == datetime(2026, 3, 12, 23, tzinfo=UTC)
    assert taken(lent(), "take_back", CheckTool(parts=1)).deadline == NOW + timedelta(hours=1)
    assert taken(lent(), "take_back", CheckTool(parts=2)).deadline is None


@pytest.mark.parametrize(("ahead_of_now", "refused"), [(CLOCK_SKEW, False), (CLOCK_SKEW + timedelta(seconds=1), True)])
def test_a_fact_in_the_future_is_refused(*, ahead_of_now: timedelta, refused: bool) -> None:
    """But for the difference between two clocks."""
    process = lent()
    at = NOW + ahead_of_now
    if refused:
        with pytest.raises(Refused) as refusal:
            process.after(process.steps["renew"], None, at=at, now=NOW)
        assert (refusal.value.code, refusal.value.path) == ("FACT_IN_FUTURE", ("occurredAt",))
    else:
        assert process.after(process.steps["renew"], None, at=at, now=NOW).last_at == at


def test_a_fact_before_the_last_one_is_refused() -> None:
    process = taken(lent(), "renew", at=NOW + timedelta(days=3))
    with pytest.raises(Refused) as refusal:
        process.after(process.steps["renew"], None, at=NOW, now=NOW + timedelta(days=4))
    assert refusal.value.code == "FACT_BEFORE_LAST"
    assert "5 March 2026, 10:00" in refusal.value.label.en


def test_a_fact_of_long_ago_is_welcome() -> None:
    """Field work told in the evening, imports: only what precedes the last fact is out of order."""
    process = lent()
    assert process.after(process.steps["renew"], None, at=NOW, now=NOW + timedelta(days=900)).last_at == NOW


def test_the_guard_refuses_before_the_body_runs() -> None:
    with pytest.raises(Refused) as refusal:
        taken(lent(), "remind")
    assert refusal.value.code == "APPOINTMENT_AHEAD"


def test_what_was_written_is_what_is_read() -> None:
    process = taken(lent(), "take_back", CheckTool(parts=1))
    assert load("TOOL_LOAN", dump(process)) == process


def declare(steps: dict[str, Any], *, error: bool = True) -> type[Process]:
    class State(States):
        LENT = "In prestito", "Lent", Party.TENANT
        RETURNED = "Restituito", "Returned"

    class StateWithError(States):
        LENT = "In prestito", "Lent", Party.TENANT
        RETURNED = "Restituito", "Returned"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

    return type("BadLoan", (Process,), {"State": StateWithError if error else State, **steps})


class Elsewhere(States):
    SOLD = "Venduto", "Sold"


def _body(self: Process, at: datetime) -> None:
    """Do nothing."""


def test_a_state_that_does_not_exist_is_an_error_of_the_declaration() -> None:
    with pytest.raises(TypeError, match=r"BadLoan\._body: no such state: SOLD"):
        declare({"sell": step(OPEN >> Elsewhere.SOLD, by=OFFICE, it="Vendi")(_body)})


def test_a_process_without_entered_in_error_is_an_error_of_the_declaration() -> None:
    with pytest.raises(TypeError, match="enter_in_error: no such state: ENTERED_IN_ERROR"):
        declare({}, error=False)


def test_two_moves_from_one_state_are_an_error_of_the_declaration() -> None:
    """The second would silently replace the first; a branch is one move with two targets."""
    with pytest.raises(TypeError, match="two moves from LENT"):
        declare({"sell": step(OPEN >> SAME, OPEN >> Elsewhere.SOLD, by=OFFICE, it="Vendi")(_body)})


def test_a_body_that_chooses_what_it_does_not_declare_is_a_bug() -> None:
    """Not a refusal: nobody could do anything about it."""

    def wander(self: Process, at: datetime) -> States:
        """Go somewhere."""
        return Elsewhere.SOLD

    kind = declare({"wander": step(OPEN >> SAME, by=OFFICE, it="Vaga")(wander)})
    process = kind(id=uuid4(), case_id=uuid4(), terms=loan().terms, state="LENT")
    with pytest.raises(TypeError, match="wander chose SOLD"):
        process.after(kind.steps["wander"], None, at=NOW, now=NOW)


def test_what_lies_ahead_is_compared_with_when_the_fact_happened() -> None:
    """So weeks that ended yesterday can be lived through: a day may be today, an instant must come after."""
    ahead(NOW.date(), NOW, "due_on")
    ahead(NOW + timedelta(seconds=1), NOW, "appointment")
    for past in (NOW.date() - timedelta(days=1), NOW):
        with pytest.raises(Refused) as refusal:
            ahead(past, NOW, "due_on")
        assert (refusal.value.code, refusal.value.path) == ("DUE_DATE_PAST", ("due_on",))
