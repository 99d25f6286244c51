"""The words of messages are data: those that ship are complete, and what is wrong with others is told by its line."""

import re
from importlib.resources import files

import pytest
from pydantic import TypeAdapter

from domain.message import Channel
from domain.placeholders import PLACEHOLDERS, SAMPLE, Group, Values
from domain.policy import PolicyInvalid, load
from domain.rendering import Rendered, Said, render
from domain.sms import MOST, segments
from tests.domain.lives import LOMBARDIA

SHIPPED = LOMBARDIA.wording
WRITTEN = [(name, code) for name, text in SHIPPED.texts.items() for code in text.words]

GOOD = """\
policy: sample
version: 2026-11-01
saturday_works: false
processes: {}
languages: [it, ar]
agency: {name: Casa, phone: "+39 0332 000 000", email: casa@example.org, address: "Via Roma 1"}
frame:
  it:
    greeting: "Gentile {name},"
    greeting_unnamed: "Buongiorno,"
    closing: "{agency}"
    several: Promemoria
    sms: "{agency}: {message}"
    calendar: Appuntamento
  ar: {greeting: "{name}", greeting_unnamed: x, closing: x, several: x, sms: "{message}", calendar: x, translation: x}
texts:
  reminders:
    appointment:
      it:
        subject: Appuntamento
        text: La aspettiamo {appointment_day} in {place}.
        sms: La aspettiamo {appointment_day}.
      ar: {subject: x, text: x, sms: x}
  staff:
    task: {it: {subject: Da fare, text: "{process} {number}"}}
  partners:
    referral: {it: {subject: Invio, text: "{number}", sms: "{number}"}}
  formal:
    refusal:
      it: {subject: Preavviso, text: "{reason}"}
      ar: {subject: x, text: x}
ladders: {}
"""


def wrong(text: str) -> list[str]:
    """What the loader says about a document that it refuses."""
    with pytest.raises(PolicyInvalid) as refused:
        load(text, ())
    return str(refused.value).splitlines()


def shown(name: str, code: str, channel: Channel) -> Rendered:
    return render(SHIPPED, [Said(text=name, values=SAMPLE)], name="Elda Rovera", spoken=[code], channel=channel)


@pytest.mark.parametrize(("name", "code"), WRITTEN)
def test_every_shipped_text_can_be_sent(name: str, code: str) -> None:
    """In each of its languages, filled in to the last brace; as a text message it fits."""
    text = SHIPPED.texts[name]
    for channel in (Channel.EMAIL, Channel.LETTER, Channel.IN_APP):
        sent = shown(name, code, channel)
        assert sent.language == (SHIPPED.languages[0] if text.formal else code)
        assert sent.subject
        assert not re.search(r"[{}]|None", sent.subject + sent.text + sent.html)
        assert bool(sent.html) == (channel is Channel.EMAIL)
    if text.by_sms:
        short = shown(name, code, Channel.SMS)
        assert segments(short.text) <= MOST
        assert short.subject == short.html == ""


def test_reminders_say_when_and_where_and_nothing_else() -> None:
    """Anybody in the house may read them (DOMAIN section 3); they can all be text messages."""
    reminders = [text for text in SHIPPED.texts.values() if text.group is Group.REMINDERS]
    assert len(reminders) >= 15
    for text in reminders:
        assert text.needs <= {"appointment", "place", "by_day"}, text.name
        assert text.by_sms
        assert not text.formal


def test_what_persons_are_sent_is_written_in_every_language() -> None:
    """Staff and partners are written to in those that the engine itself speaks."""
    for text in SHIPPED.texts.values():
        to_persons = text.group in {Group.REMINDERS, Group.FORMAL}
        assert tuple(text.words) == (SHIPPED.languages if to_persons else ("it", "en")), text.name


