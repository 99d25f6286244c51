"""A message as its reader gets it: one text or several, in the reader's language, for one channel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from domain.locales import Writing, tidy
from domain.message import Channel
from domain.placeholders import PLACEHOLDERS, Group, Kind, Values
from domain.sms import simpler
from domain.templates import Template, bdi
from domain.wording import Text, Wording

_Order = tuple[int, datetime, date, str]
_LAST_DAY, _LAST = date.max, datetime.max.replace(tzinfo=UTC)
_WRITTEN: Mapping[Kind, Callable[[Writing, Any], str]] = {
    Kind.TEXT: Writing.label,
    Kind.LABEL: Writing.label,
    Kind.DAY: Writing.day,
    Kind.DATE: Writing.date,
    Kind.TIME: Writing.time,
    Kind.MONEY: Writing.money,
    Kind.DAYS: Writing.days,
}
_FREE = frozenset({Kind.TEXT, Kind.LABEL})  # whose script may be another than that of the words around them


@dataclass(frozen=True, kw_only=True)
class Said:
    """One text, by its name, and what it says."""

    text: str
    values: Values = field(default_factory=Values)


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """To be sent: `subject` and `html` are empty where the channel has none, `language` is an ISO 639 code."""

    language: str
    subject: str
    text: str
    html: str = ""


def render(wording: Wording, said: Sequence[Said], *, name: str, spoken: Sequence[str], channel: Channel) -> Rendered:
    """Return what is sent to somebody of this `name` ("" if unknown) who speaks the languages `spoken`, best first.

    Several texts share one greeting and one closing; they stand in the order of the policy document, then of their
    appointments, and what is said twice is said once. A formal notice is in the policy's first language, with a
    translation beneath for who speaks another. HTML is for e-mail only; a notice in an application is not signed.

    Raises ValueError, which quotes nothing of what was to be said, for a text that lacks a value, texts that are not to
    be merged (of several groups, or formal), or one that is not written for text messages.
    """
    texts = [wording.texts[each.text] for each in said]
    groups = {text.group for text in texts}
    if len(groups) != 1 or (len(said) > 1 and Group.FORMAL in groups):
        raise ValueError(f"not to be merged: {[text.name for text in texts]}")
    language, first = wording.language(spoken, texts), wording.languages[0]
    if channel is Channel.SMS:
        return _text_message(wording, language, said)
    signed = channel is not Channel.IN_APP
    if Group.FORMAL not in groups or language == first:
        pages = [_page(wording, language, said, name, signed=signed)]
    else:
        pages = [
            _page(wording, first, said, name, signed=signed),
            _page(wording, language, said, name, signed=signed, translation=True),
        ]
    return Rendered(
        language=pages[0].writing.code,
        subject=pages[0].subject,
        text="\n\n* * *\n\n".join(page.text for page in pages),
        html=_document(pages) if channel is Channel.EMAIL else "",
    )


@dataclass(frozen=True, kw_only=True)
class _Page:
    """A message in one language."""

    writing: Writing
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _Body:
    """One text, filled in."""

    subject: str
    text: str
    html: str


def _page(
    wording: Wording, language: str, said: Sequence[Said], name: str, *, signed: bool, translation: bool = False
) -> _Page:
    frame, writing = wording.frame[language], wording.writing[language]
    bodies = _merged(wording, language, said)
    parts = [(body.text, body.html) for body in bodies]
    if signed:
        parts.insert(0, _filled(frame.greeting, *_named(name, writing)) if name else _filled(frame.greeting_unnamed))
        if wording.texts[said[0].text].group is not Group.STAFF:
            parts.append(_filled(frame.closing))
    if translation and frame.translation:
        parts.insert(0, _filled(frame.translation))
    subjects = {body.subject for body in bodies}
    return _Page(
        writing=writing,
        subject=subjects.pop() if len(subjects) == 1 else frame.several.plain.format_map({}),
        text="\n\n".join(text for text, _ in parts),
        html="".join(html for _, html in parts),
    )


def _merged(wording: Wording, language: str, said: Sequence[Said]) -> list[_Body]:
    """The texts in their order, each once."""
    found: dict[_Body, _Order] = {}
    for each in said:
        text = wording.texts[each.text]
        words = text.words[language]
        plain, marked = _values(wording, language, text, each.values, words.subject.names | words.text.names)
        body = _Body(words.subject.plain.format_map(plain), *_filled(words.text, plain, marked))
        order = _order(text, each.values, body.text)
        found[body] = min(order, found.get(body, order))
    return sorted(found, key=found.__getitem__) if len(found) > 1 else list(found)


def _text_message(wording: Wording, language: str, said: Sequence[Said]) -> Rendered:
    found: dict[str, _Order] = {}
    for each in said:
        text = wording.texts[each.text]
        if not (words := text.words[language].sms):
            raise ValueError(f"{text.name} is not written for text messages")
        plain, _ = _values(wording, language, text, each.values, words.names)
        short = words.plain.format_map(plain)
        order = _order(text, each.values, short)
        found[short] = min(order, found.get(short, order))
    message = " ".join(sorted(found, key=found.__getitem__))
    framed = wording.frame[language].sms.plain.format_map({"message": message})
    return Rendered(language=language, subject="", text=simpler(framed))


def _order(text: Text, values: Values, words: str) -> _Order:
    return text.rank, values.appointment or _LAST, values.by_day or _LAST_DAY, words


def _filled(
    template: Template, plain: Mapping[str, str] | None = None, marked: Mapping[str, str] | None = None
) -> tuple[str, str]:
    return template.plain.format_map(plain or {}), template.html.format_map(marked or {})


def _named(name: str, writing: Writing) -> tuple[dict[str, str], dict[str, str]]:
    name = tidy(name)
    return {"name": writing.isolated(name)}, {"name": bdi(name)}


def _values(
    wording: Wording, language: str, text: Text, values: Values, names: frozenset[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """What each placeholder says, in plain text and in HTML."""
    plain, marked = {}, {}
    writing = wording.writing[language]
    for name in names:
        placeholder = PLACEHOLDERS[name]
        value = getattr(values, placeholder.field)
        if value is None:
            raise ValueError(f"{text.name} says {placeholder.field}, which is not given")
        words = _WRITTEN[placeholder.kind](writing, value)
        if placeholder.kind in _FREE:
            words = tidy(words)
            plain[name], marked[name] = writing.isolated(words), bdi(words)
        else:
            plain[name], marked[name] = words, escape(words, quote=False)
    return plain, marked


def _document(pages: Sequence[_Page]) -> str:
    """An accessible page of its own: it says its language and direction, and loads nothing from anywhere."""
    page, *translations = pages
    beneath = "".join(
        f'<hr>\n<section lang="{other.writing.code}" dir="{other.writing.direction}">\n{other.html}</section>\n'
        for other in translations
    )
    return (
        f'<!doctype html>\n<html lang="{page.writing.code}" dir="{page.writing.direction}">\n<head>\n'
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(page.subject, quote=False)}</title>\n</head>\n"
        f'<body style="font: 1.1em/1.5 sans-serif">\n{page.html}{beneath}</body>\n</html>\n'
    )
