"""Dry runs: what a version of the policy would change of all that is live, and how far they are."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import Case
from domain.dry_run import PolicyChange, PolicyEffect, compare
from domain.fields import DistrictId, local_day
from domain.policy import Policy
from domain.record import load
from domain.refusals import Refused
from domain.terms import CLOSED_DAYS_KNOWN, Closures
from store import live
from store import tables as t
from store.calendars import closed_days
from store.database import AnyRow
from store.filters import Kind, Several, matching
from store.pages import Order, Page, Pages
from store.policies import Policies
from store.scope import Scope, within

PIECE = 100
"""Cases that are compared at a time: some tenths of a second."""

_CHANGE = TypeAdapter(PolicyChange)
_change = t.dry_run_change.c


@dataclass(frozen=True, kw_only=True)
class PolicyChangeFilter:
    """Which changes; everything that is given must hold, of `effects` at least one."""

    kind: Several[Kind] = ()
    effects: Several[PolicyEffect] = ()
    district: DistrictId | None = None


async def start(connection: AsyncConnection, policy_id: str, *, now: datetime) -> None:
    """Ask for a dry run of a version as of now; an earlier one of the same version is thrown away."""
    # Who asks for another at the same moment waits: a version has one.
    await connection.execute(select(t.policy.c.id).where(t.policy.c.id == policy_id).with_for_update())
    await connection.execute(delete(t.dry_run).where(t.dry_run.c.policy_id == policy_id))
    row = {"id": uuid4(), "policy_id": policy_id, "started_at": now, "total": await live.count(connection, now)}
    await connection.execute(insert(t.dry_run).values(row))


async def latest(connection: AsyncConnection, policy_id: str) -> AnyRow | None:
    """Return the dry run of a version, None if there was none."""
    row: AnyRow | None = (
        await connection.execute(select(t.dry_run).where(t.dry_run.c.policy_id == policy_id))
    ).one_or_none()
    return row


async def go_on(connection: AsyncConnection, known: Policies, *, now: datetime) -> bool:
    """Compare some cases, in one transaction with how far it is; say whether there was anything to do."""
    unfinished = select(t.dry_run).where(t.dry_run.c.ended_at.is_(None)).order_by(t.dry_run.c.started_at).limit(1)
    run = (await connection.execute(unfinished.with_for_update())).one_or_none()
    if run is None:
        return False
    own = update(t.dry_run).where(t.dry_run.c.id == run.id)
    cases = await live.page(connection, run.started_at, after=run.cursor, most=PIECE)
    if not cases:
        await connection.execute(own.values(ended_at=now))
        return True
    policy = await known.of(connection, run.policy_id)
    today = local_day(run.started_at)
    closures = await closed_days(
        connection,
        {case.district_id for case in cases},
        start=today,
        until=today + CLOSED_DAYS_KNOWN,
        saturday_works=policy.saturday_works,
    )
    rows = await live.processes(connection, [case.case_id for case in cases])
    present = await _present(connection, known, rows)
    # Elsewhere: whatever else this program serves goes on.
    changes = await asyncio.to_thread(lambda: [*_changes(run, rows, policy, closures, present)])
    if changes:
        await connection.execute(upsert(t.dry_run_change).on_conflict_do_nothing(), changes)
    await connection.execute(own.values(cursor=cases[-1].case_id, done=run.done + len(cases)))
    return True


async def _present(connection: AsyncConnection, known: Policies, rows: Sequence[AnyRow]) -> dict[str, Policy]:
    """Return the versions that these processes have, by id, as far as they are known."""
    found = {}
    for identifier in {row.data["terms"]["policy"] for row in rows}:
        with suppress(Refused):
            found[identifier] = await known.of(connection, identifier)
    return found


def _changes(
    run: AnyRow,
    rows: Sequence[AnyRow],
    policy: Policy,
    closures: Mapping[UUID, Closures],
    present: Mapping[str, Policy],
) -> Iterator[dict[str, Any]]:
    for row in rows:
        process = load(row.kind, row.data)
        expires = process.expires()
        if isinstance(process, Case) and process.ended and (expires is None or expires <= run.started_at):
            continue
        has = present.get(process.terms.policy)
        change = compare(process, policy, closures[row.district_id], run.started_at, present=has)
        if change:
            yield {
                "dry_run_id": run.id,
                "process_id": row.id,
                "kind": row.kind,
                "district_id": row.district_id,
                "effects": [effect.name for effect in change.effects],
                "change": _CHANGE.dump_python(change, mode="json"),
            }


# Reading.


def change_of(row: AnyRow) -> PolicyChange:
    """Return the change that a row tells of."""
    return _CHANGE.validate_python(row.change)


async def counts(connection: AsyncConnection, run: UUID, *, scope: Scope) -> Sequence[AnyRow]:
    """Return how many processes of a kind have an effect: rows (kind, effect, count)."""
    effect = func.unnest(_change.effects).label("effect")
    own = select(_change.kind, effect).where(_change.dry_run_id == run, within(scope, t.dry_run_change)).subquery()
    counted = select(own.c.kind, own.c.effect, func.count().label("count")).group_by(own.c.kind, own.c.effect)
    rows: Sequence[AnyRow] = (await connection.execute(counted.order_by(own.c.kind, own.c.effect))).all()
    return rows


async def changes(
    connection: AsyncConnection,
    run: UUID,
    given: PolicyChangeFilter,
    *,
    first: int,
    after: str | None,
    scope: Scope,
) -> Page:
    """Return a page of the changes, by process. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    statement = select(t.dry_run_change).where(
        _change.dry_run_id == run,
        within(scope, t.dry_run_change),
        *matching(given, t.dry_run_change, leave_out=("effects",)),
    )
    if given.effects:
        statement = statement.where(_change.effects.overlap([effect.name for effect in given.effects]))
    return await Pages(statement, _ORDER).page(connection, first=first, after=after)


_ORDER = Order("dry_run.changes", ((_change.process_id, True),))
