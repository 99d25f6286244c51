"""Delivery receipts: what became of messages, as the gateway that took them tells it.

    POST /receipts, signed (see `webhooks`)
    {"receipts": [{"key", "status": "delivered" | "failed" | "temporary" | "returned", "at", "id", "code"}]}

`key` is the message's, `at` when it happened (RFC 3339); `id` and `code` may be left out. 204 says that all are kept: a
sender that hears anything else sends the same again. A receipt is a fact, and telling it twice changes nothing.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.errors import refusal_of
from api.execution import log_bug
from api.http import body_of, problem_of, refusal
from api.webhooks import verify
from domain.message import MessageStatus, Receipt
from domain.refusals import Refusal, Refused

MOST_RECEIPTS = 1_000
"""Receipts that a request carries at most."""

STATUSES = {
    "delivered": MessageStatus.DELIVERED,
    "failed": MessageStatus.PERMANENT_FAILURE,
    "temporary": MessageStatus.TEMPORARY_FAILURE,
    "returned": MessageStatus.RETURNED,
}
"""What the gateway says, and what we call it."""

TakeReceipts = Callable[[Sequence[Receipt]], Awaitable[None]]
"""Keeps receipts, all or none. The same ones come again; one may be of a message that nobody knows."""


class ReceiptsEndpoint:
    """An ASGI application that hands what was signed with `secret` to `take`. It raises nothing."""

    def __init__(self, *, secret: str, take: TakeReceipts, clock: Callable[[], datetime]) -> None:
        self._secret = secret
        self._take = take
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  the last resort of whoever asks
            refused = refusal_of(error) or Refused(Refusal.INTERNAL, request=log_bug(error))
            response = _refusal(request, refused)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        body = await body_of(request)
        verify(self._secret, body, headers=request.headers, now=self._clock())
        await self._take(parse(body))
        return Response(status_code=204)


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _moment(written: str) -> datetime:
    try:
        if _RFC_3339.fullmatch(written):
            return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February, the year 0
        pass
    raise ValueError("expected a date and a time such as 2026-11-02T09:30:00Z")


def _is_moment(written: str) -> str:
    _moment(written)
    return written


class _Receipt(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    key: UUID
    status: Literal["delivered", "failed", "temporary", "returned"]
    at: Annotated[str, AfterValidator(_is_moment)]
    id: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{0,200}$")] = ""
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""  # a sentence could quote somebody


class _Receipts(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    receipts: Annotated[list[_Receipt], Field(max_length=MOST_RECEIPTS)]


def parse(body: bytes, /) -> list[Receipt]:
    """Return the receipts in a request. Raises Refused, RECEIPTS_MALFORMED, if one of them cannot be read."""
    try:
        told = _Receipts.model_validate_json(body).receipts
    except ValidationError as invalid:
        raise Refused(Refusal.RECEIPTS_MALFORMED, problem=problem_of(invalid)) from None
    return [
        Receipt(key=each.key, status=STATUSES[each.status], at=_moment(each.at), provider_id=each.id, code=each.code)
        for each in told
    ]


def _refusal(request: Request, refused: Refused) -> Response:
    response = refusal(request, refused)
    if "Allow" in response.headers:
        response.headers["Allow"] = "POST"
    if "WWW-Authenticate" in response.headers:  # no scheme of HTTP's
        del response.headers["WWW-Authenticate"]
    return response
