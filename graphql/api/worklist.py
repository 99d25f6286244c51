"""The worklist: what waits for whom, and since when."""

from typing import Any, Optional

from api.connections import DEFAULT_FIRST, After, Connection, First, asked_of_nodes, connection, order_of, read_filter
from api.context import Info
from api.derive import Fields, enum, input_type, resolved
from api.tasks import TaskNode, read_along
from store.worklist import WorklistFilter, WorklistOrder, worklist


async def _worklist(
    self: Any,  # noqa: ARG001 (strawberry's first argument)
    info: Info,
    *,
    first: First = DEFAULT_FIRST,
    after: After = None,
    filter: Optional[input_type(WorklistFilter)] = None,  # type: ignore[valid-type]  # noqa: A002, UP045
    order: enum(WorklistOrder) = WorklistOrder.DUE_ASC.name,  # type: ignore[valid-type]
) -> Any:
    context, references = info.context, read_along(asked_of_nodes(info))
    given = read_filter(WorklistFilter, filter)
    async with context.reading() as reading:
        page = await worklist(
            reading,
            given,
            order_of(WorklistOrder, order),
            first=first,
            after=after,
            scope=context.identity,
            now=context.now,
            references=references,
        )
    return Connection(page, lambda row: TaskNode(row, references))


QUERIES: Fields = {
    "worklist": resolved(connection("Task"), _worklist, description="What there is to do, for the caller's roles."),
}
"""The queries, by Python name."""
