"""Sixteen clients that write: with the outbox, with nothing, and with a hash chain; and the integrator."""

import sys

from benchmarks.entries import let_sign
from benchmarks.installation import installation
from benchmarks.ledger_writing import CLIENTS, prepare
from benchmarks.measuring import CONTROL, Contender, Sample, Samples, Spread
from benchmarks.row import Figure, Judgement, Row, Setting

OUTBOX, PLAIN, CHAIN, INTEGRATOR = "outbox write", "plain UPDATE", "hash chain", "integrator"
SEAL = "seal"
LEAST_OF_PLAIN, LEAST_OF_CHAIN, LEAST_TIMES = 0.8, 3.0, 5.0
MOST_SECONDS, RATE = 1.0, 2_000
NEARLY = 0.97
"""What is asked for is kept up with if this share of it is written; the rest is chance."""


def seconds_of(setting: Setting) -> int:
    """How long each sample writes."""
    return 3 if setting.quick else 10


def waiting(setting: Setting) -> int:
    """How many entries the integrator finds."""
    return 10_000 if setting.quick else 50_000


def contenders(setting: Setting) -> list[Contender]:
    """Three ways to write, the floor again, and the integrator alone on what waits."""
    environment = _database(setting, "writes")
    seconds = str(seconds_of(setting))
    outbox, plain, chain = (
        _contender(name, mode, seconds, environment)
        for name, mode in ((OUTBOX, "outbox"), (PLAIN, "plain"), (CHAIN, "chain"))
    )
    integrator = _contender(INTEGRATOR, "integrate", str(waiting(setting)), environment)
    return [outbox, plain, plain.again(), chain, integrator]


def sealing(setting: Setting) -> list[Contender]:
    """Writers and the real integrator at once."""
    environment = _database(setting, "seals")
    return [_contender(SEAL, "seal", str(5 if setting.quick else 20), environment)]


def _database(setting: Setting, name: str) -> dict[str, str]:
    environment = installation(setting.directory).fresh(name)
    environment["DJANGO_SETTINGS_MODULE"] = "governance.project.settings"
    let_sign(environment)
    prepare(environment)
    return environment


def _contender(name: str, mode: str, amount: str, environment: dict[str, str]) -> Contender:
    command = (sys.executable, "-W", "ignore", "-m", "benchmarks.ledger_writing", mode, amount)
    return Contender(name, command, environment)


def judge_writes(setting: Setting, samples: Samples) -> Judgement:
    """Commits a second, within each round."""
    of_plain, of_chain = _over(samples, OUTBOX, PLAIN), _over(samples, OUTBOX, CHAIN)
    sentence = (
        f"at {CLIENTS} clients a change with its entry, its place in the outbox and the guard keeps "
        f"{of_plain.median:.2f} of the rate of a bare UPDATE, {of_chain.median:.1f} × that of a hash chain."
    )
    figures = (
        Figure("outbox write / plain UPDATE", of_plain, "×"),
        Figure("outbox write / hash chain", of_chain, "×"),
        Figure("A/A control: plain / plain", _over(samples, PLAIN + CONTROL, PLAIN), "×"),
        *(
            Figure(name, Spread.of([_rate(one) for one in samples[name]]), "commits/s")
            for name in (OUTBOX, PLAIN, CHAIN)
        ),
    )
    met = of_plain.median >= LEAST_OF_PLAIN and of_chain.median >= LEAST_OF_CHAIN
    return Judgement(met, sentence, figures)


def judge_integrator(setting: Setting, samples: Samples) -> Judgement:
    """Entries a second over commits a second, within each round."""
    many = waiting(setting)
    rates = [many / one.seconds for one in samples[INTEGRATOR]]
    times = Spread.of([rate / _rate(one) for rate, one in zip(rates, samples[OUTBOX], strict=True)])
    # What was written before the sample was numbered before it, so that this is all there was.
    right = all(one.answer == many for one in samples[INTEGRATOR])
    sentence = (
        f"{many:,} entries are numbered {times.median:.1f} × as fast as {CLIENTS} clients write them"
        f"{'.' if right else '; NOT every one was numbered.'}"
    )
    figures = (
        Figure("integrator / outbox write", times, "×"),
        Figure("integrator", Spread.of(rates), "entries/s"),
    )
    return Judgement(times.median >= LEAST_TIMES, sentence, figures, right=right)


def judge_seal(setting: Setting, samples: Samples) -> Judgement:
    """The slowest of a hundred decides; writers that do not reach the rate show nothing."""
    slow = _answers(samples, "p99")
    rate = _answers(samples, "rate")
    right = rate.median >= NEARLY * RATE
    sentence = (
        f"while {rate.median:,.0f} changes a second are committed, 99 of 100 entries are under a signed "
        f"checkpoint within {slow.median:.2f} s"
        f"{'.' if right else f'; the clients did NOT reach {RATE:,} commits a second.'}"
    )
    figures = (
        Figure("from the entry to its signed checkpoint, 99th percentile", slow, "s"),
        Figure("the same, median", _answers(samples, "p50"), "s"),
        Figure("the same, at most", _answers(samples, "most"), "s"),
        Figure("commits", rate, "commits/s"),
    )
    return Judgement(slow.median <= MOST_SECONDS, sentence, figures, right=right)


def _rate(run: Sample) -> float:
    return float(run.answer)


def _over(samples: Samples, above: str, below: str) -> Spread:
    pairs = zip(samples[above], samples[below], strict=True)
    return Spread.of([_rate(one) / _rate(other) for one, other in pairs])


def _answers(samples: Samples, name: str) -> Spread:
    return Spread.of([float(one.answer[name]) for one in samples[SEAL]])


WRITES_ROW = Row(
    key="outbox-write",
    title="Writing with the outbox",
    goal=(
        f"at {CLIENTS} clients at least {LEAST_OF_PLAIN:g} of a plain UPDATE's rate, and "
        f"{LEAST_OF_CHAIN:g} × that of a hash chain"
    ),
    group="ledger-writes",
    prepare=contenders,
    judge=judge_writes,
    of_full_scale=True,
)
INTEGRATOR_ROW = Row(
    key="integrator",
    title="The integrator",
    goal=f"at least {LEAST_TIMES:g} × as fast as {CLIENTS} clients write",
    group="ledger-writes",
    prepare=contenders,
    judge=judge_integrator,
    of_full_scale=True,
)
SEAL_ROW = Row(
    key="seal-lag",
    title="From a commit to a signed checkpoint",
    goal=f"99 % within {MOST_SECONDS:g} s at {RATE:,} commits a second",
    group="ledger-seal",
    prepare=sealing,
    judge=judge_seal,
    of_full_scale=True,
)
