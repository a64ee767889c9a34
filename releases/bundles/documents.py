"""The card and the plans of a release as typed documents.

A draft may leave anything out; what a frozen revision must hold is asked by
:mod:`releases.bundles.completeness`. Documents are stored as they were given: nothing is filled in, and
only a list of texts where a text is meant, or a trigger given as a text, is brought to its one form.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from governance.documents import checked

GENERAL = "general"
LATER_STAGES = frozenset(
    {"offline_validation", "internal_testing", "shadow", "guarded", "segment_monitoring"}
)
PARTIAL_STAGES = frozenset({"guarded"})


def _lines(value: object) -> object:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value


def _described(value: object) -> object:
    return {"description": value} if isinstance(value, str) else value


Prose = Annotated[str, StringConstraints(max_length=10_000), BeforeValidator(_lines)]
"""Text for people; a list of texts is taken as its lines."""

Link = Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://\S+$")]
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]


class Document(BaseModel):
    """Base: unknown keys are refused, so that a misspelt one is an error and not a silent gap."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ModelCard(Document):
    """The release note: what a reader needs on the day of the release and in the night of an incident."""

    what_changed: Prose = ""
    why: Prose = ""
    data: Prose = ""
    channels_tested: Prose = ""
    expected_benefits: Prose = ""
    known_risks: Prose = ""
    rollback_trigger: Prose = ""
    references: list[Link] = Field(default_factory=list, max_length=50)


class Stage(Document):
    """One stage of a rollout."""

    kind: Annotated[str, StringConstraints(max_length=30)]

    @model_validator(mode="after")
    def is_carried_out(self) -> Self:
        """A plan promises only what will be done: so far that is going live in one step."""
        if self.kind in LATER_STAGES:
            raise ValueError(
                f"the stage {self.kind!r} is not carried out yet; guarded and other partial stages come"
                f" later. Until then a plan has the one stage {GENERAL!r}"
            )
        if self.kind != GENERAL:
            raise ValueError(f"{self.kind!r} is no stage; a plan has the one stage {GENERAL!r}")
        return self


class RolloutPlan(Document):
    """The stages a release goes through on each of its channels."""

    stages: list[Stage] = Field(default_factory=list, max_length=1)


class Trigger(Document):
    """When the release is to be taken back, in words, and what is done then."""

    description: Prose
    key: Annotated[str, StringConstraints(max_length=100)] = ""
    action: Literal["rollback", "hold", "notify"] = "rollback"


class RollbackPlan(Document):
    """Who takes the release back, how, when, and to what: the last approved release unless one is named.

    ``owner`` is the username of an account, ``target`` the id of a release of the same system.
    """

    owner: Annotated[str, StringConstraints(max_length=150)] = ""
    target: Identifier | None = None
    steps: Prose = ""
    triggers: list[Annotated[Trigger, BeforeValidator(_described)]] = Field(
        default_factory=list, max_length=50
    )


CARD_TEXTS = tuple(name for name in ModelCard.model_fields if name != "references")
"""The card's fields that a frozen revision must fill."""

_TITLES: dict[str, tuple[type[Document], str]] = {
    "card": (ModelCard, "The model card"),
    "rollout_plan": (RolloutPlan, "The rollout plan"),
    "rollback_plan": (RollbackPlan, "The rollback plan"),
}
DOCUMENTS = tuple(_TITLES)


def checked_document(name: str, value: object) -> dict[str, Any]:
    """The card or a plan (``name`` is its field) in the form in which it is stored and hashed.

    Raises:
        InvalidInput: naming each field that does not fit.
    """
    model, title = _TITLES[name]
    return checked(model, value, field=name, title=title).model_dump(mode="json", exclude_unset=True)


def has_guarded_stage(rollout_plan: dict[str, Any]) -> bool:
    """Whether the plan exposes a part of the subjects before all of them."""
    return any(stage.get("kind") in PARTIAL_STAGES for stage in rollout_plan.get("stages", []))
