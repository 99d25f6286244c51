"""An appointment as a file that any calendar takes (RFC 5545, published as RFC 5546 has it)."""

from datetime import timedelta
from typing import cast
from uuid import UUID, uuid5

from icalendar import Alarm, Calendar, Event, Timezone, vCalAddress

from domain.fields import Moment
from domain.terms import ROME
from domain.wording import Agency

# Since 1996, and for as long as the directive 2000/84/EC stands. The library's own, drawn from the zone's transitions,
# ends in 2037 and puts the spring change an hour late (icalendar 7.3).
_ZONE = """\
BEGIN:VTIMEZONE
TZID:Europe/Rome
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
_ROME = cast("Timezone", Timezone.from_ical(_ZONE))
_DAY_BEFORE = timedelta(days=-1)


def calendar_file(
    *,
    process: UUID,
    entry: int,
    sequence: int,
    written_at: Moment,
    starts_at: Moment,
    ends_at: Moment | None = None,
    title: str,
    language: str,
    place: str = "",
    agency: Agency,
    cancelled: bool = False,
) -> bytes:
    """Return the file that puts an appointment into somebody's calendar, changes it, or takes it out (`cancelled`).

    `process` and its `entry` into the state that has the appointment say which one it is: every file about it has the
    same UID, which tells nothing, and a greater `sequence` than the one before. `title`, in `language`, says neither
    what it is for nor with whom (`Wording.appointment`); `place` is an address. A day before, the calendar shows it.
    """
    event = Event()
    event.add("uid", str(uuid5(process, str(entry))))
    event.add("sequence", sequence)
    event.add("dtstamp", written_at)
    event.add("dtstart", starts_at.astimezone(ROME))
    if ends_at:
        event.add("dtend", ends_at.astimezone(ROME))
    event.add("summary", title, parameters={"LANGUAGE": language})
    if place:
        event.add("location", place)
    organizer = vCalAddress(f"mailto:{agency.email}")
    organizer.params["CN"] = agency.name
    event.add("organizer", organizer)
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if not cancelled:
        event.add_component(_alarm(title))
    calendar = Calendar()
    calendar.add("prodid", "-//Pratica//Pratica//IT")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(_ROME)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _alarm(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", _DAY_BEFORE)
    return alarm
