"""What a dunning table is asked about arrears: what is owed, what was told already, the rent."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.arrears_support import ArrearsSupport
from domain.dunning_facts import DunningFacts, Known, MessageKind, Sent, facts_of
from domain.fields import local_day
from domain.message import MessageStatus
from store import dispatch
from store.database import AnyRow
from store.jobs import rung_of
from store.policies import Policies

_FAILED = {MessageStatus.PERMANENT_FAILURE.name, MessageStatus.RETURNED.name}


async def facts(
    connection: AsyncConnection, arrears: ArrearsSupport, policies: Policies, *, now: datetime
) -> DunningFacts:
    """Return the facts of an arrears support as of today."""
    rows = await dispatch.sent_about(connection, arrears.id)
    sent = [each async for each in _sent(connection, rows, policies)]
    rent = await dispatch.monthly_rent(connection, arrears.tenancy)
    known = Known(messages=tuple(sent), paused_until=arrears.paused_until, monthly_rent=rent)
    return facts_of(arrears, on=local_day(now), known=known)


async def _sent(connection: AsyncConnection, rows: Sequence[AnyRow], policies: Policies) -> AsyncIterator[Sent]:
    for row in rows:
        rung = rung_of(row, await policies.of(connection, row.policy) if row.policy else None)
        if rung and rung.text:
            yield Sent(kind=MessageKind(rung.text), on=local_day(row.at), failed=row.status in _FAILED)
