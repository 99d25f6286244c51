"""SMS and letters, handed over to a gateway by HTTP.

The protocol is small, and no provider's own:

    POST {url}/messages
    Authorization: Bearer {secret}
    {"messages": [{"key", "channel": "sms" | "letter", "to", "name", "language", "subject", "text", "formal"}]}

    200 {"results": [{"key", "status": "accepted" | "rejected" | "busy", "id", "code"}]}

At most a hundred messages at a time; none asks whether the gateway is there and knows us. `key` is a UUID: the same
again is answered as the first time and sent once, so that whatever was not answered is safe to send again. `busy` was
not taken, and may be sent again. `id` is what the provider calls the message, `code` says why it was not taken.

    500, 502, 504, an answer that makes no sense      TEMPORARY_FAILURE of the messages of that request
    nobody there, no answer in time, 401, 403, 404,   TEMPORARY_FAILURE, and the rest of the batch is not tried
    503 and 429, with Retry-After or without
    400, 413, 422                                     asked again in halves: whichever message was at fault, the others
                                                      leave; it is a TEMPORARY_FAILURE, and too large for good (413)
    a message without a result                        TEMPORARY_FAILURE
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import structlog
from pydantic import BaseModel, BeforeValidator, ValidationError

from domain.message import Channel, Handed, MessageStatus, Outgoing
from workers.channels.local import is_this_machine
from workers.channels.rate import Rate

MOST_AT_ONCE = 100
"""Messages that a request carries at most."""

REQUESTS_AT_ONCE = 4
"""Of one batch."""

CHANNELS = {Channel.SMS: "sms", Channel.LETTER: "letter"}
"""What leaves by a gateway, and what the protocol calls it."""

_REQUESTS_A_SECOND = 10  # of a gateway with a rate, each with a part of the second's messages
_LONGEST_PAUSE = timedelta(days=1)
_ONE_OF_THEM = frozenset({400, 413, 422})
_TOO_LARGE = 413
_ALL_OF_THEM = frozenset({401, 403, 404, 405, 429, 503})
_STATUSES = {
    "accepted": MessageStatus.SENT,
    "rejected": MessageStatus.PERMANENT_FAILURE,
    "busy": MessageStatus.TEMPORARY_FAILURE,
}
_log = structlog.get_logger(__name__)


def _code(value: Any) -> Any:
    """Return what is a code; a sentence could quote a number or a name."""
    return value if isinstance(value, str) and re.fullmatch(r"[\w.-]{1,64}", value) else ""


def _id(value: Any) -> Any:
    return str(value)[:200] if isinstance(value, (str, int)) else ""


class _Result(BaseModel):
    key: UUID
    status: Literal["accepted", "rejected", "busy"]
    id: Annotated[str, BeforeValidator(_id)] = ""
    code: Annotated[str, BeforeValidator(_code)] = ""


class _Results(BaseModel):
    results: list[Any]


class GatewayTrouble(Exception):
    """A request was not answered as it should be.

    `code` is the status, or UNREACHABLE, TIMEOUT, LINE_DROPPED, NOT_UNDERSTOOD or LEFT_ALONE. `divisible`: one of its
    messages may be at fault. `general`: the next request would fare the same.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        retry_after: timedelta | None = None,
        divisible: bool = False,
        general: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.retry_after = retry_after
        self.divisible = divisible
        self.general = general


class Gateway:
    """One gateway, on connections that are kept; `retry_after` is kept by all batches. Close it at the end."""

    def __init__(self, url: str, *, secret: str, rate: Rate, patience: float = 30.0) -> None:
        """`patience` is how many seconds a request may take."""
        self._url = url
        self._rate = rate
        self._patience = patience
        self._quiet_until = 0.0
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            timeout=patience,
            trust_env=not is_this_machine(urlsplit(url).hostname or ""),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[UUID, Handed]:
        """Hand the messages over, some at a time, and return what became of each."""
        batch = _Batch(self)
        async with asyncio.TaskGroup() as group:
            for part in _parts(messages, self._size):
                group.create_task(batch.send(part))
        return batch.handed

    async def check(self) -> str:
        """Ask whether the gateway is there and knows us, and say so. Raises GatewayTrouble."""
        await self.post([])
        return self._url

    async def post(self, messages: Sequence[Outgoing]) -> dict[UUID, Handed]:
        """Make one request and return what it says of each message. Raises GatewayTrouble."""
        now = asyncio.get_running_loop().time()
        if now < self._quiet_until:
            rest = timedelta(seconds=self._quiet_until - now)
            raise GatewayTrouble("LEFT_ALONE", "it asked to be left alone", retry_after=rest, general=True)
        try:
            async with asyncio.timeout(self._patience):
                body = {"messages": [_written(each) for each in messages]}
                answer = await self._client.post(f"{self._url}/messages", json=body)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise GatewayTrouble("TIMEOUT", "it does not answer in time", general=True) from error
        except (httpx.ConnectError, httpx.InvalidURL) as error:
            raise GatewayTrouble("UNREACHABLE", "nobody answers there", general=True) from error
        except httpx.HTTPError as error:
            raise GatewayTrouble("LINE_DROPPED", "it broke off") from error
        if answer.is_success:
            return _read(answer, messages)
        trouble = _trouble(answer)
        if trouble.retry_after:
            self._quiet_until = asyncio.get_running_loop().time() + trouble.retry_after.total_seconds()
        raise trouble

    async def turn(self, messages: int) -> None:
        """Wait until so many may leave."""
        await self._rate.turn(messages)

    @property
    def _size(self) -> int:
        if not self._rate.per_second:
            return MOST_AT_ONCE
        return max(1, min(MOST_AT_ONCE, int(self._rate.per_second / _REQUESTS_A_SECOND)))


