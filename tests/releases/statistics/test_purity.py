import ast
from pathlib import Path

import pytest

import releases.statistics

MODULES = sorted(Path(releases.statistics.__path__[0]).glob("*.py"))
STANDARD = {
    "collections.abc",
    "concurrent.futures",  # the bootstrap's threads; what they compute does not depend on them
    "dataclasses",
    "enum",
    "fractions",
    "functools",
    "itertools",
    "math",
    "typing",
}
ALLOWED = STANDARD | {"numpy", "numpy.typing", "scipy.special"}


def imported(module: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(module.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_arithmetic_imports_only_numbers_and_itself(module: Path) -> None:
    outside = {name for name in imported(module) if not name.startswith("releases.statistics.")}

    assert outside <= ALLOWED


def test_the_modules_were_found() -> None:
    assert {"rates", "paired", "decisions"} <= {module.stem for module in MODULES}
