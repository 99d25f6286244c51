"""How what a case is asked goes out: its notes set aside before, and what to answer when it does not go through."""

from collections.abc import Coroutine, Mapping
from typing import Any
from uuid import UUID

from api.context import Context
from api.derive import Reader
from api.process_node import ProcessNode
from api.processes import refresh
from domain.events import StepRequest, TaskChange
from domain.refusals import Refusal, Refused
from store import casework
from workflows.messages import Rejection, StepAnswer


async def send(
    context: Context,
    request: StepRequest | TaskChange,
    case_id: UUID,
    reader: Reader,
    asking: Coroutine[Any, Any, StepAnswer | Rejection],
    /,
) -> ProcessNode | Rejection | None:
    """Ask a case, and return the process as it stands then, or why not; raise `Refused` when that is not known."""
    notes = reader.notes
    if notes:
        async with context.services.database.begin() as connection:
            await casework.set_aside(connection, notes, request, at=context.now)
    try:
        answer = await asking
    except Refused as refused:
        if refused.code in _NOTHING_TAKEN:
            await _throw_away(context, notes)
        raise
    if isinstance(answer, StepAnswer):
        require_same(answer.fingerprint, request.fingerprint)
        answer = answer.rejection or answer
    if isinstance(answer, Rejection):
        await _throw_away(context, notes)
        return answer
    if not answer.visible:
        raise Refused(Refusal.PENDING)
    return await refresh(context, request.process_id, case=case_id)


def require_same(stored: str, asked: str, /) -> None:
    """Raise `Refused` if the key has served another request, with that fingerprint."""
    if stored != asked:
        raise Refused(Refusal.IDEMPOTENCY_KEY_REUSED, path=("idempotency_key",))


_NOTHING_TAKEN = frozenset({Refusal.ENGINE_UNAVAILABLE.name, Refusal.CASE_BUSY.name})


async def _throw_away(context: Context, notes: Mapping[UUID, str]) -> None:
    if notes:
        async with context.services.database.begin() as connection:
            await casework.throw_away(connection, notes, at=context.now)
