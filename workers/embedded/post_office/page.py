"""The page on which a developer reads what was sent. Nothing in it comes from elsewhere, and nothing in it runs."""

from collections.abc import Awaitable, Callable, Sequence
from email.message import EmailMessage, Message
from html import escape
from importlib.resources import files
from itertools import islice
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from workers.embedded.post_office.kept import Kept, Letter
from workers.embedded.post_office.mail import read

RECEIPTS = ("delivered", "failed", "returned")
"""What a developer may have become of an SMS or a letter."""

_A_PAGE = 50
_CHANNELS = {"email": "E-mail", "sms": "SMS", "letter": "Letter"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_MAIL_HEADERS = _HEADERS | {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'"
    )
}
_FOLDER = files("workers.embedded.post_office")
_PAGE = _FOLDER.joinpath("page.html").read_text("utf-8")
_STYLE = _FOLDER.joinpath("style.css").read_text("utf-8")

SendReceipt = Callable[[Letter, str], Awaitable[None]]
"""Tells the API what became of a message, and notes on the message that it was told."""


class Page:
    """The page's addresses: the list, a message and its parts, and the buttons that send receipts."""

    def __init__(self, kept: Kept, *, send_receipt: SendReceipt) -> None:
        self._kept = kept
        self._send_receipt = send_receipt

    @property
    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/", self._listed),
            Route("/style.css", self._style),
            Route("/messages/{number:int}", self._shown),
            Route("/messages/{number:int}/html", self._html),
            Route("/messages/{number:int}/calendar", self._calendar),
            Route("/messages/{number:int}/receipts/{status}", self._receipt, methods=["POST"]),
        ]

    async def _listed(self, request: Request) -> Response:
        channel, to = request.query_params.get("channel", ""), request.query_params.get("to", "")
        before = request.query_params.get("before", "")
        found = self._kept.newest_first(channel=channel, to=to, before=int(before) if before.isdecimal() else None)
        return _page("Post office", _list(list(islice(found, _A_PAGE + 1)), channel=channel, to=to))

    async def _style(self, _: Request) -> Response:
        return Response(_STYLE, headers=_HEADERS, media_type="text/css")

    async def _shown(self, request: Request) -> Response:
        letter = self._letter(request)
        shown = _mail(letter, self._mail(request)) if letter.channel == "email" else _written(letter)
        return _page(letter.subject or _CHANNELS[letter.channel], shown)

    async def _html(self, request: Request) -> Response:
        part = self._mail(request).get_body(("html",))
        if part is None:
            raise HTTPException(404)
        return HTMLResponse(_content(part), headers=_MAIL_HEADERS)

    async def _calendar(self, request: Request) -> Response:
        part = _calendar(self._mail(request))
        if part is None:
            raise HTTPException(404)
        headers = _HEADERS | {"Content-Disposition": 'attachment; filename="calendar.ics"'}
        return Response(part.get_payload(decode=True), headers=headers, media_type="text/calendar")

    async def _receipt(self, request: Request) -> Response:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            raise HTTPException(403)  # another site's page
        letter, status = self._letter(request), request.path_params["status"]
        if letter.channel == "email" or status not in RECEIPTS:
            raise HTTPException(404)
        await self._send_receipt(letter, status)
        return RedirectResponse(f"/messages/{letter.number}", 303)

    def _letter(self, request: Request) -> Letter:
        letter = self._kept.get(request.path_params["number"])
        if not letter:
            raise HTTPException(404)
        return letter

    def _mail(self, request: Request) -> EmailMessage:
        letter = self._letter(request)
        if letter.channel != "email":
            raise HTTPException(404)
        return read(self._kept.mail(letter.number))


def _page(title: str, body: str) -> Response:
    return HTMLResponse(_filled(_PAGE, title=title, body_html=body), headers=_HEADERS)


def _filled(template: str, **values: object) -> str:
    """Fill in a text so that nothing of a value is markup, unless it is named `..._html`."""
    return template.format_map(
        {name: value if name.endswith("_html") else escape(str(value)) for name, value in values.items()}
    )


