"""The script that travels in a dossier: published vectors, and Python alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.verification import standalone
from audits.verification.standalone import Unfit, canonical, has_signed, root_by, roots_by, value_of
from governance.ledger.canonical import canonical_bytes
from governance.ledger.signing import generate_key
from tests.audits.verification.building import dossier, zipped
from tests.audits.verification.ledgers import LEDGER, STRANGER
from tests.governance.ledger.merkle.trees import flipped, leaves_of, path, proof, root

SCRIPT = Path(standalone.__file__)
SIZES = range(1, 34)
PAIRS = [(old, new) for new in SIZES for old in range(1, new + 1)]

# RFC 8032, section 7.1: public key, message, signature (https://www.rfc-editor.org/rfc/rfc8032).
PUBLISHED = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
}


@pytest.mark.parametrize(("public", "message", "signature"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_published_signatures_hold(public: str, message: str, signature: str) -> None:
    parts = [bytes.fromhex(one) for one in (public, message, signature)]

    assert has_signed(*parts)
    assert not has_signed(parts[0], parts[1] + b"x", parts[2])


@given(st.binary(max_size=80), st.integers(0, 511))
def test_signatures_of_the_library_hold_and_with_one_bit_turned_over_do_not(message: bytes, bit: int) -> None:
    key = generate_key("example.org/x")
    signature = key.private.sign(message)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8

    assert has_signed(key.public, message, signature)
    assert not has_signed(key.public, message, bytes(changed))


def test_a_second_form_of_a_signature_is_none() -> None:
    """RFC 8032, 5.1.7: the number must be below the order of the group, or there would be two of each."""
    signature = LEDGER.private.sign(b"x")
    other = int.from_bytes(signature[32:], "little") + standalone.L

    assert has_signed(LEDGER.public, b"x", signature)
    assert not has_signed(LEDGER.public, b"x", signature[:32] + other.to_bytes(32, "little"))


@pytest.mark.parametrize("public", [b"\x02" + bytes(31), b"\xff" * 32], ids=["no point", "no number below p"])
def test_what_is_no_point_of_the_curve_is_no_key(public: bytes) -> None:
    with pytest.raises(Unfit):
        has_signed(public, b"x", LEDGER.private.sign(b"x"))


def test_a_key_of_the_dossier_never_stands_in_for_one_that_is_held() -> None:
    """Four bytes name a key, and somebody may look for another one that they name as well."""
    held = {(LEDGER.name, bytes.fromhex(LEDGER.hash)): STRANGER.public}

    with pytest.raises(standalone.Refused, match=r"check 3 .* does not hold"):
        standalone.verify(zipped(dossier()), held)


def test_every_inclusion_proof_leads_to_the_root_and_to_no_other() -> None:
    found = {
        (index, size): root_by(index, size, leaves[index], path(index, leaves))
        for size in SIZES
        for leaves in [leaves_of(size)]
        for index in range(size)
    }

    assert found == {(index, size): root(leaves_of(size)) for index, size in found}


def test_every_consistency_proof_leads_to_both_roots() -> None:
    found = {
        (old, new): roots_by(old, new, proof(old, leaves_of(new)), root(leaves_of(old))) for old, new in PAIRS
    }

    assert found == {(old, new): (root(leaves_of(old)), root(leaves_of(new))) for old, new in PAIRS}


@pytest.mark.parametrize("bit", range(0, 3 * 256, 37))
def test_a_bit_turned_over_leads_elsewhere(bit: int) -> None:
    leaves, old = leaves_of(13), root(leaves_of(5))
    steps = flipped(proof(5, leaves), bit)

    assert roots_by(5, 13, steps, old) != (old, root(leaves))


@pytest.mark.parametrize("steps", [[], [b"x" * 32] * 9], ids=["too few", "too many"])
def test_proofs_of_another_length_are_refused(steps: list[bytes]) -> None:
    with pytest.raises(Unfit):
        root_by(3, 13, b"x" * 32, steps)
    with pytest.raises(Unfit):
        roots_by(5, 13, steps, b"x" * 32)


TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_its_canonical_form_is_that_of_the_ledger(value: object) -> None:
    assert canonical(value).encode() == canonical_bytes(value)
    assert value_of(canonical(value)) == value


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A directory with a dossier, a key and the script, and nothing else."""
    (tmp_path / "d.zip").write_bytes(zipped(dossier()))
    (tmp_path / "key").write_text(LEDGER.vkey)
    (tmp_path / "verify.py").write_bytes(SCRIPT.read_bytes())
    return tmp_path


@pytest.mark.parametrize(("arguments", "code"), [(["--vkey", "key"], 0), ([], 3), (["--vkey", "absent"], 2)])
def test_it_runs_with_python_and_nothing_installed(alone: Path, arguments: list[str], code: int) -> None:
    """``-I`` reads neither the environment nor the user's packages, ``-S`` none that are installed."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "verify.py", "d.zip", *arguments],
        cwd=alone,
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr != "") == (code, code == 2)
    first = (done.stdout or done.stderr).partition("\n")[0]
    assert first.startswith({0: "verified", 3: "UNTRUSTED KEY", 2: "not used rightly: "}[code])


def test_what_a_forger_lays_beside_it_is_never_run(alone: Path) -> None:
    """Python looks into the directory of a script first, and somebody may unpack a whole dossier there."""
    tree = ast.parse(SCRIPT.read_text())
    names = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    names |= {"__future__", "typing", "enum", "functools", "collections", "gettext", "binascii"}
    hostile = "import os\nos.write(1, b'verified, says the forger')\nos._exit(0)\n"
    written = [(alone / f"{name}.py").write_text(hostile) for name in sorted(names)]

    done = subprocess.run(
        [sys.executable, "verify.py", "d.zip", "--vkey", "key"],
        cwd=alone,
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(written) > 10
    assert (done.returncode, done.stdout.partition("\n")[0], done.stderr) == (0, "verified", "")


def test_every_command_that_is_shown_to_auditors_looks_beside_the_script_for_nothing() -> None:
    """And none takes the key from a file of the name that the dossier's own, the forger's, has."""
    home = SCRIPT.parents[2]
    pages = [*(home / "templates").rglob("*.html"), *(home / "docs").glob("*.md"), home / "README.md"]

    shown = [line for page in pages for line in page.read_text().splitlines() if "verify.py dossier" in line]

    assert len(shown) > 3
    assert [line for line in shown if "python3 -I verify.py" not in line or "log.vkey" in line] == []


def test_it_imports_the_standard_library_alone_and_can_be_read_by_python_3_8() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 8))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]

    names = {one.name for node in imports if isinstance(node, ast.Import) for one in node.names}
    names |= {str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_what_python_3_8_would_compute_from_types_is_written_as_it_knows_them() -> None:
    """``dict[…]`` fails before Python 3.9. To put annotations off would take ``from __future__ import``, and
    that runs a file of this name that lies beside the script."""
    tree = ast.parse(SCRIPT.read_text())
    parts = [part for part in ast.walk(tree) if isinstance(part, ast.Subscript)]
    either = [
        node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    ]

    named = {part.value.id for part in parts if isinstance(part.value, ast.Name)}
    assert {"Dict", "Tuple", "List", "Optional"} <= named
    assert [text for text in map(ast.unparse, either) if text.endswith("None")] == []
    assert not named & {"dict", "tuple", "list", "set", "frozenset", "type"}