def test_every_placeholder_is_explained_to_whoever_edits_the_words() -> None:
    """In the shipped document, which is what an agency begins with, and in the code."""
    document = files("domain").joinpath("policies/lombardia.yaml").read_text("utf-8")
    explained = re.findall(r"\{(\w+)\}", "".join(line for line in document.splitlines() if line.startswith("#")))
    assert set(explained) == set(PLACEHOLDERS) - {"name", "message"}
    assert all(placeholder.meaning for placeholder in PLACEHOLDERS.values())


def test_a_text_says_what_it_cannot_be_written_without() -> None:
    """In any language, by any channel: so that a ladder which cannot give it is told at once."""
    wording = load(GOOD, ()).wording
    assert wording.texts["appointment"].needs == {"appointment", "place"}
    assert wording.texts["refusal"].needs == {"reason"}
    assert wording.texts["refusal"].formal
    assert [text.by_sms for text in wording.texts.values()] == [True, False, True, False]


def test_values_can_be_kept_until_they_are_said() -> None:
    """As JSON, with whoever schedules a message."""
    values = TypeAdapter(Values)
    assert values.validate_json(values.dump_json(SAMPLE)) == SAMPLE


def test_the_first_language_spoken_that_is_written_is_chosen() -> None:
    """Of whoever speaks none, or only one in which the text is not written, the policy's first."""
    texts = SHIPPED.texts
    assert SHIPPED.language(["uk", "ar", "en"], [texts["contact_us"]]) == "ar"
    assert SHIPPED.language(["uk"], [texts["contact_us"]]) == "it"
    assert SHIPPED.language([], [texts["contact_us"]]) == "it"
    assert SHIPPED.language(["ar", "en"], [texts["task_waiting"]]) == "en"
    assert SHIPPED.language(["ar"], [texts["task_waiting"]]) == "it"


