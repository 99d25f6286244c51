"""A message as its reader gets it: in their language, once, and with nothing of theirs taken for something else."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.choices import Label
from domain.locales import Writing
from domain.message import Channel
from domain.placeholders import SAMPLE, Values
from domain.rendering import Rendered, Said, render
from tests.domain.lives import LOMBARDIA

WORDING = LOMBARDIA.wording
MONDAY = Values(appointment=datetime(2026, 11, 23, 9, 30, tzinfo=UTC), place="Via Roma 3, Varese")
FSI, PDI = "\u2068", "\u2069"


def sent(*said: Said, name: str = "Elda Rovera", language: str = "it", channel: Channel = Channel.EMAIL) -> Rendered:
    return render(WORDING, said, name=name, spoken=[language], channel=channel)


def test_a_message_is_greeted_said_and_signed() -> None:
    letter = sent(Said(text="appointment", values=MONDAY), channel=Channel.LETTER)
    assert letter.subject == "Appuntamento di lunedì 23 novembre 2026"
    assert letter.text.split("\n\n") == [
        "Gentile Elda Rovera,",
        "La aspettiamo lunedì 23 novembre 2026 alle 10:30. Dove: Via Roma 3, Varese.",
        "Se non può venire, ci chiami: troviamo un altro giorno.",
        "Per qualsiasi domanda può chiamarci: +39 0332 000 000.",
        "Agenzia per la casa, Via dell'Esempio 1, Varese",
    ]
    assert not letter.html


def test_each_channel_gets_what_it_can_show() -> None:
    """A person of unknown name is greeted too; an application greets nobody; a text message is one line."""
    said = Said(text="contact_us")
    assert sent(said, name="").text.startswith("Buongiorno,\n\n")
    assert sent(said, channel=Channel.IN_APP) == Rendered(
        language="it",
        subject="Vorremmo parlare con Lei",
        text="Vorremmo parlare con Lei. Ci chiami, per favore, o venga nel nostro ufficio.",
    )
    assert sent(said, channel=Channel.SMS, language="en") == Rendered(
        language="en",
        subject="",
        text="Agenzia per la casa: We would like to talk to you. Please call us, or come to our office."
        " Tel. +39 0332 000 000",
    )
    assert "Tel" not in sent(Said(text="task_waiting", values=SAMPLE)).text  # staff need not call the agency


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), "domenica 28 marzo 2027 alle 01:59"),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), "domenica 28 marzo 2027 alle 03:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "domenica 25 ottobre 2026 alle 02:30"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "domenica 25 ottobre 2026 alle 02:30"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "venerdì 1 gennaio 2027 alle 00:30"),
    ],
)
def test_days_and_hours_are_those_of_italy(instant: datetime, written: str) -> None:
    """Around both changes of the clock, and around midnight."""
    assert written in sent(Said(text="visit_planned", values=Values(appointment=instant))).text


@pytest.mark.parametrize(
    ("code", "day", "past", "money", "days"),
    [
        ("it", "lunedì 31 agosto 2026", "31 agosto 2026", "1.234,50\u00a0€", ["1 giorno", "10 giorni", "120 giorni"]),
        ("en", "Monday, 31 August 2026", "31 August 2026", "1.234,50\u00a0€", ["1 day", "10 days", "120 days"]),
        ("ar", "الاثنين، 31 أغسطس 2026", "31 أغسطس 2026", "\u200f1,234.50\u00a0€", ["يوم", "10 أيام", "120 يومًا"]),
        ("fa", "دوشنبه 31 اوت 2026", "31 اوت 2026", "\u200e€\u00a01,234.50", ["1 روز", "10 روز", "120 روز"]),
        ("ro", "luni, 31 august 2026", "31 august 2026", "1.234,50\u00a0EUR", ["1 zi", "10 zile", "120 de zile"]),
    ],
)
def test_each_language_is_written_its_own_way(code: str, day: str, past: str, money: str, days: list[str]) -> None:
    """With the digits of the letters and the door numbers that they are compared with."""
    writing = Writing(code)
    assert writing.day(date(2026, 8, 31)) == day
    assert writing.date(date(2026, 8, 31)) == past
    assert writing.money(Decimal("1234.50")) == money
    assert [writing.days(number) for number in (1, 10, 120)] == days
    assert writing.time(datetime(2026, 8, 31, 13, 5, tzinfo=UTC)) == "15:05"


def test_what_is_foreign_to_a_line_keeps_its_own_direction() -> None:
    """Addresses and numbers in Arabic, an Arabic name in Italian; HTML says the same with its own means."""
    arabic = sent(Said(text="appointment", values=MONDAY), language="ar")
    assert f"{FSI}Elda Rovera{PDI}" in arabic.text
    assert f"{FSI}Via Roma 3, Varese{PDI}." in arabic.text
    assert f"{FSI}+39 0332 000 000{PDI}" in arabic.text
    assert '<html lang="ar" dir="rtl">' in arabic.html
    assert "<bdi>Via Roma 3, Varese</bdi>" in arabic.html
    assert FSI not in arabic.html
    short = sent(Said(text="appointment", values=MONDAY), language="ar", channel=Channel.SMS).text
    assert short.count(FSI) == short.count(PDI) == 3
    italian = sent(Said(text="appointment", values=MONDAY))
    assert FSI not in italian.text
    assert '<html lang="it" dir="ltr">' in italian.html
    assert f"Gentile {FSI}ليلى{PDI}," in sent(Said(text="contact_us"), name="ليلى").text


class _Page(HTMLParser):
    """The tags of a page and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


