"""The cases in GraphQL, for those who look after many."""

from typing import Any, Optional

from api.connections import DEFAULT_FIRST, After, Connection, First, connection, order_of, read_filter
from api.context import Info
from api.derive import Fields, enum, input_type, resolved
from api.process_node import ProcessNode
from domain.tenant_case import TenantCase
from store.cases import CaseFilter, CaseOrder, cases

enum(TenantCase.State, name=f"{TenantCase.__name__}State")


async def _cases(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    filter: Optional[input_type(CaseFilter)] = None,  # type: ignore[valid-type]  # noqa: A002, UP045
    order: enum(CaseOrder) = CaseOrder.OPENED_DESC.name,  # type: ignore[valid-type]
) -> Connection:
    given = read_filter(CaseFilter, filter)
    async with info.context.reading() as reading:
        page = await cases(
            reading, given, order_of(CaseOrder, order), first=first, after=after, scope=info.context.identity
        )
    return Connection(page, ProcessNode)


QUERIES: Fields = {
    "cases": resolved(connection("Case", of="Process"), _cases, description="The cases that the caller may see."),
}
"""The query, by Python name."""
