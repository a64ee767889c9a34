"""The channels by which messages leave the house; the one tuple where a channel is added."""

from governance.notifications.channels.base import Channel
from governance.notifications.channels.email import Email

CHANNELS: tuple[Channel, ...] = (Email(),)
CHANNEL: dict[str, Channel] = {channel.name: channel for channel in CHANNELS}

__all__ = ["CHANNEL", "CHANNELS", "Channel"]
