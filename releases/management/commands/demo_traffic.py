"""Keep the demo's channels busy: people come, and are decided about, until this is ended."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from releases.demo.live_traffic import Client, go_on
from releases.demo.people import SERVICE, TOKEN_FILE


class Command(BaseCommand):
    """Reports over HTTP with the token of the demo's service. Refused outside DEMO mode."""

    help = "Let people come to the demo's channels: decisions and heartbeats over HTTP, until it is ended."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the demo runs, and where its tokens are."""
        parser.add_argument("address", help="the address of the running demo, such as http://127.0.0.1:8000")
        parser.add_argument("--tokens", type=Path, default=Path(settings.BASE_DIR) / TOKEN_FILE)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo traffic is refused here: nothing may be made up beside real decisions.")
        try:
            token = json.loads(options["tokens"].read_text())[SERVICE]
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"No token of the demo's service in {options['tokens']}: {error}.") from error
        go_on(Client(options["address"], token), self._say)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
