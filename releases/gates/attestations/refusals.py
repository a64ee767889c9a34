"""What an attestation can be refused for."""

from governance.errors import GovernanceError


class AttesterContributed(GovernanceError):
    """Whoever made, registered or measured the release does not attest it."""

    code = "attester_contributed"
    status = 403
    title = "You contributed to this release"
    next_step = "Ask another QA lead who took no part in the release, its reports or its score tables."


class NothingEvaluated(GovernanceError):
    """An attestation is about figures: there must be a completed run of this revision."""

    code = "nothing_evaluated"
    title = "There is no completed evaluation"
    next_step = "Evaluate the frozen revision first: without its attestations it ends inconclusive, no worse."


class RevisionCannotBeAttested(GovernanceError):
    """What is a draft may still change, and what is withdrawn is no candidate."""

    code = "revision_cannot_be_attested"
    title = "The revision is not frozen"
    next_step = "Freeze the release, evaluate it, then attest."


class FiguresDiffer(GovernanceError):
    """The reviewer had other figures in front of them than those of this run."""

    code = "figures_differ"
    title = "These are not the figures of this run"
    next_step = "Look at the figures of the run again, and send the digest that stands beside them."


class FailuresUnknown(GovernanceError):
    """The captures that the candidate got wrong cannot be told."""

    code = "failures_unknown"
    title = "The run's failures cannot be listed"
    next_step = "Bring scores of this stack and a threshold policy that decides, then evaluate again."
