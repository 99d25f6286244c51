"""Every question that can be asked, but for `node` and `nodes`."""

from collections.abc import Sequence

from api import (
    board,
    cases,
    declarations,
    dunning,
    lists,
    matching,
    messages,
    notices,
    policies,
    previews,
    reminders,
    report,
    viewer,
    worklist,
)
from api.derive import Fields
from domain.process import Process


def queries(processes: Sequence[type[Process]], /) -> Fields:
    """Return the queries, by Python name."""
    return {
        **worklist.QUERIES,
        **cases.QUERIES,
        **board.QUERIES,
        **report.queries(),
        **lists.QUERIES,
        **matching.QUERIES,
        **policies.QUERIES,
        **dunning.QUERIES,
        **reminders.QUERIES,
        **messages.QUERIES,
        **previews.QUERIES,
        **notices.QUERIES,
        **viewer.QUERIES,
        **declarations.queries(processes),
    }
