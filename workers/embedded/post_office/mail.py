"""The post office's mail server: real SMTP, on the loop of this process."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses

from aiosmtpd.smtp import SMTP, Envelope, Session

from workers.clock import Clock
from workers.embedded.post_office.kept import Kept, Letter

_MOST_BYTES = 10 * 2**20


@asynccontextmanager
async def mail_server(handler: object) -> AsyncIterator[int]:
    """Serve SMTP on a free port of 127.0.0.1, which is given, with a handler as aiosmtpd has them."""
    loop = asyncio.get_running_loop()
    lines: list[SMTP] = []

    def line() -> SMTP:
        lines[:] = [each for each in lines if each.transport is not None]
        # Not aiosmtpd's Controller, whose loop is another thread's.
        lines.append(
            SMTP(handler, data_size_limit=_MOST_BYTES, enable_SMTPUTF8=True, hostname="post-office", loop=loop)
        )
        return lines[-1]

    server = await loop.create_server(line, "127.0.0.1", 0)
    try:
        port: int = server.sockets[0].getsockname()[1]
        yield port
    finally:
        server.close()
        for each in lines:
            if each.transport is not None:
                each.transport.close()
        await server.wait_closed()


class Mailbox:
    """A handler that keeps what comes."""

    def __init__(self, kept: Kept, *, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message, for all its recipients."""
        content = envelope.original_content or b""
        headers = read(content)
        letter = Letter(
            number=0,
            at=(await self._clock.look()).isoformat(timespec="seconds"),
            channel="email",
            to=", ".join(envelope.rcpt_tos),
            name=", ".join(name for name, _ in getaddresses([str(headers["To"] or "")])),
            subject=str(headers["Subject"] or ""),
            language=str(headers["Content-Language"] or ""),
            key=str(headers["Message-ID"] or "").strip("<>").partition("@")[0],
        )
        return f"250 OK: queued as {self._kept.add(letter, mail=content).number}"


def read(content: bytes, /) -> EmailMessage:
    """Return an e-mail that arrived, whatever is wrong with it."""
    return email.message_from_bytes(content, EmailMessage, policy=default)
