"""A reader that many systems use in place of an outbox, and that loses what commits late."""

from uuid import UUID

from governance.ledger.models import Entry


class BeyondTheLast:
    """Reads the entries whose id is greater than the last one it saw.

    Ids are given in the order of writing, and transactions end in another: what commits behind a later id is
    never read. That is why the integrator takes what is in ``pending`` and asks for no id.
    """

    def __init__(self) -> None:
        self.seen: list[UUID] = []

    def read(self) -> None:
        """All that lies beyond the last."""
        last = self.seen[-1] if self.seen else UUID(int=0)
        self.seen += Entry.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)

    def lost(self) -> set[UUID]:
        """Committed entries that it has not seen, and will not see."""
        self.read()
        return set(Entry.objects.values_list("id", flat=True)) - set(self.seen)
