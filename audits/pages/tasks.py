"""What waits for a person, as rows of a section: a state, a sentence, and the buttons that go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.access.admin_base import Offer


@dataclass(frozen=True)
class Task:
    """Something that waits. ``more`` are further buttons; ``is_waiting`` marks what others must do first."""

    look: str
    icon: str
    chip: str
    sentence: str
    meta: str
    offer: Offer
    more: tuple[Offer, ...] = ()
    is_waiting: bool = False

    @property
    def offers(self) -> tuple[Offer, ...]:
        """All buttons, the way on first."""
        return (self.offer, *self.more)


@dataclass(frozen=True)
class Section:
    """Tasks of one kind under a heading; ``says`` is the page's sentence for one of them and for several."""

    key: str
    heading: str
    note: str
    tasks: Sequence[Task]
    says: tuple[str, str]

    @property
    def count(self) -> int:
        """How many wait for the reader; those that wait for others do not count."""
        return sum(not task.is_waiting for task in self.tasks)
