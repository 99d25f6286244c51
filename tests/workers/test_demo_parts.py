"""What the demo is made of, where no server is needed to see it."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random

import pytest

from workers.demo.agenda import Agenda
from workers.demo.client import Api, Turns, Unanswered
from workers.demo.office import DISTRICTS
from workers.demo.people import invented
from workers.demo.report import PUBLISHED, compare
from workers.demo.weeks import OFFICE_CLOSES, Clock, Weeks, WeeksOver, moment
from workers.embedded.process import free_port


@pytest.mark.parametrize("until", [date(2026, 1, 1) + timedelta(days=13 * number) for number in range(60)])
def test_the_weeks_hold_the_stories_whatever_the_day(until: date) -> None:
    """The first stop is early enough for a plan of two months, and some stops are still to come."""
    weeks = Weeks(until)
    stops = weeks.stops(len(DISTRICTS))
    past = [stop for stop in stops if not weeks.over(stop.starts_at)]

    assert len(past) >= 30
    assert len(stops) - len(past) >= 4
    assert past[0].starts_at.date() - weeks.since <= timedelta(days=12)
    assert weeks.until - past[-1].starts_at.date() <= timedelta(days=7)
    assert {stop.starts_at.date() for stop in stops} <= set(weeks.days)
    assert {stop.place for stop in past} == set(range(len(DISTRICTS)))


def test_a_clock_only_goes_on_in_working_hours_and_stops_at_the_end_of_the_weeks() -> None:
    weeks = Weeks(date(2026, 11, 21))
    clock = Clock(weeks, Random(1), moment(weeks.days[0], OFFICE_CLOSES))  # noqa: S311  invented, not secret
    before = clock.now
    with suppress(WeeksOver):
        while clock.days(1):
            assert clock.now > before
            assert clock.today in weeks.days
            assert 9 <= clock.now.hour <= 16
            before = clock.now
    assert (clock.now, clock.today) == (before, weeks.last_working_day)
    assert clock.days_at_most(1).date() == weeks.last_working_day


def test_the_invented_are_the_same_at_every_run_and_no_two_have_one_name() -> None:
    once, again = list(islice(invented(), 200)), list(islice(invented(), 200))
    assert once == again
    assert len({(person.given_name, person.family_name) for person in once}) == 200
    assert len({person.languages[0] for person in once}) > 5


async def test_of_those_that_wait_the_earliest_comes_first() -> None:
    turns, came = Turns(at_once=1), list[int]()
    start = datetime(2026, 11, 2, 9, tzinfo=UTC)

    async def come(hour: int) -> None:
        async with turns.turn(start + timedelta(hours=hour)):
            came.append(hour)
            await asyncio.sleep(0)

    await asyncio.gather(*(come(hour) for hour in (5, 4, 1, 3, 2)))
    assert came == [5, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("code", "value", "equal"),
    [("convened", "112", True), ("convened", "111", False), ("maintenance_in_dwellings", "37", False)],
)
def test_a_figure_that_differs_is_seen(code: str, value: str, *, equal: bool) -> None:
    """Also when the maintenance reports are not mainly on dwellings."""
    counted = {name: str(figure) for name, figure in PUBLISHED.items()} | {
        "maintenance_in_dwellings": "60",
        code: value,
    }
    compared = compare({"code": name, "label": name, "value": each, "definition": ""} for name, each in counted.items())
    assert all(each.equal for each in compared) is equal


async def test_what_answers_in_place_of_the_api_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not a proxy of the environment."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\n<h1>")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = "http://{}:{}/graphql".format(*server.sockets[0].getsockname())
        async with Api.at(url, since=datetime.now(UTC)) as api:
            with pytest.raises(Unanswered, match=f"CaseBoard was answered with 502 by {url}"):
                await api.send("token", "CaseBoard", {})


async def test_time_passes_while_everybody_waits_and_no_further_than_the_end() -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    went: list[str] = []

    async def let_pass(until: datetime) -> None:
        went.append(f"{until:%d}")

    agenda = Agenda(start, start + timedelta(days=9), let_pass)

    async def live(name: str, *days: int) -> None:
        for day in days:
            await agenda.until(start + timedelta(days=day))
            went.append(name)
            await asyncio.sleep(0)  # busy: nobody else's day may come
            went.append(name)

    await agenda.live([live("a", 2, 4), live("b", 2, 3, 3, 20)])
    assert "".join(went) in {"25abab26bbbb27aa02", "25baba26bbbb27aa02"}


async def test_a_story_that_fails_ends_the_months() -> None:
    async def let_pass(_: datetime) -> None:
        pass

    async def fails() -> None:
        raise Unanswered("no")

    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    agenda = Agenda(now, now + timedelta(days=9), let_pass)
    with pytest.raises(ExceptionGroup) as failed:
        await agenda.live([fails(), agenda.until(now + timedelta(days=3))])
    assert failed.group_contains(Unanswered)
