"""The event log, read back: every case can be lived again from it, and must come out as it stands."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case_file import CaseFile
from domain.events import Event, Opening, Record, StepRequest, TaskChange
from store import tables as t

_REQUEST: TypeAdapter[StepRequest | TaskChange] = TypeAdapter(StepRequest | TaskChange)
_ADOPTED = TypeAdapter(Opening)

PAGE = 500
"""Case ids read at a time."""


async def case_ids(connection: AsyncConnection) -> AsyncIterator[UUID]:
    """Yield the id of every case, in the order of ids."""
    last: UUID | None = None
    while True:
        page = select(t.case_file.c.id).order_by(t.case_file.c.id).limit(PAGE)
        ids: Sequence[UUID] = (
            (await connection.execute(page if last is None else page.where(t.case_file.c.id > last))).scalars().all()
        )
        for last in ids:
            yield last
        if len(ids) < PAGE:
            return


async def events(connection: AsyncConnection, case_id: UUID) -> list[Event]:
    """Return the history of a case, oldest first, as its workflow wrote it."""
    rows = await connection.execute(select(t.event).where(t.event.c.case_id == case_id).order_by(t.event.c.seq))
    return [
        Event(
            seq=row.seq,
            process_id=row.process_id,
            kind=row.kind,
            name=row.name,
            from_state=row.from_state,
            to_state=row.to_state,
            version=row.version,
            entry=row.entry,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            request=_REQUEST.validate_python(row.request) if row.request else None,
            adopted=_ADOPTED.validate_python(row.adopted) if row.adopted else None,
        )
        for row in rows
    ]


async def stored(connection: AsyncConnection, case_id: UUID) -> dict[UUID, Record]:
    """Return the processes of a case as the read model has them, by id."""
    columns = (t.process.c.id, t.process.c.kind, t.process.c.data)
    rows = await connection.execute(select(*columns).where(t.process.c.case_id == case_id))
    return {row.id: Record(kind=row.kind, data=row.data) for row in rows}


def rebuilt(case_id: UUID, history: Sequence[Event]) -> tuple[CaseFile, dict[UUID, Record]]:
    """Live a history again: return the case's file, and every process that it has had, as it came out."""
    file = CaseFile(case_id)
    processes: dict[UUID, Record] = {}
    for event in history:
        entry = file.fold(event)
        if entry.event != event:
            raise ValueError(f"case {case_id}: entry {event.seq} comes out otherwise today")
        processes |= {UUID(record.data["id"]): record for record in entry.records}
    return file, processes
