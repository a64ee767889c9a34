"""What a message is made of, and facts that many messages share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One kind of message.

    ``asks`` says that the reader is asked to act, and that the case waits for them. Such a message cannot be
    switched off: who holds the role must learn of the work, and gives the role back to be left alone. All
    others can be. ``until`` names the fact that says when it asks no longer: later it is not sent.
    ``subject`` is a line with Django's tags; ``link`` is what the one link of the mail says.
    """

    event: str
    title: str
    subject: str
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    asks: bool = False
    until: str | None = None
    picture: str | None = None
    link: str = "Open the release"

    @property
    def template(self) -> str:
        """The text's template."""
        return f"notifications/{self.event}.md"


RELEASE = ("release", "system")
ROLLOUT = (*RELEASE, "channel", "stage")
FOREST = "forest"
