"""Habits of the house that a reader relies on: writes are plain to see, nothing happens by itself."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Function, Source, called, sources

HOOKS = {"save", "delete", "save_base", "full_clean", "refresh_from_db", "from_db"}
SIGNALS = re.compile(
    r"^\s*(from|import) \S*(\.signals|\.dispatch)\b|^\s*from \S+ import .*\bsignals\b", re.MULTILINE
)
MAY_CONNECT_SIGNALS = {
    "governance/project/celery.py": "Celery tells of a pool process by signal; it must end with its worker."
}
MAY_OPEN_TRANSACTIONS = {
    "governance/ledger/verbs.py": "The verb's own.",
    "governance/ledger/refusals.py": "The refusal's, after the verb's is rolled back.",
    "governance/ledger/integrator.py": "One batch of leaves.",
    "governance/ledger/fsck/checking.py": "One snapshot to read; it writes nothing.",
    "governance/ledger/reconciling/checking.py": "One snapshot to read; it writes nothing.",
    "governance/ledger/nightly.py": "What the nightly check came to; nobody's act.",
    "governance/outbox/services.py": "The sweep claims rows that are due.",
    "governance/notifications/services.py": "What a task tells people; the entry behind it is committed.",
}
PERIODS = re.compile(r"\bperiod__(contains|upper_inf)\b")
MAY_READ_PERIODS = {
    "releases/bundles/sealed.py": "Tells what serves from what waits.",
    "releases/bundles/assignments.py": "The next assignment ends the one that was made last.",
    "audits/pages/release_facts.py": "Whether anything was ever assigned to a channel.",
}
MAY_WAIT_FOR_COMMIT = {"governance/outbox/services.py"}
MAY_APPEND_ENTRIES = {
    "governance/ledger/verbs.py": "record() of the running verb.",
    "governance/ledger/refusals.py": "Refusals, and their summaries.",
    "governance/ledger/nightly.py": "What the nightly check came to.",
}


def methods(file: Source) -> Iterator[tuple[str, str]]:
    for node in file.nodes:
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, Function):
                    yield f"{file.path} {node.name}.{item.name}", item.name


def delayed_calls(file: Source) -> Iterator[str]:
    for node in file.nodes:
        if not isinstance(node, ast.Call):
            continue
        given = {keyword.arg for keyword in node.keywords}
        if given & {"eta", "countdown"} or called(node) in {"apply_async", "delay"}:
            yield f"{file.path}:{node.lineno}"


def paths_that_call(*names: str) -> set[str]:
    return {file.path for file in sources() if any(file.calls(*names))}


def paths_that_open_transactions() -> set[str]:
    """Calls of ``atomic`` and its use as a decorator."""
    return {
        file.path
        for file in sources()
        for node in file.nodes
        if (isinstance(node, ast.Attribute) and node.attr in {"atomic", "savepoint", "set_autocommit"})
        or (isinstance(node, ast.Name) and node.id == "atomic")
    }


def test_no_class_overrides_how_rows_are_saved() -> None:
    assert [place for file in sources() for place, name in methods(file) if name in HOOKS] == []


def test_no_signals() -> None:
    assert {file.path for file in sources() if SIGNALS.search(file.text)} == set(MAY_CONNECT_SIGNALS)


def test_no_task_is_sent_with_a_delay_or_past_the_outbox() -> None:
    """Deadlines are rows that a periodic task reads (R7); work is named in the outbox."""
    assert [place for file in sources() for place in delayed_calls(file)] == []
    assert paths_that_call("send_task") == {"governance/outbox/services.py"}


def test_only_the_ledger_and_the_sweep_open_transactions() -> None:
    assert paths_that_open_transactions() == set(MAY_OPEN_TRANSACTIONS)


def test_only_the_outbox_waits_for_a_commit() -> None:
    assert paths_that_call("on_commit") == MAY_WAIT_FOR_COMMIT


def test_only_verbs_and_refusals_append_entries() -> None:
    assert paths_that_call("append_entry") == set(MAY_APPEND_ENTRIES)


def test_what_answers_is_asked_for_where_waiting_for_the_ledger_is_known() -> None:
    """An assignment's period begins when it was made; it may serve later, or never."""
    found = {file.path for file in sources() if PERIODS.search(file.text)}

    assert found == set(MAY_READ_PERIODS)


def test_the_finders_find() -> None:
    bad = Source("bad.py", "", ast.parse("class A:\n    def save(self): ...\nf.apply_async(countdown=5)\n"))

    assert [name for _, name in methods(bad)] == ["save"]
    assert list(delayed_calls(bad)) == ["bad.py:3"]
    assert SIGNALS.search("from django.db.models.signals import post_save")
    assert SIGNALS.search("from django.db.models import signals")
    assert SIGNALS.search("from django.dispatch import receiver")
