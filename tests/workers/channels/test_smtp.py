"""E-mail on real mail servers, which refuse, drop the line or say nothing."""

import asyncio
import email
from collections.abc import Callable, Coroutine
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import uvloop

from domain.message import Handed, MessageStatus
from tests.workers.channels.servers import Provider, certificate, mail_provider, outgoing, script, who_knows
from workers.channels.rate import Rate
from workers.channels.smtp import LINES, MESSAGES_A_LINE, Mail, MailTrouble, Patience
from workers.embedded.process import free_port

SENT, UNKNOWN = MessageStatus.SENT, MessageStatus.UNKNOWN
TEMPORARY, PERMANENT = MessageStatus.TEMPORARY_FAILURE, MessageStatus.PERMANENT_FAILURE
CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Marted\xc3\xac\r\nEND:VCALENDAR\r\n"


def _mail(port: int, *, url: str = "smtp://127.0.0.1:{port}", rate: float = 0, **patience: float) -> Mail:
    return Mail(
        url.format(port=port),
        sender="casa@example.org",
        agency="Agenzia Casa, Varese",
        rate=Rate(rate),
        patience=Patience(**patience),
    )


def _read(content: bytes | None) -> EmailMessage:
    return email.message_from_bytes(content or b"", EmailMessage, policy=default)


def _said(handed: Handed) -> tuple[MessageStatus, str]:
    return handed.status, handed.code


async def test_text_html_and_calendar_arrive_as_they_were() -> None:
    provider = Provider()
    message = outgoing(
        text="Città\n.\n.. punto\nfine", html="<p lang='it'>Citt\u00e0</p>", calendar=CALENDAR, name="Niccolò Rossi"
    )
    async with mail_provider(provider) as port:
        handed = await _mail(port).hand_over([message])

    assert handed == {message.key: Handed(key=message.key, status=SENT, provider_id="4F2A-1")}
    (taken,) = provider.taken
    assert (taken.mail_from, taken.rcpt_tos) == ("casa@example.org", ["tenant0@example.org"])
    assert (taken.original_content or b"").isascii()
    read = _read(taken.original_content)
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    (calendar,) = read.iter_attachments()
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == "Città\n.\n.. punto\nfine\n"
    assert html.get_content().strip() == "<p lang='it'>Citt\u00e0</p>"
    assert calendar.get_payload(decode=True) == CALENDAR
    assert (calendar.get_content_type(), calendar.get_param("method")) == ("text/calendar", "REQUEST")
    assert calendar.get_filename() == "calendar.ics"
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    assert read["From"] == "Agenzia Casa Varese <casa@example.org>"
    assert read["To"].addresses[0].display_name == "Niccolò Rossi"
    assert read["Message-ID"] == f"<{message.key}@example.org>"
    assert (read["Auto-Submitted"], read["Content-Language"]) == ("auto-generated", "it")
    assert read["Date"].datetime.tzinfo


async def test_without_html_and_calendar_it_is_one_text() -> None:
    provider = Provider()
    async with mail_provider(provider) as port:
        await _mail(port).hand_over([outgoing()])

    assert _read(provider.taken[0].original_content).get_content_type() == "text/plain"


async def test_a_bad_recipient_harms_nobody_else() -> None:
    provider = Provider(
        recipients={"tenant1@example.org": "550 5.1.1 nobody here", "tenant2@example.org": "450 4.2.1 full"},
        messages={"tenant3@example.org": "554 5.7.1 spam", "tenant4@example.org": "451 4.3.0 later"},
    )
    bad = [outgoing(to="nobody"), outgoing(to="a@b.example, c@d.example"), outgoing(to="x@y.example\r\nDATA")]
    messages = [*(outgoing(number) for number in range(7)), *bad]
    async with mail_provider(provider) as port:
        handed = await _mail(port).hand_over(messages)

    assert [_said(handed[each.key]) for each in messages] == [
        (SENT, ""),
        (PERMANENT, "550"),
        (TEMPORARY, "450"),
        (PERMANENT, "554"),
        (TEMPORARY, "451"),
        (SENT, ""),
        (SENT, ""),
        *[(PERMANENT, "ADDRESS_INVALID")] * 3,
    ]
    assert len(provider.taken) == 3


