"""Fields of a form that Django does not have: names one per line, and JSON that could be hashed."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from rest_framework.exceptions import ParseError

from governance.access.parsing import parse_json
from governance.errors import InvalidInput

LONGEST_LIST = 50_000


class NamesField(forms.CharField):
    """Names, one per line; empty lines and a repeated name say nothing."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}))
        super().__init__(max_length=LONGEST_LIST, **kwargs)

    @staticmethod
    def written(value: Any) -> str:
        """A list as lines."""
        return "\n".join(str(one) for one in value) if isinstance(value, list) else str(value)

    def clean(self, value: Any) -> Any:
        """The names, each once, in their order."""
        text = super().clean(value)
        return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


class StrictJsonField(forms.CharField):
    """A JSON value as strict as a body of the interface: no NaN, no huge integer, no key twice."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget", forms.Textarea(attrs={"class": "cs-code", "rows": 3, "spellcheck": "false"})
        )
        super().__init__(**kwargs)

    @staticmethod
    def written(value: Any) -> str:
        """The value as text."""
        return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)

    def to_python(self, value: Any) -> Any:
        """The parsed value; nothing for an empty text."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_json(text)
        except (ParseError, InvalidInput) as error:
            raise ValidationError(f"This is no JSON that can be stored: {error}") from error

    def validate(self, value: Any) -> None:
        """Whether something stands there."""
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """They are for texts; the parser has refused what cannot be stored."""
