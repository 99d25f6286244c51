"""E-mail, handed over to one mail server.

What a server has not taken for certain was not sent, and may be tried again; what it may have taken, its answer being
lost, is UNKNOWN, and never is: SMTP has no keys by which it would know the second one.

    no connection, no TLS, login or sender refused    TEMPORARY_FAILURE: the installation's fault, or the network's
    4xx                                               TEMPORARY_FAILURE
    5xx of a recipient or of a message                PERMANENT_FAILURE
    the line drops before the final dot               TEMPORARY_FAILURE
    the line drops after it, or nothing is answered   UNKNOWN
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import cast
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
import structlog
from aiosmtplib.errors import SMTPException, SMTPResponseException, SMTPTimeoutError

from domain.message import Handed, MessageStatus, Outgoing
from workers.channels.letter import address, compose
from workers.channels.local import is_this_machine
from workers.channels.rate import Rate

LINES = 4
"""Connections at once. Most servers allow ten of one client."""

MESSAGES_A_LINE = 100
"""Messages on one connection; servers close it after some hundreds."""

_ENOUGH_FOR_A_LINE = 8  # fewer messages are not worth another connection
_GO_AHEAD = 354
_TOO_LARGE = 552
# What a server says to whoever should have logged in, encrypted or greeted first: no recipient's fault.
_NOT_THEIRS = frozenset({503, 530, 534, 535, 538})
_NAMED = re.compile(r"(?:queued as|\bid=)\s*([\w.-]{1,80})", re.IGNORECASE)
_log = structlog.get_logger(__name__)


class _Stage(Enum):
    SENDER = auto()
    RECIPIENT = auto()
    DATA = auto()
    DOT = auto()


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long is waited, in seconds: for the answer to a command, and for that to a whole message (RFC 5321: 600)."""

    command: float = 30.0
    message: float = 300.0


