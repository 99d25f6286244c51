"""The deployment that the stories of a file share."""

from collections.abc import AsyncIterator

import pytest

from tests.stories.deployment import Deployment, deployed


@pytest.fixture(scope="module")
async def deployment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """PostgreSQL, Temporal, a worker and an API of the file's own."""
    async with deployed(tmp_path_factory.mktemp("deployment")) as running:
        yield running
