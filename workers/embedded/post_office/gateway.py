"""The post office's gateway for SMS and letters; the protocol is in workers/channels/gateway.py."""

import hmac
import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workers.clock import Clock
from workers.embedded.post_office.kept import Kept, Letter

_MOST = 100
_MOST_BYTES = 2**22
_NUMBER = re.compile(r"\+?[\d ()./-]{5,25}")


class _Message(BaseModel):
    key: UUID
    channel: Literal["sms", "letter"]
    to: str
    name: str
    language: str
    subject: str
    text: str
    formal: bool


class _Messages(BaseModel):
    messages: Annotated[list[_Message], Field(max_length=10 * _MOST)]


def gateway(kept: Kept, *, secret: str, clock: Clock) -> Route:
    """Return the gateway's one address, which keeps what comes from whoever knows the secret."""

    async def take(request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {secret}".encode()):
            return JSONResponse({"code": "TOKEN_UNKNOWN"}, 401)
        if int(request.headers.get("Content-Length", 0)) > _MOST_BYTES:
            return JSONResponse({"code": "TOO_LARGE"}, 413, {"Connection": "close"})
        try:
            messages = _Messages.model_validate_json(await request.body()).messages
        except ValidationError:
            return JSONResponse({"code": "MALFORMED"}, 400)
        if len(messages) > _MOST:
            return JSONResponse({"code": "TOO_MANY"}, 413)
        now = await clock.look()
        return JSONResponse({"results": [_result(_kept(kept, each, now)) for each in messages]})

    return Route("/messages", take, methods=["POST"])


def _kept(kept: Kept, message: _Message, now: datetime) -> Letter:
    """Return what is kept under the message's key: what came first."""
    known = kept.of_key(str(message.key))
    return known or kept.add(
        Letter(
            number=0,
            at=now.isoformat(timespec="seconds"),
            refused="" if message.channel == "letter" or _NUMBER.fullmatch(message.to) else "NUMBER_INVALID",
            **message.model_dump(mode="json"),
        )
    )


def _result(letter: Letter) -> dict[str, str]:
    status = "rejected" if letter.refused else "accepted"
    return {"key": letter.key, "status": status, "id": str(letter.number), "code": letter.refused}
