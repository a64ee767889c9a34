"""The HTTP interface to accounts, grants, tokens, and to proving again who one is."""

from typing import Any

from django.contrib.auth import authenticate, login, update_session_auth_hash
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access import bodies, granting, services
from governance.access.listing import GovernedFilterSet, TimeFilter
from governance.access.models import Account, ApiToken, Grant, Proposal
from governance.access.parsing import StrictJSONParser
from governance.access.presence import FRESH, NotInPerson
from governance.access.queries import (
    accounts_visible_to,
    grantable_accounts,
    grants_visible_to,
    proposals_visible_to,
    tokens_visible_to,
)
from governance.access.requests import actor_from, prove_identity
from governance.access.rest import GovernedViewSet, Route, checked
from governance.access.roles import GRANTABLE
from governance.actors import AuthMethod
from governance.errors import GovernanceError, invalid


class WrongPassword(GovernanceError):
    """The password is not the account's."""

    code = "wrong_password"
    status = 403
    title = "Wrong password"
    next_step = "Try again; after five wrong passwords the account is locked for a while."


def _scopes(name: str) -> QuerySet[Model]:
    """All systems or all channels: the registry stands above this slice, its models are found by relation."""
    model: Any = Grant._meta.get_field(name).related_model
    rows: QuerySet[Model] = model._default_manager.all()
    return rows


class AccountViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Persons and services. Administrators see all, everybody else themselves."""

    queryset = Account.objects.all()
    serializer_class = bodies.AccountAnswer
    filterset_fields = ("username", "kind", "is_active")
    ordering_fields = ("id", "username", "created_at")

    def visible_rows(self) -> QuerySet[Account]:
        """The accounts of the actor's reach."""
        return accounts_visible_to(actor_from(self.request))

    @extend_schema(request=bodies.AccountBody, responses={201: bodies.AccountAnswer})
    def create(self, request: Request) -> Response:
        """Create an account without any right; roles are given with grants."""
        account = services.create_account(self.get_actor(), **self.validated(bodies.AccountBody))
        return self.created(account, bodies.AccountAnswer, "account-detail")

    @extend_schema(request=bodies.ReasonBody, responses=bodies.AccountAnswer)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        """Close an account: it signs in no longer and its grants end to count; its record stays."""
        account = services.deactivate_account(
            self.get_actor(), account=self.get_object(), **self.validated(bodies.ReasonBody)
        )
        return self.answered(account, bodies.AccountAnswer)

    @extend_schema(request=bodies.PasswordBody, responses=bodies.AccountAnswer)
    @action(detail=True, methods=["post"])
    def password(self, request: Request, pk: str) -> Response:
        """Set one's own password, within ten minutes of proving it, or another's as administrator."""
        account = services.change_password(
            self.get_actor(), account=self.get_object(), **self.validated(bodies.PasswordBody)
        )
        if account.id == request.user.id and actor_from(request).auth.method is AuthMethod.SESSION:
            update_session_auth_hash(request._request, account)  # this session lives on, all others end
        return self.answered(account, bodies.AccountAnswer)


class GrantFilter(GovernedFilterSet):
    """``at``: the grants that counted at that time."""

    role = ChoiceFilter(choices=[(role.value, role.value) for role in GRANTABLE])
    at = TimeFilter(method="in_force_at", label="Grants that counted at this time")

    class Meta:
        model = Grant
        fields = ("account", "system", "channel", "role")

    def in_force_at(self, rows: QuerySet[Grant], name: str, value: Any) -> QuerySet[Grant]:
        """Started, and not yet ended."""
        return rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=value), starts_at__lte=value)


class GrantViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Who may do what where. A powerful role takes two administrators: one proposes, another confirms."""

    queryset = Grant.objects.all()
    serializer_class = bodies.GrantAnswer
    filterset_class = GrantFilter
    ordering_fields = ("id", "starts_at")

    def visible_rows(self) -> QuerySet[Grant]:
        """The grants of the actor's reach, and the actor's own."""
        return grants_visible_to(actor_from(self.request))

    def _terms(self, body: dict[str, Any]) -> granting.GrantTerms:
        account = grantable_accounts(actor_from(self.request)).filter(id=body["account"]).first()
        if account is None:
            raise invalid("account", f"there is no account {body['account']} that you may see.")
        system = self.visible(_scopes("system"), body["system"], "system") if body["system"] else None
        channel: Any = (
            self.visible(_scopes("channel"), body["channel"], "channel") if body["channel"] else None
        )
        return granting.GrantTerms(
            account,
            body["role"],
            body["reason"],
            system_id=system.pk if system else None,
            channel_id=channel.pk if channel else None,
            channel_system_id=channel.system_id if channel else None,
            ends_at=body["ends_at"],
        )

    @extend_schema(
        request=bodies.GrantBody,
        responses={
            201: bodies.GrantAnswer,
            202: OpenApiResponse(bodies.ProposalAnswer, description="A second administrator must confirm."),
        },
    )
    def create(self, request: Request) -> Response:
        """Give a role (201), or propose a powerful one (202) for another administrator to confirm."""
        body = self.validated(bodies.GrantBody)
        given = granting.offer_grant(self.get_actor(), terms=self._terms(body), proposal=body["proposal"])
        if isinstance(given, Proposal):
            return Response(bodies.ProposalAnswer(given).data, status=status.HTTP_202_ACCEPTED)
        return self.created(given, bodies.GrantAnswer, "grant-detail")

    @extend_schema(request=bodies.ReasonBody, responses=bodies.GrantAnswer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """End a grant now; one administrator may."""
        grant = granting.revoke_grant(
            self.get_actor(), grant=self.get_object(), **self.validated(bodies.ReasonBody)
        )
        return self.answered(grant, bodies.GrantAnswer)

    @extend_schema(responses=bodies.ProposalAnswer(many=True), filters=False)
    @action(detail=False, methods=["get"], filterset_class=None, ordering_fields=("id",))
    def proposals(self, request: Request) -> Response:
        """Grants that wait for a second administrator."""
        waiting = proposals_visible_to(actor_from(request)).filter(
            verb=granting.VERB, confirmed_at__isnull=True, expires_at__gt=timezone.now()
        )
        page = self.paginate_queryset(self.filter_queryset(waiting))
        return self.get_paginated_response(bodies.ProposalAnswer(page, many=True).data)


class TokenViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Bearer tokens: hashed, scoped, expiring, revocable. The secret is shown once, on issue."""

    queryset = ApiToken.objects.all()
    serializer_class = bodies.TokenAnswer
    filterset_fields = ("account",)
    ordering_fields = ("id", "expires_at")

    def visible_rows(self) -> QuerySet[ApiToken]:
        """One's own tokens; an administrator's view of all."""
        return tokens_visible_to(actor_from(self.request))

    @extend_schema(request=bodies.TokenBody, responses={201: bodies.IssuedTokenAnswer})
    def create(self, request: Request) -> Response:
        """Issue a token for one's own account, or for another as administrator."""
        body = self.validated(bodies.TokenBody)
        wanted = body.pop("account") or request.user.pk
        account = accounts_visible_to(actor_from(request)).filter(Q(id=wanted)).first()
        if account is None:
            raise invalid("account", f"there is no account {wanted} that you may see.")
        token = services.issue_token(self.get_actor(), account=account, **body)
        return self.created(token, bodies.IssuedTokenAnswer, "token-detail")

    @extend_schema(request=bodies.OptionalReasonBody, responses=bodies.TokenAnswer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Revoke a token; it opens nothing from now on."""
        token = services.revoke_token(
            self.get_actor(), token=self.get_object(), **self.validated(bodies.OptionalReasonBody)
        )
        return self.answered(token, bodies.TokenAnswer)


class ReauthenticationView(APIView):
    """Prove again who one is; votes and one's own password ask for a proof of the last ten minutes."""

    parser_classes = (StrictJSONParser,)
    metadata_class = None

    @extend_schema(operation_id="reauthenticate", request=bodies.PasswordBody, responses=bodies.ProofAnswer)
    def post(self, request: Request) -> Response:
        """Check the password of the session's account. Wrong ones count towards its lockout."""
        if actor_from(request).auth.method is not AuthMethod.SESSION:
            raise NotInPerson("A token cannot prove that its person is there.", next_step="Sign in first.")
        body = checked(bodies.PasswordBody, request)
        account = authenticate(request._request, username=request.user.username, password=body["password"])
        if account is None:
            raise WrongPassword("The password is not the one of this account.")
        login(request._request, account)
        prove_identity(request._request)
        now = timezone.now()
        return Response(bodies.ProofAnswer({"proved_at": now, "fresh_until": now + FRESH}).data)


routes: list[Route] = [
    ("accounts", AccountViewSet, "account"),
    ("grants", GrantViewSet, "grant"),
    ("tokens", TokenViewSet, "token"),
]
