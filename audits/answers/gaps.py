"""Governance gaps (S26): computed from the record when asked for, never stored.

A gap closes by itself once the missing thing is recorded; nobody can tick it off. What is on its way is not
judged yet: freezing and approval ask for these things before anything goes live, so a gap tells of what was
adopted, or of what went missing since; of overrides, from the moment they are given; and of what serves all
releases alike: policies, drills, the ledger. One gap is one kind of one revision, with all the channels on
which it applies and which the reader may see. The number of queries does not grow with rows.
"""

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from audits.answers.field_gaps import FieldGap, gaps_of_the_field
from audits.answers.gap import Gap
from audits.answers.gap_kinds import KINDS, GapKind
from audits.answers.installation_gaps import gaps_of_the_installation
from audits.answers.landing_gaps import gaps_of_landings
from audits.answers.live_gaps import answering_deployments, gaps_of_live, gaps_of_revoked, is_live
from audits.answers.override_gaps import Left, gaps_of_overrides
from audits.answers.policies import policies_of
from audits.answers.probing import probe
from audits.answers.report_gaps import gaps_of_reports
from audits.answers.system_gaps import gaps_of_systems
from audits.answers.watching_gaps import gaps_of_watching
from governance.actors import Actor

__all__ = ["Gap", "gaps_visible_to"]


def gaps_visible_to(actor: Actor) -> list[Gap]:
    """All open gaps within the actor's reach, the most dangerous kind first, then the oldest."""
    there = probe(timezone.now())
    answering = answering_deployments(actor)
    live = [row for row in answering if is_live(row)]
    policies = policies_of({row.channel.system_id for row in live})
    gaps = [*gaps_of_revoked(answering), *gaps_of_live(live, policies)]
    gaps += gaps_of_systems(actor, live, policies, there)
    gaps += _of_overrides(gaps_of_overrides(actor)) if there.overrides else []
    field = [
        *gaps_of_the_field(actor, there),
        *(gaps_of_landings(actor) if there.landings else ()),
        *gaps_of_watching(actor, there),
        *gaps_of_reports(actor),
    ]
    gaps += [_of_field(one) for one in field]
    gaps += gaps_of_the_installation(actor, there)
    order = list(KINDS)
    return sorted(gaps, key=lambda gap: (order.index(gap.kind), gap.since, gap.name))


def _of_field(one: FieldGap) -> Gap:
    system = one.channels[0].system if one.revision is None else None
    return Gap(one.kind, one.revision, one.channels, one.since, one.found, field=one, of_system=system)


def _of_overrides(found: Sequence[Left]) -> list[Gap]:
    """What overrides leave open; two overrides of one revision leave one gap of a kind."""
    merged: dict[tuple[GapKind, UUID], Gap] = {}
    for left in found:
        key = (left.kind, left.revision.pk)
        had = merged.get(key)
        channels = dict.fromkeys((*(had.channels if had else ()), *left.channels))
        since = min(left.since, had.since) if had else left.since
        text = "; ".join(dict.fromkeys((*([had.found] if had else []), left.found)))
        merged[key] = Gap(left.kind, left.revision, tuple(channels), since, text, left.override)
    return list(merged.values())
