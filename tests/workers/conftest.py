"""Folders whose servers' data are deleted after the test, wherever they are kept."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers import embedded
from workers.embedded.process import free_port
from workers.settings import Settings


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder (PRATICA_DATA) that does not exist yet."""
    folder = tmp_path / "data"
    yield folder
    embedded.erase(folder / "postgres")


@pytest.fixture
def settings(data: Path) -> Settings:
    """Settings of a stack of its own, with a port for its API that is free."""
    return Settings(data=data, port=free_port())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    """A folder for one PostgreSQL's data that does not exist yet."""
    folder = tmp_path / "postgres"
    yield folder
    embedded.erase(folder)


@pytest.fixture
def foreign(data: Path) -> Iterator[Path]:
    """A data folder that another user keeps to themselves."""
    root = os.geteuid() == 0  # whom no folder stops
    data.mkdir(mode=0o700 if root else 0)
    if root:
        os.seteuid(65534)
    yield data
    if root:
        os.seteuid(0)
    else:
        data.chmod(0o700)
