"""The one error family of the domain.

Every refusal a person or a client can meet is a :class:`GovernanceError`: it says what is wrong in a
sentence, carries a stable code and names the next step. It is translated once for HTTP (problem details)
and once for the admin's messages; services never build responses.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One field of a request that cannot be taken: where it is and what was found there."""

    field: str
    message: str


class GovernanceError(Exception):
    """A refusal with a stable code, a status for HTTP and the next step for the reader.

    Subclasses set ``code``, ``status`` and a default ``next_step`` as class attributes and are named for
    what is wrong. ``field_errors`` names the offending fields of the request, if any.
    """

    code = "refused"
    status = 409
    title = "Refused"
    next_step = ""

    def __init__(
        self,
        message: str,
        *,
        next_step: str = "",
        field_errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step or self.next_step
        self.field_errors = field_errors


class InvalidInput(GovernanceError):
    """The request itself cannot be taken: a field is missing, malformed or contradicts another."""

    code = "invalid_input"
    status = 400
    title = "Invalid input"
    next_step = "Correct the named field and send the request again."


class NotFound(GovernanceError):
    """No such object, or none that the actor may see; the two are not told apart on purpose."""

    code = "not_found"
    status = 404
    title = "Not found"
    next_step = "Check the id, and that you have a grant on its system or channel."


def invalid(field: str, message: str, *, next_step: str = "") -> InvalidInput:
    """An :class:`InvalidInput` about one field; the field's name leads the sentence."""
    return InvalidInput(
        f"{field}: {message}", next_step=next_step, field_errors=(FieldError(field, message),)
    )
