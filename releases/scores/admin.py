"""Screens of score tables: what was imported, what was refused, and importing."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from governance.access.admin_acts import Words
from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column
from governance.access.admin_parts import JsonField, Table, events_of_streams, json_document, link
from governance.access.queries import reach
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.admin_acts import OnSystem, OnSystemForm
from governance.registry.models import ComponentVersion
from releases.scores.models import ScoreTable
from releases.scores.services import import_scores

META = """{
  "dataset": "<id of the dataset, from its page>",
  "stack_digest": "<stack of the release, from its page>",
  "mapping": {"sample": "sample_id", "subject": "subject_id",
              "label": {"column": "label", "bona_fide": ["bona_fide"]},
              "species": "species", "score": "score", "attributes": ["skin_tone"]},
  "polarity": "higher_is_attack"
}"""


class ImportForm(OnSystemForm):
    """A CSV or Parquet file, and what its columns mean."""

    file = forms.FileField(label="File", help_text="CSV, also gzip, or Parquet.")
    meta = JsonField(
        label="What the columns mean (JSON)",
        initial=META,
        help_text="On the right stand the names of the file's columns. Attributes are what segments look at.",
    )
    digest = forms.RegexField(
        r"^sha256:[0-9a-f]{64}$",
        label="Digest of the file",
        required=False,
        help_text="Checked if given.",
        error_messages={"invalid": "Give sha256: and 64 hex digits, or leave it empty."},
    )

    def clean_meta(self) -> Any:
        """An object is wanted."""
        value = self.cleaned_data["meta"]
        if not isinstance(value, dict):
            raise forms.ValidationError("Give an object.")
        return value

    def arguments(self) -> dict[str, Any]:
        """The open file; no digest where none was given."""
        given = super().arguments()
        return {**given, "digest": given["digest"] or None}


class ImportScores(OnSystem):
    """Import a table of scores."""

    form_class = ImportForm
    permission = Permission.IMPORT_SCORES

    def words(self, target: None) -> Words:
        """What an import does."""
        return Words(
            "Import scores",
            "Rows that cannot be taken are counted by reason; a broken file or a polarity that the data "
            "contradict is refused whole. Whoever imports the scores of a release does not vote on it.",
            "Import",
        )

    def initial(self, target: None) -> dict[str, Any]:
        """A template of the description."""
        return {"meta": META}

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Import it."""
        table = import_scores(
            actor,
            system=self.system(given),
            file=given["file"].file,
            meta=given["meta"],
            digest=given["digest"],
            name=str(given["file"].name or ""),
        )
        self.made = table.pk
        refused = sum(int(row["count"]) for row in table.refusals)
        return f"{table.rows} rows are imported, {refused} were refused."

    def next_url(self, target: None) -> str:
        """The new table, or the list."""
        made = getattr(self, "made", None)
        return admin_url(ScoreTable, "change", made) if made else admin_url(ScoreTable, "changelist")


@admin.register(ScoreTable)
class ScoreTableAdmin(GovernedAdmin):
    """Score tables."""

    lead = "Scores of one stack on one dataset, as they were imported. A table never changes."
    list_display = (
        "dataset",
        "report_column",
        "rows",
        "refused_column",
        "auroc_column",
        "imported_column",
        "imported_by_username",
        "system",
    )
    list_filter = ("system", "polarity")
    search_fields = ("dataset__name", "evaluation_report__version", "stack_digest", "file_digest")
    list_select_related = ("system", "dataset", "evaluation_report")
    acts = (("import/", ImportScores, "import"),)

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Importing, for authors."""
        found = reach(actor_from(request), Permission.IMPORT_SCORES)
        if found is not None and (found.everywhere or found.systems):
            yield Offer("Import scores", self.url("import"), "upload", "cs-pri", is_dialog=False)

    def detail_context(self, request: HttpRequest, obj: ScoreTable) -> dict[str, Any]:
        """What it is of, what it holds, what was refused."""
        refusals = [(row.get("reason", ""), row.get("count", 0), _examples(row)) for row in obj.refusals]
        report = obj.evaluation_report
        return {
            "headline": f"{obj.rows:,} rows of scores on {obj.dataset}".replace(",", " "),
            "support": " ".join(
                note for name in ("polarity_note", "attempts_note") if (note := str(obj.counts.get(name, "")))
            ),
            "look": "open",
            "lists": [
                Table(
                    "Refused rows", ("Reason", "Rows", "For example"), refusals, empty="No row was refused."
                )
            ],
            "documents": [
                json_document("Counts", obj.counts, "by label, species and attribute"),
                json_document("What the columns mean", obj.meta),
            ],
            "facts": [
                ("Dataset", link(admin_url(ComponentVersion, "change", obj.dataset_id), obj.dataset)),
                (
                    "Report",
                    link(admin_url(ComponentVersion, "change", report.pk), report) if report else "none",
                ),
                ("Polarity", obj.polarity.replace("_", " ")),
                ("AUROC", f"{obj.auroc:.4f}" if obj.auroc is not None else "not computable"),
                ("Stack", obj.stack_digest),
                ("File", obj.file_digest),
                ("Canonical form", obj.canonical_digest),
                ("Imported", f"{obj.imported_at:%-d %b %Y %H:%M} UTC by {obj.imported_by_username}"),
            ],
            "events": events_of_streams([obj.stream()]),
        }

    @column("Report")
    def report_column(self, obj: ScoreTable) -> str:
        return str(obj.evaluation_report or "")

    @column("Refused")
    def refused_column(self, obj: ScoreTable) -> int:
        return sum(int(row["count"]) for row in obj.refusals)

    @column("AUROC", "auroc")
    def auroc_column(self, obj: ScoreTable) -> str:
        return "" if obj.auroc is None else f"{obj.auroc:.4f}"

    @column("Imported", "imported_at")
    def imported_column(self, obj: ScoreTable) -> str:
        return f"{obj.imported_at:%-d %b %Y}"


def _examples(row: dict[str, Any]) -> str:
    examples = row.get("examples") or row.get("rows") or []
    return (
        ", ".join(str(item) for item in examples[:5]) if isinstance(examples, list | tuple) else str(examples)
    )
