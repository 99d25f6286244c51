"""A post office in this process, for whoever develops: mail server, gateway, and a page to read what was sent.

It speaks what real providers speak and forgets nothing at a restart. It needs no network: all of it is on 127.0.0.1.
"""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from api.webhooks import sign
from workers import web
from workers.clock import Clock
from workers.embedded.post_office.gateway import gateway
from workers.embedded.post_office.kept import Kept, Letter
from workers.embedded.post_office.mail import Mailbox, mail_server
from workers.embedded.post_office.page import Page
from workers.embedded.process import listening

__all__ = ["Kept", "Letter", "PostOffice"]

_STOP_SECONDS = 2
_PATIENCE_SECONDS = 10.0


class PostOffice:
    """A post office on a folder, which is made if there is none.

    While it serves, `smtp_url` and `gateway_url` say where; the latter is the page's address, too. Receipts are sent to
    `receipts_url`, the API's, and signed. `clock` says what time it is there.
    """

    mail_from = "pratica@example.org"
    """From whom e-mail is, if nobody has said."""

    def __init__(
        self, folder: Path, *, receipts_url: str, receipt_secret: str = "", clock: Clock | None = None
    ) -> None:
        self.kept = Kept(folder)
        self.smtp_url = self.gateway_url = ""
        self.gateway_secret = secrets.token_urlsafe(32)
        self.receipt_secret = receipt_secret or "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self._receipts_url = receipts_url
        self._clock = clock or Clock()

    @property
    def app(self) -> ASGIApp:
        """All that it serves by HTTP."""
        routes = [
            gateway(self.kept, secret=self.gateway_secret, clock=self._clock),
            *Page(self.kept, send_receipt=self.send_receipt).routes,
        ]
        # No page of another site is this one under another name.
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        return Starlette(routes=routes, middleware=[hosts])

    @property
    def handler(self) -> object:
        """What its mail server does, as aiosmtpd has it."""
        return Mailbox(self.kept, clock=self._clock)

    @asynccontextmanager
    async def serving(self, *, port: int = 0) -> AsyncIterator[Self]:
        """Serve until the context ends; `port` 0 takes a free one. Raises PortTaken."""
        with listening(host="127.0.0.1", port=port, setting="PRATICA_POST_OFFICE_PORT") as listener:
            async with mail_server(self.handler) as smtp_port:
                self.smtp_url = f"smtp://127.0.0.1:{smtp_port}"
                self.gateway_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                serving = asyncio.ensure_future(web.serve(self.app, listener, stop_seconds=_STOP_SECONDS))
                try:
                    yield self
                finally:
                    serving.cancel()
                    await asyncio.wait([serving])

    async def send_receipt(self, letter: Letter, status: str) -> None:
        """Tell the API what became of an SMS or a letter, and note with it what the API said."""
        await self.send_receipts({letter.number: status})

    async def send_receipts(self, became: Mapping[int, str]) -> None:
        """Tell the API what became of text messages and letters, by their numbers, and note what the API said."""
        now = await self._clock.look()
        letters = [letter for number in became if (letter := self.kept.get(number))]
        receipts = [
            {"key": each.key, "status": became[each.number], "at": now.isoformat(), "id": str(each.number)}
            for each in letters
        ]
        body = json.dumps({"receipts": receipts}).encode()
        headers = sign(self.receipt_secret, body, identifier=str(uuid4()), now=now)
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE_SECONDS) as client:
                answer = await client.post(self._receipts_url, content=body, headers=headers)
            said = "taken" if answer.is_success else f"the API answers {answer.status_code}"
        except httpx.HTTPError:
            said = "the API does not answer"
        for each in letters:
            self.kept.change(replace(each, receipts=(*each.receipts, f"{became[each.number]}: {said}")))
