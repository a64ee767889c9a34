"""A rollback by hand, from the call to the changed answer, beside the smallest governed write."""

import sys

from benchmarks.measuring import CONTROL, Contender, Sample, Samples, Spread, cpu
from benchmarks.row import Figure, Judgement, Row, Setting

PRODUCT, FLOOR = "rollback", "governed write"
MOST = 200.0
START = """
import sys, pathlib, django
from benchmarks.own_server import server
with server(pathlib.Path(sys.argv[2]), "seed_demo --tokens /dev/null"):
    django.setup()
    from benchmarks.taking_back import main
    main(*sys.argv[1:])
"""
"""The measured process starts its database and sets Django up first: what it imports next defines models."""


def contenders(setting: Setting) -> list[Contender]:
    """Rollbacks on the demo, governed writes there, and those again."""
    place = str(setting.directory / "taking-back")
    ours, floor = (
        Contender(name, (sys.executable, "-W", "ignore", "-c", START, mode, place))
        for name, mode in ((PRODUCT, "rollback"), (FLOOR, "write"))
    )
    return [ours, floor, floor.again()]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """The clock decides, since people wait by it; the ratio says how much of it is the machine's."""
    each = Spread.of([milliseconds(one) for one in samples[PRODUCT]])
    done = samples[PRODUCT][-1].answer
    sentence = (
        f"without Redis and Celery the first rollback by hand of a process changes the answer within "
        f"{each.median:.0f} ms."
    )
    used = Spread.of([cpu(one) / int(one.answer) * 1000 for one in samples[PRODUCT]])
    figures = (
        Figure("from the call to the changed answer, clock", each, "ms"),
        Figure("rollback / governed write, clock", _ratio(samples, PRODUCT), "×"),
        Figure("A/A control: governed write / governed write, clock", _ratio(samples, FLOOR + CONTROL), "×"),
        Figure("a governed write, clock", Spread.of([milliseconds(one) for one in samples[FLOOR]]), "ms"),
        Figure("a rollback, CPU", used, "ms"),
    )
    return Judgement(each.median < MOST, sentence, figures, right=done > 0)


def milliseconds(run: Sample) -> float:
    """For one of those that the run did."""
    return run.seconds / int(run.answer) * 1000


def _ratio(samples: Samples, name: str) -> Spread:
    pairs = zip(samples[name], samples[FLOOR], strict=True)
    return Spread.of([milliseconds(one) / milliseconds(other) for one, other in pairs])


ROW = Row(
    key="taking-back",
    title="A rollback by hand",
    goal=f"less than {MOST:.0f} ms from the call to the changed answer, without Redis and Celery",
    group="taking-back",
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