def test_an_appointment_is_named_neutrally() -> None:
    """In a calendar that others may see."""
    assert SHIPPED.appointment("it") == "Appuntamento con Agenzia per la casa"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("[it, ar]", "[]", "line 5: `languages` is []: Tuple should have at least 1 item"),
        ("[it, ar]", "[it, ar, it]", "line 5: `it` is listed twice: keep one of the two"),
        ("[it, ar]", "[it, ar, xx]", "line 5: how `xx` writes days and amounts is not known: use another language"),
        ("[it, ar]", "[it, ar, und]", "line 5: how `und` writes days and amounts is not known"),
        ("[it, ar]", "[it, Arabic]", "line 5: `1`: a language is given by its ISO 639 code, like it or ar"),
        ("[it, ar]", "[it, ar, en]", "line 7: `frame` is not written in `en`: add it"),
        ("[it, ar]", "[it, ar, en]", "line 18: `appointment` is not written in `en`: add it"),
        ("[it, ar]", "[it]", "line 15: `ar` is not among `languages`: add it there, or remove this"),
        ("casa@example.org", "casa", "line 6: `email`: an e-mail address looks like name@example.org"),
        ("+39 0332 000 000", "call us", "line 6: `phone`: a telephone number looks like +39 0332 123456"),
        ("Gentile {name},", "Gentile,", "line 9: `greeting`: add {name}"),
        ("{agency}: {message}", "{agency}", "line 13: `sms`: add {message}"),
        ('closing: "{agency}"', 'closing: "{place}"', "line 11: `closing`: {place} may not stand in this part of the"),
        (", translation: x", "", "line 15: `translation` is missing: write that the notice beneath is a translation"),
        ("    several: Promemoria\n", "", "line 8: `several` is missing: add it"),
        (
            "in {place}",
            "per {reason}",
            (
                "line 21: `text`: {reason} may not stand in a reminder, which carries no reason and no detail of the"
                " case: use {agency}, {agency_address}, {agency_email}, {agency_phone}, {appointment_day},"
                " {appointment_time}, {by_day}, {place}"
            ),
        ),
        ("in {place}", "in {palce}", "line 21: `text`: {palce} is no placeholder: is it {place}?"),
        ("in {place}", "in {}", "line 21: `text`: {} is no placeholder: use {agency}, "),
        ("in {place}", "in {place", "line 21: `text`: a brace stands alone: write a placeholder as {agency}, and"),
        ("in {place}", "in place}", "line 21: `text`: a brace stands alone"),
        ("in {place}", "in {place!r}", "line 21: `text`: write {place}, with nothing else between the braces"),
        ("in {place}", "in {place:>999}", "line 21: `text`: write {place}, with nothing else between the braces"),
        ("in {place}", "in {place.__class__}", "line 21: `text`: {place.__class__} is no placeholder"),
        ("in {place}", "in {{place}}", ""),
        ("in {place}", "su https://example.org", "line 21: `text`: a reminder has no link"),
        ("subject: Appuntamento", "subjct: Appuntamento", "line 20: `subjct` means nothing here: is it subject?"),
        ("  staff:", "  stuff:", "line 24: `stuff` means nothing here: is it staff?"),
        ("subject: Appuntamento", 'subject: "Uno\\ndue"', "line 20: `subject`: line breaks and control characters are"),
        ("        sms: La aspettiamo {appointment_day}.\n", "", "line 19: `sms` is missing: write the whole of it"),
        ("sms: La aspettiamo", f"sms: A {'{place} ' * 12}", ""),
        ("sms: La aspettiamo", f"sms: A {'{place} ' * 13}", "line 22: `sms` makes 4 text messages: shorten it to 3"),
        ("text: x, sms: x}", f"text: x, sms: {'م' * 201}}}", ""),
        ("text: x, sms: x}", f"text: x, sms: {'م' * 202}}}", "line 23: `sms` makes 4 text messages: shorten it to 3"),
        ("      ar: {subject: x, text: x, sms: x}\n", "", "line 18: `appointment` is not written in `ar`: add it"),
        ("      ar: {subject: x, text: x}\n", "", "line 29: `refusal` is not written in `ar`: add it"),
        ("{process} {number}", "{tenancy}", "line 25: `text`: {tenancy} may not stand in a text to staff, which does"),
        ('text: "{number}"', 'text: "{process}"', "line 27: `text`: {process} may not stand in a text to partners"),
        ("task: {it:", "task: {ar:", "line 25: `task` is not written in `it`: add it"),
        ("task: {it:", "Task: {it:", "line 25: `Task`: name a text with small letters, digits and underscores"),
        (
            "task: {it:",
            "appointment: {it:",
            "line 25: `appointment` is among the reminders too: give one of them another",
        ),
        (
            'sms: "{number}"}',
            'sms: "{number}"}, ar: {subject: x, text: x}',
            "line 27: `sms` is missing: write the whole of it as a text message",
        ),
        ('text: "{reason}"', 'text: "{name}"', "line 30: `text`: {name} may not stand in a formal notice"),
        ('text: "{reason}"', "text: x, sms: x", "line 30: `sms`: a formal notice is no text message: remove it"),
        ('text: "{reason}"', "text: ''", "line 30: `text` is '': write a text"),
        (
            '    task: {it: {subject: Da fare, text: "{process} {number}"}}\n',
            "",
            "line 24: `staff` is None: write what",
        ),
    ],
)
def test_a_slip_of_the_pen_is_told(old: str, new: str, error: str) -> None:
    """One change to good words, and the line that says so (none: the change does no harm)."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if error:
        assert any(line.startswith(error) for line in wrong(text)), wrong(text)
    else:
        assert load(text, ()).wording.languages == ("it", "ar")


def test_everything_wrong_with_the_words_is_said_at_once() -> None:
    """In the order of the lines."""
    text = (
        GOOD.replace("in {place}", "per {reason}")
        .replace('{reason}"}', '{motivo}"}')
        .replace("[it, ar]", "[it, ar, xx]")
    )
    assert [line.split(":")[0] for line in wrong(text)] == [f"line {line}" for line in (5, 7, 18, 21, 29, 30)]
