"""What has happened to a process, or to a whole case: its events, as they were told."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.choices import Choice
from store import tables as t
from store.pages import Order, Page, Pages
from store.scope import Scope, within

_event = t.event.c


class HistoryOrder(Choice):
    """What comes first."""

    OLDEST_FIRST = "Dal più vecchio", "Oldest first"
    LATEST_FIRST = "Dal più recente", "Latest first"


_ORDERS = {
    HistoryOrder.OLDEST_FIRST: Order("history.oldest", ((_event.seq, True),)),
    HistoryOrder.LATEST_FIRST: Order("history.latest", ((_event.seq, False),)),
}
"""Within one case `seq` tells any two events apart."""


async def history(
    connection: AsyncConnection,
    case_id: UUID,
    order: HistoryOrder,
    *,
    process_id: UUID | None,
    first: int,
    after: str | None,
    scope: Scope,
) -> Page:
    """Return a page of the events of a case, or of one process in it, in the order in which they were told.

    Raises `Refused` (PAGE_INVALID, CURSOR_INVALID).
    """
    statement = select(
        _event.case_id,
        _event.seq,
        _event.process_id,
        _event.kind,
        _event.name,
        _event.from_state,
        _event.to_state,
        _event.version,
        _event.occurred_at,
        _event.recorded_at,
        _event.actor_id,
        _event.actor_role,
        _event.request["given"].label("given"),
        _event.request["notes"].label("notes"),
        _event.adopted["terms"]["policy"].astext.label("policy"),
        # Of something to do beside the steps.
        _event.request["reason"].astext.label("reason"),
        _event.request["clause"].astext.label("clause"),
    ).where(_event.case_id == case_id, within(scope, t.event))
    if process_id:
        statement = statement.where(_event.process_id == process_id)
    return await Pages(statement, _ORDERS[order]).page(connection, first=first, after=after)
