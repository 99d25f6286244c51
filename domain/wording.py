"""The words of messages: what an agency writes in its policy document, checked and made ready to be filled in.

    languages: [it, en, ar]   # the first is for whoever speaks none of them
    agency: {name: ..., phone: ..., email: ..., address: ...}
    frame:                    # around every message, once, however many texts are merged in it
      it: {greeting: "Gentile {name},", ...}
    texts:
      reminders:              # what a text may say hangs on its group: see `domain.placeholders`
        appointment:
          it: {subject: Appuntamento, text: "La aspettiamo {appointment_day}.", sms: ...}

Each line of a text is a paragraph. A text to persons stands in every language, one to staff or to partners at least in
the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from domain.fields import Line, NoteText
from domain.locales import Writing
from domain.placeholders import PLACEHOLDERS, Group
from domain.register import Email, Phone, Tongue
from domain.templates import Template, template


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Agency(_Section):
    """The agency as it signs."""

    name: Line
    phone: Phone
    email: Email
    address: Line


class FrameWords(_Section):
    """What stands around every message, in one language.

    `several` is the subject of several texts in one message, `sms` what is around a text message, `calendar` the title
    of an appointment in a calendar. `translation` stands over a formal notice in any language but the first, which is
    the one that counts.
    """

    greeting: Line
    greeting_unnamed: Line
    closing: NoteText
    several: Line
    sms: Line
    calendar: Line
    translation: Line | None = None


class TextWords(_Section):
    """A text in one language; `sms` is the whole of it as a text message."""

    subject: Line
    text: NoteText
    sms: Line | None = None


class Texts(_Section):
    """The texts by group, name and language."""

    reminders: dict[str, dict[str, TextWords]]
    staff: dict[str, dict[str, TextWords]]
    partners: dict[str, dict[str, TextWords]]
    formal: dict[str, dict[str, TextWords]]


class Sections(_Section):
    """The sections of the policy document that hold words."""

    languages: Annotated[tuple[Tongue, ...], Field(min_length=1)]
    agency: Agency
    frame: dict[str, FrameWords]
    texts: Texts


@dataclass(frozen=True)
class Words:
    """A text in one language."""

    subject: Template
    text: Template
    sms: Template | None


@dataclass(frozen=True)
class Frame:
    """What stands around a message in one language."""

    greeting: Template
    greeting_unnamed: Template
    closing: Template
    several: Template
    sms: Template
    calendar: Template
    translation: Template | None


@dataclass(frozen=True)
class Text:
    """A text in its languages; `rank` is its place in the document, `needs` the fields of `Values` that it says."""

    name: str
    group: Group
    rank: int
    words: Mapping[str, Words]
    needs: frozenset[str]

    @property
    def formal(self) -> bool:
        """Whether it is a formal notice, which is never merged nor opted out of."""
        return self.group is Group.FORMAL

    @property
    def by_sms(self) -> bool:
        """Whether it can be sent as a text message."""
        return all(words.sms for words in self.words.values())


class Wording:
    """The words of a policy, once `domain.proofreading` has found nothing wrong with them; `texts` by name."""

    def __init__(self, sections: Sections) -> None:
        self.agency = sections.agency
        self.languages = sections.languages
        self.writing = {code: Writing(code, otherwise=self.languages[0]) for code in self.languages}
        self._signs = {
            "agency": self.agency.name,
            "agency_phone": self.agency.phone,
            "agency_email": self.agency.email,
            "agency_address": self.agency.address,
        }
        self.frame = {code: self._framed(code, words) for code, words in sections.frame.items()}
        self.texts: dict[str, Text] = {}
        for group, name, by_language in listed(sections.texts):
            words = {code: self._worded(code, each) for code, each in by_language.items()}
            self.texts[name] = Text(name, group, len(self.texts), words, _needs(words.values()))

    def language(self, spoken: Iterable[str], texts: Iterable[Text]) -> str:
        """Return the first language `spoken` in which all these texts are written, else the policy's first."""
        written = [text.words for text in texts]
        return next((code for code in spoken if all(code in words for words in written)), self.languages[0])

    def appointment(self, language: str) -> str:
        """Return how a calendar names an appointment, whatever it is for."""
        return self.frame[language].calendar.plain.format_map({})

    def _framed(self, code: str, words: FrameWords) -> Frame:
        return Frame(
            greeting=self._template(code, words.greeting),
            greeting_unnamed=self._template(code, words.greeting_unnamed),
            closing=self._template(code, words.closing),
            several=self._template(code, words.several),
            sms=self._template(code, words.sms),
            calendar=self._template(code, words.calendar),
            translation=self._template(code, words.translation) if words.translation else None,
        )

    def _worded(self, code: str, words: TextWords) -> Words:
        return Words(
            subject=self._template(code, words.subject),
            text=self._template(code, words.text),
            sms=self._template(code, words.sms) if words.sms else None,
        )

    def _template(self, code: str, source: str) -> Template:
        return template(source, self.writing[code], self._signs)


def _needs(written: Iterable[Words]) -> frozenset[str]:
    templates = (each for words in written for each in (words.subject, words.text, words.sms) if each)
    return frozenset(PLACEHOLDERS[name].field for each in templates for name in each.names)


def listed(texts: Texts) -> Iterator[tuple[Group, str, dict[str, TextWords]]]:
    """Yield every text with its group and name, in the order of the groups and then of the document."""
    for group in Group:
        for name, by_language in getattr(texts, group).items():
            yield group, name, by_language