PLAIN = _Page(sent(Said(text="appointment", values=MONDAY)).html)


@given(st.text(min_size=1) | st.text(alphabet="<>&\"'/!-{}%\r\n\u202e\u2069 aש", min_size=1))
def test_no_name_is_taken_for_anything_else(hostile: str) -> None:
    """Whatever it holds: no tag, no new line, no placeholder, no end of what isolates it."""
    said = Said(text="appointment", values=replace(MONDAY, place=hostile))
    message = sent(said, name=hostile)
    page = _Page(message.html)
    assert (page.tags, page.attributes) == (PLAIN.tags, PLAIN.attributes)
    assert len(message.text.splitlines()) == 9
    assert len(message.subject.splitlines()) == 1
    assert len(sent(said, channel=Channel.SMS).text.splitlines()) == 1
    arabic = sent(said, name=hostile, language="ar").text
    assert arabic.count(FSI) == arabic.count(PDI) == 5
    assert "\u202e" not in message.text + message.html


def test_a_page_needs_nothing_from_anywhere() -> None:
    """No image, no script, no style sheet, no link: it opens offline and tells nobody that it was read."""
    assert set(PLAIN.tags) == {"html", "head", "meta", "title", "body", "p", "bdi"}
    assert set(PLAIN.attributes) == {"lang", "dir", "charset", "name", "content", "style"}
    assert "Appuntamento di lunedì 23 novembre 2026" in PLAIN.text


def test_several_texts_make_one_message() -> None:
    """One greeting, one closing; what is said twice is said once; always in the same order."""
    later = replace(MONDAY, appointment=datetime(2026, 11, 25, 9, 30, tzinfo=UTC))
    said = [
        Said(text="contact_us"),
        Said(text="appointment", values=later),
        Said(text="appointment", values=MONDAY),
        Said(text="contact_us", values=MONDAY),
    ]
    message = sent(*said)
    assert message == sent(*reversed(said))
    assert message.subject == "Promemoria"
    assert message.text.count("Gentile") == message.text.count("può chiamarci:") == 1
    assert message.text.count("Vorremmo parlare con Lei") == message.html.count("Vorremmo parlare con Lei") == 1
    places = [message.text.index(words) for words in ("lunedì 23", "mercoledì 25", "Vorremmo")]
    assert places == sorted(places)
    short = sent(*said, channel=Channel.SMS).text
    assert short.count("Agenzia per la casa: ") == short.count("Tel.") == short.count("Vorremmo") == 1
    assert sent(said[0], said[3]) == sent(said[0])


def test_a_formal_notice_is_in_the_language_that_counts() -> None:
    """With a translation beneath for who speaks another; grounds that have no Arabic name keep the Italian one."""
    notice = Said(text="refusal_notice", values=SAMPLE)
    italian, arabic = sent(notice), sent(notice, language="ar")
    assert italian.subject == arabic.subject
    assert (italian.language, arabic.language) == ("it", "it")
    original, translation = arabic.text.split("\n\n* * *\n\n")
    assert original == italian.text
    assert "per questo motivo: ISEE oltre il limite\n" in original
    assert "1.234,50\u00a0€" in original
    assert "Entro 10 giorni dal ricevimento" in original
    assert f"{FSI}ISEE oltre il limite{PDI}\n" in translation
    assert translation.startswith("هذه الترجمة للمساعدة على الفهم.")
    assert '<html lang="it" dir="ltr">' in arabic.html
    assert '<section lang="ar" dir="rtl">' in arabic.html
    english = sent(notice, language="en").text
    assert "for this reason: ISEE over the limit\n" in english


def test_reasons_may_be_words_of_somebodys() -> None:
    """What the office writes stands as it is, on one line."""
    values = replace(SAMPLE, reason="Manca la firma.\nManca la data.")
    assert "motivo: Manca la firma. Manca la data.\n" in sent(Said(text="refusal_notice", values=values)).text


def test_labels_are_in_the_language_of_the_message() -> None:
    values = replace(SAMPLE, process=Label("Contributo", "Contribution"))
    assert sent(Said(text="task_waiting", values=values)).subject == "Da fare: Contributo 2026-001234"
    assert sent(Said(text="task_waiting", values=values), language="en").subject == "To do: Contribution 2026-001234"
    assert Writing("uk").label(values.process or "") == "Contribution"


@pytest.mark.parametrize(
    ("said", "channel", "error"),
    [
        (["refusal_notice", "contact_us"], Channel.EMAIL, "not to be merged"),
        (["refusal_notice", "formal_demand"], Channel.LETTER, "not to be merged"),
        (["task_waiting", "contact_us"], Channel.EMAIL, "not to be merged"),
        ([], Channel.EMAIL, "not to be merged"),
        (["refusal_notice"], Channel.SMS, "refusal_notice is not written for text messages"),
    ],
)
def test_what_cannot_be_one_message_is_refused(said: list[str], channel: Channel, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        sent(*(Said(text=name, values=SAMPLE) for name in said), channel=channel)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_a_value_that_is_missing_is_named_and_no_other_is_quoted(channel: Channel) -> None:
    with pytest.raises(ValueError, match=r"^appointment says appointment, which is not given$"):
        sent(Said(text="appointment", values=Values(place="Via Roma 3")), channel=channel)
