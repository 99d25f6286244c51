"""Folders whose servers' data are deleted after the test, wherever they are kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from workers import embedded, stack


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder (PRATICA_DATA) that does not exist yet."""
    folder = tmp_path / "data"
    yield folder
    stack.erase(folder)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    """A folder for one PostgreSQL's data that does not exist yet."""
    folder = tmp_path / "postgres"
    yield folder
    embedded.erase(folder)
