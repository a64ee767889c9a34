"""What of a revision is written down and ready, as it stood when an evaluation was requested."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Base: immutable, and nothing unknown is carried along."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PathInput(Frozen):
    """The way back on one channel: where it leads, and what is in the way (empty: nothing)."""

    channel: str
    target: str = ""
    problem: str = ""


class SeatInput(Frozen):
    """The seats of one rule, on one channel if it asks there: how many, and who could fill them now."""

    rule: str
    title: str
    channel: str = ""
    who: str
    needed: int
    eligible: list[str]


class ApproversInput(Frozen):
    """Who could approve, as the rules and grants stood; ``problem`` says why not everything can be filled."""

    seats: list[SeatInput]
    problem: str = ""


class ReadinessInput(Frozen):
    """Whether the release can be taken back and approved, as things stood when the run was requested.

    ``last_drill_age_days`` is None where no drill of the path is on record.
    """

    rollback_owner: str
    rollback_owner_problem: str = ""
    triggers: int
    paths: list[PathInput]
    last_drill_age_days: float | None = None
    release_owner: str
    release_owner_problem: str = ""
    approvers: ApproversInput | None = None

    def identity(self) -> dict[str, Any]:
        """What a verdict depends on: names and ages stand in the record, but change no result."""
        approvers = self.approvers
        return {
            "owner_problems": [self.rollback_owner_problem, self.release_owner_problem],
            "triggers": self.triggers > 0,
            "paths": [one.model_dump(mode="json") for one in self.paths],
            "drilled": self.last_drill_age_days is not None,
            "approvers": approvers
            and {
                "problem": bool(approvers.problem),
                "seats": [
                    [one.rule, one.channel, one.needed, len(one.eligible) >= one.needed]
                    for one in approvers.seats
                ],
            },
        }


class FactsInput(Frozen):
    """What of the revision is missing, and for which datasets it has a report of this stack.

    ``readiness`` is there where the policy asks for it.
    """

    slots_missing: list[str] = Field(default_factory=list)
    card_missing: list[str] = Field(default_factory=list)
    plans_missing: list[str] = Field(default_factory=list)
    datasets_without_report: list[str] = Field(default_factory=list)
    reports_of_other_stacks: list[str] = Field(default_factory=list)
    readiness: ReadinessInput | None = None

    def identity(self) -> dict[str, Any]:
        """What a verdict depends on."""
        plain = self.model_dump(mode="json", exclude={"readiness"})
        return plain if self.readiness is None else {**plain, "readiness": self.readiness.identity()}
