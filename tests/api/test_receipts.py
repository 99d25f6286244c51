"""Delivery receipts, as a gateway sends them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from api.app import application
from api.http import MAX_BODY_BYTES
from api.receipts import MOST_RECEIPTS, ReceiptsEndpoint
from api.webhooks import sign
from domain.message import MessageStatus, Receipt
from domain.refusals import Refusal, Refused
from tests.api.small import NOW, SCHEMA, client, served, services

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = UUID("6f6f0c0e-0000-4000-8000-000000000007")
RECEIPT = {"key": str(KEY), "status": "delivered", "at": "2026-11-02T09:30:00+01:00"}


class Desk:
    """Takes receipts, unless it is out of order; a second one of the same changes nothing."""

    def __init__(self) -> None:
        self.taken: list[Receipt] = []
        self.trouble: Exception | None = None

    async def take(self, receipts: Sequence[Receipt]) -> None:
        if self.trouble:
            raise self.trouble
        self.taken.extend(receipts)


async def _post(
    desk: Desk, body: bytes, *, at: datetime = NOW, secret: str = SECRET, changed: dict[str, str] | None = None
) -> httpx.Response:
    endpoint = ReceiptsEndpoint(secret=SECRET, take=desk.take, clock=lambda: NOW)
    app = application(await services(), schema=SCHEMA, receipts=endpoint)
    async with client(app, Authorization="") as asking:
        signed = sign(secret, body, identifier="msg_1", now=at)
        return await asking.post("/receipts", content=body, headers=signed | (changed or {}))


def _written(*receipts: dict[str, Any]) -> bytes:
    return json.dumps({"receipts": receipts}).encode()


def _code(answer: httpx.Response) -> str:
    code: str = answer.json()["errors"][0]["extensions"]["code"]
    return code


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("delivered", MessageStatus.DELIVERED),
        ("failed", MessageStatus.PERMANENT_FAILURE),
        ("temporary", MessageStatus.TEMPORARY_FAILURE),
        ("returned", MessageStatus.RETURNED),
    ],
)
async def test_a_receipt_is_taken_as_it_was_told(said: str, status: MessageStatus) -> None:
    desk = Desk()

    answer = await _post(desk, _written(RECEIPT | {"status": said, "id": "sms-1", "code": "ABSENT"}))

    assert (answer.status_code, answer.content) == (204, b"")
    at = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    assert desk.taken == [Receipt(key=KEY, status=status, at=at, provider_id="sms-1", code="ABSENT")]


async def test_a_thousand_are_taken_at_once_and_none_too() -> None:
    desk = Desk()

    assert (await _post(desk, _written(*[RECEIPT] * MOST_RECEIPTS))).status_code == 204
    assert (await _post(desk, _written())).status_code == 204
    assert len(desk.taken) == MOST_RECEIPTS


async def test_the_same_request_again_tells_the_same_again() -> None:
    """Whoever keeps receipts keeps facts: there is nothing to remember of requests."""
    desk = Desk()

    answers = [await _post(desk, _written(RECEIPT)) for _ in range(2)]

    assert [each.status_code for each in answers] == [204, 204]
    assert desk.taken[0] == desk.taken[1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"receipts",
        b"[]",
        b"\xff",
        b'{"receipts": {}}',
        b'{"receipts": [1]}',
        _written(RECEIPT) + b"x",
        _written(RECEIPT, {}),
        _written(RECEIPT | {"key": "7"}),
        _written(RECEIPT | {"status": "DELIVERED"}),
        _written(RECEIPT | {"at": "2026-11-02T09:30:00"}),
        _written(RECEIPT | {"at": "2026-11-02"}),
        _written(RECEIPT | {"at": "2026-02-30T09:30:00Z"}),
        _written(RECEIPT | {"at": "0001-01-01T00:00:00+10:00"}),
        _written(RECEIPT | {"at": 1_793_000_000}),
        _written(RECEIPT | {"at": "1793000000"}),
        _written(RECEIPT | {"id": 7}),
        _written(RECEIPT | {"id": "a\x00b"}),
        _written(RECEIPT | {"id": "x" * 201}),
        _written(RECEIPT | {"code": "no such number: +39 333 1234567"}),
        _written(RECEIPT | {"reason": "typo"}),
        _written(*[RECEIPT] * (MOST_RECEIPTS + 1)),
    ],
)
async def test_if_one_cannot_be_read_none_is_taken(body: bytes) -> None:
    desk = Desk()

    answer = await _post(desk, body)

    assert (answer.status_code, _code(answer)) == (400, "RECEIPTS_MALFORMED")
    assert "1234567" not in answer.text
    assert desk.taken == []


async def test_whose_signature_does_not_fit_is_not_heard() -> None:
    desk = Desk()
    body = _written(RECEIPT)
    other = "whsec_" + "A" * 32

    answers = [
        await _post(desk, body, secret=other),
        await _post(desk, body, changed={"webhook-id": "msg_2"}),
        await _post(desk, body, changed={"webhook-signature": ""}),
        await _post(desk, b"not even JSON", secret=other),
    ]

    assert [(each.status_code, _code(each)) for each in answers] == [(401, "SIGNATURE_INVALID")] * 4
    assert "WWW-Authenticate" not in answers[0].headers
    assert desk.taken == []


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_an_old_request_is_not_heard_again(minutes: int) -> None:
    desk = Desk()

    answer = await _post(desk, _written(RECEIPT), at=NOW + timedelta(minutes=minutes))

    assert (answer.status_code, _code(answer), desk.taken) == (401, "SIGNATURE_STALE", [])


async def test_too_much_is_not_read() -> None:
    answer = await _post(Desk(), b" " * (MAX_BODY_BYTES + 1))

    assert (answer.status_code, _code(answer)) == (413, "REQUEST_TOO_LARGE")


async def test_only_post_is_understood() -> None:
    endpoint = ReceiptsEndpoint(secret=SECRET, take=Desk().take, clock=lambda: NOW)
    async with client(application(await services(), schema=SCHEMA, receipts=endpoint)) as asking:
        answer = await asking.get("/receipts")

    assert (answer.status_code, answer.headers["Allow"], _code(answer)) == (405, "POST", "METHOD_NOT_ALLOWED")


async def test_without_a_secret_there_is_no_such_address() -> None:
    async with client(await served()) as asking:
        answer = await asking.post("/receipts", content=_written(RECEIPT))

    assert (answer.status_code, _code(answer)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (OperationalError("INSERT", {}, Exception()), 503, "STORE_UNAVAILABLE"),
        (Refused(Refusal.ENGINE_UNAVAILABLE), 503, "ENGINE_UNAVAILABLE"),
        (KeyError("Mario Rossi"), 500, "INTERNAL"),
    ],
)
async def test_what_could_not_be_kept_is_to_be_sent_again(trouble: Exception, status: int, code: str) -> None:
    desk = Desk()
    desk.trouble = trouble

    answer = await _post(desk, _written(RECEIPT))

    assert (answer.status_code, _code(answer)) == (status, code)
    assert "Rossi" not in answer.text
