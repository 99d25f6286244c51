"""Notes: free text, kept here and named elsewhere by id, readable by its author and by the roles it is for."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.diary import AddNote, DiaryNote
from domain.fields import ProcessId, StaffId
from domain.refusals import Refusal, Refused
from domain.roles import Role
from store import requests
from store import tables as t
from store.database import AnyRow
from store.requests import Asked
from store.scope import Scope, require, within


async def add(
    connection: AsyncConnection,
    given: AddNote,
    *,
    id: UUID,  # noqa: A002 (its name everywhere)
    asked: Asked,
    scope: Scope,
    now: datetime,
) -> UUID:
    """Write in the diary of a process, whatever its state; return the note's id. Raises `Refused`."""
    known = await requests.answered(connection, asked, object_id=id, version=1, now=now)
    if known:
        return known
    await require(connection, [(("process",), "Process", given.process)], scope=scope)
    await write(connection, {id: given.text}, process_id=given.process, readers=given.readers, scope=scope, now=now)
    return id


async def write(
    connection: AsyncConnection,
    texts: Mapping[UUID, str],
    *,
    process_id: UUID | None,
    scope: Scope,
    now: datetime,
    readers: Collection[Role] = (),
) -> None:
    """Write notes of the caller that count at once.

    Raises `Refused` if one has been written already, or the caller is not of the staff.
    """
    rows = [
        {
            "id": identifier,
            "process_id": process_id,
            "author_id": scope.staff_id,
            "body": text,
            "readers": [role.name for role in readers],
            "written_at": now,
            "attached": True,
        }
        for identifier, text in texts.items()
    ]
    if rows:
        await require(connection, [((), "Staff", scope.staff_id)], scope=scope)
        new = upsert(t.note).values(rows).on_conflict_do_nothing().returning(t.note.c.id)
        if len((await connection.execute(new)).all()) < len(rows):
            raise Refused(Refusal.ALREADY_EXISTS, path=("new_id",))


async def load(connection: AsyncConnection, identifiers: Collection[UUID], *, scope: Scope) -> dict[UUID, DiaryNote]:
    """Return those of these notes that the caller may read."""
    rows = await connection.execute(select(t.note).where(t.note.c.id.in_(identifiers), _readable(scope)))
    return {row.id: _note(row) for row in rows}


async def of_processes(
    connection: AsyncConnection, process_ids: Collection[UUID], *, scope: Scope
) -> dict[UUID, dict[UUID, DiaryNote]]:
    """Return the diary of each of these processes, oldest first, as far as the caller may read it."""
    found: dict[UUID, dict[UUID, DiaryNote]] = {process_id: {} for process_id in process_ids}
    rows = await connection.execute(
        select(t.note)
        .where(t.note.c.process_id.in_(process_ids), _readable(scope))
        .order_by(t.note.c.written_at, t.note.c.id)
    )
    for row in rows:
        found[row.process_id][row.id] = _note(row)
    return found


def _readable(scope: Scope) -> ColumnElement[bool]:
    """Return the clause: of a process, or a contact, that the caller sees; and theirs, or for their roles."""
    note = t.note.c
    seen = or_(
        exists().where(t.process.c.id == note.process_id, within(scope, t.process)),
        exists().where(t.contact.c.note_id == note.id, within(scope, t.contact)),
    )
    for_them = or_(
        note.author_id == scope.staff_id,
        func.cardinality(note.readers) == 0,
        note.readers.overlap([role.name for role in scope.roles]),
    )
    return and_(note.attached, seen, for_them)


def _note(row: AnyRow) -> DiaryNote:
    return DiaryNote(
        process=row.process_id and ProcessId(row.process_id),
        text=row.body,
        readers=tuple(Role[name] for name in row.readers),
        author=StaffId(row.author_id),
        written_at=row.written_at,
    )
