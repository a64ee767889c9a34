"""A save with its entry and the guard against a plain one, and against django-simple-history's price."""

import sys

from benchmarks.environments import peer_python
from benchmarks.installation import ROOT, installation
from benchmarks.measuring import CONTROL, Contender, Samples, Spread, cpu, ratios, wall
from benchmarks.row import Figure, Judgement, Row, Setting

GOVERNED, PLAIN = "governed save", "plain save"
HISTORY, PLAIN_THERE = "simple-history's save", "plain save beside it"
MOST, MOST_OF_PEER = 1.8, 0.65
START = """
import sys, django
django.setup()
from benchmarks.saving import main
main(*sys.argv[1:])
"""
"""The measured process sets Django up first: what it imports next defines models."""


def saves(setting: Setting) -> int:
    """Per sample."""
    return 200 if setting.quick else 2_000


def contenders(setting: Setting) -> list[Contender]:
    """Ours with and without the ledger, the peer with and without its history, and a plain save again."""
    environment = installation(setting.directory).fresh("saves")
    environment["DJANGO_SETTINGS_MODULE"] = "governance.project.settings"
    many, peer = str(saves(setting)), peer_python("history", setting.directory)
    script = str(ROOT / "benchmarks" / "peers" / "history_saves.py")
    ours, plain = (
        Contender(name, (sys.executable, "-W", "ignore", "-c", START, mode, many), environment)
        for name, mode in ((GOVERNED, "governed"), (PLAIN, "plain"))
    )
    history, there = (
        Contender(name, (peer, script, mode, many), environment)
        for name, mode in ((HISTORY, "history"), (PLAIN_THERE, "plain"))
    )
    return [ours, plain, plain.again(), history, there]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """Both prices by the clock, within each round; each save must have left its record."""
    expected = saves(setting)
    price, peers = ratios(samples, GOVERNED, PLAIN, wall), ratios(samples, HISTORY, PLAIN_THERE, wall)
    rounds = zip(*(samples[name] for name in (GOVERNED, PLAIN, HISTORY, PLAIN_THERE)), strict=True)
    share = Spread.of(
        [
            (ours.seconds / plain.seconds) / (peer.seconds / there.seconds)
            for ours, plain, peer, there in rounds
        ]
    )
    right = all(one.answer == expected for one in samples[GOVERNED]) and all(
        one.answer > expected for one in samples[HISTORY]
    )
    sentence = (
        f"a save in its transaction takes {price.median:.2f} × a plain one with entry and guard, and "
        f"{peers.median:.2f} × with django-simple-history, so {share.median:.2f} of the peer's price"
        f"{'.' if right else '; NOT every save left its record.'}"
    )
    figures = (
        Figure("governed / plain, clock", price, "×"),
        Figure("governed / plain, CPU of the process", ratios(samples, GOVERNED, PLAIN, cpu), "×"),
        Figure("simple-history / plain, clock", peers, "×"),
        Figure("our ratio / simple-history's ratio", share, "×"),
        Figure("A/A control: plain / plain, clock", ratios(samples, PLAIN + CONTROL, PLAIN, wall), "×"),
        *(_each(name, samples, expected) for name in (GOVERNED, PLAIN, HISTORY, PLAIN_THERE)),
    )
    met = price.median <= MOST and share.median <= MOST_OF_PEER
    return Judgement(met, sentence, figures, right=right)


def _each(name: str, samples: Samples, many: int) -> Figure:
    return Figure(f"one {name}, clock", Spread.of([wall(one) / many * 1000 for one in samples[name]]), "ms")


ROW = Row(
    key="governed-save",
    title="A governed save",
    goal=f"at most {MOST:g} × a plain one, and {MOST_OF_PEER:g} of django-simple-history's ratio",
    group="governed-save",
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
