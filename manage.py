#!/usr/bin/env python
"""Entry point of every command. ``up``, ``serve`` and ``witness`` run before Django is imported: they need
none of it."""

import os
import sys

ROLE_OF_COMMAND = {
    "migrate": "owner",
    "makemigrations": "owner",
    "sqlmigrate": "owner",
    "database_roles": "owner",
    "run_integrator": "integrator",
}


def main(arguments: list[str]) -> int:
    """Run one command; the exit status of a supervisor is handed on."""
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in ("up", "serve"):
        from governance.project.embedded.supervisor import run  # noqa: PLC0415 - see the module docstring

        return run(arguments[1:])
    if command == "witness":
        # It runs on another host, without Django and without a database.
        from governance.witness.__main__ import main as witness  # noqa: PLC0415 - see above

        return witness(arguments[2:])
    # The subcommand alone decides the database role: a variable left over from another shell must not.
    os.environ["COUNTERSIGN_DATABASE_ROLE"] = ROLE_OF_COMMAND.get(command, "app")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.project.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the role is set

    execute_from_command_line(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
