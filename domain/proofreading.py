"""What is wrong with the words of a policy document, and what to do about it."""

import difflib
import re
from collections.abc import Collection

from domain.locales import Writing
from domain.marked_yaml import Path, Problems
from domain.message import Channel
from domain.placeholders import PLACEHOLDERS, SAMPLE, Group
from domain.rendering import Said, render
from domain.sms import MOST, segments
from domain.templates import faults
from domain.wording import Sections, TextWords, Wording, listed

_SIGNS = frozenset({"agency", "agency_phone", "agency_email", "agency_address"})
_IN_FRAME = {"greeting": _SIGNS | {"name"}, "sms": _SIGNS | {"message"}}
_NEEDED = {"greeting": "name", "sms": "message"}
_ALLOWED = {
    group: frozenset(name for name, placeholder in PLACEHOLDERS.items() if group in placeholder.groups)
    for group in Group
}
_WHAT = {
    Group.REMINDERS: "a reminder, which carries no reason and no detail of the case",
    Group.STAFF: "a text to staff, which does not say whose process it is",
    Group.PARTNERS: "a text to partners, which does not say whose referral it is",
    Group.FORMAL: "a formal notice",
}
_IN_EVERY_LANGUAGE = frozenset({Group.REMINDERS, Group.FORMAL})
_NAME = re.compile("[a-z][a-z0-9_]*")
_LINK = re.compile(r"https?:|www\.", re.IGNORECASE)


def problems(sections: Sections) -> Problems:
    """Yield everything that is wrong with words whose shape is right.

    Whether text messages fit is only seen once all else is right.
    """
    wrong = False
    for problem in (*_languages(sections), *_frame(sections), *_texts(sections)):
        wrong = True
        yield problem
    if not wrong:
        yield from _too_long(Wording(sections), sections)


def _languages(sections: Sections) -> Problems:
    for index, code in enumerate(sections.languages):
        if code in sections.languages[:index]:
            yield ("languages", index), f"`{code}` is listed twice: keep one of the two"
        try:
            Writing(code)
        except ValueError as unknown:
            yield ("languages", index), str(unknown)


def _frame(sections: Sections) -> Problems:
    yield from _missing(sections, ("frame",), sections.frame, sections.languages)
    for code, words in sections.frame.items():
        for part, source in words:
            path = ("frame", code, part)
            if source is None:
                if code != sections.languages[0]:
                    advice = "write that the notice beneath is a translation"
                    yield ("frame", code), f"`translation` is missing: {advice}"
                continue
            for fault in faults(source, _IN_FRAME.get(part, _SIGNS), "this part of the frame"):
                yield path, f"`{part}`: {fault}"
            if part in _NEEDED and f"{{{_NEEDED[part]}}}" not in source:
                yield path, f"`{part}`: add {{{_NEEDED[part]}}}"


def _texts(sections: Sections) -> Problems:
    groups: dict[str, Group] = {}
    for group, name, by_language in listed(sections.texts):
        path = ("texts", str(group), name)
        if name in groups:
            yield path, f"`{name}` is among the {groups[name]} too: give one of them another name"
        groups.setdefault(name, group)
        if not _NAME.fullmatch(name):
            yield path, f"`{name}`: name a text with small letters, digits and underscores"
        needed = sections.languages if group in _IN_EVERY_LANGUAGE else sections.languages[:1]
        yield from _missing(sections, path, by_language, needed)
        for code, words in by_language.items():
            yield from _words((*path, code), group, words)
        yield from _by_sms(path, group, by_language)


def _missing(sections: Sections, path: Path, written: Collection[str], needed: Collection[str]) -> Problems:
    """Every language that is needed is written, and no other than those of the policy."""
    for code in needed:
        if code not in written:
            yield path, f"`{path[-1]}` is not written in `{code}`: add it"
    for code in written:
        if code not in sections.languages:
            near = difflib.get_close_matches(code, sections.languages, n=1)
            advice = f"is it {near[0]}?" if near else "add it there, or remove this"
            yield (*path, code), f"`{code}` is not among `languages`: {advice}"


def _words(path: Path, group: Group, words: TextWords) -> Problems:
    for part, source in words:
        if source is None:
            continue
        for fault in faults(source, _ALLOWED[group], _WHAT[group]):
            yield (*path, part), f"`{part}`: {fault}"
        if group is Group.REMINDERS and _LINK.search(source):
            yield (*path, part), f"`{part}`: a reminder has no link, so that nobody learns to follow one: remove it"


def _by_sms(path: Path, group: Group, by_language: dict[str, TextWords]) -> Problems:
    """A reminder can be a text message in every language, a formal notice in none, the others in all or none."""
    anywhere = any(words.sms for words in by_language.values())
    for code, words in by_language.items():
        if group is Group.FORMAL and words.sms:
            yield (*path, code, "sms"), "`sms`: a formal notice is no text message: remove it"
        elif not words.sms and (group is Group.REMINDERS or (anywhere and group is not Group.FORMAL)):
            yield (*path, code), "`sms` is missing: write the whole of it as a text message"


def _too_long(wording: Wording, sections: Sections) -> Problems:
    for group, name, by_language in listed(sections.texts):
        for code in (code for code, words in by_language.items() if words.sms):
            said = [Said(text=name, values=SAMPLE)]
            message = render(wording, said, name="", spoken=[code], channel=Channel.SMS)
            if (count := segments(message.text)) > MOST:
                path = ("texts", str(group), name, code, "sms")
                yield path, f"`sms` makes {count} text messages: shorten it to {MOST} at most"
