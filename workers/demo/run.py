"""The published first weeks of the Varese community camper, lived through the API as a front end would."""

import asyncio
from datetime import date, timedelta

from workers.demo import journeys
from workers.demo.cast import cast
from workers.demo.client import Api
from workers.demo.office import opened
from workers.demo.weeks import OFFICE_OPENS, Weeks, moment


async def live(api: Api, *, secret: str, weeks: Weeks, figures: dict[str, int]) -> None:
    office = await opened(api, secret, weeks)
    parts = cast(office, figures)
    async with asyncio.TaskGroup() as group:
        for story, part in parts:
            group.create_task(journeys.live(story, part.coming, part.course, part.tracks))
