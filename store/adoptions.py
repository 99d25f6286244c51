"""Bulk adoptions of the policy in force: how far they are, and whom they have not reached.

Only one runs at a time. Where it is, whether it goes on, and what failed is here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.publication import AdoptionState
from domain.refusals import Refusal, Refused
from store import live
from store import tables as t
from store.database import AnyRow
from store.pages import Order, Page, Pages
from store.scope import Scope, within

_adoption = t.adoption.c
_RUNNING = _adoption.state == AdoptionState.RUNNING.name
_failure = t.adoption_failure.c

ALL, AGAIN = 1, 2
"""The rounds: every live case; then those that failed, or have a process of another version, once more."""


async def start(
    connection: AsyncConnection, policy_id: str, *, by: UUID, now: datetime, published_at: datetime
) -> None:
    """Begin to adopt the version in force, or go on with the adoption that was stopped since it was published.

    Raises `Refused` (ADOPTION_RUNNING). The caller has locked publications, and nothing else runs.
    """
    if await running(connection):
        raise Refused(Refusal.ADOPTION_RUNNING, path=("id",))
    last = await latest(connection, policy_id)
    if last and last.state == AdoptionState.STOPPED.name and last.started_at >= published_at:
        goes_on = {"state": AdoptionState.RUNNING.name, "ended_at": None}
        await connection.execute(update(t.adoption).where(_adoption.id == last.id).values(goes_on))
        return
    row = {
        "id": uuid4(),
        "policy_id": policy_id,
        "state": AdoptionState.RUNNING.name,
        "started_at": now,
        "started_by": by,
        "total": await live.count(connection, now),
    }
    await connection.execute(insert(t.adoption).values(row))


async def stop_others(connection: AsyncConnection, policy_id: str, *, now: datetime) -> None:
    """Have the adoptions of versions that are no longer in force go no further."""
    others = update(t.adoption).where(_RUNNING, _adoption.policy_id != policy_id)
    await connection.execute(others.values(_ended(AdoptionState.STOPPED, now)))


async def stop(connection: AsyncConnection, policy_id: str, *, now: datetime) -> None:
    """Have the adoption of a version go no further. Raises `Refused` (ADOPTION_NOT_RUNNING)."""
    stopped = update(t.adoption).where(_RUNNING, _adoption.policy_id == policy_id)
    if not (await connection.execute(stopped.values(_ended(AdoptionState.STOPPED, now)))).rowcount:
        raise Refused(Refusal.ADOPTION_NOT_RUNNING, path=("id",))


async def latest(connection: AsyncConnection, policy_id: str) -> AnyRow | None:
    """Return the latest adoption of a version with how many cases have `failed`, None if there was none."""
    failed = select(func.count()).where(_failure.adoption_id == _adoption.id).scalar_subquery().label("failed")
    own = select(t.adoption, failed).where(_adoption.policy_id == policy_id)
    row: AnyRow | None = (await connection.execute(own.order_by(_adoption.started_at.desc()).limit(1))).one_or_none()
    return row


async def running(connection: AsyncConnection) -> AnyRow | None:
    """Return the adoption that runs, if one does."""
    row: AnyRow | None = (await connection.execute(select(t.adoption).where(_RUNNING))).one_or_none()
    return row


async def next_cases(connection: AsyncConnection, adoption: AnyRow, now: datetime, *, most: int) -> Sequence[AnyRow]:
    """Return the next cases to go through."""
    only = None if adoption.round == ALL else _left_over(adoption)
    return await live.page(connection, now, after=adoption.cursor, most=most, only=only)


def _left_over(adoption: AnyRow) -> ColumnElement[bool]:
    own = t.process.alias("own")
    version = own.c.data["terms"]["policy"].astext
    others = exists().where(
        own.c.case_id == t.process.c.case_id,
        or_(own.c.ended_at.is_(None), own.c.id == own.c.case_id),
        version != adoption.policy_id,
    )
    return or_(others, exists().where(_failure.adoption_id == adoption.id, _failure.case_id == t.process.c.case_id))


async def kinds(connection: AsyncConnection, cases: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the kinds of the processes that each of these cases has open; its own too."""
    process = t.process.c
    asked = select(process.case_id, func.array_agg(process.kind.distinct()).label("kinds")).where(
        process.case_id.in_(cases), or_(process.ended_at.is_(None), process.id == process.case_id)
    )
    rows = await connection.execute(asked.group_by(process.case_id))
    return {row.case_id: row.kinds for row in rows}


async def gone_through(
    connection: AsyncConnection,
    adoption: AnyRow,
    cases: Sequence[AnyRow],
    failures: Mapping[UUID, str],
    *,
    now: datetime,
) -> None:
    """Note that these cases have been gone through, and which failed with what code; not if somebody else has."""
    here = update(t.adoption).where(
        _adoption.id == adoption.id,
        _adoption.round == adoption.round,
        _adoption.cursor.is_not_distinct_from(adoption.cursor),
    )
    more = len(cases) if adoption.round == ALL else 0
    moved = await connection.execute(here.values(cursor=cases[-1].case_id, done=_adoption.done + more))
    if not moved.rowcount:
        return
    reached = [case.case_id for case in cases if case.case_id not in failures]
    own = _failure.adoption_id == adoption.id
    await connection.execute(delete(t.adoption_failure).where(own, _failure.case_id.in_(reached)))
    rows = [
        {
            "adoption_id": adoption.id,
            "case_id": case.case_id,
            "district_id": case.district_id,
            "code": failures[case.case_id],
            "failed_at": now,
        }
        for case in cases
        if case.case_id in failures
    ]
    if rows:
        new = upsert(t.adoption_failure)
        again = {"code": new.excluded.code, "failed_at": new.excluded.failed_at}
        await connection.execute(new.on_conflict_do_update(index_elements=["adoption_id", "case_id"], set_=again), rows)


async def end_round(connection: AsyncConnection, adoption: AnyRow, *, now: datetime) -> None:
    """Note that there are no more cases in this round; after the last one it is done."""
    own = update(t.adoption).where(_adoption.id == adoption.id, _adoption.round == adoption.round, _RUNNING)
    after = {"round": AGAIN, "cursor": None} if adoption.round == ALL else _ended(AdoptionState.DONE, now)
    await connection.execute(own.values(after))


def _ended(state: AdoptionState, now: datetime) -> dict[str, Any]:
    return {"state": state.name, "ended_at": now}


async def failures(connection: AsyncConnection, adoption: UUID, *, first: int, after: str | None, scope: Scope) -> Page:
    """Return a page of the cases that failed. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    own = select(t.adoption_failure).where(_failure.adoption_id == adoption, within(scope, t.adoption_failure))
    return await Pages(own, _ORDER).page(connection, first=first, after=after)


_ORDER = Order("adoption.failures", ((_failure.case_id, True),))
