"""Bodies and answers of the interface to accounts, grants and tokens."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.models import Account, AccountKind, ApiToken, Grant, Proposal
from governance.access.parsing import Text
from governance.access.rest import StrictSerializer
from governance.access.roles import GRANTABLE, Scope

LONGEST_REASON = 4000


class ReasonBody(StrictSerializer):
    """Why; it stands in the ledger."""

    reason = Text(max_length=LONGEST_REASON)


class OptionalReasonBody(StrictSerializer):
    """Why, if there is something to say."""

    reason = Text(max_length=LONGEST_REASON, required=False, default="", allow_blank=True)


class AccountBody(StrictSerializer):
    """A new account; without ``password`` a person cannot sign in until one is set."""

    username = Text(max_length=150)
    kind = serializers.ChoiceField(AccountKind.choices, default=AccountKind.PERSON)
    display_name = Text(max_length=150, required=False, default="", allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, default="", allow_blank=True)
    password = Text(max_length=1000, required=False, trim_whitespace=False)


class PasswordBody(StrictSerializer):
    """A password as it was typed, blanks included."""

    password = Text(max_length=1000, trim_whitespace=False)


class GrantBody(StrictSerializer):
    """A grant on a ``system``, on a ``channel``, or (administrator, auditor) on neither: the installation.

    ``proposal`` confirms what another administrator proposed; all else must then be as proposed.
    """

    account = serializers.UUIDField()
    role = serializers.ChoiceField([role.value for role in GRANTABLE])
    system = serializers.UUIDField(required=False, allow_null=True, default=None)
    channel = serializers.UUIDField(required=False, allow_null=True, default=None)
    ends_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    reason = Text(max_length=LONGEST_REASON)
    proposal = serializers.UUIDField(required=False, allow_null=True, default=None)


class TokenBody(StrictSerializer):
    """A token for one's own account, or for ``account`` as administrator."""

    account = serializers.UUIDField(required=False, allow_null=True, default=None)
    name = Text(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField([scope.value for scope in Scope]),
        allow_empty=False,
        max_length=len(Scope),
    )
    expires_at = serializers.DateTimeField()


class AccountAnswer(serializers.ModelSerializer[Account]):
    """An account; never its password."""

    class Meta:
        model = Account
        fields = ("id", "username", "kind", "display_name", "email", "is_active", "created_at")
        read_only_fields = fields


class GrantAnswer(serializers.ModelSerializer[Grant]):
    """Who may do what where, from when, until when, why and by whom."""

    username = serializers.CharField(source="account.username", read_only=True)
    in_force = serializers.SerializerMethodField()
    granted_by = serializers.CharField(source="granted_by_username", read_only=True)
    confirmed_by = serializers.CharField(source="confirmed_by_username", read_only=True)

    class Meta:
        model = Grant
        fields = (
            "id",
            "account",
            "username",
            "role",
            "system",
            "channel",
            "starts_at",
            "ends_at",
            "in_force",
            "reason",
            "granted_by",
            "confirmed_by",
            "sole_administrator",
        )
        read_only_fields = fields

    def get_in_force(self, grant: Grant) -> bool:
        """Whether the grant counts at the time of this answer."""
        return grant.account.is_active and grant.is_in_force(timezone.now())


class ProposalAnswer(serializers.ModelSerializer[Proposal]):
    """What waits for its second person."""

    proposal = serializers.UUIDField(source="id", read_only=True)
    proposed_by = serializers.CharField(source="proposed_by_username", read_only=True)
    confirmed_by = serializers.CharField(source="confirmed_by_username", read_only=True)
    arguments = serializers.DictField(read_only=True)
    next_step = serializers.SerializerMethodField()

    class Meta:
        model = Proposal
        fields = (
            "proposal",
            "verb",
            "arguments",
            "reason",
            "proposed_by",
            "proposed_at",
            "expires_at",
            "confirmed_by",
            "confirmed_at",
            "next_step",
        )
        read_only_fields = fields

    def get_next_step(self, proposal: Proposal) -> str:
        """What the second person does."""
        if proposal.confirmed_at is not None:
            return "Nothing: it is confirmed."
        if proposal.expires_at <= timezone.now():
            return "It has expired; propose it again."
        return (
            "Another administrator repeats this call with the same fields and "
            f'"proposal": "{proposal.id}" before {proposal.expires_at:%F %R} UTC.'
        )


class TokenAnswer(serializers.ModelSerializer[ApiToken]):
    """A token without its secret, which is stored nowhere."""

    username = serializers.CharField(source="account.username", read_only=True)
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)
    last_used_at = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by_username", read_only=True)

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = (
            "id",
            "account",
            "username",
            "name",
            "scopes",
            "created_at",
            "created_by",
            "expires_at",
            "revoked_at",
            "last_used_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_used_at(self, token: ApiToken) -> Any:
        """When the token was last sent; none if never."""
        use = getattr(token, "use", None)
        return serializers.DateTimeField().to_representation(use.last_used_at) if use else None


class IssuedTokenAnswer(TokenAnswer):
    """A token just issued: ``secret`` is shown this once, and is null when the call is repeated."""

    secret = serializers.SerializerMethodField()

    class Meta(TokenAnswer.Meta):
        fields: tuple[str, ...] = (*TokenAnswer.Meta.fields, "secret")
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_secret(self, token: ApiToken) -> str | None:
        """The bearer token."""
        return token.secret or None


class ProofAnswer(serializers.Serializer[Any]):
    """Until when the session counts as freshly proved."""

    proved_at = serializers.DateTimeField()
    fresh_until = serializers.DateTimeField()
