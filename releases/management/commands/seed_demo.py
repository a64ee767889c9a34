"""Fill an empty database with the demo; again on the same database changes nothing."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.errors import GovernanceError
from governance.ledger.models import Entry
from releases.demo.people import TOKEN_FILE, write_tokens
from releases.demo.story import tell_story


class Command(BaseCommand):
    """Tells the demo's story through the services. Refused outside DEMO mode and beside real entries."""

    help = "Fill an empty database with demo accounts and a story on real scores."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the tokens go: for a demo that runs beside another one."""
        parser.add_argument(
            "--tokens",
            type=Path,
            default=Path(settings.BASE_DIR) / TOKEN_FILE,
            help="the file into which the tokens of the demo accounts are written (.local/demo-tokens.json)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo is refused here. Run 'make up', or set COUNTERSIGN_DEMO=1 on an empty database."
            )
        first = Entry.objects.order_by("at").first()
        if first is not None:
            if not first.document.get("simulated"):
                raise CommandError("This database holds entries that are no demo; nothing was changed.")
            if not Entry.objects.filter(document__type="token.issued").exists():
                raise CommandError(
                    "An earlier run ended half-way. Remove the database (make clean, or a new empty one)."
                )
            self.stdout.write("The demo is there already.")
            return
        try:
            stage = tell_story(lambda line: self.stdout.write(f"  {line}"))
        except GovernanceError as error:
            raise CommandError(f"{error.message} {error.next_step}") from error
        write_tokens(stage, options["tokens"])
        self.stdout.write(f"Demo tokens are in {options['tokens']}")
