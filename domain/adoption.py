"""What becomes of a process that takes over another version of the policy, or of the calendar.

Pure, and without the policy itself: a workflow, a rebuild and a dry run agree.
"""

from dataclasses import replace
from datetime import date, datetime

from domain.events import Opening
from domain.fields import local_day
from domain.process import Process
from domain.record import read_value
from domain.terms import CLOSED_DAYS_RENEWED, Terms


def adopted(process: Process, given: Opening, now: datetime) -> Process:
    """Return the process under other terms and limits; itself if they would say nothing new.

    Its terms run from when they began, in the new length; the closed days before today are those that were counted.
    The version stays as it is, so that no open form is stale for it; a deadline that is still past stays marked, and
    one that is past only now is for `pass_deadlines` to mark.
    """
    today = local_day(now)
    closures = process.terms.closures.renewed(given.terms.closures, today)
    after = replace(
        process,
        terms=replace(given.terms, closures=closures),
        limits=read_value(type(process).Limits, given.limits) if given.limits else process.limits,
    )
    if after.limits == process.limits and _say_the_same(process.terms, after.terms, today):
        return process
    falls_due = None if after.ended else after.falls_due()
    after.deadline = falls_due and falls_due[0]
    after.overdue = bool(process.overdue and after.deadline and after.deadline <= now)
    return after


def _say_the_same(before: Terms, after: Terms, today: date) -> bool:
    """Whether nothing is new but that the closed days are known some days further."""
    old, new = before.closures, after.closures
    if (before.policy, before.deadlines, old.saturday_works) != (after.policy, after.deadlines, new.saturday_works):
        return False
    if old.until - today <= CLOSED_DAYS_RENEWED:
        return False
    known = min(old.until, new.until)
    return [day for day in old.days if day <= known] == [day for day in new.days if day <= known]
