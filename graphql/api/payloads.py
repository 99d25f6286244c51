"""What all mutations have in common: whom the key is for, what the input begins with, and how the answer looks."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, ForwardRef, Optional
from uuid import UUID

import strawberry

from api.context import Context
from api.derive import Fields, make, resolved
from api.errors import UserError, refusal_of, user_error
from api.requests import request_id
from domain.refusals import Refusal, Refused
from workflows.messages import Rejection

LONGEST_KEY = 200
"""Characters of an idempotency key."""


@dataclass(frozen=True)
class Outcome:
    """What a mutation answers: the object as it stands, or why nothing happened."""

    node: Any
    user_errors: Sequence[UserError]


def payload(type_name: str, /, *, field: str) -> type[Any]:
    """Return the payload of the mutations of a type, whose object is in `field`."""

    def stands(self: Outcome) -> Any:
        return self.node

    return make(
        f"{type_name}Payload",
        {
            field: resolved(Optional[ForwardRef(type_name)], stands),  # noqa: UP045 (a forward reference has no `|`)
            "user_errors": (list[UserError], strawberry.field()),
        },
        description="It as it stands afterwards; null, with the reasons, when nothing happened.",
    )


def making() -> Fields:
    """Return what the input of a mutation that makes something begins with."""
    own = "A UUID of your own for it, to speak of it before the answer."
    return {"new_id": (UUID | None, strawberry.field(description=own, default=strawberry.UNSET))} | key()


def changing() -> Fields:
    """Return what the input of a mutation that changes something begins with."""
    version = "The version that your form showed; another one in the meantime is refused."
    return {
        "id": (
            strawberry.ID,
            strawberry.field(description="The id of what is changed: of a `TenantCase` for `tenantCaseClose`."),
        ),
        "expected_version": (int, strawberry.field(description=version)),
    } | key()


def concerning(type_name: str, /) -> Fields:
    """Return what the input of a mutation begins with that does something about what exists, whatever its version."""
    return {"id": (strawberry.ID, strawberry.field(description=f"The id of the `{type_name}`."))} | key()


def key() -> dict[str, tuple[Any, Any]]:
    """Return the key that every input of a mutation has which is done once."""
    text = "Yours, new for every request; the same key again is the same request, however often it is sent."
    return {"idempotency_key": (str, strawberry.field(description=text))}


def request_of(context: Context, given: Any, /) -> str:
    """Return the id of the request that an input makes; raise `Refused` if its key is empty or endless."""
    if not 1 <= len(given.idempotency_key) <= LONGEST_KEY:
        problem = f"1 to {LONGEST_KEY} characters"
        raise Refused(Refusal.INPUT_INVALID, path=("idempotency_key",), problem=problem)
    return request_id(context.identity.staff_id, given.idempotency_key)


async def outcome(context: Context, writing: Awaitable[Any], /) -> Outcome:
    """Wait for what a mutation does; every expected refusal is an answer."""
    try:
        written = await writing
    except Exception as error:
        written = refusal_of(error)
        if written is None:
            raise
    if isinstance(written, (Refused, Rejection)):
        return Outcome(None, [user_error(written, context.language)])
    return Outcome(written, [])
