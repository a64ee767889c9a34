"""Pictures in messages. Higher apps draw them; the settings name their functions, so imports go down."""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from governance.notifications.catalogue import message_named
from governance.notifications.models import Notification

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """A PNG with the sentence that stands for it and the same facts as lines of text."""

    name: str
    png: bytes
    alt: str
    lines: tuple[str, ...]


def picture_for(notification: Notification) -> Picture | None:
    """The picture of the message, drawn from what its subject says now; None where there is nothing to draw.

    A message without its picture still says what to do, so a drawing that fails costs the picture only.
    """
    name = message_named(notification.event).picture
    if name is None:
        return None
    try:
        picture: Picture | None = import_string(settings.MAIL_PICTURES[name])(notification.subject)
    except Exception:
        logger.exception("the picture %s of %s could not be drawn", name, notification.subject)
        return None
    return picture
