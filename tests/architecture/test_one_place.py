"""Adding a criterion, a component kind or a role touches the one place that the README names.

Each test copies the sources, makes that one change in the copy, and lets the copy show over its real
interfaces that all else follows: validation, policies, evaluation, completeness, grants, migrations.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database import servers
from tests.servers import SESSION_DATABASE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("governance", "releases", "audits", "tests", "templates")
FILES = ("manage.py", "pyproject.toml", "requirements.txt")

ROLE = (
    "governance/access/roles.py",
    {
        '    AUDITOR = "auditor"\n': '    AUDITOR = "auditor"\n    OBSERVER = "observer"\n',
        "    Role.AUDITOR: frozenset({P.VIEW, P.REQUEST_DOSSIER}),\n": (
            "    Role.AUDITOR: frozenset({P.VIEW, P.REQUEST_DOSSIER}),\n"
            "    Role.OBSERVER: frozenset({P.VIEW}),\n"
        ),
    },
)
ROLE_WORKS = """
from tests.factories.cast import Cast, grant, person
from tests.factories.http import with_token


def test_the_new_role_reads_and_does_nothing_else(team: Cast) -> None:
    account = person("looks_on")
    grant(account, "observer", system=team.system)
    client = with_token(account)

    read = client.get("/api/v1/systems/")
    written = client.post(
        "/api/v1/components/",
        {"kind": "fusion", "system": str(team.system.id), "name": "f", "version": "1",
         "attributes": {"strategy": "rule", "inputs": ["depth"]}},
        content_type="application/json",
    )

    assert [one["slug"] for one in read.json()["results"]] == [team.system.slug]
    assert written.status_code == 403
"""

KIND = (
    "governance/registry/kinds.py",
    {
        "_KINDS = (\n": '_KINDS = (\n    Kind("device_list", "Device list", SdkAttributes, True, False),\n',
    },
)
KIND_WORKS = """
import pytest

from releases.bundles.completeness import ReleaseIncomplete
from releases.bundles.services import freeze_release
from tests.factories.bundles import complete_content, draft
from tests.factories.cast import Cast, actor
from tests.factories.http import with_token


def test_the_new_kind_is_registered_over_http(team: Cast) -> None:
    client = with_token(team.author)
    body = {"kind": "device_list", "system": str(team.system.id), "name": "devices", "version": "1"}

    taken = client.post(
        "/api/v1/components/",
        {**body, "attributes": {"platform": "web", "semantic_version": "1.0.0"}},
        content_type="application/json",
    )
    refused = client.post(
        "/api/v1/components/",
        {**body, "version": "2", "attributes": {"platform": "fax"}},
        content_type="application/json",
    )

    assert taken.status_code == 201, taken.content
    assert taken.json()["digest_kind"] == "attributes"
    assert refused.status_code == 400


def test_a_release_without_the_new_kind_is_incomplete(team: Cast) -> None:
    revision = draft(team, complete_content(team))

    with pytest.raises(ReleaseIncomplete, match="(?i)device list"):
        freeze_release(actor(team.author), revision=revision)
"""

CRITERION_FILE = '''"""The candidate's table has at least so many rows."""

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.lines import concluded
from releases.gates.vocabulary.outcomes import CriterionOutcome, ReasonCode, StratumOutcome
from releases.gates.vocabulary.specs import Spec
from releases.statistics.decisions import Verdict


class EnoughDatasetsSpec(Spec):
    at_least: int = Field(ge=1)


def sentence(spec: EnoughDatasetsSpec) -> str:
    return f"Measured on at least {spec.at_least} test datasets."


def evaluate(context: Context, spec: EnoughDatasetsSpec) -> CriterionOutcome:
    found = len(context.datasets(None))
    met = found >= spec.at_least
    return concluded(
        [
            StratumOutcome(
                {"check": "datasets"},
                "Test datasets",
                Verdict.PASS if met else Verdict.FAIL,
                ReasonCode.MEETS if met else ReasonCode.VIOLATES,
                f"{found} test datasets; at least {spec.at_least}.",
            )
        ]
    )


KIND = CriterionKind("enough_datasets", "Enough datasets", EnoughDatasetsSpec, sentence, evaluate)
'''
CRITERION = (
    "releases/gates/criteria/__init__.py",
    {
        "    disagreement,\n": "    disagreement,\n    enough_datasets,\n",
        "completeness.KIND,\n": "completeness.KIND,\n    enough_datasets.KIND,\n",
    },
)
CRITERION_WORKS = """
from releases.gates.policies.services import CriterionInput
from releases.gates.queries import evaluation_document
from tests.factories.cast import Cast
from tests.factories.gates import SMALL, criteria, gate, locked_policy


def test_the_new_criterion_is_locked_run_and_reported(team: Cast) -> None:
    here = gate(team)
    extra = CriterionInput("datasets", "enough_datasets", "Enough datasets", {"at_least": 2})
    locked_policy(team, [*criteria(SMALL, here.live), extra], name="with_more")
    candidate = here.candidate("second")
    here.scored(candidate)

    document = evaluation_document(here.evaluated(candidate))

    line = next(one for one in document["criteria"] if one["key"] == "datasets")
    assert line["kind"] == "enough_datasets"
    assert line["verdict"] == "fail"
    assert document["verdict"] == "fail"
"""


def _copy(target: Path) -> Path:
    for name in SOURCES:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, target / name)
    return target


def _change(root: Path, change: tuple[str, dict[str, str]]) -> None:
    path, replacements = change
    text = (root / path).read_text()
    for old, new in replacements.items():
        assert text.count(old) == 1, (path, old)
        text = text.replace(old, new)
    (root / path).write_text(text)


def _run(root: Path, *arguments: str) -> None:
    environment = {**os.environ, **servers().environment(SESSION_DATABASE)}
    environment.pop("COUNTERSIGN_VAR")
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def _show(root: Path, test: str) -> None:
    """The copy needs no migration, and its own test passes."""
    (root / "tests" / "test_added.py").write_text(test)
    _run(root, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run")
    _run(root, "-m", "pytest", "-q", "tests/test_added.py")


def test_a_role_is_one_entry_in_the_table_of_roles(tmp_path: Path) -> None:
    root = _copy(tmp_path / "copy")

    _change(root, ROLE)

    _show(root, ROLE_WORKS)


def test_a_component_kind_is_one_entry_in_the_table_of_kinds(tmp_path: Path) -> None:
    root = _copy(tmp_path / "copy")

    _change(root, KIND)

    _show(root, KIND_WORKS)


def test_a_gate_criterion_is_one_file_and_its_name_in_the_tuple(tmp_path: Path) -> None:
    root = _copy(tmp_path / "copy")

    (root / "releases" / "gates" / "criteria" / "enough_datasets.py").write_text(CRITERION_FILE)
    _change(root, CRITERION)

    _show(root, CRITERION_WORKS)
