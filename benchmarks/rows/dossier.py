"""A dossier of 250 out of a hundred thousand entries: built by the product, verified without it."""

import sys
from pathlib import Path

from benchmarks.entries import integrate, let_sign, state, write_entries
from benchmarks.installation import installation
from benchmarks.measuring import CONTROL, Contender, Samples, Spread, cpu, peak, ratios, run_child, wall
from benchmarks.row import Figure, Judgement, Row, Setting
from governance.ledger.signing import LEDGER, read_key_file

BUILD, VERIFY, HASHES = "building", "verifying", "hashing"
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

    environment = installation(setting.directory).kept(f"dossiers_{many}_{state()}", fill)
    environment["DJANGO_SETTINGS_MODULE"] = "governance.project.settings"
    place = Path(environment["COUNTERSIGN_VAR"])
    command = (sys.executable, "-W", "ignore", "-c", START)
    build = Contender(BUILD, (*command, str(place / "built.zip")), environment)
    run_child(Contender("the first dossier", (*command, str(place / "verified.zip")), environment))
    (key,) = (one for one in read_key_file(place / "signing-keys") if one.purpose == LEDGER)
    verify, hashes = (
        Contender(
            name,
            (sys.executable, "-m", "benchmarks.verifying", mode, str(place / "verified.zip"), key.vkey),
        )
        for name, mode in ((VERIFY, "verify"), (HASHES, "hashes"))
    )
    return [build, verify, hashes, hashes.again()]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """Both by the clock; what is verified must be the entries asked for, and the dossier's own."""
    built, verified = (Spread.of([wall(one) for one in samples[name]]) for name in (BUILD, VERIFY))
    right = all(one.answer >= INCLUDED for one in samples[VERIFY])
    sentence = (
        f"a dossier of {INCLUDED} of {entries_of(setting):,} entries is built in {built.median:.2f} s and "
        f"verified in {verified.median:.2f} s{'.' if right else '; NOT every entry is in it.'}"
    )
    figures = (
        Figure("building, clock", built, "s"),
        Figure("building, CPU of the process", Spread.of([cpu(one) for one in samples[BUILD]]), "s"),
        Figure("verifying, clock", verified, "s"),
        Figure("verifying / unpacking and hashing, clock", ratios(samples, VERIFY, HASHES, wall), "×"),
        Figure("A/A control: hashing / hashing, clock", ratios(samples, HASHES + CONTROL, HASHES, wall), "×"),
        Figure("verifying, peak memory", Spread.of([peak(one) for one in samples[VERIFY]]), "MiB"),
    )
    met = built.median <= MOST_TO_BUILD and verified.median <= MOST_TO_VERIFY
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
