"""What a policy names, resolved when it is locked: segments to versions, the reference to a revision."""

from uuid import UUID

from django.db.models import Q

from governance.errors import invalid
from governance.registry.models import Channel, Segment, System
from governance.registry.queries import segments_in_force
from releases.bundles.models import Assignment, Release, Revision
from releases.gates.policies.system_facts import test_datasets
from releases.gates.vocabulary.pins import PinnedRelease, PinnedSegment
from releases.gates.vocabulary.specs import Spec


def pinned(system: System, spec: Spec, field: str) -> Spec:
    """The specification with everything it names pinned.

    Raises:
        InvalidInput: a segment, channel, test dataset or release that does not exist, or a release that
            never served.
    """
    _check_channels(system, spec.wanted_channels(), field)
    _check_dataset(system, spec.wanted_dataset(), field)
    segments = _segments(system, spec.wanted_segments(), field)
    release_id = spec.wanted_release()
    release = _release(system, release_id, field) if release_id is not None else None
    return spec.pinned_with(segments, release)


def _check_channels(system: System, names: list[str], field: str) -> None:
    known = set(Channel.objects.filter(system=system, name__in=names).values_list("name", flat=True))
    missing = [name for name in names if name not in known]
    if missing:
        raise invalid(field, f"{', '.join(missing)}: no such channel of {system}. Register it first.")


def _check_dataset(system: System, digest: str | None, field: str) -> None:
    if digest is not None and not test_datasets(system).filter(digest=digest).exists():
        raise invalid(
            f"{field}.dataset",
            f"{digest} is no test dataset of {system}. Register it first, or leave the dataset out.",
        )


def _segments(system: System, names: list[str], field: str) -> list[PinnedSegment]:
    if not names:
        return []
    newest = {segment.key: segment for segment in segments_in_force(system)}
    found = [newest.get(name) or _segment_by_id(system, name) for name in names]
    missing = [name for name, segment in zip(names, found, strict=True) if segment is None]
    if missing:
        raise invalid(field, f"{', '.join(missing)}: no such segment of {system}. Define it first.")
    known = [segment for segment in found if segment is not None]
    if len({segment.key for segment in known}) != len(known):
        raise invalid(field, "two versions of one segment are named; name each segment once.")
    return [_pinned_segment(segment) for segment in known]


def _segment_by_id(system: System, name: str) -> Segment | None:
    try:
        return Segment.objects.filter(system=system, id=UUID(name)).first()
    except ValueError:
        return None


def _pinned_segment(segment: Segment) -> PinnedSegment:
    return PinnedSegment(
        id=segment.id,
        key=segment.key,
        version=segment.version,
        title=segment.title,
        protected=segment.protected,
        predicate=segment.predicate,
    )


def _release(system: System, release_id: UUID, field: str) -> PinnedRelease:
    release = Release.objects.filter(system=system, id=release_id).first()
    if release is None:
        raise invalid(field, f"{release_id} is no release of {system}.")
    served = Assignment.objects.filter(stable__release=release).values("stable_id")
    revision = (
        Revision.objects.filter(Q(adopted=True) | Q(id__in=served), release=release)
        .order_by("-number")
        .first()
    )
    if revision is None:
        raise invalid(
            field,
            f"{release.name} was never live; a reference release is one that was adopted or went live.",
        )
    return PinnedRelease(
        release=release.id,
        name=release.name,
        revision=revision.id,
        number=revision.number,
        stack_digest=revision.stack_digest,
    )
