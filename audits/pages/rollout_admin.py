"""The list of rollouts; each leads to its page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect

from audits.pages.plan_words import stage_title
from audits.pages.rollout_offers import rollout_url
from audits.templatetags.countersign import st, when
from governance.access.admin_base import GovernedAdmin, column
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import shown_step

LOOKS = {
    DeploymentState.ROLLING_OUT: ("open", "stairs"),
    DeploymentState.HELD: ("held", "pause_circle"),
    DeploymentState.LIVE: ("live", "sensors"),
    DeploymentState.ROLLED_BACK: ("fail", "undo"),
}


@admin.register(Deployment)
class DeploymentAdmin(GovernedAdmin):
    """Releases on channels, from their start to their end."""

    heading = "Rollouts"
    lead = "Every release on every channel: on its way, live, replaced or rolled back."
    list_display = (
        "release_column",
        "channel_column",
        "state_column",
        "stage_column",
        "since_column",
        "started_by",
    )
    list_filter = ("release__system", "channel", "state")
    search_fields = ("release__name", "channel__name", "started_by_username")
    list_select_related = ("release__system", "revision__release__system", "channel")
    ordering = ("-started_at",)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """The rollout's page."""
        return HttpResponseRedirect(rollout_url(self.find(request, object_id or "")))

    @column("Release", "release__name")
    def release_column(self, obj: Deployment) -> str:
        return f"{obj.release.name}, revision {obj.revision.number}"

    @column("Channel", "channel__name")
    def channel_column(self, obj: Deployment) -> str:
        drill = " (drill)" if obj.channel.drill else ""
        return f"{obj.release.system} {obj.channel.name}{drill}"

    @column("State", "state")
    def state_column(self, obj: Deployment) -> str:
        look, icon = LOOKS.get(DeploymentState(obj.state), ("void", "history"))
        return st(look, "Paused" if obj.paused else obj.get_state_display(), icon)

    @column("Stage", "stage_number")
    def stage_column(self, obj: Deployment) -> str:
        return stage_title(shown_step(obj).stage)

    @column("Since", "state_changed_at")
    def since_column(self, obj: Deployment) -> str:
        return when(obj.state_changed_at)

    @column("Started by", "started_by_username")
    def started_by(self, obj: Deployment) -> str:
        return obj.started_by_username if obj.approval_id else "adopted"
