import os
import socket
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from temporalio.client import Client

from workers import embedded
from workers.errors import AlreadyRunning, BadSetting, OperatorError, PortTaken
from workers.settings import Settings
from workers.stack import attached, erase, running, stack


async def _execute(database_url: str, statement: LiteralString) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(statement)


async def test_two_stacks_live_side_by_side(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    try:
        async with stack(Settings(data=data)) as first, stack(Settings(data=other)) as second:
            assert len(first.servers) == len(second.servers) == 2
            assert first.settings.database_url != second.settings.database_url
            for each in (first, second):
                await _execute(each.settings.database_url, "SELECT 1")
                await Client.connect(each.settings.temporal_address, namespace=each.settings.temporal_namespace)
    finally:
        erase(other)


async def test_a_second_stack_on_the_same_data_says_which_runs_and_where(data: Path) -> None:
    settings = Settings(data=data, port=8123)
    async with stack(settings):
        with pytest.raises(AlreadyRunning) as refused:
            async with stack(settings):
                pass
        assert f"process {os.getpid()}, at http://127.0.0.1:8123/graphql" in str(refused.value)
        with pytest.raises(AlreadyRunning):
            erase(data)


async def test_data_and_the_token_secret_are_kept_between_runs(data: Path) -> None:
    settings = Settings(data=data)
    async with stack(settings) as first:
        await _execute(first.settings.database_url, "CREATE TABLE fact ()")
    async with stack(settings) as second:
        await _execute(second.settings.database_url, "SELECT FROM fact")

    assert len(first.settings.token_secret) >= 32
    assert first.settings.token_secret == second.settings.token_secret
    assert (data / "token-secret").stat().st_mode & 0o077 == 0


async def test_servers_that_the_settings_name_are_used_and_left_alone(
    data: Path, database: str, temporal_server: embedded.Temporal
) -> None:
    settings = Settings(data=data, database_url=database, temporal_address=temporal_server.address)
    async with stack(settings) as outside:
        assert outside.servers == ()
        assert outside.settings.database_url == database

    await _execute(database, "SELECT 1")
    await Client.connect(temporal_server.address, namespace=temporal_server.namespace)


async def test_other_commands_find_a_running_stack(data: Path) -> None:
    settings = Settings(data=data)
    needs = ("database_url", "temporal_address", "token_secret")

    with pytest.raises(BadSetting, match="PRATICA_DATABASE_URL, or start `pratica up`"):
        attached(settings, needs=needs)
    async with stack(settings) as up:
        assert attached(settings, needs=needs) == up.settings
        assert (data / "running.json").stat().st_mode & 0o077 == 0
    assert running(data) is None


@pytest.mark.parametrize("setting", ["postgres_port", "temporal_port"])
async def test_a_taken_port_is_named_with_the_setting_that_changes_it(data: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} .* PRATICA_{setting.upper()}"):
            async with stack(Settings(data=data, **{setting: port})):
                pass


async def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="PRATICA_DATA"):
        async with stack(Settings(data=tmp_path / "file" / "data")):
            pass


async def test_a_server_that_dies_is_noticed(data: Path) -> None:
    async with stack(Settings(data=data)) as up:
        await up.servers[1].kill()
        assert "Temporal ended by itself" in str(await up.ended())