class MailTrouble(Exception):
    """The server cannot be used now.

    `code` is the server's, or UNREACHABLE, TIMEOUT, TLS_FAILED, NOT_SMTP or NOT_OFFERED.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Mail:
    """One mail server; `url` is smtp://user:password@host:port, encrypted where offered, or smtps://.

    A password is only sent over an encrypted line, or to this machine.
    """

    def __init__(self, url: str, *, sender: str, agency: str, rate: Rate, patience: Patience | None = None) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587 if parts.username else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._agency = agency
        self._rate = rate
        self._patience = patience or Patience()

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[UUID, Handed]:
        """Send each message to its one recipient, on a few connections, and return what became of each."""
        waiting, handed = deque(messages), dict[UUID, Handed]()
        lines = min(LINES, -(-len(messages) // _ENOUGH_FOR_A_LINE))
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(self._work(waiting, handed)) for _ in range(lines)]
        trouble = next((each for line in work if (each := line.result())), "")
        for message in waiting:  # every line has ended before its time
            handed[message.key] = Handed(key=message.key, status=MessageStatus.TEMPORARY_FAILURE, code=trouble)
        return handed

    async def check(self) -> str:
        """Connect, encrypt and log in as for a message, and say what was seen. Raises MailTrouble."""
        async with self._line() as line:
            encrypted = line.get_transport_info("sslcontext") is not None
        seen = [f"{self._host}:{self._port}", "encrypted" if encrypted else "not encrypted"]
        return ", ".join([*seen, "logged in"] if self._user else seen)

    async def _work(self, waiting: deque[Outgoing], handed: dict[UUID, Handed]) -> str:
        """Send what waits, on one connection after the other; return the code of what ended it before its time."""
        while waiting:
            try:
                async with self._line() as line:
                    for _ in range(min(MESSAGES_A_LINE, len(waiting))):
                        if not waiting:  # the other lines were faster
                            break
                        message = waiting.popleft()
                        await self._rate.turn()
                        if not line.is_connected:
                            waiting.appendleft(message)
                            break
                        handed[message.key] = await self._send(line, message)
            except MailTrouble as trouble:
                _log.warning("the mail server cannot be used", code=trouble.code)
                return trouble.code
        return ""

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[aiosmtplib.SMTP]:
        line = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password if self._user else None,
            local_hostname=self._sender.rpartition("@")[2],
            timeout=self._patience.command,
            use_tls=self._tls,
            start_tls=self._start_tls,
        )
        try:
            await line.connect()
        except (SMTPException, OSError) as error:
            raise _trouble(error) from error
        try:
            yield line
            if line.is_connected:
                with suppress(SMTPException, OSError):
                    await line.quit()
        finally:
            line.close()

    @property
    def _start_tls(self) -> bool | None:
        if self._tls:
            return False
        return True if self._user and not is_this_machine(self._host) else None  # None: where offered

    async def _send(self, line: aiosmtplib.SMTP, message: Outgoing) -> Handed:
        transaction = _Transaction(line, self._patience)
        try:
            recipient = _recipient(message, line)
            written = self._written(message)
            answer = await transaction.run(self._sender, recipient, written)
        except (_Unfit, SMTPException, OSError) as error:
            if isinstance(error, (_Unfit, SMTPResponseException)):
                with suppress(SMTPException, OSError):
                    await line.rset()  # the next message begins anew
            else:
                line.close()
            status, code = _became(error, transaction.stage)
            return Handed(key=message.key, status=status, code=code)
        named = _NAMED.search(answer)
        return Handed(key=message.key, status=MessageStatus.SENT, provider_id=named[1] if named else "")

    def _written(self, message: Outgoing) -> bytes:
        try:
            return compose(message, sender=self._sender, agency=self._agency, now=datetime.now(UTC)).as_bytes()
        except ValueError as error:
            raise _Unfit("MESSAGE_INVALID") from error


class _Unfit(Exception):
    """A message that cannot be sent at all: its code."""


class _Transaction:
    """One message on its way; `stage` is how far it has come."""

    def __init__(self, line: aiosmtplib.SMTP, patience: Patience) -> None:
        self.stage = _Stage.SENDER
        self._line = line
        self._patience = patience

    async def run(self, sender: str, recipient: str, written: bytes) -> str:
        """Go through it and return the text of the server's answer. Raises what aiosmtplib does."""
        await self._line.mail(sender, options=[] if recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"])
        self.stage = _Stage.RECIPIENT
        await self._line.rcpt(recipient, encoding="utf-8")
        self.stage = _Stage.DATA
        # Not `SMTP.data`, which does not tell a line that dropped before the final dot from one that dropped after it.
        begun = await self._line.execute_command(b"DATA")
        if begun.code != _GO_AHEAD:
            raise SMTPResponseException(begun.code, begun.message)
        protocol, transport = self._line.protocol, cast("asyncio.WriteTransport | None", self._line.transport)
        if protocol is None or transport is None:
            raise aiosmtplib.SMTPServerDisconnected("")
        transport.set_write_buffer_limits(0)
        protocol.write(_dotted(written))
        async with asyncio.timeout(self._patience.message):
            await protocol._drain_helper()  # noqa: SLF001  asyncio's own name for it, since there are streams
        await asyncio.sleep(0)  # an end of the line that is there to be seen is seen
        self._line.get_transport_info("socket")  # raises if it is
        self.stage = _Stage.DOT
        protocol.write(b".\r\n")
        answer = await protocol.read_response(timeout=self._patience.message)
        if not 200 <= answer.code < 300:  # noqa: PLR2004  SMTP's own
            raise SMTPResponseException(answer.code, answer.message)
        return answer.message


def _dotted(written: bytes) -> bytes:
    """Return a message as it goes over the line: CRLF, and no line that would end it."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", written)
    return re.sub(rb"(?m)^\.", b"..", lines if lines.endswith(b"\r\n") else lines + b"\r\n")


def _recipient(message: Outgoing, line: aiosmtplib.SMTP) -> str:
    try:
        recipient = address(message.to)
    except ValueError as error:
        raise _Unfit("ADDRESS_INVALID") from error
    if not recipient.username.isascii() and not line.supports_extension("smtputf8"):
        raise _Unfit("SMTPUTF8_NOT_OFFERED")
    return recipient.addr_spec


def _became(error: Exception, stage: _Stage) -> tuple[MessageStatus, str]:
    """Return what became of a message that a server did not take at that stage, and the code."""
    match error:
        case _Unfit():
            return MessageStatus.PERMANENT_FAILURE, str(error)
        case SMTPResponseException(code=code) if 400 <= code < 600:  # noqa: PLR2004  SMTP's own
            theirs = stage is not _Stage.SENDER or code == _TOO_LARGE  # a sender is refused for all
            final = theirs and code >= 500 and code not in _NOT_THEIRS  # noqa: PLR2004  SMTP's own
            return MessageStatus.PERMANENT_FAILURE if final else MessageStatus.TEMPORARY_FAILURE, str(code)
        case _ if stage is _Stage.DOT:
            return MessageStatus.UNKNOWN, "ANSWER_LOST"
        case TimeoutError():
            return MessageStatus.TEMPORARY_FAILURE, "TIMEOUT"
        case _:
            return MessageStatus.TEMPORARY_FAILURE, "LINE_DROPPED"


def _trouble(error: Exception) -> MailTrouble:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return MailTrouble("TLS_FAILED", "its certificate or its encryption cannot be trusted")
    if isinstance(error, SMTPResponseException) and error.code > 0:
        return MailTrouble(str(error.code), f"it answers {error.code}")
    if isinstance(error, (SMTPTimeoutError, TimeoutError)):
        return MailTrouble("TIMEOUT", "it does not answer in time")
    if isinstance(error, OSError):
        return MailTrouble("UNREACHABLE", "nobody answers there")
    if isinstance(error, SMTPResponseException):
        return MailTrouble("NOT_SMTP", "it is no mail server")
    return MailTrouble("NOT_OFFERED", "it offers no login, or no encryption, without which no password is sent")
