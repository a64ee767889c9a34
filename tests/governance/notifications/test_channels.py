"""What every channel promises (``channels/base.py``), with the real other side of each."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from governance.access.models import Account
from governance.notifications.channels import CHANNEL, CHANNELS, Channel
from governance.notifications.channels.base import Never, NotNow
from governance.notifications.models import Delivery
from tests.governance.notifications.acts import told
from tests.governance.notifications.smtp import Letterbox, mail_settings, open_letterbox


@dataclass(frozen=True)
class OtherSide:
    """A channel's counterpart: how it is there, what it answers, and the names of the messages it took."""

    opened: Callable[[], AbstractContextManager[Any]]
    answer: Callable[[str], None]
    taken: Callable[[], list[str]]
    without_setup: Callable[[], None]


def mail_side(settings: Settings) -> OtherSide:
    box = Letterbox()
    with open_letterbox(box):
        mail_settings(settings, box)

    def answer(what: str) -> None:
        box.answers = {"later": {"RCPT": "451 later"}, "never": {"RCPT": "550 never"}, "yes": {}}[what]

    def without_setup() -> None:
        settings.MAIL_SERVER = False

    return OtherSide(
        opened=lambda: open_letterbox(box),
        answer=answer,
        taken=lambda: [str(mail["Message-ID"]) for mail in box.taken],
        without_setup=without_setup,
    )


SIDES: dict[str, Callable[[Settings], OtherSide]] = {"email": mail_side}
EVERY_CHANNEL = pytest.mark.parametrize("channel", CHANNELS, ids=CHANNEL)


@pytest.fixture
def side(channel: Channel, settings: Settings) -> OtherSide:
    """The other side of the channel, which is away."""
    return SIDES[channel.name](settings)


@pytest.fixture
def delivery(channel: Channel, ada: Account) -> Delivery:
    """A delivery by the channel that waits."""
    found = told(ada)
    found.channel = channel.name
    return found


def test_no_channel_is_left_out_of_the_contract() -> None:
    assert set(SIDES) == set(CHANNEL)
    assert len(CHANNEL) == len(CHANNELS)


@EVERY_CHANNEL
def test_a_channel_has_a_stored_name_and_a_title(channel: Channel) -> None:
    assert re.fullmatch(r"[a-z_]{1,20}", channel.name)
    assert channel.title


@EVERY_CHANNEL
def test_a_channel_reaches_nobody_without_an_address(channel: Channel) -> None:
    assert channel.reaches(Account(username="nobody")) is False


@EVERY_CHANNEL
def test_a_channel_says_in_words_why_nothing_can_leave(channel: Channel, side: OtherSide) -> None:
    available = channel.unavailable()
    side.without_setup()

    assert available == ""
    assert channel.unavailable().endswith(".")


@EVERY_CHANNEL
def test_a_message_sent_twice_bears_one_name(channel: Channel, side: OtherSide, delivery: Delivery) -> None:
    with side.opened():
        channel.send(delivery)
        channel.send(delivery)

    first, second = side.taken()
    assert first == second


@EVERY_CHANNEL
def test_an_other_side_that_is_away_or_says_later_may_be_asked_again(
    channel: Channel, side: OtherSide, delivery: Delivery
) -> None:
    with pytest.raises(NotNow):
        channel.send(delivery)
    side.answer("later")
    with side.opened(), pytest.raises(NotNow, match="451"):
        channel.send(delivery)

    assert side.taken() == []


@EVERY_CHANNEL
def test_a_refusal_for_good_is_told_apart(channel: Channel, side: OtherSide, delivery: Delivery) -> None:
    side.answer("never")

    with side.opened(), pytest.raises(Never, match="550"):
        channel.send(delivery)
