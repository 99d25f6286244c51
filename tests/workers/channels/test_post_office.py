"""The post office: what it keeps, what its page shows, and the receipts that it sends."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from api.receipts import ReceiptsEndpoint
from domain.message import Channel, MessageStatus, Outgoing, Receipt
from tests.workers.channels.servers import FaultyPostOffice, outgoing, sms, taken_and_answering
from workers import web
from workers.channels import channels
from workers.embedded.post_office import Kept, Letter, PostOffice
from workers.embedded.post_office.kept import MOST
from workers.embedded.process import listening
from workers.errors import PortTaken
from workers.settings import Settings

EVIL = "<script>alert('1')</script>&\"{title}"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    async with PostOffice(tmp_path / "office", receipts_url="http://127.0.0.1:1/receipts").serving() as office:
        yield office


@pytest.fixture
async def browser(office: PostOffice) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=office.gateway_url, trust_env=False, follow_redirects=True) as client:
        yield client


async def _send(office: PostOffice, *messages: Outgoing) -> None:
    settings = Settings(
        smtp_url=office.smtp_url,
        mail_from="casa@example.org",
        gateway_url=office.gateway_url,
        gateway_secret=office.gateway_secret,
    )
    async with channels(settings, agency="Agenzia Casa") as ways:
        handed = await ways.hand_over(messages)
    assert {each.status for each in handed} == {MessageStatus.SENT}


def _letter(*, key: str = "", text: str = "") -> Letter:
    at = "2026-11-02T09:00:00+00:00"
    return Letter(number=0, at=at, channel="sms", to="+39 333 1", subject="", key=key, text=text)


# What it keeps.


async def test_what_was_sent_is_there_after_a_restart(tmp_path: Path) -> None:
    message, text = outgoing(calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), sms(name="Niccolò")
    first = PostOffice(tmp_path, receipts_url="")
    async with first.serving():
        await _send(first, message, text)
    second = PostOffice(tmp_path, receipts_url="")
    async with second.serving():
        assert list(second.kept.newest_first()) == list(first.kept.newest_first())
        mail = next(second.kept.newest_first(channel="email"))
        assert second.kept.mail(mail.number) == first.kept.mail(mail.number)
        assert b"calendar.ics" in second.kept.mail(mail.number)
        await _send(second, text)  # its key is known
        assert len(list(second.kept.newest_first())) == 2


async def test_the_same_key_is_kept_once_and_answered_as_the_first_time(office: PostOffice) -> None:
    text = sms()
    settings = Settings(gateway_url=office.gateway_url, gateway_secret=office.gateway_secret)
    async with channels(settings) as ways:
        first, again = await ways.hand_over([text]), await ways.hand_over([replace(text, text="something else")])

    assert first == again
    (kept,) = office.kept.newest_first()
    assert kept.text == text.text


def test_of_too_many_the_oldest_go(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    for number in range(MOST + 4):
        kept.add(_letter(key=str(number)), mail=b"mail" if number in {2, MOST} else None)

    again = [each.key for each in Kept(tmp_path).newest_first()]
    assert again == [str(number) for number in range(MOST + 3, 3, -1)]
    assert kept.of_key("3") is None
    assert len(list(tmp_path.glob("*.json"))) == MOST
    assert len(list(tmp_path.glob("*.eml"))) == 1


async def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with listening(host="127.0.0.1", port=0, setting="") as taken, pytest.raises(PortTaken, match="POST_OFFICE_PORT"):
        async with PostOffice(tmp_path, receipts_url="").serving(port=taken.getsockname()[1]):
            pass


@pytest.mark.parametrize("body", [b"", b"{}", b'{"messages": [{"key": 1}]}', b'{"messages": 7}'])
async def test_its_gateway_refuses_what_is_no_message(
    office: PostOffice, browser: httpx.AsyncClient, body: bytes
) -> None:
    known = {"Authorization": f"Bearer {office.gateway_secret}"}

    assert (await browser.post("/messages", content=body)).status_code == 401
    assert (await browser.post("/messages", content=body, headers=known)).status_code == 400


async def test_its_gateway_takes_a_hundred(office: PostOffice, browser: httpx.AsyncClient) -> None:
    known = {"Authorization": f"Bearer {office.gateway_secret}"}
    message = {"key": "6f6f0c0e-0000-4000-8000-000000000007", "channel": "sms", "to": "+39 333", "name": ""}
    message |= {"language": "it", "subject": "", "text": ""}
    messages = [message | {"formal": False}] * 101

    assert (await browser.post("/messages", json={"messages": messages}, headers=known)).status_code == 413
    assert (await browser.post("/messages", json={"messages": messages[1:]}, headers=known)).status_code == 200


# Its page.


async def test_the_newest_is_listed_first_and_can_be_looked_for(office: PostOffice, browser: httpx.AsyncClient) -> None:
    await _send(office, outgoing(1, subject="Primo"))
    await _send(office, sms(2, name="Niccolò", text="Secondo"))

    everything = (await browser.get("/")).text
    assert everything.index("Secondo") < everything.index("Primo")
    assert "Primo" not in (await browser.get("/", params={"channel": "sms"})).text
    found = (await browser.get("/", params={"to": "NICCOLÒ"})).text
    assert "Secondo" in found
    assert "Primo" not in found
    assert "Nothing yet" in (await browser.get("/", params={"to": "nobody"})).text


async def test_what_is_older_is_a_page_away(office: PostOffice, browser: httpx.AsyncClient) -> None:
    for number in range(1, 121):
        office.kept.add(_letter(text=f"text-{number}-"))

    seen, address = [], "/"
    while address:
        page = (await browser.get(address)).text
        seen += re.findall(r"text-(\d+)-", page)
        older = re.search(r'href="([^"]+)">Older', page)
        address = older[1].replace("&amp;", "&") if older else ""

    assert seen == [str(number) for number in range(120, 0, -1)]


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.LETTER])
async def test_nothing_that_was_sent_is_markup_of_the_page(
    office: PostOffice, browser: httpx.AsyncClient, channel: Channel
) -> None:
    to = {Channel.EMAIL: "a@example.org", Channel.SMS: "+39 333 1"}.get(channel, EVIL)
    await _send(office, outgoing(channel=channel, to=to, subject=EVIL, text=EVIL, name=EVIL, calendar=EVIL.encode()))

    for address in ("/", "/messages/1", f"/?to={EVIL}&channel={EVIL}"):
        answer = await browser.get(address)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "&lt;script&gt;" in (await browser.get("/messages/1")).text


async def test_html_is_shown_where_nothing_of_it_runs(office: PostOffice, browser: httpx.AsyncClient) -> None:
    html = "<p>Città</p><script>alert(1)</script>"
    await _send(office, outgoing(html=html, calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"))

    page, part = await browser.get("/messages/1"), await browser.get("/messages/1/html")
    assert '<iframe sandbox title="HTML" src="/messages/1/html">' in page.text
    assert "Città" not in page.text.partition("</iframe>")[0]
    assert part.text.strip() == html
    assert part.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    calendar = await browser.get("/messages/1/calendar")
    assert calendar.content == b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    assert calendar.headers["Content-Disposition"] == 'attachment; filename="calendar.ics"'


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("it", "ltr"), ("zh-Hans", "ltr"), ("?", "auto")])
async def test_every_message_is_in_its_own_language_and_direction(
    office: PostOffice, browser: httpx.AsyncClient, language: str, direction: str
) -> None:
    await _send(office, sms(language=language))

    page = (await browser.get("/messages/1")).text
    assert f'<pre lang="{language}" dir="{direction}">' in page
    assert '<html lang="en">' in page


@pytest.mark.parametrize(
    "address", ["/messages/7", "/messages/1/html", "/messages/1/calendar", "/messages/x", "/messages/1/receipts/lost"]
)
async def test_what_is_not_there_is_not_found(office: PostOffice, browser: httpx.AsyncClient, address: str) -> None:
    await _send(office, sms())

    method = "POST" if "receipts" in address else "GET"
    assert (await browser.request(method, address)).status_code == 404


async def test_another_site_can_neither_read_it_nor_press_its_buttons(
    office: PostOffice, browser: httpx.AsyncClient
) -> None:
    await _send(office, sms())

    assert (await browser.get("/", headers={"Host": "evil.example"})).status_code == 400
    pressed = await browser.post("/messages/1/receipts/delivered", headers={"Sec-Fetch-Site": "cross-site"})
    assert pressed.status_code == 403
    assert office.kept.get(1) == replace(next(office.kept.newest_first()), receipts=())


# Its receipts.


async def test_a_button_sends_a_signed_receipt_and_says_what_became_of_it(tmp_path: Path) -> None:
    taken: list[Receipt] = []

    async def take(receipts: Sequence[Receipt]) -> None:
        taken.extend(receipts)

    endpoint = ReceiptsEndpoint(secret=SECRET, take=take, clock=lambda: datetime.now(UTC))
    text = sms()
    with listening(host="127.0.0.1", port=0, setting="") as listener:
        api = asyncio.ensure_future(
            web.serve(Starlette(routes=[Route("/receipts", endpoint)]), listener, stop_seconds=1)
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/receipts"
        async with (
            PostOffice(tmp_path, receipts_url=url, receipt_secret=SECRET).serving() as office,
            httpx.AsyncClient(base_url=office.gateway_url, follow_redirects=True) as browser,
        ):
            await _send(office, text)
            said = await browser.post("/messages/1/receipts/delivered", headers={"Sec-Fetch-Site": "same-origin"})
            await browser.post("/messages/1/receipts/returned")
        api.cancel()
        await asyncio.wait([api])
        async with (
            PostOffice(tmp_path, receipts_url=url, receipt_secret=SECRET).serving() as office,
            httpx.AsyncClient(base_url=office.gateway_url, follow_redirects=True) as browser,
        ):
            later = await browser.post("/messages/1/receipts/failed")

    assert [(each.key, each.status, each.provider_id) for each in taken] == [
        (text.key, MessageStatus.DELIVERED, "1"),
        (text.key, MessageStatus.RETURNED, "1"),
    ]
    assert "delivered: taken" in said.text
    assert "delivered: taken, returned: taken, failed: the API does not answer" in later.text


async def test_a_receipt_may_come_before_the_answer(tmp_path: Path) -> None:
    """What a gateway took and then failed to answer is sent again, and its receipt has come in between."""
    async with FaultyPostOffice(tmp_path).serving() as office:
        text = sms()
        office.faults.append(taken_and_answering(500))
        settings = Settings(gateway_url=office.gateway_url, gateway_secret=office.gateway_secret)
        async with channels(settings) as ways:
            (unanswered,) = await ways.hand_over([text])
            kept = office.kept.of_key(str(text.key))
            assert kept is not None
            await office.send_receipt(kept, "delivered")
            (answered,) = await ways.hand_over([text])

    assert (unanswered.status, answered.status) == (MessageStatus.TEMPORARY_FAILURE, MessageStatus.SENT)
    assert len(list(office.kept.newest_first())) == 1