async def test_a_lost_answer_is_unknown_and_nothing_is_sent_twice() -> None:
    provider = Provider(messages={"tenant3@example.org": Provider.DROP})
    messages = [outgoing(number) for number in range(6)]
    async with mail_provider(provider) as port:
        handed = await _mail(port).hand_over(messages)

    assert [_said(handed[each.key]) for each in messages] == [
        *[(SENT, "")] * 3,
        (UNKNOWN, "ANSWER_LOST"),
        *[(SENT, "")] * 2,
    ]
    assert sorted(each.rcpt_tos[0] for each in provider.seen) == [each.to for each in messages]


async def test_an_answer_that_does_not_come_is_unknown() -> None:
    provider = Provider(messages={"tenant0@example.org": Provider.SILENCE})
    message = outgoing()
    async with mail_provider(provider) as port:
        handed = await _mail(port, message=0.1).hand_over([message])

    assert _said(handed[message.key]) == (UNKNOWN, "ANSWER_LOST")


async def test_what_is_no_answer_to_a_message_leaves_it_unknown() -> None:
    message = outgoing(text="brief")
    async with script("250 me", "250 OK", "250 OK", "354 go on", "what?") as port:
        handed = await _mail(port).hand_over([message])

    assert _said(handed[message.key]) == (UNKNOWN, "ANSWER_LOST")


async def test_a_line_that_drops_before_the_message_leaves_it_unsent() -> None:
    provider = Provider(recipients={"tenant1@example.org": Provider.DROP})
    messages = [outgoing(number) for number in range(3)]
    async with mail_provider(provider) as port:
        handed = await _mail(port).hand_over(messages)

    assert [_said(handed[each.key]) for each in messages] == [(SENT, ""), (TEMPORARY, "LINE_DROPPED"), (SENT, "")]


async def test_a_line_that_drops_before_the_final_dot_leaves_it_unsent() -> None:
    message = outgoing(text="a line of some length\n" * 2**19)
    async with script("250 me", "250 OK", "250 OK", "354 go on", read=2**16) as port:
        handed = await _mail(port).hand_over([message])

    assert _said(handed[message.key]) == (TEMPORARY, "LINE_DROPPED")


async def test_a_refused_sender_is_nobody_s_fault_but_ours() -> None:
    provider = Provider(senders={"casa@example.org": "550 5.7.1 not you"})
    messages = [outgoing(number) for number in range(3)]
    async with mail_provider(provider) as port:
        handed = await _mail(port).hand_over(messages)

    assert {_said(each) for each in handed.values()} == {(TEMPORARY, "550")}


async def test_without_a_server_all_may_be_sent_later() -> None:
    messages = [outgoing(number) for number in range(30)]

    handed = await _mail(free_port()).hand_over(messages)

    assert {_said(each) for each in handed.values()} == {(TEMPORARY, "UNREACHABLE")}
    assert len(handed) == 30


@pytest.mark.parametrize(
    ("greeting", "code"), [("421 too many connections", "421"), ("554 no service", "554"), ("SSH-2.0", "NOT_SMTP")]
)
async def test_a_server_that_does_not_want_us_is_asked_later(greeting: str, code: str) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{greeting}\r\n".encode())
        writer.close()

    message = outgoing()
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        handed = await _mail(server.sockets[0].getsockname()[1]).hand_over([message])

    assert _said(handed[message.key]) == (TEMPORARY, code)


async def test_a_server_that_says_nothing_is_asked_later() -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    message = outgoing()
    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        handed = await _mail(server.sockets[0].getsockname()[1], command=0.1).hand_over([message])

    assert _said(handed[message.key]) == (TEMPORARY, "TIMEOUT")


async def test_a_batch_takes_few_lines_and_a_line_many_messages() -> None:
    provider = Provider()
    messages = [outgoing(number) for number in range(60)]
    async with mail_provider(provider) as port:
        handed = await _mail(port).hand_over(messages)
        assert len(provider.lines) <= LINES
        few = len(provider.lines)
        await _mail(port).hand_over(messages[:3])

    assert {each.status for each in handed.values()} == {SENT}
    assert len(provider.taken) == 63
    assert len(provider.lines) == few + 1


async def test_a_line_is_not_used_for_ever() -> None:
    provider = Provider()
    messages = [outgoing(number) for number in range(MESSAGES_A_LINE * LINES + 20)]
    async with mail_provider(provider) as port:
        await _mail(port).hand_over(messages)

    assert len(provider.taken) == len(messages)
    assert len(provider.lines) > LINES


