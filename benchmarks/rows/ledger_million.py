"""A million entries: proofs through the database, and the check of the whole record."""

import sys

from benchmarks.entries import integrate, let_sign, state, write_entries
from benchmarks.installation import installation
from benchmarks.measuring import CONTROL, Contender, Sample, Samples, Spread, cpu, peak, ratios, wall
from benchmarks.row import Figure, Judgement, Row, Setting

PROOFS, LOOKUPS, CHECK, HASHES, SIGNATURES = "proofs", "lookups", "check", "hashes", "signatures"
MOST_MILLISECONDS, LEAST_LEAVES = 5.0, 200_000
STREAMS, ASKED, SIGNED = 10_000, 2_000, 5_000
START = """
import sys, django
django.setup()
from benchmarks.ledger_reading import main
main(*sys.argv[1:])
"""
"""The measured process sets Django up first: what it imports next defines models."""


def entries_of(setting: Setting) -> int:
    """How many there are."""
    return 50_000 if setting.quick else 1_000_000


def contenders(setting: Setting) -> list[Contender]:
    """Both questions and both floors on one database, which is kept; each floor again."""
    servers, many = installation(setting.directory), entries_of(setting)

    def fill(environment: dict[str, str]) -> None:
        let_sign(environment)
        write_entries(environment, 0, many, STREAMS)
        integrate(environment)

    environment = servers.kept(f"ledger_{many}_{state()}", fill)
    environment["DJANGO_SETTINGS_MODULE"] = "governance.project.settings"

    def contender(mode: str, *more: str) -> Contender:
        return Contender(mode, (sys.executable, "-W", "ignore", "-c", START, mode, *more), environment)

    proofs, lookups = contender(PROOFS, str(ASKED)), contender(LOOKUPS, str(ASKED))
    check, hashes = contender(CHECK), contender(HASHES)
    signatures = contender(SIGNATURES, str(SIGNED))
    return [proofs, lookups, lookups.again(), check, hashes, hashes.again(), signatures]


def judge_proofs(setting: Setting, samples: Samples) -> Judgement:
    """The slowest of twenty decides, by the clock."""
    slow = _percentile(samples[PROOFS], "p95")
    entries = int(samples[PROOFS][-1].answer["entries"])
    sentence = (
        f"of {ASKED:,} inclusion proofs out of {entries:,} entries, each with its lookup and each verified, "
        f"19 of 20 take at most {slow.median:.2f} ms."
    )
    figures = (
        Figure("inclusion proof, 95th percentile", slow, "ms"),
        Figure("inclusion proof, median", _percentile(samples[PROOFS], "median"), "ms"),
        Figure("inclusion proof, 99th percentile", _percentile(samples[PROOFS], "p99"), "ms"),
        Figure("proof / lookup of its leaf alone, median", _over(samples, PROOFS), "×"),
        Figure("A/A control: lookup / lookup, median", _over(samples, LOOKUPS + CONTROL), "×"),
        Figure("lookup of a leaf, median", _percentile(samples[LOOKUPS], "median"), "ms"),
    )
    return Judgement(slow.median <= MOST_MILLISECONDS, sentence, figures, entries == entries_of(setting))


def judge_check(setting: Setting, samples: Samples) -> Judgement:
    """Leaves a second by the clock; a check that finds something, or looks at fewer, is wrong."""
    entries = entries_of(setting)
    rate = Spread.of([entries / one.seconds for one in samples[CHECK]])
    answers = [one.answer for one in samples[CHECK]]
    right = all((one["leaves"], one["findings"]) == (entries, 0) for one in answers)
    # Numbered in one go, as few real entries are: each batch has a checkpoint, and the last is signed.
    sentence = (
        f"{entries:,} entries under {answers[-1]['checkpoints']:,} checkpoints, of which "
        f"{answers[-1]['signatures']:,} signed, are checked, bodies, leaves, streams, tiles and roots, at "
        f"{rate.median:,.0f} leaves a second{'.' if right else '; NOT every leaf was found whole.'}"
    )
    figures = (
        Figure("check", rate, "leaves/s"),
        Figure(
            "check / reading and hashing each body once, clock", ratios(samples, CHECK, HASHES, wall), "×"
        ),
        Figure("the same by CPU of the process", ratios(samples, CHECK, HASHES, cpu), "×"),
        Figure("A/A control: hashing / hashing, clock", ratios(samples, HASHES + CONTROL, HASHES, wall), "×"),
        Figure(
            "reading and hashing", Spread.of([entries / one.seconds for one in samples[HASHES]]), "leaves/s"
        ),
        Figure(
            "each further signed checkpoint",
            Spread.of([one.seconds / SIGNED * 1_000 for one in samples[SIGNATURES]]),
            "ms",
        ),
        Figure("check, peak memory", Spread.of([peak(one) for one in samples[CHECK]]), "MiB"),
    )
    return Judgement(rate.median >= LEAST_LEAVES, sentence, figures, right=right)


def _percentile(runs: list[Sample], name: str) -> Spread:
    return Spread.of([float(one.answer[name]) for one in runs])


def _over(samples: Samples, name: str) -> Spread:
    pairs = zip(samples[name], samples[LOOKUPS], strict=True)
    return Spread.of([one.answer["median"] / other.answer["median"] for one, other in pairs])


PROOFS_ROW = Row(
    key="ledger-proofs",
    title="Inclusion proofs out of a million entries",
    goal=f"95 % within {MOST_MILLISECONDS:g} ms, through the database",
    group="ledger-million",
    prepare=contenders,
    judge=judge_proofs,
    of_full_scale=True,
)
CHECK_ROW = Row(
    key="ledger-check",
    title="Check of a record of a million entries",
    goal=f"at least {LEAST_LEAVES:,} leaves a second",
    group="ledger-million",
    prepare=contenders,
    judge=judge_check,
    of_full_scale=True,
)