class _Batch:
    """What is handed over together: a trouble that is not one message's spares the rest."""

    def __init__(self, gateway: Gateway) -> None:
        self.handed: dict[UUID, Handed] = {}
        self._gateway = gateway
        self._turns = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._general: GatewayTrouble | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        async with self._turns:
            await self._send(messages)

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        if not self._general:
            await self._gateway.turn(len(messages))
        if self._general:  # perhaps only now
            self._failed(messages, self._general)
            return
        try:
            self.handed |= await self._gateway.post(messages)
        except GatewayTrouble as trouble:
            if trouble.divisible and len(messages) > 1:
                for half in _parts(messages, -(-len(messages) // 2)):
                    await self._send(half)
                return
            if trouble.general:
                self._general = trouble
            _log.warning("the gateway did not take messages", code=trouble.code, messages=len(messages))
            self._failed(messages, trouble)

    def _failed(self, messages: Sequence[Outgoing], trouble: GatewayTrouble) -> None:
        too_large = trouble.code == str(_TOO_LARGE)
        status = MessageStatus.PERMANENT_FAILURE if too_large else MessageStatus.TEMPORARY_FAILURE
        for each in messages:
            self.handed[each.key] = Handed(
                key=each.key, status=status, code=trouble.code, retry_after=trouble.retry_after
            )


def _parts(messages: Sequence[Outgoing], size: int) -> list[Sequence[Outgoing]]:
    return [messages[start : start + size] for start in range(0, len(messages), size)]


def _written(message: Outgoing) -> dict[str, Any]:
    return {
        "key": str(message.key),
        "channel": CHANNELS[message.channel],
        "to": message.to,
        "name": message.name,
        "language": message.language,
        "subject": message.subject,
        "text": message.text,
        "formal": message.formal,
    }


def _read(answer: httpx.Response, messages: Sequence[Outgoing]) -> dict[UUID, Handed]:
    try:
        results = _Results.model_validate(answer.json()).results
    except (ValueError, RecursionError) as error:
        raise GatewayTrouble("NOT_UNDERSTOOD", "what answers there is no gateway of Pratica's protocol") from error
    handed = {
        each.key: Handed(key=each.key, status=MessageStatus.TEMPORARY_FAILURE, code="NO_RESULT") for each in messages
    }
    for each in reversed(results):  # the first of two that contradict each other stands
        try:
            result = _Result.model_validate(each)
        except ValidationError:
            continue
        if result.key in handed:
            handed[result.key] = Handed(
                key=result.key, status=_STATUSES[result.status], provider_id=result.id, code=result.code
            )
    return handed


def _trouble(answer: httpx.Response) -> GatewayTrouble:
    status = answer.status_code
    known = {401: "it does not know the token", 403: "the token may not do this", 404: "there is no gateway there"}
    return GatewayTrouble(
        str(status),
        known.get(status, f"it answers {status}"),
        retry_after=_retry_after(answer.headers) if status in _ALL_OF_THEM else None,
        divisible=status in _ONE_OF_THEM,
        general=status in _ALL_OF_THEM,
    )


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long Retry-After asks for, at most a day: in seconds, or until a time by the gateway's own clock."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        pause = timedelta(seconds=min(int(asked[:9]), _LONGEST_PAUSE.total_seconds()))
    elif until := _time(asked):
        pause = until - (_time(headers.get("Date", "")) or datetime.now(UTC))
    else:
        return None
    return max(timedelta(), min(pause, _LONGEST_PAUSE))


def _time(header: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
