import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import httpx
import psycopg
import pytest
from temporalio.client import Client

from domain.message import MessageStatus
from tests.workers.channels.servers import outgoing, sms
from workers import embedded
from workers.channels import channels
from workers.engine import connect
from workers.errors import AlreadyRunning, BadSetting, OperatorError, PortTaken
from workers.settings import Settings
from workers.stack import attached, running, stack


async def _execute(database_url: str, statement: LiteralString) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(statement)


async def test_two_stacks_live_side_by_side(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other"
    try:
        async with stack(settings) as first, stack(replace(settings, data=other)) as second:
            assert len(first.servers) == len(second.servers) == 2
            assert first.settings.database_url != second.settings.database_url
            for each in (first, second):
                await _execute(each.settings.database_url, "SELECT 1")
                await Client.connect(each.settings.temporal_address, namespace=each.settings.temporal_namespace)
    finally:
        embedded.erase(other / "postgres")


async def test_a_second_stack_on_the_same_data_says_which_runs_and_where(settings: Settings) -> None:
    """Not that the API's port is taken, as it then is."""
    async with stack(settings):
        with socket.create_server(("127.0.0.1", settings.port)), pytest.raises(AlreadyRunning) as refused:
            async with stack(settings):
                pass
        assert f"process {os.getpid()}, at {settings.api_url}" in str(refused.value)


async def test_a_start_anew_erases_what_such_a_start_left(settings: Settings) -> None:
    async with stack(settings, anew=True) as first:
        await _execute(first.settings.database_url, "CREATE TABLE fact ()")
        with pytest.raises(AlreadyRunning):
            async with stack(settings, anew=True):
                pass
    async with stack(settings, anew=True) as second:
        with pytest.raises(psycopg.errors.UndefinedTable):
            await _execute(second.settings.database_url, "SELECT FROM fact")
        assert first.settings.token_secret != second.settings.token_secret


@pytest.mark.parametrize("setting", ["port", "postgres_port", "temporal_port", "post_office_port"])
async def test_a_start_anew_erases_nothing_while_a_port_is_taken(settings: Settings, setting: str) -> None:
    kept = settings.data / "temporal" / "temporal.db"
    kept.parent.mkdir(parents=True)
    kept.touch()
    (settings.data / "made-anew").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken):
        async with stack(replace(settings, **{setting: taken.getsockname()[1]}), anew=True):
            pass
    assert kept.exists()


@pytest.mark.parametrize("name", ["thesis.tex", "running.json", "postgres"])
async def test_a_start_anew_leaves_alone_what_it_did_not_make(settings: Settings, name: str) -> None:
    """Neither somebody's folder nor the data of an `up`."""
    settings.data.mkdir()
    (settings.data / "token-secret").touch()
    (settings.data / name).touch()
    before = set(settings.data.iterdir())

    with pytest.raises(OperatorError, match="PRATICA_DATA"):
        async with stack(settings, anew=True):
            pass

    assert set(settings.data.iterdir()) == before


async def test_data_and_the_token_secret_are_kept_between_runs(settings: Settings) -> None:
    async with stack(settings) as first:
        await _execute(first.settings.database_url, "CREATE TABLE fact ()")
    async with stack(settings) as second:
        await _execute(second.settings.database_url, "SELECT FROM fact")

    assert len(first.settings.token_secret) >= 32
    assert first.settings.token_secret == second.settings.token_secret
    assert (settings.data / "token-secret").stat().st_mode & 0o077 == 0


async def test_servers_that_the_settings_name_are_used_and_left_alone(
    settings: Settings, database: str, temporal_server: embedded.Temporal
) -> None:
    theirs = replace(
        settings,
        database_url=database,
        temporal_address=temporal_server.address,
        temporal_api_key="key",
        temporal_tls=True,
        smtp_url="smtp://mail.example.org",
    )
    async with stack(theirs) as outside:
        assert outside.servers == ()
        assert outside.settings == replace(theirs, token_secret=outside.settings.token_secret)

    await _execute(database, "SELECT 1")
    await Client.connect(temporal_server.address, namespace=temporal_server.namespace)


