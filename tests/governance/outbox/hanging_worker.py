"""A worker that takes one message, says so and never ends: ``python -m … <message id>``; to be killed."""

import sys
import time

import django

django.setup()

from governance.actors import Actor  # noqa: E402 - Django first
from governance.background.wrapper import Work, deliver  # noqa: E402 - Django first


def hang(_actor: Actor, /, **_payload: str) -> None:
    """Say so, and never end."""
    print("working", flush=True)  # noqa: T201 - the parent waits for this line
    time.sleep(600)


deliver(sys.argv[1], "task-1", Work(hang))
