"""What computed a result: versions of the language, the libraries and the code itself."""

import hashlib
import platform
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numpy", "polars", "scipy")
ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("releases/statistics", "releases/scores", "releases/gates", "governance/registry/predicates.py")
"""Where the arithmetic, the counting and the criteria stand: a change there may change a figure."""


def environment() -> dict[str, str]:
    """Versions of what computes results here; kept beside a result, outside its digest."""
    return {"python": platform.python_version(), **_libraries(), "code": code_digest()}


@lru_cache(maxsize=1)
def _libraries() -> dict[str, str]:
    """Versions as installed when the process first asked: those are the ones that it has imported."""
    return {name: version(name) for name in LIBRARIES}


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the source files that figures come from, as they were when the process first asked."""
    found = hashlib.sha256()
    for path in sorted(_files()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode())
        found.update(content)
    return f"sha256:{found.hexdigest()}"


def _files() -> Iterator[Path]:
    for name in SOURCES:
        place = ROOT / name
        yield from [place] if place.is_file() else place.rglob("*.py")
