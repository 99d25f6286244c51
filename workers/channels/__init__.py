"""The channels by which messages really leave: e-mail by SMTP, SMS and letters by a gateway."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from domain.message import Channel, Handed, MessageStatus, Outgoing
from workers.channels.gateway import CHANNELS, Gateway
from workers.channels.rate import Rate
from workers.channels.smtp import Mail
from workers.settings import Settings

__all__ = ["Channels", "channels"]


class Channels:
    """Everything by which messages leave. A process has one: the rates and pauses of its providers are kept here."""

    def __init__(self, *, mail: Mail | None, gateway: Gateway | None) -> None:
        self._mail = mail
        self._gateway = gateway

    async def hand_over(self, messages: Sequence[Outgoing]) -> list[Handed]:
        """Hand every message over and return what became of each, in the order of `messages`.

        Nothing is raised for what a provider does. A message whose channel is not set up is a PERMANENT_FAILURE,
        CHANNEL_NOT_CONFIGURED: the next channel is the one to try. Raises ValueError for a channel that is no
        provider's. Cancelled, it tells of none, though some may have left: then no e-mail may be tried again, and all
        that the gateway takes may.
        """
        unique = {each.key: each for each in messages}
        by_way: dict[Mail | Gateway | None, list[Outgoing]] = {}
        for each in unique.values():
            by_way.setdefault(self._way(each.channel), []).append(each)
        handed: dict[UUID, Handed] = {
            each.key: Handed(key=each.key, status=MessageStatus.PERMANENT_FAILURE, code="CHANNEL_NOT_CONFIGURED")
            for each in by_way.pop(None, [])
        }
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(way.hand_over(part)) for way, part in by_way.items() if way]
        for each_way in work:
            handed |= each_way.result()
        return [handed[each.key] for each in messages]

    def _way(self, channel: Channel) -> Mail | Gateway | None:
        if channel is Channel.EMAIL:
            return self._mail
        if channel in CHANNELS:
            return self._gateway
        raise ValueError(f"nothing leaves by {channel.name}")


@asynccontextmanager
async def channels(settings: Settings, *, agency: str = "") -> AsyncIterator[Channels]:
    """Give the channels that the settings name. E-mail comes from `agency`, the name that recipients know."""
    async with AsyncExitStack() as exits:
        gateway = None
        if settings.gateway_url:
            gateway = await exits.enter_async_context(gateway_of(settings))
        yield Channels(mail=mail_of(settings, agency=agency), gateway=gateway)


def mail_of(settings: Settings, *, agency: str = "") -> Mail | None:
    """Return the mail server that the settings name, None if they do not, or not from whom the mail is."""
    if not (settings.smtp_url and settings.mail_from):
        return None
    return Mail(settings.smtp_url, sender=settings.mail_from, agency=agency, rate=Rate(settings.smtp_rate))


def gateway_of(settings: Settings) -> Gateway:
    """Return the gateway that the settings name."""
    return Gateway(settings.gateway_url, secret=settings.gateway_secret, rate=Rate(settings.gateway_rate))