async def test_other_commands_find_a_running_stack(settings: Settings) -> None:
    needs = ("database_url", "temporal_address", "token_secret")

    with pytest.raises(BadSetting, match="PRATICA_DATABASE_URL, or start `pratica up`"):
        attached(settings, needs=needs)
    async with stack(settings) as up:
        assert attached(settings, needs=needs) == up.settings
        assert (settings.data / "running.json").stat().st_mode & 0o077 == 0
    assert running(settings.data) is None


async def test_how_to_reach_somebody_elses_temporal_does_not_matter_to_our_own(settings: Settings) -> None:
    hardened = replace(settings, temporal_tls=True, temporal_api_key="key")
    async with stack(hardened) as up:
        for each in (up.settings, attached(hardened)):
            client = await connect(each)
            await client.count_workflows()


async def test_a_secret_that_was_given_is_asked_for_and_none_is_made(
    settings: Settings, database: str, temporal_server: embedded.Temporal
) -> None:
    theirs = replace(
        settings,
        database_url=database,
        temporal_address=temporal_server.address,
        gateway_url="https://gateway.example.org",
    )
    async with stack(replace(theirs, token_secret="a secret of the tests, 32 bytes or more")):
        with pytest.raises(BadSetting, match="was started with PRATICA_TOKEN_SECRET: set the same"):
            attached(theirs, needs=("token_secret",))
        assert [each.name for each in settings.data.iterdir()] == ["running.json"]


@pytest.mark.parametrize("setting", ["postgres_port", "temporal_port", "post_office_port"])
async def test_a_taken_port_is_named_with_the_setting_that_changes_it(settings: Settings, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} .* PRATICA_{setting.upper()}"):
            async with stack(replace(settings, **{setting: port})):
                pass


async def test_a_data_folder_that_cannot_be_made_is_named(settings: Settings) -> None:
    settings.data.touch()
    with pytest.raises(OperatorError, match="PRATICA_DATA"):
        async with stack(replace(settings, data=settings.data / "data")):
            pass


async def test_a_data_folder_that_may_not_be_read_is_named(foreign: Path) -> None:
    with pytest.raises(OperatorError, match=r"cannot be used \(Permission denied\): choose another with PRATICA_DATA"):
        attached(Settings(data=foreign))
    with pytest.raises(OperatorError, match=r"cannot be used \(Permission denied\)"):
        async with stack(Settings(data=foreign), anew=True):
            pass


@pytest.mark.parametrize("host", ["no.such.host", "192.0.2.1"])
async def test_an_address_that_this_machine_does_not_have_is_named(settings: Settings, host: str) -> None:
    with pytest.raises(BadSetting, match=f"{host} is no address of this machine .*: choose another with PRATICA_HOST"):
        async with stack(replace(settings, host=host)):
            pass


async def test_messages_go_to_a_post_office_unless_they_are_meant_to_leave(
    settings: Settings, database: str, temporal_server: embedded.Temporal
) -> None:
    theirs = replace(settings, database_url=database, temporal_address=temporal_server.address)
    message = outgoing()
    async with stack(theirs) as up, channels(attached(theirs)) as ways, httpx.AsyncClient() as browser:
        handed = await ways.hand_over([message, sms()])
        assert up.post_office
        page = (await browser.get(up.post_office.gateway_url)).text
        assert {each.status for each in handed} == {MessageStatus.SENT}
        assert message.subject in page
    async with stack(theirs) as up, httpx.AsyncClient() as browser:
        assert up.post_office
        assert message.subject in (await browser.get(up.post_office.gateway_url)).text

    for real in (
        {"smtp_url": "smtp://mail.example.org", "mail_from": "casa@example.org"},
        {"gateway_url": "https://gateway.example.org"},
    ):
        async with stack(replace(theirs, **real)) as up:  # type: ignore[arg-type]
            assert up.post_office is None
            assert (up.settings.smtp_url, up.settings.gateway_url) == (
                real.get("smtp_url", ""),
                real.get("gateway_url", ""),
            )


async def test_a_server_that_dies_is_noticed(settings: Settings) -> None:
    async with stack(settings) as up:
        await up.servers[1].kill()
        assert "Temporal ended by itself" in str(await up.ended())
