"""``manage.py create_signing_key``: make a key file and print its verifier keys."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.ledger.signing import generate_key_file, read_key_file


class Command(BaseCommand):
    """The private keys go into the file alone; what is printed is public."""

    help = "Make signing keys in a new file that only you can read, and print the verifier keys."
    requires_system_checks: list[str] = []  # the checks name this command as what mends them

    def add_arguments(self, parser: CommandParser) -> None:
        """``file`` and ``--origin``."""
        parser.add_argument("file", type=Path, help="the file to make; one that exists is never overwritten")
        parser.add_argument(
            "--origin", required=True, help="what the keys' names begin with, e.g. example.org/countersign"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the file, read it back, print the verifier keys."""
        path: Path = options["file"]
        try:
            text = generate_key_file(options["origin"])
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
        except ValueError as error:
            raise CommandError(f"--origin: {error}.") from error
        except FileExistsError as error:
            raise CommandError(f"{path} exists. Keys in use are not replaced; name another file.") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}.") from error
        for key in read_key_file(path):
            print(key.vkey)
