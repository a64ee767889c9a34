"""Tests are functions with sentences for names, without loops and branches."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import Function, Source, sources

BRANCHES = ast.For | ast.AsyncFor | ast.While | ast.If | ast.Match | ast.Try


def files() -> list[Source]:
    return [file for file in sources("tests") if "/test_" in file.path]


def test_functions(file: Source) -> Iterator[Function]:
    return (node for node in file.tree.body if isinstance(node, Function) and node.name.startswith("test_"))


test_functions.__test__ = False  # type: ignore[attr-defined]  # a finder, not a test


def classes_of_tests(file: Source) -> Iterator[str]:
    for node in file.nodes:
        if isinstance(node, ast.ClassDef):
            names = [item.name for item in node.body if isinstance(item, Function)]
            if any(name.startswith("test") for name in names):
                yield f"{file.path} {node.name}"


def branches(function: Function) -> Iterator[ast.stmt]:
    """Loops and branches of a test itself; those of functions inside it are arrangement."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, BRANCHES):
            yield node
        if not isinstance(node, Function | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def test_tests_are_functions() -> None:
    assert [place for file in files() for place in classes_of_tests(file)] == []


def test_tests_have_neither_loops_nor_branches() -> None:
    found = [
        f"{file.path}:{node.lineno}"
        for file in files()
        for function in test_functions(file)
        for node in branches(function)
    ]

    assert found == []


def test_no_test_has_the_name_of_another_in_its_file() -> None:
    """The second would silently replace the first."""
    repeated = [
        f"{file.path} {name}"
        for file in files()
        for names in [[function.name for function in test_functions(file)]]
        for name in sorted({name for name in names if names.count(name) > 1})
    ]

    assert repeated == []


def test_the_finders_find() -> None:
    text = (
        "class TestIt:\n    def test_a(self): ...\n"
        "def test_b():\n    def inner():\n        if 1: ...\n    for _ in (): ...\n"
    )
    bad = Source("tests/test_bad.py", text, ast.parse(text))
    [test_b] = test_functions(bad)

    assert list(classes_of_tests(bad)) == ["tests/test_bad.py TestIt"]
    assert [node.lineno for node in branches(test_b)] == [6]
