"""What is done about arrears, and why, in GraphQL: the policy's dunning table asked, of a support or of any facts."""

from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api import ids
from api.context import Context, Info
from api.derive import Fields, resolved
from api.processes import fetch
from domain.arrears_support import ArrearsSupport
from domain.dunning import FACTS, DunningTable, evaluate, explain
from domain.dunning_facts import DunningFacts
from domain.policy import Policy
from domain.refusals import Refusal, Refused
from domain.roles import STAFF
from store.dunning import facts as facts_of


@strawberry.type(description="A row of the dunning table that does not decide, and why not.")
class DunningRowPassedOver:
    """A row and what it lacks."""

    row: str
    action: str
    why: str = strawberry.field(description="In the caller's language.")


@strawberry.type(description="What the dunning table decides: the first row whose condition holds.")
class DunningDecision:
    """An action, its row, and on request every other row."""

    policy: str = strawberry.field(description="The version whose table was asked.")
    action: str = strawberry.field(description="By the agency's own name for it.")
    row: str
    because: str = strawberry.field(description="Where the rule comes from.")
    why: str = strawberry.field(description="What of the facts made it match, in the caller's language.")
    passed_over: list[DunningRowPassedOver] = strawberry.field(description="Every other row, in order, and why not.")


Arrears = Annotated[strawberry.ID, strawberry.argument(description="The id of an `ArrearsSupport`.")]
Facts = Annotated[JSON, strawberry.argument(description="By name; what is left out is not known, or there is none.")]
Version = Annotated[str | None, strawberry.argument(description="Of the policy; the one in force unless given.")]


async def _of_arrears(self: Any, info: Info, *, arrears: Arrears) -> DunningDecision:  # noqa: ARG001 (the root)
    context = info.context
    _, identifier = ids.decode(arrears, expected=ArrearsSupport.__name__, path=("arrears",))
    node = await fetch(context, identifier)
    if node is None or not isinstance(node.process, ArrearsSupport):
        raise Refused(Refusal.NOT_FOUND, path=("arrears",))
    async with context.reading() as reading:
        policies = context.services.policies
        policy = await policies.of(reading, node.process.terms.policy)
        facts = await facts_of(reading, node.process, policies, now=context.now)
    return _decided(context, policy, facts)


async def _of_facts(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    facts: Facts,
    policy: Version = None,
) -> DunningDecision:
    context, policies = info.context, info.context.services.policies
    if not context.identity.roles & STAFF:
        raise Refused(Refusal.NOT_YOURS, roles=STAFF)
    if not isinstance(facts, dict):
        raise Refused(Refusal.INPUT_INVALID, path=("facts",), problem="write the facts by their names")
    values, problems = FACTS.read(facts)
    for path, problem in problems:
        raise Refused(Refusal.INPUT_INVALID, path=("facts", *map(str, path)), problem=problem)
    async with context.reading() as reading:
        try:
            found = await (policies.in_force(reading) if policy is None else policies.of(reading, policy))
        except Refused:
            raise Refused(Refusal.NOT_FOUND, path=("policy",)) from None
    return _decided(context, found, DunningFacts(**values))


def _decided(context: Context, policy: Policy, facts: DunningFacts) -> DunningDecision:
    table: DunningTable | None = policy.dunning
    if table is None:
        raise Refused(Refusal.NO_DUNNING_TABLE, path=("policy",))
    decision, language = evaluate(table, facts), context.language
    return DunningDecision(
        policy=policy.id,
        action=decision.action,
        row=decision.row,
        because=decision.because,
        why=decision.verdict.why.text(language),
        passed_over=[
            DunningRowPassedOver(row=each.row, action=each.action, why=each.why.text(language))
            for each in explain(table, facts)
        ],
    )


QUERIES: Fields = {
    "dunning": resolved(DunningDecision, _of_arrears, description="What is to be done about arrears today, and why."),
    "dunning_decision": resolved(
        DunningDecision, _of_facts, description="What a version's dunning table decides about any facts, and why."
    ),
}
"""The queries, by Python name."""
