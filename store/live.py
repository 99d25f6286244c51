"""What is live: open cases with their open tracks, and closed cases that may still be reopened."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.terms import CLOSED_DAYS_RENEWED
from store import tables as t
from store.database import AnyRow

_process = t.process.c


def live_cases(now: datetime) -> ColumnElement[bool]:
    """Return the clause that keeps processes to cases whose workflow may still be there.

    Of closed cases those within the longest reopening window that a policy can give; each knows its own.
    """
    recently = _process.ended_at > now - CLOSED_DAYS_RENEWED
    return (_process.id == _process.case_id) & or_(_process.ended_at.is_(None), recently)


async def count(connection: AsyncConnection, now: datetime) -> int:
    """Return how many cases are live."""
    counted = select(func.count()).select_from(t.process).where(live_cases(now))
    return int((await connection.execute(counted)).scalar_one())


async def page(
    connection: AsyncConnection,
    now: datetime,
    *,
    after: UUID | None,
    most: int,
    only: ColumnElement[bool] | None = None,
) -> Sequence[AnyRow]:
    """Return live cases by id, after a case: each with its district and when it ended."""
    asked = select(_process.case_id, _process.district_id, _process.ended_at).where(live_cases(now))
    if after:
        asked = asked.where(_process.id > after)
    if only is not None:
        asked = asked.where(only)
    rows: Sequence[AnyRow] = (await connection.execute(asked.order_by(_process.id).limit(most))).all()
    return rows


async def processes(connection: AsyncConnection, cases: Collection[UUID]) -> Sequence[AnyRow]:
    """Return the processes of live cases: the case itself, open or closed, and its open tracks."""
    asked = select(t.process).where(
        _process.case_id.in_(cases), or_(_process.ended_at.is_(None), _process.id == _process.case_id)
    )
    rows: Sequence[AnyRow] = (await connection.execute(asked)).all()
    return rows
