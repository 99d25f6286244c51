"""Why a process is due when it is: which clause of which version of the policy, from when, past which closed days."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import strawberry

from api.context import Context, Info
from api.derive import resolved
from api.process_node import ProcessNode
from domain.refusals import Refused
from domain.terms import Unit, due, skipped

_UNIT = strawberry.enum(Unit, name="TermUnit", description="What a term is counted in.")


@strawberry.type(name="ExplainedTerm", description="A term that runs, where it comes from, and how it was counted.")
class ExplainedTerm:
    """One term of a process, as a person asks about it."""

    policy: str = strawberry.field(description="The version of the policy that it comes from.")
    clause: str = strawberry.field(description="The clause of that version: `ARREARS_SUPPORT.OPENED`.")
    because: str | None = strawberry.field(description="Why the clause says so, in its own words.")
    amount: int
    unit: _UNIT  # type: ignore[valid-type]
    starts_at: datetime = strawberry.field(description="From when it runs; the first day is not counted.")
    ends_at: datetime = strawberry.field(description="When it has passed.")
    decides: bool = strawberry.field(description="Whether it is the one that gives the process its deadline.")
    closed_days_skipped: list[date] = strawberry.field(description="The closed days that moved its end.")


async def _explained(context: Context, node: ProcessNode) -> Sequence[ExplainedTerm]:
    process = node.process
    falls_due = process.falls_due() if process.deadline else None
    reasons = await _reasons(context, process.terms.policy)
    return [
        ExplainedTerm(
            policy=process.terms.policy,
            clause=term.clause,
            because=reasons.get(term.clause),
            amount=term.amount,
            unit=term.unit,
            starts_at=start,
            ends_at=falls_due[0] if falls_due and falls_due[1] is term else due(term, start, process.terms.closures),
            decides=bool(falls_due and falls_due[1] is term),
            closed_days_skipped=[*skipped(term, start, process.terms.closures)],
        )
        for term, start in process.terms_running()
    ]


async def _reasons(context: Context, policy: str) -> dict[str, str]:
    async with context.reading() as reading:
        try:
            return dict((await context.services.policies.of(reading, policy)).clauses)
        except Refused:  # it came from elsewhere, before versions were kept
            return {}


async def _terms(self: Any, info: Info) -> Sequence[ExplainedTerm]:
    return await _explained(info.context, self)


async def _deadline(self: Any, info: Info) -> ExplainedTerm | None:
    return next((term for term in await _explained(info.context, self) if term.decides), None)


TERMS_EXPLAINED = resolved(
    list[ExplainedTerm], _terms, description="Every term that runs: of its state, and whatever else was promised."
)
DEADLINE_EXPLAINED = resolved(
    ExplainedTerm | None, _deadline, description="The term that gives the deadline; null where there is none."
)
"""Fields of every process."""
