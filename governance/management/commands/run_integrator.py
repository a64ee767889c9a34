"""Run the ledger's integrator until told to stop."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection

from governance.ledger.integrator import BATCH, integrate, integrate_all

IDLE_SECONDS = 0.25
RETRY_SECONDS = 2.0


class Command(BaseCommand):
    """Numbers committed ledger entries; connects as the integrator role."""

    help = "Give committed ledger entries their place in the tree."
    requires_system_checks = []  # they load the whole web interface, which the integrator never uses

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="number what waits now and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Number batch after batch; ends with the batch in hand on SIGINT or SIGTERM."""
        if options["once"]:
            self.stdout.write(f"{integrate_all()} entries numbered")
            return
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        self.stdout.write("integrator ready")
        while not stopping.is_set():
            stopping.wait(self._pass())

    def _pass(self) -> float:
        """One batch; answers how long to rest. A database that restarts is waited for, not died of."""
        try:
            taken = integrate()
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"integrator waits for the database: {error}")
            connection.close()
            return RETRY_SECONDS
        return IDLE_SECONDS if taken < BATCH else 0.0
