"""An office to ask."""

from collections.abc import AsyncIterator

import pytest

from tests.api.office import Office, opened


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    """Cases, and whoever asks about them."""
    office = await opened(database)
    yield office
    await office.engine.dispose()
