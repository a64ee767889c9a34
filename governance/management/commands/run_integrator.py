"""Run the ledger's integrator until told to stop: it numbers entries, and signs what the tree has become."""

import signal
import threading
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection

from governance.ledger.heads import HeadDisagrees, head_file
from governance.ledger.integrator import BATCH, integrate, integrate_all
from governance.ledger.sealing import check_head, seal_newest
from governance.ledger.stored_tree import TreeIncomplete

IDLE_SECONDS = 0.25
RETRY_SECONDS = 2.0
STOPPED_SECONDS = 10.0


class Command(BaseCommand):
    """Numbers committed ledger entries; connects as the integrator role."""

    help = "Give committed ledger entries their place in the tree, and sign the tree."
    _stopped_until: float | None = None
    """While signing is stopped: when it is tried again."""

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
        self._stopped_until = time.monotonic()  # what the last run left unsigned comes first
        while not stopping.is_set():
            stopping.wait(self._pass())

    def _sign(self, taken: int) -> None:
        if self._stopped_until is not None and time.monotonic() < self._stopped_until:
            return
        if taken or self._stopped_until is not None:
            self._stopped_until = time.monotonic() + STOPPED_SECONDS if seal_newest() else None

    def _refuse_another_history(self) -> None:
        try:
            check_head(head_file())
        except (HeadDisagrees, OSError) as trouble:
            raise CommandError(f"The ledger does not start: {trouble}") from trouble
        except TreeIncomplete as damaged:
            # Nothing is signed then, which is said; what cannot be done without is not stopped by it.
            self.stderr.write(f"the ledger's tiles are damaged: {damaged}")

    def _pass(self) -> float:
        """One batch; answers how long to rest. A database that restarts is waited for, not died of."""
        try:
            taken = integrate()
            self._sign(taken)
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"integrator waits for the database: {error}")
            connection.close()
            return RETRY_SECONDS
        return IDLE_SECONDS if taken < BATCH else 0.0