async def test_a_rate_is_kept_by_all_batches_together() -> None:
    """However late a busy machine is, none arrives before its turn."""
    provider = Provider()
    async with mail_provider(provider) as port:
        mail = _mail(port, rate=50)
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(mail.hand_over([outgoing(number) for number in range(10)]) for _ in range(3)))

    assert len(provider.at) == 30
    for number, at in enumerate(sorted(provider.at)):
        assert at - begun > number / 50 - 0.01


# Encryption and login.


async def test_an_encrypted_server_with_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider()
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    message = outgoing()
    async with mail_provider(
        provider, encrypted=context, authenticator=who_knows(b"p@ss"), auth_require_tls=False
    ) as port:
        mail = _mail(port, url="smtps://casa%40example.org:p%40ss@localhost:{port}")
        handed = await mail.hand_over([message])
        seen = await mail.check()

    assert _said(handed[message.key]) == (SENT, "")
    assert provider.lines[0].authenticated
    assert seen == f"localhost:{port}, encrypted, logged in"


async def test_a_line_is_encrypted_where_that_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider()
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    message = outgoing()
    async with mail_provider(provider, tls_context=context, authenticator=who_knows(b"right")) as port:
        handed = await _mail(port, url="smtp://casa:right@localhost:{port}").hand_over([message])
        with pytest.raises(MailTrouble) as refused:
            await _mail(port, url="smtp://casa:wrong@localhost:{port}").check()

    assert _said(handed[message.key]) == (SENT, "")
    assert provider.lines[-1].ssl
    assert refused.value.code == "535"


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    message = outgoing()
    for options in ({"encrypted": context}, {"tls_context": context}):
        async with mail_provider(Provider(), **options) as port:
            url = "smtps://localhost:{port}" if "encrypted" in options else "smtp://localhost:{port}"
            handed = await _mail(port, url=url).hand_over([message])
        assert _said(handed[message.key]) == (TEMPORARY, "TLS_FAILED")


async def test_a_password_is_not_sent_where_others_can_read_it() -> None:
    """To another machine, that is, or to one whose name does not say that it is this one."""
    provider = Provider()
    async with mail_provider(provider, authenticator=who_knows(b"right"), auth_require_tls=False) as port:
        assert await _mail(port, url="smtp://casa:right@127.0.0.1:{port}").check()
        with pytest.raises(MailTrouble) as refused:
            await _mail(port, url="smtp://casa:right@127.1:{port}").check()

    assert refused.value.code == "NOT_OFFERED"
    assert len([each for each in provider.lines if each.authenticated]) == 1


async def test_an_international_address_needs_a_server_that_knows_them() -> None:
    provider = Provider()
    messages = [outgoing(to="niccolò@example.org"), outgoing(to="anna@città.example.org")]
    async with mail_provider(provider) as port:
        refused = await _mail(port).hand_over(messages)
    async with mail_provider(provider, enable_SMTPUTF8=True) as port:
        taken = await _mail(port).hand_over(messages)

    assert [_said(refused[each.key]) for each in messages] == [(PERMANENT, "SMTPUTF8_NOT_OFFERED"), (SENT, "")]
    assert {each.status for each in taken.values()} == {SENT}
    assert provider.taken[-2].rcpt_tos == ["niccolò@example.org"]
    assert provider.taken[-1].rcpt_tos == ["anna@xn--citt-3na.example.org"]
    assert "To: Elda Rovera <niccolò@example.org>\r\n".encode() in (provider.taken[-2].original_content or b"")


# All of it once more on the loop of worker and API.


@pytest.mark.parametrize(
    "test",
    [
        test_text_html_and_calendar_arrive_as_they_were,
        test_a_bad_recipient_harms_nobody_else,
        test_a_lost_answer_is_unknown_and_nothing_is_sent_twice,
        test_an_answer_that_does_not_come_is_unknown,
        test_a_line_that_drops_before_the_message_leaves_it_unsent,
        test_a_line_that_drops_before_the_final_dot_leaves_it_unsent,
        test_without_a_server_all_may_be_sent_later,
        test_a_rate_is_kept_by_all_batches_together,
    ],
)
def test_it_is_the_same_on_uvloop(test: Callable[[], Coroutine[None, None, None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test())


def test_encryption_is_the_same_on_uvloop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_an_encrypted_server_with_a_login(tmp_path, monkeypatch))
        runner.run(test_a_line_is_encrypted_where_that_is_offered(tmp_path, monkeypatch))
        monkeypatch.delenv("SSL_CERT_FILE")
        runner.run(test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path))
