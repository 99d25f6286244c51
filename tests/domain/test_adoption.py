"""A process that takes over another policy or calendar: what changes, what does not, and what a dry run says of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import policy
from domain.adoption import adopted
from domain.arrears_support import ArrearsSupport
from domain.calendar import closures
from domain.case_file import CaseFile
from domain.document_practice import DocumentPractice
from domain.dry_run import PolicyEffect, compare, opening
from domain.policy import Policy
from domain.process import Process
from domain.processes import PROCESSES
from domain.tenant_case import TenantCase
from domain.terms import Term, Unit, due, skipped
from tests.domain.lives import LOMBARDIA, START, VARESE, Life
from tests.world import DOCUMENT, World

WORLD = World()


def other(*changes: tuple[str, str]) -> Policy:
    """Return the shipped policy as another version with these texts in place of those."""
    document = DOCUMENT.replace("version: 2026-11-22", "version: 2027-01-01")
    for before, after in changes:
        assert before in document
        document = document.replace(before, after)
    return policy.load(document, PROCESSES)


def contacted() -> Process:
    life = Life(TenantCase)
    return life.take("open", person=str(UUID(int=2)), district=str(UUID(int=3)))


SHORTER = other(("CONTACTED: {within: 5 working days", "CONTACTED: {within: 1 working day"))
LONGER = other(("CONTACTED: {within: 5 working days", "CONTACTED: {within: 30 days"))


def test_its_term_runs_from_when_it_began_in_the_new_length_and_its_version_stays() -> None:
    case = contacted()
    given = opening(SHORTER, TenantCase, VARESE)
    after = adopted(case, given, START + timedelta(hours=1))
    assert case.deadline == datetime(2026, 3, 9, 23, tzinfo=UTC)
    assert after.deadline == datetime(2026, 3, 3, 23, tzinfo=UTC)
    assert (after.version, after.entry, after.entered_at, after.terms.policy) == (1, 1, START, SHORTER.id)


def test_what_it_has_already_is_not_adopted_again() -> None:
    """Closed days that are known a year further are nothing new; with little left ahead they are."""
    case = contacted()
    given = opening(LOMBARDIA, TenantCase, VARESE)
    further = replace(VARESE, until=date(2041, 12, 31), days=(*VARESE.days, date(2041, 8, 15)))
    assert adopted(case, given, START) is case
    assert adopted(case, opening(LOMBARDIA, TenantCase, further), START) is case
    at_the_end = datetime(2040, 1, 1, tzinfo=UTC)
    assert adopted(case, opening(LOMBARDIA, TenantCase, further), at_the_end) is not case


def test_an_agency_that_closes_moves_the_terms_that_run_and_not_the_days_that_were_counted() -> None:
    """A closure of last week, told today, changes nothing; one of next week does."""
    case = contacted()
    now = START + timedelta(days=3)
    for closed, moves in ((date(2026, 3, 3), False), (date(2026, 3, 6), True)):
        known = replace(VARESE, days=tuple(sorted((*VARESE.days, closed))))
        after = adopted(case, opening(LOMBARDIA, TenantCase, known), now)
        assert (after is not case) == moves
        assert bool(after.deadline and case.deadline and after.deadline > case.deadline) == moves


def test_overdue_marks_follow_the_new_deadline() -> None:
    """What is no longer past loses its mark; what still is keeps it; what is only now gets it from time itself."""
    late = replace(contacted(), overdue=True)
    now = START + timedelta(days=10)
    assert not adopted(late, opening(LONGER, TenantCase, VARESE), now).overdue
    assert adopted(late, opening(SHORTER, TenantCase, VARESE), now).overdue
    assert not adopted(contacted(), opening(SHORTER, TenantCase, VARESE), now).overdue


def test_a_dry_run_says_what_an_adoption_does() -> None:
    case = contacted()
    now = START + timedelta(days=3)
    change = compare(case, SHORTER, VARESE, now, present=LOMBARDIA)
    assert change
    assert change.effects == (PolicyEffect.DEADLINE, PolicyEffect.NEWLY_OVERDUE, PolicyEffect.RUNG)
    assert (change.rung_from, change.rung_to) == ("office.1", "office.3")
    assert change.deadline_to == adopted(case, opening(SHORTER, TenantCase, VARESE), now).deadline
    assert compare(case, LOMBARDIA, VARESE, now, present=LOMBARDIA) is None
    back = compare(case, LONGER, VARESE, START + timedelta(days=10), present=LOMBARDIA)
    assert back
    assert back.effects == (PolicyEffect.DEADLINE, PolicyEffect.NO_LONGER_OVERDUE, PolicyEffect.RUNG)


def test_a_dry_run_names_the_limits_that_change_and_the_window_of_a_closed_case() -> None:
    stricter = other(
        ("reconvocations: {value: 2", "reconvocations: {value: 1"),
        ("reopen_within: {value: 120 days", "reopen_within: {value: 30 days"),
        ("retain_for: {value: 120 months", "retain_for: {value: 60 months"),
    )
    life = Life(TenantCase)
    life.take("open", person=str(UUID(int=2)), district=str(UUID(int=3)))
    closed = life.take("close", outcome="RESOLVED")
    change = compare(closed, stricter, VARESE, START + timedelta(days=1), present=LOMBARDIA)
    assert change
    assert change.effects == (PolicyEffect.REOPENING, PolicyEffect.LIMITS)
    assert {(limit.name, limit.before, limit.after) for limit in change.limits} == {
        ("reconvocations", "2", "1"),
        ("reopen_within", "120 days", "30 days"),
        ("retain_for", "120 months", "60 months"),
    }
    assert change.reopening_to
    assert change.reopening_from
    assert change.reopening_to < change.reopening_from


def test_limits_of_every_shape_are_told_apart() -> None:
    arrears = Life(ArrearsSupport).process
    change = compare(
        arrears, other(("value: [MONTHLY]", "value: [MONTHLY, QUARTERLY]")), VARESE, START, present=LOMBARDIA
    )
    assert change
    assert [(limit.before, limit.after) for limit in change.limits] == [('["MONTHLY"]', '["MONTHLY", "QUARTERLY"]')]
    assert compare(Life(DocumentPractice).process, other(), VARESE, START, present=LOMBARDIA) is None


def test_a_case_and_its_open_tracks_adopt_together_and_the_log_lives_it_again() -> None:
    """One event for each that changes; folding the log gives the same entries."""
    case_id, track = UUID(int=1), UUID(int=9)
    file, again = CaseFile(case_id), CaseFile(case_id)
    entries = [
        file.take(WORLD.open_case(case_id, at=START), START),
        file.take(WORLD.request(DocumentPractice, "open", {"document": "ISEE"}, on=track, at=START), START),
    ]
    changes = ("CONTACTED: {within: 5 working days", "CONTACTED: {within: 1 working day")
    given = {
        kind: opening(other(changes), Process.kinds[kind], VARESE) for kind in ("TENANT_CASE", "DOCUMENT_PRACTICE")
    }
    now = START + timedelta(days=3)
    assert file.would_adopt(given, now)
    adopting = file.adopt(given, now)
    assert [(entry.event.name, entry.event.process_id) for entry in adopting] == [
        ("policy_adopted", case_id),
        ("policy_adopted", track),
    ]
    assert file.adopt(given, now) == []
    assert not file.would_adopt(given, now)
    late = file.pass_deadlines(now)
    assert [entry.event.process_id for entry in late] == [case_id]
    entries += [*adopting, *late]
    assert [again.fold(entry.event) for entry in entries] == entries
    assert again.records() == file.records()
    assert CaseFile.restored(case_id, file.records(), file.seq).records() == file.records()


@pytest.mark.parametrize(
    ("term", "start", "expected"),
    [
        (Term(2, Unit.HOURS), date(2027, 5, 7), []),
        (Term(1, Unit.DAYS), date(2027, 5, 7), [date(2027, 5, 8), date(2027, 5, 9)]),
        (Term(2, Unit.WORKING_DAYS), date(2027, 5, 7), [date(2027, 5, 8), date(2027, 5, 9)]),
        (Term(1, Unit.MONTHS), date(2027, 4, 1), [date(2027, 5, 1), date(2027, 5, 2)]),
        (Term(5, Unit.DAYS), date(2027, 5, 7), []),
    ],
)
def test_the_closed_days_that_moved_a_term_are_told(term: Term, start: date, expected: list[date]) -> None:
    """San Vittore is a Saturday in 2027; Labour Day too."""
    at = datetime(start.year, start.month, start.day, 10, tzinfo=UTC)
    assert [*skipped(term, at, VARESE)] == expected
    without = replace(VARESE, days=(), saturday_works=True)
    assert due(term, at, VARESE) >= due(term, at, without)


def test_saturday_counts_where_it_is_worked() -> None:
    """Another policy may say so: five working days from a Monday end on Saturday."""
    works: Any = closures((5, 8), start=date(2026, 1, 1), until=date(2030, 1, 1), saturday_works=True)
    after = adopted(contacted(), opening(LOMBARDIA, TenantCase, works), START)
    assert after.deadline == datetime(2026, 3, 7, 23, tzinfo=UTC)
