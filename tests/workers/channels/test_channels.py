"""Messages of every channel in one batch, on the post office."""

import asyncio
from pathlib import Path

import pytest

from domain.message import Channel, MessageStatus
from tests.workers.channels.servers import FaultyPostOffice, answering, outgoing, sms
from workers.channels import channels
from workers.settings import Settings

SENT = MessageStatus.SENT


async def test_a_mixed_batch_is_answered_in_its_order(tmp_path: Path) -> None:
    async with FaultyPostOffice(tmp_path).serving() as office:
        settings = _settings(office)
        messages = [
            outgoing(0),
            sms(1),
            outgoing(2, to="nobody"),
            outgoing(3, channel=Channel.LETTER, to="Via Milano 1"),
            outgoing(4),
        ]
        async with channels(settings, agency="Agenzia Casa") as ways:
            handed = await ways.hand_over([*messages, messages[0]])

        assert [each.key for each in handed] == [each.key for each in (*messages, messages[0])]
        assert [each.status for each in handed] == [SENT, SENT, MessageStatus.PERMANENT_FAILURE, SENT, SENT, SENT]
        kept = list(office.kept.newest_first())
        assert sorted(each.channel for each in kept) == ["email", "email", "letter", "sms"]


async def test_what_is_not_set_up_leaves_room_for_the_next_channel() -> None:
    messages = [outgoing(), sms()]
    async with channels(Settings(smtp_url="smtp://127.0.0.1:1")) as ways:  # but nobody said from whom
        handed = await ways.hand_over(messages)

    assert {(each.status, each.code) for each in handed} == {
        (MessageStatus.PERMANENT_FAILURE, "CHANNEL_NOT_CONFIGURED")
    }


async def test_nothing_to_send_is_nothing_sent() -> None:
    async with channels(Settings()) as ways:
        assert await ways.hand_over([]) == []


@pytest.mark.parametrize("channel", [Channel.IN_APP, Channel.PHONE_CALL, Channel.BY_HAND])
async def test_what_is_no_provider_s_never_comes_here(channel: Channel) -> None:
    async with channels(Settings()) as ways:
        with pytest.raises(ValueError, match=f"nothing leaves by {channel.name}"):
            await ways.hand_over([outgoing(channel=channel)])


async def test_one_way_that_is_out_of_order_does_not_stop_the_other(tmp_path: Path) -> None:
    async with FaultyPostOffice(tmp_path).serving() as office:
        office.faults.append(answering(500))
        async with channels(_settings(office)) as ways:
            mail, text = await ways.hand_over([outgoing(), sms()])

    assert (mail.status, text.status) == (SENT, MessageStatus.TEMPORARY_FAILURE)


async def test_many_batches_at_once_each_have_their_answers(tmp_path: Path) -> None:
    async with FaultyPostOffice(tmp_path).serving() as office, channels(_settings(office)) as ways:
        batches = [[make(number) for number in range(20) for make in (outgoing, sms)] for _ in range(5)]
        handed = await asyncio.gather(*map(ways.hand_over, batches))

        for batch, each in zip(batches, handed, strict=True):
            assert [one.key for one in each] == [one.key for one in batch]
        assert {one.status for each in handed for one in each} == {SENT}
        assert len(list(office.kept.newest_first())) == 200


def _settings(office: FaultyPostOffice) -> Settings:
    return Settings(
        smtp_url=office.smtp_url,
        mail_from="casa@example.org",
        gateway_url=office.gateway_url,
        gateway_secret=office.gateway_secret,
    )
