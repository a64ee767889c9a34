"""Decisions reported over HTTP against COPY of the same rows into the same table."""

import sys

from benchmarks.measuring import CONTROL, Contender, Samples, Spread, cpu, peak, ratios, wall
from benchmarks.row import Figure, Judgement, Row, Setting

PRODUCT, PEER = "POST /decisions/", "COPY"
LEAST = 0.5
LINES = 20_000
START = """
import sys, pathlib, django
from benchmarks.own_server import server
with server(pathlib.Path(sys.argv[2])):
    django.setup()
    from benchmarks.ingest import main
    main(*sys.argv[1:])
"""
"""The measured process starts its database and sets Django up first: what it imports next defines models."""


def reports_of(setting: Setting) -> int:
    """Reports of 20,000 lines."""
    return 1 if setting.quick else 5


def contenders(setting: Setting) -> list[Contender]:
    """The product, the peer, and the peer again, each with the same lines."""
    place, many = str(setting.directory / "ingest"), str(reports_of(setting))
    ours = Contender(PRODUCT, (sys.executable, "-W", "ignore", "-c", START, "report", place, many))
    peer = Contender(PEER, (sys.executable, "-W", "ignore", "-c", START, "copy", place, many))
    return [ours, peer, peer.again()]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """Rows a second of the product over those of COPY, by the clock; every row must be there."""
    expected = reports_of(setting) * LINES
    right = all(one.answer == expected for name in (PRODUCT, PEER) for one in samples[name])
    share = ratios(samples, PEER, PRODUCT, wall)
    rate = Spread.of([expected / one.seconds for one in samples[PRODUCT]])
    sentence = (
        f"{expected:,} decisions in reports of {LINES:,} lines are stored at {share.median:.2f} of the speed "
        f"of COPY, {rate.median:,.0f} a second"
        f"{'.' if right else '; NOT every row is there.'}"
    )
    figures = (
        Figure("speed of the product / COPY, clock", share, "×"),
        Figure("A/A control: COPY / COPY, clock", ratios(samples, PEER + CONTROL, PEER, wall), "×"),
        Figure("product", rate, "rows/s"),
        Figure("COPY", Spread.of([expected / one.seconds for one in samples[PEER]]), "rows/s"),
        Figure("product, CPU of its process", Spread.of([cpu(one) for one in samples[PRODUCT]]), "s"),
        Figure("product, peak memory", Spread.of([peak(one) for one in samples[PRODUCT]]), "MiB"),
    )
    return Judgement(share.median >= LEAST, sentence, figures, right=right)


ROW = Row(
    key="ingest",
    title="Ingest of decisions",
    goal=f"at least {LEAST:g} of the speed of COPY into the same table",
    group="ingest",
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
