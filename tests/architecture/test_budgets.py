"""Budgets: a function has at most 40 lines, a module 300; and names that say nothing are banned."""

from pathlib import PurePath

from tests.architecture.sources import source, sources

LONGEST_FUNCTION = 40
LONGEST_MODULE = 300
ONE_FILE = {
    "audits/verification/standalone.py": 850,  # governance/decisions/0017: it travels alone, in each dossier
}
BANNED = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "core",
    "manager",
    "managers",
    "misc",
    "base_service",
}


def long_functions() -> dict[str, int]:
    return {
        f"{file.path} {function.name}": length
        for file in (source("manage.py"), *sources())
        for function in file.functions()
        if not file.is_migration
        and (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    }


def long_modules() -> dict[str, int]:
    return {
        file.path: length
        for file in (source("manage.py"), *sources())
        if not file.is_migration
        and (length := len(file.text.splitlines())) > ONE_FILE.get(file.path, LONGEST_MODULE)
    }


def test_no_function_has_more_than_40_lines() -> None:
    assert long_functions() == {}


def test_no_module_has_more_than_300_lines() -> None:
    assert long_modules() == {}


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    parts = {
        (file.path, part)
        for file in (*sources(), *sources("tests"))
        for part in PurePath(file.path).with_suffix("").parts
    }

    assert {path for path, part in parts if part in BANNED} == set()
