"""What a channel promises to the deliveries."""

from typing import Protocol

from governance.access.models import Account
from governance.notifications.models import Delivery


class NotNow(Exception):
    """The other side did not take the message; another attempt may succeed. Says what it answered."""


class Never(Exception):
    """No attempt will succeed: the other side refused for good. Says what it answered."""


class Channel(Protocol):
    """A way out of the house. A contract test runs over every channel.

    ``name`` is stored with each delivery and never changes.
    """

    name: str
    title: str

    def reaches(self, account: Account) -> bool:
        """Whether the account has an address on this channel."""
        ...

    def unavailable(self) -> str:
        """Why nothing can leave by this channel here, in words; empty where it is set up."""
        ...

    def send(self, delivery: Delivery) -> None:
        """Hand the message over. Sending the same delivery again sends a message that names itself the same.

        Raises:
            NotNow: another attempt may succeed.
            Never: none will.
        """
        ...
