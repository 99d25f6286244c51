"""The read side of casework: rows of processes, within the caller's scope."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, and_, any_, bindparam, delete, exists, not_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.events import StepRequest, TaskChange
from domain.refusals import Refusal, Refused
from store import tables as t
from store.database import AnyRow
from store.policies import IN_FORCE
from store.scope import Scope, within

SCOPES = 512
"""For how many callers the statements of a step are kept: making one costs more than all else that is done with it."""

_IDS = bindparam("ids", type_=ARRAY(Uuid))


async def processes(connection: AsyncConnection, identifiers: Sequence[UUID], *, scope: Scope) -> dict[UUID, AnyRow]:
    """Return the processes with these ids that the caller may see."""
    rows = await connection.execute(_processes(scope), {"ids": identifiers})
    return {row.id: row for row in rows}


@lru_cache(SCOPES)
def _processes(scope: Scope) -> Select[Any]:
    return select(t.process).where(t.process.c.id == any_(_IDS), within(scope, t.process))


async def tracks(connection: AsyncConnection, case_ids: Sequence[UUID], *, scope: Scope) -> Sequence[AnyRow]:
    """Return the tracks of these cases, open and ended, oldest first."""
    rows: Sequence[AnyRow] = (await connection.execute(_tracks(scope), {"ids": case_ids})).all()
    return rows


@lru_cache(SCOPES)
def _tracks(scope: Scope) -> Select[Any]:
    table = t.process
    tracks = select(table).where(table.c.case_id == any_(_IDS), table.c.id != table.c.case_id, within(scope, table))
    return tracks.order_by(table.c.opened_at, table.c.id)


async def before_step(
    connection: AsyncConnection, process_id: UUID, request_id: str, *, opens: UUID | None, scope: Scope
) -> tuple[AnyRow | None, AnyRow | None, str | None]:
    """Return the process, the answer that the request already has, and the policy in force, in one statement.

    The process is None when there is none, or the caller may not see it. Raises `Refused`: STAFF_UNKNOWN (who acts is
    written in the history, so it must be somebody of the register), ALREADY_EXISTS (the id that the step `opens` is
    some process's already, whoever may see it).
    """
    asked = {"process": process_id, "opens": opens, "request": request_id}
    found = (await connection.execute(_before_step(scope), asked)).one()
    if not found.staff_known:
        raise Refused(Refusal.STAFF_UNKNOWN)
    if found.taken and not found.object_id:
        raise Refused(Refusal.ALREADY_EXISTS, path=("new_id",))
    return (found if found.id else None), (found if found.object_id else None), found.in_force


@lru_cache(SCOPES)
def _before_step(scope: Scope) -> Select[Any]:
    one, process, other, request = select(1).subquery(), t.process, t.process.alias("other"), t.request
    return (
        select(
            process.c.id,
            process.c.case_id,
            process.c.kind,
            process.c.district_id,
            process.c.data["terms"]["closures"]["until"].astext.label("closures_until"),
            process.c.data["terms"]["closures"]["saturday_works"].as_boolean().label("saturday_works"),
            request.c.fingerprint,
            request.c.object_id,
            request.c.answer,
            exists().where(t.staff.c.id == scope.staff_id).label("staff_known"),
            exists().where(other.c.id == bindparam("opens")).label("taken"),
            IN_FORCE.label("in_force"),
        )
        .select_from(one)
        .join(process, and_(process.c.id == bindparam("process"), within(scope, process)), isouter=True)
        .join(request, request.c.id == bindparam("request"), isouter=True)
    )


async def mint(connection: AsyncConnection, process_id: UUID, *, case_id: UUID) -> None:
    """Keep a client's own id for a process of this case. Raises `Refused` if another case has it, or is to have it."""
    row = upsert(t.minted).values(id=process_id, case_id=case_id)
    kept = row.on_conflict_do_update(index_elements=["id"], set_={"id": row.excluded.id}).returning(t.minted.c.case_id)
    if (await connection.execute(kept)).scalar_one() != case_id:
        raise Refused(Refusal.ALREADY_EXISTS, path=("new_id",))


async def set_aside(
    connection: AsyncConnection, texts: Mapping[UUID, str], request: StepRequest | TaskChange, *, at: datetime
) -> None:
    """Store a step's notes, not to be seen until the step is taken; another try of the same request takes them over."""
    rows = [
        {
            "id": identifier,
            "process_id": request.process_id,
            "author_id": request.actor.id,
            "body": text,
            "written_at": at,
            "attached": False,
        }
        for identifier, text in texts.items()
    ]
    new = upsert(t.note).values(rows)
    mine = new.on_conflict_do_update(
        index_elements=["id"], set_={"written_at": new.excluded.written_at}, where=not_(t.note.c.attached)
    )
    await connection.execute(mine)


async def throw_away(connection: AsyncConnection, texts: Mapping[UUID, str], *, at: datetime) -> None:
    """Delete the notes that were set aside at `at`, of a step that was refused."""
    mine = t.note.c.id.in_(texts), t.note.c.written_at == at, not_(t.note.c.attached)
    await connection.execute(delete(t.note).where(*mine))