def _list(found: Sequence[Letter], *, channel: str, to: str) -> str:
    options = "".join(
        _filled(
            '<option value="{value}"{selected_html}>{label}</option>',
            value=value,
            label=label,
            selected_html=" selected" if value == channel else "",
        )
        for value, label in {"": "Every channel", **_CHANNELS}.items()
    )
    rows = "".join(
        _filled(
            '<tr><td><time>{at}</time></td><td>{channel}</td><td>{to}</td><td><a href="/messages/{number}"'
            ' lang="{language}" dir="{direction}">{subject}</a></td><td>{became}</td></tr>',
            at=each.at,
            channel=_CHANNELS[each.channel],
            to=_recipient(each),
            number=each.number,
            language=each.language,
            direction=_direction(each.language),
            subject=each.subject or each.text[:60] or "(no subject)",
            became=_became(each),
        )
        for each in found[:_A_PAGE]
    )
    older = ""
    if len(found) > _A_PAGE:
        query = urlencode({"channel": channel, "to": to, "before": found[_A_PAGE - 1].number})
        older = _filled('<p><a href="/?{query}">Older</a></p>', query=query)
    return _filled(
        '<form><select name="channel" aria-label="Channel">{options_html}</select>'
        '<input name="to" value="{to}" placeholder="recipient" aria-label="Recipient"><button>Show</button></form>'
        "<table><tr><th>Sent</th><th>Channel</th><th>To</th><th>Subject</th><th>Became</th></tr>{rows_html}</table>"
        "{nothing_html}{older_html}",
        options_html=options,
        to=to,
        rows_html=rows,
        nothing_html="" if found else "<p>Nothing yet.</p>",
        older_html=older,
    )


def _written(letter: Letter) -> str:
    buttons = "".join(
        _filled(
            '<form method="post" action="/messages/{number}/receipts/{status}"><button>{status}</button></form> ',
            number=letter.number,
            status=status,
        )
        for status in RECEIPTS
    )
    return _head(letter) + _filled(
        '<pre lang="{language}" dir="{direction}">{text}</pre><h2>Send the receipt</h2>{buttons_html}<p>{became}</p>',
        language=letter.language,
        direction=_direction(letter.language),
        text=letter.text,
        buttons_html=buttons,
        became=_became(letter),
    )


def _mail(letter: Letter, mail: EmailMessage) -> str:
    text, html, calendar = mail.get_body(("plain",)), mail.get_body(("html",)), _calendar(mail)
    parts = [_head(letter)]
    if html is not None:
        parts.append(
            _filled('<iframe sandbox title="HTML" src="/messages/{number}/html"></iframe>', number=letter.number)
        )
    if text is not None:
        parts.append(
            _filled(
                '<h2>Text</h2><pre lang="{language}" dir="{direction}">{text}</pre>',
                language=letter.language,
                direction=_direction(letter.language),
                text=_content(text),
            )
        )
    if calendar is not None:
        parts.append(
            _filled(
                '<h2>Calendar</h2><p><a href="/messages/{number}/calendar">calendar.ics</a></p><pre>{file}</pre>',
                number=letter.number,
                file=_content(calendar),
            )
        )
    headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
    parts.append(_filled("<h2>Headers</h2><pre>{headers}</pre>", headers=headers))
    return "".join(parts)


def _head(letter: Letter) -> str:
    return _filled(
        '<h1 lang="{language}" dir="{direction}">{subject}</h1><p>{channel} to {to}, <time>{at}</time></p>',
        language=letter.language,
        direction=_direction(letter.language),
        subject=letter.subject or _CHANNELS[letter.channel],
        channel=("Formal " if letter.formal else "") + _CHANNELS[letter.channel],
        to=_recipient(letter),
        at=letter.at,
    )


def _recipient(letter: Letter) -> str:
    return f"{letter.name} <{letter.to}>" if letter.name else letter.to


def _became(letter: Letter) -> str:
    return f"refused: {letter.refused}" if letter.refused else ", ".join(letter.receipts)


def _direction(language: str) -> str:
    try:
        return Locale.parse(language, sep="-").text_direction
    except (ValueError, UnknownLocaleError):
        return "auto"


def _calendar(mail: EmailMessage) -> Message | None:
    return next((part for part in mail.walk() if part.get_content_type() == "text/calendar"), None)


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
