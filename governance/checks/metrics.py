"""``/metrics``: figures about the whole in Prometheus' text format, for whoever watches the installation.

Open like ``/readyz``, unless ``COUNTERSIGN_METRICS_TOKEN`` names the bearer token that a scraper must show.
What higher apps add (``settings.METRICS``) is kept for some seconds, so that asking often costs little.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from governance.ledger.witnesses.known import WitnessesUnfit
from governance.ledger.witnesses.standing import standings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
KEPT_SECONDS = 15
_HERE: dict[str, tuple[float, list[str]]] = {}
# The server's own clock, not the entries' times: the demo's story lies in the past.
_LEDGER = """
SELECT tree_state.size::float8,
    coalesce((SELECT max(size) FROM signed_checkpoint), 0)::float8,
    (SELECT count(*) FROM pending)::float8,
    coalesce((SELECT extract(epoch FROM clock_timestamp() - min(queued_at)) FROM pending), 0)::float8,
    coalesce((SELECT extract(epoch FROM clock_timestamp() - min(made_at)) FROM checkpoint
        WHERE size > (SELECT coalesce(max(size), 0) FROM signed_checkpoint)), 0)::float8,
    (tree_state.trouble <> '')::int::float8
FROM tree_state
"""


@dataclass(frozen=True)
class Metric:
    """One figure, or one for each set of labels. All are gauges: they tell how things stand."""

    name: str
    help: str
    samples: tuple[tuple[dict[str, str], float], ...]

    def lines(self) -> Iterator[str]:
        """The metric in the text format."""
        yield f"# HELP {self.name} {_escaped(self.help)}"
        yield f"# TYPE {self.name} gauge"
        for labels, value in self.samples:
            inner = ",".join(f'{name}="{_quoted(text)}"' for name, text in labels.items())
            yield f"{self.name}{{{inner}}} {_number(value)}" if inner else f"{self.name} {_number(value)}"


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures; those that cannot be had now are left out, and the database's absence is said."""
    token = settings.METRICS_TOKEN
    if token and not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        refused = HttpResponse("Show the token of COUNTERSIGN_METRICS_TOKEN as a bearer.\n", status=401)
        refused.headers["WWW-Authenticate"] = "Bearer"
        refused.headers["Content-Type"] = "text/plain; charset=utf-8"
        return refused
    own = [*_lines(ledger_metrics), *_lines(witness_metrics)]
    lines = [*own, *(line for path in settings.METRICS.values() for line in _kept(path))]
    return HttpResponse("\n".join([*lines, ""]), content_type=CONTENT_TYPE)


def ledger_metrics() -> Iterator[Metric]:
    """How far the ledger is numbered and signed, and how long what is not yet has waited."""
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER)
        size, signed, waiting, lag, unsigned, trouble = cursor.fetchone()
    one = {
        "countersign_ledger_size": ("Entries that have their place in the tree.", size),
        "countersign_ledger_signed_size": ("Entries that the newest signed checkpoint covers.", signed),
        "countersign_ledger_pending": ("Entries that wait for their place in the tree.", waiting),
        "countersign_seal_lag_seconds": ("How long the oldest of these has waited.", lag),
        "countersign_ledger_unsigned_seconds": (
            "How long the oldest checkpoint after the newest signed one has waited for a signature.",
            unsigned,
        ),
        "countersign_ledger_trouble": (
            "1 while checkpoints cannot be signed or entries are put into no tile; /readyz says why.",
            trouble,
        ),
    }
    for name, (text, value) in one.items():
        yield Metric(name, text, (({}, value),))


def witness_metrics() -> Iterator[Metric]:
    """How far each witness of the ledger is; nothing where none is named, or their file cannot be used."""
    try:
        found = standings()
    except WitnessesUnfit:
        return
    one = {
        "cosigned_size": (
            "Entries that the newest checkpoint covers that the witness has cosigned.",
            [float(each.size) for each in found],
        ),
        "behind_seconds": (
            "How long the first signed checkpoint after that one has waited for the witness.",
            [each.behind.total_seconds() for each in found],
        ),
        "refuses": (
            "1 while the witness holds another past of this ledger; /readyz says more.",
            [float(each.is_refusal) for each in found],
        ),
    }
    labels = [{"witness": each.witness.name} for each in found]
    for name, (text, values) in one.items():
        if found:
            yield Metric(f"countersign_witness_{name}", text, tuple(zip(labels, values, strict=True)))


def _lines(source: Callable[[], Iterable[Metric]]) -> list[str]:
    """A source's lines; where the database is away, none but a word about it."""
    try:
        return [line for metric in source() for line in metric.lines()]
    except DatabaseError as error:
        return [f"# {_escaped(str(error).strip().partition(chr(10))[0])}"]


def _kept(path: str) -> list[str]:
    """A higher source's lines as they were some seconds ago; asked for anew where nothing is kept."""
    key = f"metrics:{path}"
    try:
        kept: list[str] | None = cache.get(key)
    except RedisError:
        return _kept_here(path)
    if kept is None:
        kept = _lines(import_string(path))
        with suppress(RedisError):
            cache.set(key, kept, timeout=KEPT_SECONDS)
    return kept


def _kept_here(path: str) -> list[str]:
    """The same in this process alone, while the cache is away: asking often costs little then, too."""
    now = time.monotonic()
    until, lines = _HERE.get(path, (0.0, []))
    if until <= now:
        lines = _lines(import_string(path))
        _HERE[path] = now + KEPT_SECONDS, lines
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) else repr(float(value))
