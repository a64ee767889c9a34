"""The source files as syntax trees, for the rules of the house."""

import ast
import gc
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.servers import ROOT

APPS = ("governance", "releases", "audits")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file: its path from the project's root, its text, its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_migration(self) -> bool:
        """Whether it is made by makemigrations, or one of those that stand beside it."""
        return "/migrations/" in self.path

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The whole tree, walked once."""
        return tuple(ast.walk(self.tree))

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        return (node for node in self.nodes if isinstance(node, Function))

    def calls(self, *names: str) -> Iterator[ast.Call]:
        """Calls of functions or methods by these names."""
        return (node for node in self.nodes if isinstance(node, ast.Call) and called(node) in names)

    def strings(self) -> set[str]:
        """Every string constant."""
        return {
            node.value
            for node in self.nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """All Python files below these folders of the project; without arguments, those of the three apps.

    The trees, millions of objects, stay for good: the collector need not look at them while they grow or
    ever again.
    """
    found = [path for folder in folders or APPS for path in sorted((ROOT / folder).rglob("*.py"))]
    gc.disable()
    try:
        return tuple(_read(path) for path in found)
    finally:
        gc.freeze()
        gc.enable()


@cache
def source(path: str) -> Source:
    """One file of the project."""
    return _read(ROOT / path)


def _read(path: Path) -> Source:
    text = path.read_text()
    return Source(str(path.relative_to(ROOT)), text, ast.parse(text, str(path)))


def called(call: ast.Call) -> str:
    """The last part of the name of what is called: ``b`` in ``a.b(…)``."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def first_argument(call: ast.Call) -> str | None:
    """The first positional argument, if it is a string constant."""
    given = call.args[0] if call.args else None
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None


def named(file: Source, call: ast.Call) -> str:
    """The first argument: a string constant, or a constant of the module by its name."""
    given = call.args[0]
    if isinstance(given, ast.Name):
        return str(getattr(importlib.import_module(file.module), given.id))
    return str(first_argument(call))


def decorated(function: Function, *names: str) -> ast.Call | None:
    """The decorator call by one of these names, if the function has one."""
    calls = (item for item in function.decorator_list if isinstance(item, ast.Call))
    return next((call for call in calls if called(call) in names), None)


def statements(function: Function) -> list[ast.stmt]:
    """The body without its docstring."""
    return function.body[1:] if ast.get_docstring(function) is not None else function.body
