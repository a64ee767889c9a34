"""What a draft is for, and what it leaves out and why: the words beside its criteria."""

from typing import Any

from django import forms

from governance.access.admin_acts import Words
from governance.actors import Actor
from releases.gates.models import GatePolicy
from releases.gates.policies.acts import PolicyAct, ReadForm
from releases.gates.policies.parsing import written
from releases.gates.policies.services import edit_policy
from releases.gates.queries import content_digest

BETWEEN = "|"
LONGEST_WHAT, LONGEST_WHY, MOST_LINES = 500, 2000, 200


class DescribeForm(ReadForm):
    """A description, and a line for each thing that is left out."""

    description = forms.CharField(
        label="Description",
        required=False,
        max_length=10_000,
        help_text="What it is for, in a sentence or two.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    out_of_scope = forms.CharField(
        label="Out of scope",
        required=False,
        max_length=200_000,
        help_text=f"One per line: what is left out {BETWEEN} why. Like: makeup {BETWEEN} too few captures.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def clean_out_of_scope(self) -> list[dict[str, str]]:
        """The lines as what and why; a line without a reason is named."""
        lines = [line for line in self.cleaned_data["out_of_scope"].splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(f"At most {MOST_LINES} lines are wanted, found {len(lines)}.")
        found = items_of("\n".join(lines))
        for number, one in enumerate(found, start=1):
            if not one["what"] or not one["reason"]:
                raise forms.ValidationError(f"Line {number}: write what is left out {BETWEEN} why.")
            if len(one["what"]) > LONGEST_WHAT or len(one["reason"]) > LONGEST_WHY:
                raise forms.ValidationError(
                    f"Line {number}: at most {LONGEST_WHAT} characters of what and {LONGEST_WHY} of why."
                )
        return found


class DescribePolicy(PolicyAct):
    """Write the words beside the criteria of a draft."""

    form_class = DescribeForm

    def words(self, target: GatePolicy) -> Words:
        """What they are."""
        return Words(f"Description and scope of {target}", "The criteria stay as they are.", "Save")

    def form(self, target: GatePolicy, **kwargs: Any) -> Any:
        """Without the lines where the stored ones could not be written as such; JSON can."""
        form = super().form(target, **kwargs)
        if items_of(lines_of(target.out_of_scope)) != target.out_of_scope:
            del form.fields["out_of_scope"]
        return form

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What stands there."""
        lines = lines_of(target.out_of_scope)
        return {"description": target.description, "out_of_scope": lines, "read": content_digest(target)}

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Save them."""
        edit_policy(
            actor,
            policy=target,
            criteria=written(target),
            description=given["description"],
            out_of_scope=given.get("out_of_scope", target.out_of_scope),
            expected=given["read"],
        )
        return f"{target} is saved."


def lines_of(items: list[dict[str, str]]) -> str:
    """A line for each."""
    return "\n".join(f"{one.get('what', '')} {BETWEEN} {one.get('reason', '')}" for one in items)


def items_of(lines: str) -> list[dict[str, str]]:
    """What and why of each line, by its first bar."""
    parts = [line.partition(BETWEEN) for line in lines.splitlines()]
    return [{"what": what.strip(), "reason": why.strip()} for what, _, why in parts]
