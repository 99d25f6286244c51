"""What the doctor says of what answers at the API's address, of a folder, of an address of PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.workers.channels.servers import Provider, mail_provider, who_knows
from workers.doctor import Finding, examine
from workers.embedded.post_office import PostOffice
from workers.embedded.process import free_port
from workers.settings import Settings


@asynccontextmanager
async def _answering(port: int, body: str) -> AsyncIterator[list[str]]:
    """A server that answers every request with this, and notes what was asked."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield asked


async def _seen(settings: Settings, part: str) -> Finding:
    (found,) = (each for each in await examine(settings) if each.part == part)
    return found


async def test_a_ready_api_is_well_whatever_proxies_the_environment_names(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    async with _answering(settings.port, '{"postgresql": true, "temporal": true}') as asked:
        found = await _seen(settings, "API")

    assert (found.seen, found.wrong, asked) == (settings.api_url, False, ["/ready"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>It works!</html>", ": another program answers"),
        ('{"status": "ok"}', ": another program answers"),
        ("[]", ": another program answers"),
        ('{"postgresql": false, "temporal": true}', " does not reach PostgreSQL"),
        ('{"postgresql": false, "temporal": false}', " does not reach PostgreSQL and Temporal"),
    ],
)
async def test_what_is_not_a_ready_api_is_not_well(settings: Settings, body: str, said: str) -> None:
    async with _answering(settings.port, body):
        found = await _seen(settings, "API")

    assert found.wrong
    assert found.seen == f"{settings.api_url}{said}"


async def test_a_data_folder_that_cannot_be_one_is_a_finding(settings: Settings) -> None:
    settings.data.touch()

    found = await _seen(replace(settings, data=settings.data / "data"), "Data folder")

    assert "cannot be used (Not a directory)" in found.seen
    assert "PRATICA_DATA" in found.remedy


@pytest.mark.parametrize("part", ["PostgreSQL", "Schema"])
async def test_an_address_that_makes_no_sense_to_postgresql_is_a_finding(settings: Settings, part: str) -> None:
    url = f"postgresql://pratica:secret@127.0.0.1:{free_port()}/pratica?no_such_option=1"

    found = await _seen(replace(settings, database_url=url), part)

    assert found.wrong
    assert "secret" not in found.seen


# How messages leave.


async def test_a_post_office_is_well(settings: Settings) -> None:
    async with PostOffice(settings.data, receipts_url="").serving() as office:
        theirs = _at(settings, office)
        mail, gateway = await _seen(theirs, "E-mail"), await _seen(theirs, "Gateway")
        unsigned = await _seen(replace(theirs, receipt_secret=""), "Gateway")

    assert (mail.wrong, gateway.wrong, unsigned.wrong) == (False, False, False)
    assert mail.seen == office.smtp_url.removeprefix("smtp://") + ", not encrypted"
    assert gateway.seen == office.gateway_url
    assert "PRATICA_RECEIPT_SECRET is not set" in unsigned.seen


async def test_without_any_way_there_is_something_to_do(settings: Settings) -> None:
    mail, gateway = await _seen(settings, "E-mail"), await _seen(settings, "Gateway")

    assert "PRATICA_SMTP_URL" in mail.remedy
    assert "PRATICA_GATEWAY_URL" in gateway.remedy


async def test_an_agency_without_sms_is_well(settings: Settings) -> None:
    found = await _seen(replace(settings, smtp_url="smtp://127.0.0.1:1"), "Gateway")

    assert (found.wrong, found.seen) == (False, "not set up: no SMS and no letters leave")


async def test_what_does_not_answer_or_does_not_know_us_is_said(settings: Settings) -> None:
    away = replace(
        settings,
        smtp_url=f"smtp://casa:hunter2@127.0.0.1:{free_port()}",
        mail_from="casa@example.org",
        gateway_url=f"http://127.0.0.1:{free_port()}",
    )
    async with PostOffice(settings.data, receipts_url="").serving() as office:
        stranger = replace(_at(settings, office), gateway_secret="hunter2", mail_from="")
        found = [await _seen(asked, part) for asked in (away, stranger) for part in ("E-mail", "Gateway")]

    assert [each.seen for each in found] == [
        "nobody answers there",
        "nobody answers there",
        "from whom it is, nobody said",
        "it does not know the token",
    ]
    assert [each.remedy for each in found] == [
        "start it, or correct PRATICA_SMTP_URL",
        "start it, or correct PRATICA_GATEWAY_URL",
        "set PRATICA_MAIL_FROM",
        "start it, or correct PRATICA_GATEWAY_SECRET",
    ]


async def test_a_wrong_password_is_said(settings: Settings) -> None:
    async with mail_provider(Provider(), authenticator=who_knows(b"right"), auth_require_tls=False) as port:
        url = f"smtp://casa:wrong@127.0.0.1:{port}"
        found = await _seen(replace(settings, smtp_url=url, mail_from="casa@example.org"), "E-mail")

    assert (found.seen, found.remedy) == ("it answers 535", "correct user and password in PRATICA_SMTP_URL")


def _at(settings: Settings, office: PostOffice) -> Settings:
    return replace(
        settings,
        smtp_url=office.smtp_url,
        mail_from="casa@example.org",
        gateway_url=office.gateway_url,
        gateway_secret=office.gateway_secret,
        receipt_secret=office.receipt_secret,
    )
