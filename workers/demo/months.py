"""The three months after the first weeks: a second stack, whose time passes in moments, is told the same and lives on.

People go on at their own hours (`afterwards`), the post office tells by signed receipts what became of text messages
and letters, and in between time passes: no faster than everything that is due is done.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zlib import crc32

import psycopg
from psycopg import sql

from workers.clock import clock_of
from workers.demo import afterwards
from workers.demo.agenda import Agenda, Later
from workers.demo.client import Api
from workers.demo.office import Office, opened, stop
from workers.demo.people import SEED
from workers.demo.told import Climbed, Records, Sums, Told, climbed, told
from workers.demo.weeks import OFFICE_OPENS, ROME, Weeks, moment
from workers.embedded import pass_until
from workers.embedded.process import free_port
from workers.engine import connect
from workers.errors import OperatorError
from workers.serving import serving
from workers.settings import Settings
from workers.stack import Stack

if TYPE_CHECKING:
    from workers.demo.story import Story
    from workers.embedded.post_office import Letter, PostOffice

LENGTH = timedelta(days=91)
SIGNED_IN_HOURS = 24 * 200
"""Tokens run out in the time of the stack, too."""

_DATABASE = "months"
_DELIVERED_AT, _GIVEN_UP_AT = clock_time(12), clock_time(20)
"""When the post office tells what has arrived, and what it gives up: when nobody is written to any more."""

_LETTER_TAKES, _RETURN_TAKES = timedelta(days=3), timedelta(days=12)
_FAIL_OF_100, _RETURN_OF_100 = 4, 12

Shown = Callable[[str, datetime, int], None]
"""Shows what is going on, how far time has come, and how many requests it took."""


@dataclass(frozen=True, kw_only=True)
class Months:
    """What was lived: told line by line, sums, what climbed, what the post office holds by channel, and how long."""

    since: date
    until: date
    told: list[Told]
    sums: Sums
    climbed: list[Climbed]
    post_office: dict[str, int]
    requests: int
    fed_seconds: float
    seconds: float


@asynccontextmanager
async def second_stack(settings: Settings) -> AsyncIterator[Stack]:
    """Run the second stack beside the one of these settings, on a database of its own on the same server."""
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
    beside = replace(
        settings,
        clock="temporal",
        database_url=urlsplit(settings.database_url)._replace(path=f"/{_DATABASE}").geturl(),
        temporal_address="",
        temporal_port=0,
        temporal_namespace=_DATABASE,
        smtp_url="",
        gateway_url="",
        gateway_secret="",
        receipt_secret="",
        token_secret="",  # of its own, as the first has one
        post_office_port=0,
        port=free_port(),
        data=settings.data / _DATABASE,
    )
    async with serving(beside, anew=True) as running:
        yield running


async def lived(
    running: Stack, weeks: Weeks, feed: Callable[[Office], Awaitable[list["Story"]]], shown: Shown
) -> Months:
    """Tell the second stack all that the first one was told, live the months, and return what came of them."""
    started = time.monotonic()
    settings, office = running.settings, running.post_office
    if office is None:
        raise OperatorError("The months need a post office of their own.")
    client = await connect(settings)
    clock = await clock_of(settings)
    async with (
        Records.at(settings.database_url) as records,
        Api.at(settings.api_url, since=moment(weeks.days[0], OFFICE_OPENS)) as api,
    ):
        api.on_told = lambda at: shown("Told again", at, api.requests)
        agency = await opened(api, settings.token_secret, weeks, hours=SIGNED_IN_HOURS)
        stories = await feed(agency)
        await records.settled(clock())
        fed = time.monotonic()
        api.on_told = lambda _: None

        async def let_pass(until: datetime) -> None:
            await pass_until(client, until)
            await records.settled(until)
            shown("Three months later", until, api.requests)

        since = await clock.look()
        agenda = Agenda(since, since + LENGTH, let_pass)

        def later(number: int) -> Later:
            return Later(agenda, weeks, Random(SEED * 1000 + number))  # noqa: S311  invented, not secret

        goes_on = afterwards.hand_out(stories)
        await _more_stops(agency)
        await agenda.live(
            [
                *(way(story, process, later(number)) for number, (story, process, way) in enumerate(goes_on)),
                afterwards.on_leave(agency, later(-1)),
                _tell_receipts(office, later(-2)),
            ]
        )
        lines, sums = await told(agency.supervisor, agenda.now)
        channels = [letter.channel.upper() for letter in office.kept.newest_first()]
        return Months(
            since=since.astimezone(ROME).date(),
            until=agenda.end.astimezone(ROME).date(),
            told=lines,
            sums=sums,
            climbed=await climbed(agency.supervisor, since, agenda.now),
            post_office={channel: channels.count(channel) for channel in sorted({*channels})},
            requests=api.requests,
            fed_seconds=fed - started,
            seconds=time.monotonic() - started,
        )


async def _more_stops(office: Office) -> None:
    """The mobile office goes on, half as often."""
    planned = office.weeks.stops(len(office.districts), beyond=LENGTH - timedelta(days=10))
    ahead = planned[len(office.stops) :: 2]
    office.stops += await asyncio.gather(
        *(stop(office.supervisor, office.camper, each, office.districts[each.place]) for each in ahead)
    )


async def _tell_receipts(office: "PostOffice", clock: Later) -> None:
    """Twice a day, tell what became of each text message and letter, once it is known."""
    known: set[int] = set()
    day = clock.today
    while True:
        for hour in (_DELIVERED_AT, _GIVEN_UP_AT):
            await clock.at(moment(day, hour))
            became = {
                letter.number: what
                for letter in office.kept.newest_first()
                if letter.number not in known and (what := _became(letter, clock.now))
                if (what == "delivered") == (hour == _DELIVERED_AT)
            }
            if became:
                await office.send_receipts(became)
            known |= became.keys()
        day += timedelta(days=1)


def _became(letter: "Letter", now: datetime) -> str:
    """Return what became of a message, empty while nobody knows; of some addresses always the same."""
    of_100 = crc32(letter.to.encode()) % 100
    age = now - datetime.fromisoformat(letter.at)
    if letter.channel == "sms" and not letter.refused:
        return "failed" if of_100 < _FAIL_OF_100 else "delivered"
    if letter.channel == "letter":
        returns = of_100 < _RETURN_OF_100 and not letter.formal
        return "" if age < (_RETURN_TAKES if returns else _LETTER_TAKES) else "returned" if returns else "delivered"
    return ""
