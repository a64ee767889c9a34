"""Stop asking: what a message waited for is done, so what has not left yet is not to leave."""

from collections.abc import Iterable
from uuid import UUID

from governance.ledger.models import Governed
from governance.notifications.catalogue import MESSAGES
from governance.notifications.models import Delivery, DeliveryState


def stop_asking(
    subject: Governed, *, because: str, accounts: Iterable[UUID] | None = None, path: str = ""
) -> int:
    """Step of the verb that ends what ``subject``'s messages ask for; answers how many deliveries end unsent.

    Only messages that ask are taken back, and of one account alone where it is the account that has done its
    part; with ``path`` those alone that link to that page, where several things share the subject's stream.
    What was told stays told: the notification itself is not touched.
    """
    asking = [event for event, message in MESSAGES.items() if message.asks]
    waiting = Delivery.objects.filter(
        state=DeliveryState.WAITING,
        notification__subject=subject.stream(),
        notification__event__in=asking,
    )
    if accounts is not None:
        waiting = waiting.filter(notification__account__in=list(accounts))
    if path:
        waiting = waiting.filter(notification__path=path)
    return waiting.update(state=DeliveryState.SKIPPED, last_error=because)
