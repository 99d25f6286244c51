"""SMS and letters on a real gateway that has bad days."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.receipts import parse
from domain.message import Channel, Handed, MessageStatus, Outgoing
from tests.workers.channels.servers import (
    Fault,
    FaultyPostOffice,
    answering,
    broken_line,
    outgoing,
    silence,
    sms,
    taken_and_answering,
)
from workers.channels.gateway import MOST_AT_ONCE, Gateway, GatewayTrouble
from workers.channels.rate import Rate
from workers.embedded.process import free_port

SENT = MessageStatus.SENT
TEMPORARY, PERMANENT = MessageStatus.TEMPORARY_FAILURE, MessageStatus.PERMANENT_FAILURE


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[FaultyPostOffice]:
    async with FaultyPostOffice(tmp_path).serving() as office:
        yield office


@pytest.fixture
async def gateway(office: FaultyPostOffice) -> AsyncIterator[Gateway]:
    async with _gateway(office) as gateway:
        yield gateway


def _gateway(office: FaultyPostOffice, *, rate: float = 0, patience: float = 30) -> Gateway:
    return Gateway(office.gateway_url, secret=office.gateway_secret, rate=Rate(rate), patience=patience)


def _said(handed: Mapping[UUID, Handed]) -> set[tuple[MessageStatus, str]]:
    return {(each.status, each.code) for each in handed.values()}


def _kept(office: FaultyPostOffice) -> list[str]:
    return sorted(each.to for each in office.kept.newest_first())


async def test_messages_arrive_as_they_were(office: FaultyPostOffice, gateway: Gateway) -> None:
    letter = outgoing(channel=Channel.LETTER, to="Via Milano 1\n21100 Varese", language="ar", text="نص", formal=True)
    text = sms()

    handed = await gateway.hand_over([letter, text])

    assert _said(handed) == {(SENT, "")}
    assert sorted(each.provider_id for each in handed.values()) == ["1", "2"]
    kept = office.kept.of_key(str(letter.key))
    assert kept is not None
    assert (kept.channel, kept.to, kept.text, kept.language) == ("letter", letter.to, "نص", "ar")
    assert (kept.name, kept.subject, kept.formal) == (letter.name, letter.subject, True)
    assert _kept(office) == sorted([letter.to, text.to])


async def test_many_are_handed_over_a_hundred_at_a_time(office: FaultyPostOffice, gateway: Gateway) -> None:
    messages = [sms(number) for number in range(2 * MOST_AT_ONCE + 1)]

    handed = await gateway.hand_over(messages)

    assert _said(handed) == {(SENT, "")}
    assert set(handed) == {each.key for each in messages}
    assert office.requests == 3


async def test_a_number_that_is_none_harms_nobody_else(gateway: Gateway) -> None:
    messages = [sms(1), sms(2, name="who"), outgoing(channel=Channel.SMS, to="nobody")]

    handed = await gateway.hand_over(messages)

    assert [(handed[each.key].status, handed[each.key].code) for each in messages] == [
        (SENT, ""),
        (SENT, ""),
        (PERMANENT, "NUMBER_INVALID"),
    ]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (answering(500), "500"),
        (answering(502), "502"),
        (taken_and_answering(500), "500"),
        (taken_and_answering(504), "504"),
        (answering(200, b"<html>It works!</html>"), "NOT_UNDERSTOOD"),
        (answering(200, b'{"results": 1}'), "NOT_UNDERSTOOD"),
        (answering(200, b"\xff\xfe"), "NOT_UNDERSTOOD"),
        (answering(200, b"[" * 100_000), "NOT_UNDERSTOOD"),
        (taken_and_answering(200, b"garbage"), "NOT_UNDERSTOOD"),
        (answering(200, b'{"results": []}'), "NO_RESULT"),
        (answering(302, location="https://example.org"), "302"),
        (answering(401), "401"),
        (answering(403), "403"),
        (answering(404), "404"),
        (answering(503), "503"),
        (broken_line, "LINE_DROPPED"),
    ],
)
async def test_what_is_not_answered_is_safe_to_send_again(
    office: FaultyPostOffice, gateway: Gateway, fault: Fault, code: str
) -> None:
    messages = [sms(number) for number in range(5)]
    office.faults.append(fault)

    first = await gateway.hand_over(messages)
    second = await gateway.hand_over(messages)

    assert _said(first) == {(TEMPORARY, code)}
    assert _said(second) == {(SENT, "")}
    assert _kept(office) == sorted(each.to for each in messages)


async def test_no_answer_in_time_is_safe_to_send_again(office: FaultyPostOffice) -> None:
    office.faults.append(silence)
    messages = [sms(number) for number in range(3)]
    async with _gateway(office, patience=0.2) as gateway:
        first = await gateway.hand_over(messages)
        second = await gateway.hand_over(messages)

    assert (_said(first), _said(second)) == ({(TEMPORARY, "TIMEOUT")}, {(SENT, "")})


async def test_nobody_there_is_safe_to_send_again() -> None:
    messages = [sms(number) for number in range(3)]
    async with Gateway(f"http://127.0.0.1:{free_port()}", secret="", rate=Rate(0)) as gateway:
        assert _said(await gateway.hand_over(messages)) == {(TEMPORARY, "UNREACHABLE")}


async def test_partial_results_are_each_message_s_own(office: FaultyPostOffice, gateway: Gateway) -> None:
    taken, busy, forgotten, odd, quoted, twice = messages = [sms(number) for number in range(6)]
    results = [
        {"key": str(taken.key), "status": "accepted", "id": 7, "code": None},
        {"key": str(busy.key), "status": "busy", "code": "QUEUE_FULL"},
        {"key": str(odd.key), "status": "perhaps"},
        {"key": str(quoted.key), "status": "rejected", "code": "no such number: +39 333"},
        {"key": str(twice.key), "status": "accepted", "id": "first"},
        {"key": str(twice.key), "status": "rejected", "id": "second"},
        {"key": str(outgoing().key), "status": "accepted"},
        "nonsense",
    ]
    office.faults.append(answering(200, json.dumps({"results": results}).encode()))

    handed = await gateway.hand_over(messages)

    assert handed == {
        taken.key: Handed(key=taken.key, status=SENT, provider_id="7"),
        busy.key: Handed(key=busy.key, status=TEMPORARY, code="QUEUE_FULL"),
        forgotten.key: Handed(key=forgotten.key, status=TEMPORARY, code="NO_RESULT"),
        odd.key: Handed(key=odd.key, status=TEMPORARY, code="NO_RESULT"),
        quoted.key: Handed(key=quoted.key, status=PERMANENT),
        twice.key: Handed(key=twice.key, status=SENT, provider_id="first"),
    }


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_gateway_that_asks_to_be_left_alone_is(office: FaultyPostOffice, status: int, form: str) -> None:
    pause = "120"
    if form == "date":
        pause = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    office.faults.append(answering(status, retry_after=pause))
    messages = [sms(number) for number in range(3)]
    async with _gateway(office) as gateway:
        first = await gateway.hand_over(messages)
        second = await gateway.hand_over(messages)

    for handed in (*first.values(), *second.values()):
        assert handed.status is TEMPORARY
        assert handed.retry_after
        assert timedelta(seconds=110) < handed.retry_after <= timedelta(seconds=121)
    assert _said(first) == {(TEMPORARY, str(status))}
    assert office.requests == 1


@pytest.mark.parametrize("pause", ["soon", "-5", "0", "Mon, 02 Nov 2020 09:00:00 GMT", "٣", ""])
async def test_a_pause_that_says_nothing_is_none(office: FaultyPostOffice, gateway: Gateway, pause: str) -> None:
    office.faults.append(answering(429, retry_after=pause.encode("utf-8").decode("latin-1")))

    first = await gateway.hand_over([sms()])
    second = await gateway.hand_over([sms()])

    assert (_said(first), _said(second)) == ({(TEMPORARY, "429")}, {(SENT, "")})


async def test_a_pause_of_years_is_a_day(office: FaultyPostOffice, gateway: Gateway) -> None:
    office.faults.append(answering(429, retry_after="9" * 40))

    (handed,) = (await gateway.hand_over([sms()])).values()

    assert handed.retry_after == timedelta(days=1)


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_a_trouble_of_all_spares_the_rest_of_the_batch(office: FaultyPostOffice, status: int) -> None:
    messages = [sms(number) for number in range(12 * MOST_AT_ONCE)]
    office.faults = [answering(status)] * 12
    async with _gateway(office) as gateway:
        handed = await gateway.hand_over(messages)

    assert _said(handed) == {(TEMPORARY, str(status))}
    assert len(handed) == len(messages)
    assert office.requests <= 4


async def test_a_trouble_of_one_request_is_not_that_of_the_next(office: FaultyPostOffice, gateway: Gateway) -> None:
    messages = [sms(number) for number in range(3 * MOST_AT_ONCE)]
    office.faults = [answering(500)]

    handed = await gateway.hand_over(messages)

    statuses = [each.status for each in handed.values()]
    assert (statuses.count(TEMPORARY), statuses.count(SENT)) == (MOST_AT_ONCE, 2 * MOST_AT_ONCE)


def _poisoned_by(poison: Outgoing, status: int) -> Fault:
    async def fault(well: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        if str(poison.key).encode() in message["body"]:
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def again() -> Message:
            return message

        await well(scope, again, send)

    return fault


@pytest.mark.parametrize(("status", "became"), [(400, TEMPORARY), (413, PERMANENT), (422, TEMPORARY)])
async def test_one_message_that_is_too_much_for_the_gateway_harms_nobody_else(
    office: FaultyPostOffice, gateway: Gateway, status: int, became: MessageStatus
) -> None:
    messages = [sms(number) for number in range(40)]
    poison = messages[17]
    office.faults = [_poisoned_by(poison, status)] * 100

    handed = await gateway.hand_over(messages)

    assert (handed.pop(poison.key).status, _said(handed)) == (became, {(SENT, "")})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_gateway_that_refuses_everything_makes_no_failure_for_good(
    office: FaultyPostOffice, gateway: Gateway, status: int
) -> None:
    office.faults = [answering(status)] * 200

    handed = await gateway.hand_over([sms(number) for number in range(20)])

    assert _said(handed) == {(TEMPORARY, str(status))}


async def test_a_rate_is_kept_by_all_batches_together(office: FaultyPostOffice) -> None:
    times: list[float] = []

    async def noting(well: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        times.append(asyncio.get_running_loop().time())
        await well(scope, receive, send)

    office.faults = [noting] * 100
    async with _gateway(office, rate=60) as gateway:
        begun = asyncio.get_running_loop().time()
        batches = ([sms(number) for number in range(15)] for _ in range(2))
        handed = await asyncio.gather(*map(gateway.hand_over, batches))

    assert [_said(each) for each in handed] == [{(SENT, "")}] * 2
    assert len(times) == 6, "a tenth of a second's messages at a time"
    for number, at in enumerate(sorted(times)):
        assert at - begun > 3 * number / 60 - 0.01, "two of the six are not full"


async def test_the_token_is_what_the_gateway_asks_for(office: FaultyPostOffice, gateway: Gateway) -> None:
    assert await gateway.check() == office.gateway_url
    async with Gateway(office.gateway_url, secret="wrong", rate=Rate(0)) as stranger:
        with pytest.raises(GatewayTrouble) as refused:
            await stranger.check()
        assert _said(await stranger.hand_over([sms()])) == {(TEMPORARY, "401")}

    assert refused.value.code == "401"
    assert _kept(office) == []


async def test_it_speaks_as_the_readme_says(office: FaultyPostOffice, gateway: Gateway) -> None:
    """What the README prints is asked, answered and told as it stands there."""
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    asked, answered, told = (
        json.loads(block[block.index("{") :]) for block in re.findall(r"```http\n(.*?)```", readme, re.DOTALL)
    )
    (message,), (result,) = asked["messages"], answered["results"]
    sent = Outgoing(**message | {"key": UUID(message["key"]), "channel": Channel[message["channel"].upper()]})
    heard: list[bytes] = []

    async def listening(well: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        heard.append(message["body"])

        async def again() -> Message:
            return message

        await answering(200, json.dumps(answered).encode())(well, scope, again, send)

    office.faults.append(listening)
    (handed,) = (await gateway.hand_over([sent])).values()

    assert json.loads(heard[0]) == asked
    assert handed == Handed(key=sent.key, status=SENT, provider_id=result["id"])
    (receipt,) = parse(json.dumps(told).encode())
    assert (receipt.key, receipt.status) == (sent.key, MessageStatus.DELIVERED)
