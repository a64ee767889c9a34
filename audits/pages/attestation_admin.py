"""The list of attestations, and one of them with what its reviewer looked at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from audits.pages.reliability import reliability_plots, x_ticks, y_ticks
from audits.templatetags.countersign import digest, seal, st, when
from governance.access.admin_base import GovernedAdmin, column
from governance.access.admin_parts import Table, events_of_streams, link
from governance.ledger.queries import entry_of
from releases.gates.attestations import KIND_OF
from releases.gates.attestations.error_analysis import BUCKETS
from releases.gates.attestations.queries import standing_attestations
from releases.gates.models import Attestation

ANSWERS = {"found": "Found", "none_found": "None found", "not_looked_at": "Not looked at"}


@admin.register(Attestation)
class AttestationAdmin(GovernedAdmin):
    """What reviewers stated after looking."""

    heading = "Reviews"
    lead = "What reviewers stated about frozen releases after looking. The newest of a kind counts."
    detail_template = "countersign/attestation.html"
    list_display = ("release_column", "kind_column", "judged_column", "when_column", "attested_by_username")
    list_filter = ("release__system", "kind", "acceptable")
    search_fields = ("release__name", "attested_by_username")
    list_select_related = ("release__system", "revision")
    ordering = ("-attested_at",)

    def detail_context(self, request: HttpRequest, obj: Attestation) -> dict[str, Any]:
        """The judgement, what it rests on, and whether it still counts."""
        counts = obj.pk in {row.pk for row in standing_attestations(obj.revision)}
        look, word = _judged(obj)
        figures = obj.content.get("figures")
        brief = reverse("admin:review", args=[obj.revision_id])
        return {
            "title": f"{_title(obj)} of {obj.release.name}",
            "headline": f"{_title(obj)} of {obj.release.name}, revision {obj.revision.number}: "
            f"{word.lower()}.",
            "support": obj.conclusion,
            "look": look,
            "chips": [
                (look, word, ""),
                *([] if counts else [("void", "Replaced by a newer one", "history")]),
            ],
            "lists": [_buckets(obj)] if "buckets" in obj.content else [],
            "plots": reliability_plots(figures),
            "x_ticks": x_ticks(),
            "y_ticks": y_ticks(),
            "how_judged": obj.content.get("how_judged", ""),
            "facts": [
                ("Reviewed by", obj.attested_by_username),
                ("When", when(obj.attested_at)),
                ("Release", link(brief, f"{obj.release.name}, revision {obj.revision.number}")),
                ("Manifest", digest(obj.manifest_digest, "manifest digest")),
                ("Attestation", digest(obj.digest, "attestation digest")),
                ("Ledger", seal(entry_of(obj.stream(), "attestation.made"))),
            ],
            "events": events_of_streams([obj.stream()]),
        }

    def crumbs(self, obj: Attestation) -> list[tuple[str, str]]:
        """By kind and release."""
        return [(self.called, self.url("changelist")), (f"{_title(obj)} of {obj.release.name}", "")]

    @column("Release", "release__name")
    def release_column(self, obj: Attestation) -> str:
        return f"{obj.release.name}, revision {obj.revision.number}"

    @column("Review", "kind")
    def kind_column(self, obj: Attestation) -> str:
        return _title(obj)

    @column("Conclusion", "acceptable")
    def judged_column(self, obj: Attestation) -> str:
        return st(*_judged(obj))

    @column("When", "attested_at")
    def when_column(self, obj: Attestation) -> str:
        return when(obj.attested_at)


def _title(obj: Attestation) -> str:
    kind = KIND_OF.get(obj.kind)
    return kind.title if kind else obj.kind.replace("_", " ").capitalize()


def _judged(obj: Attestation) -> tuple[str, str]:
    return ("pass", "Acceptable") if obj.acceptable else ("fail", "Not acceptable")


def _buckets(obj: Attestation) -> Table:
    content = obj.content
    rows = [
        (
            BUCKETS.get(key, key),
            ANSWERS.get(one["state"], one["state"]),
            one["count"] or "",
            one["seen"],
            ", ".join(one["samples"]),
        )
        for key, one in sorted(content["buckets"].items(), key=lambda item: -item[1]["count"])
    ]
    rows += [("None of these", "Apart", "", one["seen"], one["sample"]) for one in content["unsorted"]]
    heads = ("Trouble", "Answer", "Captures", "What was seen", "By id")
    return Table(
        "What stands behind the failures", heads, rows, note=f"{content['failures']} failures in all"
    )
