"""What everything is measured on: the product and a floor's worker on servers of their own, with cases to read."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from benchmarks.floor import floor_worker
from benchmarks.front_end import FrontEnd, front_end
from benchmarks.seed import seed
from benchmarks.size import Size
from domain.roles import Role
from store import database
from tests.stories.deployment import Deployment, deployed


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The deployment, a supervisor's front end, what asks the floor's workflows, and how much is measured."""

    deployment: Deployment
    supervisor: FrontEnd
    floor: Client
    size: Size


@asynccontextmanager
async def staged(size: Size) -> AsyncIterator[Stage]:
    """Start everything, write as many cases as the worklist wants, and stop everything at the end."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            deployed(Path(folder)) as deployment,
            floor_worker(deployment) as floor,
            front_end(deployment, role=Role.SUPERVISOR) as supervisor,
        ):
            engine = database.connect(deployment.database_url)
            await seed(engine, deployment.world, size.cases)
            await engine.dispose()
            yield Stage(deployment=deployment, supervisor=supervisor, floor=floor, size=size)
