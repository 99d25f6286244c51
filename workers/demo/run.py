"""The published first weeks of the Varese community camper, lived through the API as a front end would, and after."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import date, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from workers.demo import journeys, months
from workers.demo.cast import cast
from workers.demo.client import Api
from workers.demo.months import Shown
from workers.demo.office import Office, opened
from workers.demo.report import (
    PUBLISHED,
    as_json,
    climbed_table,
    compare,
    figures_table,
    in_short,
    stages_table,
    told_table,
    what_next,
)
from workers.demo.story import Story
from workers.demo.weeks import OFFICE_OPENS, ROME, Weeks, moment
from workers.errors import OperatorError
from workers.settings import Settings


class FiguresDiffer(OperatorError):
    """Name the figures that the engine counts otherwise than they were published."""


async def run(settings: Settings, *, exit_when_done: bool, format: str) -> None:  # noqa: A002 (the option's name)
    """Live the weeks that ended yesterday through the API that answers, and print its report beside the published one.

    Then live the three months after in a second stack, and print what was told to whom. Goes on for ever unless
    `exit_when_done`. Raises OperatorError: a refusal that no story expects, FiguresDiffer.
    """
    started = time.monotonic()
    console = Console(highlight=False, quiet=format == "json")
    weeks = Weeks(datetime.now(ROME).date() - timedelta(days=1))
    since = moment(weeks.days[0], OFFICE_OPENS)
    async with Api.at(settings.api_url, since=since) as api:
        with _progress(weeks.since, weeks.until) as shown:
            api.on_told = lambda at: shown("", at, api.requests)
            office = await opened(api, settings.token_secret, weeks)
            await live(office)
        period = {"from": weeks.since.isoformat(), "to": weeks.until.isoformat(), "servicePoint": office.camper}
        report = await office.supervisor.ask("ActivityReport", api.latest, **period)
        board = await office.supervisor.ask("CaseBoard", api.latest)
    compared = compare(report["figures"])
    seconds = time.monotonic() - started
    console.print(figures_table(compared, weeks), stages_table(board["states"]), sep="\n")
    console.print(f"{api.requests:,} requests in {seconds:.0f} s.\n")
    if differ := [each.code for each in compared if not each.equal]:
        raise FiguresDiffer(f"The engine does not count what was published: {', '.join(differ)}.")
    async with AsyncExitStack() as exits:
        with _progress(weeks.since, weeks.until + months.LENGTH) as shown:
            second = await exits.enter_async_context(months.second_stack(settings))
            lived = await months.lived(second, weeks, live, shown)
        console.print(told_table(lived), climbed_table(lived), in_short(lived), sep="\n")
        if format == "json":
            print(as_json(compared, weeks, lived, requests=api.requests, seconds=seconds), flush=True)  # noqa: T201
        if not exit_when_done:
            said = what_next(settings, staff=office.supervisor.staff, beside=second)
            console.print(said, markup=False, soft_wrap=True)
            await asyncio.get_running_loop().create_future()


async def live(office: Office) -> list[Story]:
    """Live everybody's story, and return the stories, as far as they have come."""
    stories = []
    async with asyncio.TaskGroup() as group:
        for story, part in cast(office, PUBLISHED):
            stories.append(story)
            group.create_task(journeys.live(story, part.comes, part.course, part.tracks))
    return stories


@contextmanager
def _progress(since: date, until: date) -> Iterator[Shown]:
    """Give what shows the day that it has come to."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[requests]:,} requests"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        days = (until - since).days + 1
        task = progress.add_task("The agency moves in", total=days, requests=0)

        def show(what: str, at: datetime, requests: int) -> None:
            day = at.astimezone(ROME).date()
            description = f"{what + ': ' if what else ''}{day:%A %-d %B}"
            progress.update(task, description=description, completed=(day - since).days + 1, requests=requests)

        yield show
        progress.update(task, completed=days)
