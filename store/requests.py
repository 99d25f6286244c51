"""The memory of requests: a key asked again finds its answer, and nothing is written twice."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.refusals import Refusal, Refused
from store import tables as t


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: `id` is the hash of identity and idempotency key, `fingerprint` that of everything it says."""

    id: str
    fingerprint: str


async def answered(
    connection: AsyncConnection, asked: Asked, *, object_id: UUID, version: int, now: datetime
) -> UUID | None:
    """Return the object that this very request has already made or changed; None if it is new, and now remembered.

    The memory is part of the caller's transaction: a request that is refused is forgotten. Whoever asks with the same
    key at the same moment waits for that transaction. Raises `Refused` if the key has served another request.
    """
    row = {
        "id": asked.id,
        "fingerprint": asked.fingerprint,
        "object_id": object_id,
        "answer": {"version": version},
        "answered_at": now,
    }
    new = upsert(t.request).values(row).on_conflict_do_nothing().returning(t.request.c.id)
    if (await connection.execute(new)).one_or_none():
        return None
    known = (await connection.execute(select(t.request).where(t.request.c.id == asked.id))).one()
    if known.fingerprint != asked.fingerprint:
        raise Refused(Refusal.IDEMPOTENCY_KEY_REUSED, path=("idempotency_key",))
    return known.object_id  # type: ignore[no-any-return]
