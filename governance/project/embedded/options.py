"""What ``manage.py up`` and ``manage.py serve`` are asked for."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from governance.project.embedded import programs


@dataclass(frozen=True)
class Options:
    """What the command line and the environment ask for."""

    demo: bool
    port: int
    var: Path


def read_options(arguments: list[str]) -> Options:
    """The command line and the variables PORT and COUNTERSIGN_VAR."""
    parser = argparse.ArgumentParser(
        prog="manage.py",
        description="Run PostgreSQL, Valkey, web, workers, beat and integrator until Ctrl-C. "
        "Environment: PORT; DATABASE_URL with DATABASE_OWNER_URL and DATABASE_INTEGRATOR_URL; REDIS_URL.",
    )
    parser.add_argument("command", choices=("up", "serve"), help="up: with demo data; serve: without")
    command = parser.parse_args(arguments).command
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        parser.error(f"PORT: found {port!r}; use a number from 1 to 65535")
    var = Path(os.environ.get("COUNTERSIGN_VAR") or programs.ROOT / "var").resolve()
    return Options(demo=command == "up", port=int(port), var=var)
