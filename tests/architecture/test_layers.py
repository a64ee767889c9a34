"""Imports go down the stair, stand at the top of the file, and hide nowhere (rule 3)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import APPS, Function, Source, source, sources
from tests.servers import ROOT

Import = ast.Import | ast.ImportFrom
ALLOWED_INSIDE = {
    "manage.py": "The supervisor runs without Django, and the role is chosen before the settings.",
}


def ours() -> tuple[Source, ...]:
    return (source("manage.py"), *sources(*APPS), *sources("tests"))


def imports_inside_functions(file: Source) -> Iterator[str]:
    for function in file.functions():
        for node in ast.walk(function):
            if isinstance(node, Import):
                yield f"{file.path}:{node.lineno} in {function.name}"


def imports_under_type_checking(file: Source) -> Iterator[str]:
    for node in file.nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in names_in(node.test):
            yield f"{file.path}:{node.lineno}"


def names_in(test: ast.expr) -> set[str]:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}


def relative_imports(file: Source) -> Iterator[str]:
    for node in file.nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{file.path}:{node.lineno}"


def test_the_contracts_of_import_linter_hold(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--cache-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " kept, 0 broken" in done.stdout


def test_every_app_is_under_the_contracts() -> None:
    assert {file.path.split("/")[0] for file in sources()} == set(APPS)


def test_no_import_is_relative() -> None:
    assert [place for file in ours() for place in relative_imports(file)] == []


def test_no_import_stands_inside_a_function() -> None:
    found = [place for file in ours() for place in imports_inside_functions(file)]

    assert [place for place in found if place.split(":")[0] not in ALLOWED_INSIDE] == []
    assert {place.split(":")[0] for place in found} == set(ALLOWED_INSIDE)


def test_no_import_hides_under_type_checking() -> None:
    assert [place for file in ours() for place in imports_under_type_checking(file)] == []


def test_the_finders_find() -> None:
    """Each rule above would see what it forbids."""
    bad = Source(
        "bad.py",
        "",
        ast.parse(
            "from . import a\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\n"
            "class C:\n    async def m(self):\n        import c\n"
        ),
    )

    assert list(relative_imports(bad)) == ["bad.py:1"]
    assert list(imports_under_type_checking(bad)) == ["bad.py:3"]
    assert list(imports_inside_functions(bad)) == ["bad.py:7 in m"]
    assert [function.name for function in bad.functions() if isinstance(function, Function)] == ["m"]
