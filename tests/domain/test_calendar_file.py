"""An appointment as a file for a calendar, read back as a calendar reads it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar, Timezone

from domain.calendar_file import calendar_file
from domain.terms import ROME
from tests.domain.lives import LOMBARDIA

CASE = UUID(int=7)
MADE = datetime(2026, 11, 22, 8, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
WORDING = LOMBARDIA.wording


def file(**changed: Any) -> bytes:
    given: dict[str, Any] = {
        "process": CASE,
        "entry": 3,
        "sequence": 0,
        "written_at": MADE,
        "starts_at": MONDAY,
        "title": WORDING.appointment("it"),
        "language": "it",
        "place": "Via Roma 3, Varese",
        "agency": WORDING.agency,
    }
    return calendar_file(**given | changed)


def read(content: bytes) -> tuple[Any, Any]:
    """The calendar and its one event."""
    calendar = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_an_appointment_is_read_back_as_it_was_written() -> None:
    """Titled neutrally, where and when, from the agency, hidden from whoever shares the calendar."""
    calendar, event = read(file(ends_at=MONDAY + timedelta(minutes=30)))
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert event["SUMMARY"] == "Appuntamento con Agenzia per la casa"
    assert event["SUMMARY"].params["LANGUAGE"] == "it"
    assert event["LOCATION"] == "Via Roma 3, Varese"
    assert (event.start, event.end) == (MONDAY, MONDAY + timedelta(minutes=30))
    assert event["DTSTART"].params["TZID"] == "Europe/Rome"
    assert event["DTSTAMP"].dt == MADE
    assert (event["STATUS"], event["CLASS"], event["SEQUENCE"]) == ("CONFIRMED", "PRIVATE", 0)
    assert event["ORGANIZER"] == "mailto:ascolto@example.org"
    assert event["ORGANIZER"].params["CN"] == "Agenzia per la casa"
    (alarm,) = event.walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(days=-1)


def test_the_same_appointment_is_the_same_event() -> None:
    """Moved or cancelled it keeps its UID, which tells nothing; another entry, or another process, is another."""
    first, moved = read(file())[1], read(file(sequence=1, starts_at=MONDAY + timedelta(days=1)))[1]
    calendar, cancelled = read(file(sequence=2, cancelled=True))
    assert first["UID"] == moved["UID"] == cancelled["UID"]
    assert first["UID"] not in {read(file(entry=4))[1]["UID"], read(file(process=UUID(int=8)))[1]["UID"]}
    assert str(CASE) not in first["UID"]
    assert (calendar["METHOD"], cancelled["STATUS"], cancelled["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    assert not cancelled.walk("VALARM")
    assert file() == file()


@pytest.mark.parametrize("around", [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)])
def test_its_zone_changes_the_clock_with_italy(around: datetime) -> None:
    """A calendar that knows only what stands in the file finds the same hours, year after year."""
    (zone,) = (each for each in read(file())[0].walk("VTIMEZONE") if isinstance(each, Timezone))
    rome = zone.to_tz(lookup_tzid=False)
    for year in range(2026, 2050):
        for hour in range(-96, 96):
            local = (around.replace(year=year) + timedelta(hours=hour)).astimezone(ROME)
            if local.hour != 2:  # which comes twice, or not at all
                assert local.replace(tzinfo=rome).utcoffset() == local.utcoffset(), local


@pytest.mark.parametrize(
    ("instant", "local"),
    [
        (datetime(2027, 3, 28, 7, tzinfo=UTC), "20270328T090000"),
        (datetime(2026, 10, 25, 8, tzinfo=UTC), "20261025T090000"),
    ],
)
def test_it_is_written_in_the_hours_of_italy(instant: datetime, local: str) -> None:
    """On both days on which the clock changes."""
    assert f"DTSTART;TZID=Europe/Rome:{local}".encode() in file(starts_at=instant)


def test_no_place_adds_a_line_to_the_file() -> None:
    """Commas, semicolons and line breaks are escaped, and long lines folded."""
    hostile = "Via Roma 3; scala B, int. 4\r\nATTENDEE:mailto:x@example.org " + "è" * 200
    content = file(place=hostile, title="موعد")
    _, event = read(content)
    assert "ATTENDEE" not in event
    assert event["LOCATION"].replace("\r\n", "\n") == hostile.replace("\r\n", "\n")
    assert event["SUMMARY"] == "موعد"
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_what_is_not_known_is_left_out() -> None:
    _, event = read(file(place=""))
    assert "LOCATION" not in event
    assert "DTEND" not in event
