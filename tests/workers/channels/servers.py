"""Real servers on this loop that do what providers do on their bad days."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.message import Channel, Outgoing
from workers.embedded.post_office import PostOffice


def outgoing(number: int = 0, **fields: Any) -> Outgoing:
    """A message to somebody, by e-mail unless said otherwise."""
    given: dict[str, Any] = {
        "key": uuid4(),
        "channel": Channel.EMAIL,
        "to": f"tenant{number}@example.org",
        "name": "Elda Rovera",
        "language": "it",
        "subject": "Il suo appuntamento",
        "text": "Gentile Elda Rovera,\nla aspettiamo lunedì.\n",
    }
    return Outgoing(**given | fields)


def sms(number: int = 0, **fields: Any) -> Outgoing:
    return outgoing(number, channel=Channel.SMS, to=f"+39 333 {number:07}", subject="", **fields)


# Mail.


@dataclass(kw_only=True)
class Provider:
    """A mail server's rules: an answer to RCPT or to the message, by recipient; `DROP` closes the line instead."""

    DROP = "drop"
    SILENCE = "silence"

    recipients: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    senders: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    seen: list[Envelope] = field(default_factory=list)
    """What came through to the final dot, whatever was answered."""
    lines: list[Session] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    ssl: list[Any] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.lines.append(session)
        self.ssl.append(server.transport.get_extra_info("ssl_object") if server.transport else None)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._answer(server, self.senders.get(address, "250 OK"))

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer(server, self.recipients.get(address, "250 OK"))
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.seen.append(envelope)
        answer = await self._answer(server, self.messages.get(envelope.rcpt_tos[0], "250 2.0.0 OK: queued as 4F2A-1"))
        if answer.startswith("2"):
            self.taken.append(envelope)
            self.at.append(asyncio.get_running_loop().time())
        return answer

    async def _answer(self, server: SMTP, answer: str) -> str:
        if answer == self.DROP:
            assert server.transport
            server.transport.close()
        if answer in {self.DROP, self.SILENCE}:
            await asyncio.get_running_loop().create_future()  # until the line ends
        return answer


@asynccontextmanager
async def mail_provider(
    handler: object, *, encrypted: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """A mail server with the options of aiosmtpd's `SMTP`; its port."""
    loop = asyncio.get_running_loop()
    lines: list[SMTP] = []

    def line() -> SMTP:
        lines.append(SMTP(handler, hostname="provider", loop=loop, **options))
        return lines[-1]

    server = await loop.create_server(line, "127.0.0.1", 0, ssl=encrypted)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in lines:
            if each.transport is not None:
                each.transport.close()
        await server.wait_closed()


def who_knows(password: bytes) -> Callable[..., AuthResult]:
    """An authenticator that lets in whoever knows the password."""

    def known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object) -> AuthResult:
        return AuthResult(success=isinstance(given, LoginPassword) and given.password == password, handled=False)

    return known


@asynccontextmanager
async def script(*answers: str, read: int = 0) -> AsyncIterator[int]:
    """A server that greets, gives one answer to each line, then reads so many bytes and closes; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 script\r\n")
        for answer in answers:
            await reader.readline()
            writer.write(f"{answer}\r\n".encode())
        if read:
            await reader.read(read)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for localhost, and the file of the authority that signed it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, private = folder / "authority.pem", folder / "private.pem"
    authority.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    return context, authority


# Gateways.

Fault = Callable[[ASGIApp, Scope, Receive, Send], Any]


class FaultyPostOffice(PostOffice):
    """A post office whose gateway has a bad day: each request meets the next of `faults`, then all is well."""

    def __init__(self, folder: Path, *, receipts_url: str = "http://127.0.0.1:1/receipts", **options: Any) -> None:
        super().__init__(folder, receipts_url=receipts_url, **options)
        self.faults: list[Fault] = []
        self.requests = 0

    @property
    def app(self) -> ASGIApp:
        well = super().app

        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/messages":
                self.requests += 1
                if self.faults:
                    await self.faults.pop(0)(well, scope, receive, send)
                    return
            await well(scope, receive, send)

        return served


def answering(status: int, body: bytes = b"", **headers: str) -> Fault:
    """A fault: nothing is taken, and this is the answer."""

    async def fault(_: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await _read(receive)
        await _say(send, status, body, headers)

    return fault


def taken_and_answering(status: int, body: bytes = b"") -> Fault:
    """A fault: all is taken, and this is the answer."""

    async def fault(well: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def unheard(_: Any) -> None:
            pass

        await well(scope, receive, unheard)
        await _say(send, status, body, {})

    return fault


async def silence(_: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A fault: there is no answer until the client goes."""
    await _read(receive)
    while (await receive())["type"] != "http.disconnect":
        pass


async def broken_line(_: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A fault: the line breaks in the middle of the answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b'{"results"', "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _read(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _say(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    sent = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
