"""A dossier of 250 out of a hundred thousand entries: built by the product, verified without it."""

import hashlib
import sys
from pathlib import Path

from benchmarks.entries import integrate, let_sign, state, write_entries
from benchmarks.installation import ROOT, installation
from benchmarks.measuring import CONTROL, Contender, Samples, Spread, cpu, peak, ratios, run_child, wall
from benchmarks.row import Figure, Judgement, Row, Setting
from governance.ledger.signing import LEDGER, read_key_file

BUILD, VERIFY, SCRIPT, HASHES = "building", "verifying", "verifying by verify.py", "hashing"
MOST_TO_BUILD, MOST_TO_VERIFY = 1.0, 0.3
INCLUDED, STREAMS = 250, 1_000
START = """
import sys, django
django.setup()
from benchmarks.dossiers import main
main(*sys.argv[1:])
"""
"""The measured process sets Django up first: what it imports next defines models."""


def entries_of(setting: Setting) -> int:
    """How many are on record."""
    return 50_000 if setting.quick else 100_000


def contenders(setting: Setting) -> list[Contender]:
    """Building on a database that is kept; verifying what was built before, and hashing it, twice."""
    many = entries_of(setting)

    def fill(environment: dict[str, str]) -> None:
        let_sign(environment)
        write_entries(environment, 0, many, STREAMS)
        integrate(environment)

    environment = installation(setting.directory).kept(f"dossiers_{many}_{state()}_{_tables()}", fill)
    environment["DJANGO_SETTINGS_MODULE"] = "governance.project.settings"
    place = Path(environment["COUNTERSIGN_VAR"])
    command = (sys.executable, "-W", "ignore", "-c", START)
    build = Contender(BUILD, (*command, str(place / "built.zip")), environment)
    run_child(Contender("the first dossier", (*command, str(place / "verified.zip")), environment))
    (key,) = (one for one in read_key_file(place / "signing-keys") if one.purpose == LEDGER)
    verify, script, hashes = (
        Contender(
            name,
            (sys.executable, "-m", "benchmarks.verifying", mode, str(place / "verified.zip"), key.vkey),
        )
        for name, mode in ((VERIFY, "verify"), (SCRIPT, "script"), (HASHES, "hashes"))
    )
    return [build, verify, script, hashes, hashes.again()]


def _tables() -> str:
    """A name for the other tables of the kept database: dossiers have some of their own."""
    found = hashlib.sha256()
    for place in sorted(ROOT.glob("*/migrations/*.py")):
        found.update(place.read_bytes())
    return found.hexdigest()[:6]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """Both by the clock; what is verified must be the entries asked for, and the dossier's own."""
    built, verified, by_script = (
        Spread.of([wall(one) for one in samples[name]]) for name in (BUILD, VERIFY, SCRIPT)
    )
    right = all(one.answer >= INCLUDED for name in (VERIFY, SCRIPT) for one in samples[name])
    sentence = (
        f"a dossier of {INCLUDED} of {entries_of(setting):,} entries is built in {built.median:.2f} s and "
        f"verified in {verified.median:.2f} s, by verify.py in {by_script.median:.2f} s with its start"
        f"{'.' if right else '; NOT every entry is in it.'}"
    )
    figures = (
        Figure("building, clock", built, "s"),
        Figure("building, CPU of the process", Spread.of([cpu(one) for one in samples[BUILD]]), "s"),
        Figure("verifying, clock", verified, "s"),
        Figure("verifying by verify.py with Python's start, clock", by_script, "s"),
        Figure("verifying / unpacking and hashing, clock", ratios(samples, VERIFY, HASHES, wall), "×"),
        Figure("A/A control: hashing / hashing, clock", ratios(samples, HASHES + CONTROL, HASHES, wall), "×"),
        Figure("verifying, peak memory", Spread.of([peak(one) for one in samples[VERIFY]]), "MiB"),
    )
    met = built.median <= MOST_TO_BUILD and max(verified.median, by_script.median) <= MOST_TO_VERIFY
    return Judgement(met, sentence, figures, right=right)


ROW = Row(
    key="dossier",
    title="A dossier",
    goal=f"{INCLUDED} entries built within {MOST_TO_BUILD:g} s and verified within {MOST_TO_VERIFY:g} s",
    group="dossier",
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
