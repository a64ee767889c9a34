"""``GET /ledger/key``: the keys by which others check what this installation signs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.ledger.custody import LOST, NAMED, OVERLAPS, RETIRED, SIGNS, UNUSED, list_keys


class VerifierKey(serializers.Serializer[Any]):
    """A public key: ``vkey`` is its C2SP verifier key, ``purpose`` what it signs.

    ``until`` is when it was retired or lost; while it ``overlaps``, when it is to be retired.
    """

    purpose = serializers.CharField()
    name = serializers.CharField()
    vkey = serializers.CharField()
    state = serializers.ChoiceField(
        choices=(SIGNS, OVERLAPS, RETIRED, LOST, NAMED, UNUSED),
        help_text="overlaps: signs beside its successor; unused: in the key file, and on no record",
    )
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class KeysAnswer(serializers.Serializer[Any]):
    """All keys, those of the past as well; empty where nothing was ever signed."""

    keys = VerifierKey(many=True)


class LedgerKeyView(APIView):
    """Verifier keys. Compare them with what was given to you out of band before you trust a signature."""

    @extend_schema(responses=KeysAnswer, operation_id="ledger_key_retrieve")
    def get(self, request: Request) -> Response:
        """The keys that sign and those that did, each with its time; the ledger's newest first."""
        return Response(KeysAnswer({"keys": list_keys()}).data)
