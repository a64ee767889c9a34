"""Run the ledger's integrator until told to stop: it numbers entries, and signs what the tree has become."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from contextlib import suppress
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from governance.ledger.heads import HeadDisagrees, HeadMissing, head_file
from governance.ledger.integrator import BATCH, integrate, integrate_all
from governance.ledger.sealing import check_head, note_trouble, seal_newest
from governance.ledger.stored_tree import TreeIncomplete
from governance.ledger.waking import listen, wait_for_entries

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
GATHER_SECONDS = 0.05
"""After a batch, so that what comes meanwhile is one batch and one signature as well."""

RETRY_SECONDS = 2.0
STOPPED_SECONDS = 10.0
LOOKS_SECONDS = 1.0
LONGEST_TROUBLE = 300
ANOTHER_HISTORY = 3
"""Exit status where what was signed before is not in this database."""


class Command(BaseCommand):
    """Numbers committed ledger entries; connects as the integrator role."""

    help = "Give committed ledger entries their place in the tree, and sign the tree."
    _signs_at = 0.0
    """When it is next looked for something to sign, if nothing is numbered before."""

    _is_stopped = False
    _listens_on: object = None
    """The connection that hears of new entries; after a loss another one must ask for it anew."""

    requires_system_checks = []  # they load the whole web interface, which the integrator never uses

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="number what waits now and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Number batch after batch; ends with the batch in hand on SIGINT or SIGTERM.

        Raises:
            CommandError: what was signed before is not in this database.
        """
        self._refuse_another_history()
        if options["once"]:
            self.stdout.write(f"{integrate_all()} entries numbered")
            if trouble := seal_newest():
                self.stderr.write(f"no checkpoint is signed: {trouble}")
            return
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        self.stdout.write("integrator ready")
        while not stopping.is_set():
            rest = self._pass()
            if rest == IDLE_SECONDS:
                self._wait(stopping)
            else:
                stopping.wait(rest)

    def _wait(self, stopping: threading.Event) -> None:
        """Until entries come, or it is time to look for them; what is committed meanwhile is not missed."""
        try:
            if self._listens_on is not connection.connection:
                listen()
                self._listens_on = connection.connection
                return
            wait_for_entries(IDLE_SECONDS)
        except (DatabaseError, InterfaceError) as error:
            self.stderr.write(f"integrator waits for the database: {error}")
            connection.close()
            stopping.wait(RETRY_SECONDS)

    def _sign(self, taken: int) -> None:
        """Sign what was numbered, at once; and what somebody left unsigned, a moment later."""
        if self._signs_at <= time.monotonic() or (taken and not self._is_stopped):
            self._is_stopped = bool(seal_newest())
            self._signs_at = time.monotonic() + (STOPPED_SECONDS if self._is_stopped else LOOKS_SECONDS)

    def _refuse_another_history(self) -> None:
        try:
            check_head(head_file())
        except HeadDisagrees as other:
            raise CommandError(f"The ledger does not start: {other}", returncode=ANOTHER_HISTORY) from other
        except (HeadMissing, TreeIncomplete, OSError) as trouble:
            # Nothing is signed then, which is said; whoever must roll back is not stopped by it.
            self.stderr.write(f"the ledger's head cannot be compared: {trouble}")

    def _pass(self) -> float:
        """One batch; answers how long to rest. A database that restarts is waited for, not died of."""
        try:
            taken = integrate()
            self._sign(taken)
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"integrator waits for the database: {error}")
            connection.close()
            return RETRY_SECONDS
        except Exception as error:
            # Whatever it is, the next pass may get through, and everything else here depends on this process.
            logger.exception("a batch of the ledger failed; it is tried again")
            with suppress(DatabaseError, InterfaceError):
                note_trouble(f"a batch failed: {type(error).__name__} {error}".strip()[:LONGEST_TROUBLE])
            return STOPPED_SECONDS
        if taken == 0:
            return IDLE_SECONDS
        return GATHER_SECONDS if taken < BATCH else 0.0
