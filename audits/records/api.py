"""``GET /ledger/key``: the keys by which others check what this installation signs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.ledger.keys import signing_keys
from governance.ledger.signing import KeyFileUnfit


class VerifierKey(serializers.Serializer[Any]):
    """A public key: ``vkey`` is its C2SP verifier key, ``purpose`` what it signs."""

    purpose = serializers.CharField()
    name = serializers.CharField()
    vkey = serializers.CharField()


class KeysAnswer(serializers.Serializer[Any]):
    """All keys in use; empty where nothing is signed."""

    keys = VerifierKey(many=True)


class LedgerKeyView(APIView):
    """Verifier keys. Compare them with what was given to you out of band before you trust a signature."""

    @extend_schema(responses=KeysAnswer, operation_id="ledger_key_retrieve")
    def get(self, request: Request) -> Response:
        """The keys; none while the key file is missing or cannot be used."""
        try:
            keys = signing_keys()
        except KeyFileUnfit:
            keys = ()
        return Response(KeysAnswer({"keys": keys}).data)
