"""The published first weeks of the Varese community camper, lived through the API as a front end would."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from workers.demo import journeys
from workers.demo.cast import cast
from workers.demo.client import Api
from workers.demo.office import Office, opened
from workers.demo.report import PUBLISHED, as_json, compare, figures_table, stages_table, what_next
from workers.demo.weeks import OFFICE_OPENS, ROME, Weeks, moment
from workers.errors import OperatorError
from workers.settings import Settings


class FiguresDiffer(OperatorError):
    """Name the figures that the engine counts otherwise than they were published."""


async def run(settings: Settings, *, exit_when_done: bool, format: str) -> None:  # noqa: A002 (the option's name)
    """Live the weeks that ended yesterday through the API that answers, and print its report beside the published one.

    Goes on for ever unless `exit_when_done`. Raises OperatorError: a refusal that no story expects, FiguresDiffer.
    """
    started = time.monotonic()
    weeks = Weeks(datetime.now(ROME).date() - timedelta(days=1))
    since = moment(weeks.days[0], OFFICE_OPENS)
    async with Api.at(settings.api_url, since=since) as api:
        with _progress(api, weeks):
            office = await opened(api, settings.token_secret, weeks)
            await live(office)
        period = {"from": weeks.since.isoformat(), "to": weeks.until.isoformat(), "servicePoint": office.camper}
        report = await office.supervisor.ask("ActivityReport", api.latest, **period)
        board = await office.supervisor.ask("CaseBoard", api.latest)
    compared = compare(report["figures"])
    if format == "json":
        print(as_json(compared, weeks, requests=api.requests, seconds=time.monotonic() - started), flush=True)  # noqa: T201
    else:
        console = Console(highlight=False)
        console.print(figures_table(compared, weeks), stages_table(board["states"]), sep="\n")
        console.print(f"{api.requests:,} requests in {time.monotonic() - started:.0f} s.")
        if not exit_when_done:
            console.print(what_next(settings, staff=office.supervisor.staff), markup=False, soft_wrap=True)
    if differ := [each.code for each in compared if not each.equal]:
        raise FiguresDiffer(f"The engine does not count what was published: {', '.join(differ)}.")
    if not exit_when_done:
        await asyncio.get_running_loop().create_future()


async def live(office: Office) -> None:
    """Live everybody's story."""
    async with asyncio.TaskGroup() as group:
        for story, part in cast(office, PUBLISHED):
            group.create_task(journeys.live(story, part.comes, part.course, part.tracks))


@contextmanager
def _progress(api: Api, weeks: Weeks) -> Iterator[None]:
    """Show the day that the weeks have come to."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[requests]:,} requests"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        days = (weeks.until - weeks.since).days + 1
        task = progress.add_task("The agency moves in", total=days, requests=0)

        def told(at: datetime) -> None:
            day = at.astimezone(ROME).date()
            progress.update(
                task, description=f"{day:%A %-d %B}", completed=(day - weeks.since).days + 1, requests=api.requests
            )

        api.on_told = told
        yield
        progress.update(task, completed=days, requests=api.requests)
