"""A whole stack in another time: that of a server which lets months pass in moments."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.workers.channels.servers import sms
from workers import embedded
from workers.channels import channels
from workers.clock import Clock, TemporalClock, clock_of
from workers.doctor import examine
from workers.engine import connect
from workers.errors import BadSetting, ServerFailed
from workers.serving import serving
from workers.settings import Settings
from workers.stack import Stack, attached, stack
from workers.tokens import issued
from workers.verify import report

DAY = timedelta(days=1)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[embedded.TimeSkipping]:
    async with embedded.time_skipping(tmp_path / "temporal") as server:
        yield server


@pytest.fixture
async def client(server: embedded.TimeSkipping) -> Client:
    return await connect(Settings(temporal_address=server.address))


@workflow.defn
class Daily:
    """Has something done at the end of each of three days."""

    @workflow.run
    async def run(self) -> None:
        for _ in range(3):
            await workflow.sleep(DAY)
            await workflow.execute_activity("note", start_to_close_timeout=timedelta(minutes=1))


async def test_time_passes_when_it_is_told_to_and_waits_for_what_is_due(client: Client) -> None:
    """It leaps to each timer, stands while work is being done, also by others, and then goes as clocks go."""
    clock = await TemporalClock.seen(client)
    noted: list[timedelta] = []

    @activity.defn
    async def note() -> None:
        begun = await clock.look()
        for _ in range(100):
            await clock.look()
        noted.append(await clock.look() - begun)

    begun = await clock.look()
    assert abs(begun - datetime.now(UTC)) < timedelta(minutes=1)
    async with Worker(
        client, task_queue="days", workflows=[Daily], activities=[note], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        days = await client.start_workflow(Daily.run, id="days", task_queue="days")
        assert await clock.look() - begun < timedelta(minutes=1)
        await embedded.pass_until(client, begun + 2.5 * DAY)
        assert len(noted) == 2
        await embedded.pass_until(client, begun + DAY)  # has been
        assert timedelta(0) <= await clock.look() - begun - 2.5 * DAY < timedelta(minutes=1)
        await embedded.pass_until(client, begun + 4 * DAY)
        assert len(noted) == 3
        assert max(noted) < timedelta(minutes=1)
        await days.result()


async def test_a_server_that_skips_time_starts_again_and_ends_when_told(server: embedded.TimeSkipping) -> None:
    await server.kill()
    assert "Temporal ended by itself" in str(await server.ended())
    await server.start()
    assert (await clock_of(Settings(clock="temporal", temporal_address=server.address)))() > datetime.now(UTC) - DAY


async def test_a_clock_goes_on_while_its_server_is_away(server: embedded.TimeSkipping, client: Client) -> None:
    clock = await TemporalClock.seen(client)
    await embedded.pass_until(client, clock() + 40 * DAY)
    then = await clock.look()
    await server.kill()
    assert then <= await clock.look() < then + timedelta(minutes=1)


async def test_only_a_server_that_skips_time_has_a_clock(temporal_server: embedded.Temporal) -> None:
    with pytest.raises(ServerFailed, match="PRATICA_CLOCK"):
        await clock_of(Settings(clock="temporal", temporal_address=temporal_server.address, temporal_namespace="tests"))
    assert type(await clock_of(Settings())) is Clock


async def test_what_keeps_nothing_is_part_of_no_stack_that_does(settings: Settings) -> None:
    with pytest.raises(BadSetting, match="PRATICA_TEMPORAL_ADDRESS"):
        async with stack(replace(settings, clock="temporal")):
            pass
    assert not settings.data.exists()


async def _asked(url: str, token: str) -> int:
    async with httpx.AsyncClient() as front:
        asked = {"query": "{ viewer { roles } }"}
        answer = await front.post(url, json=asked, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def _receipt_for_one(up: Stack, settings: Settings) -> tuple[datetime, tuple[str, ...]]:
    """Send a text message, and the receipt for it; when it arrived, and what became of the receipt."""
    assert up.post_office
    async with channels(attached(settings)) as ways:
        await ways.hand_over([sms()])
    (letter,) = up.post_office.kept.newest_first()
    await up.post_office.send_receipt(letter, "delivered")
    (letter,) = up.post_office.kept.newest_first()
    return datetime.fromisoformat(letter.at), letter.receipts


async def test_a_whole_stack_lives_in_the_time_of_its_temporal(settings: Settings, database: str) -> None:
    """Tokens run out in it, and receipts are signed and messages kept in it; other commands know."""
    settings = replace(settings, clock="temporal", database_url=database, sandbox=False)
    async with serving(settings, anew=True) as up:
        client = await connect(up.settings)
        clock = await clock_of(attached(replace(settings, clock="system")))
        secret = up.settings.token_secret
        asked: dict[str, Any] = {"roles": ["SUPERVISOR"], "districts": None, "staff": ""}
        short = issued(secret, **asked, hours=12, now=clock())
        long = issued(secret, **asked, hours=24 * 120, now=clock())
        assert [await _asked(settings.api_url, each) for each in (short, long)] == [200, 200]

        await embedded.pass_until(client, clock() + 90 * DAY)

        assert [await _asked(settings.api_url, each) for each in (short, long)] == [401, 200]
        arrived, receipts = await _receipt_for_one(up, settings)
        assert receipts == ("delivered: taken",)
        assert [finding for finding in await examine(attached(settings)) if finding.wrong] == []
        assert not await report(attached(settings), Console(quiet=True))
        assert arrived - datetime.now(UTC) > 89 * DAY
