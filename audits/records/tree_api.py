"""The ledger's tree over HTTP: checkpoint, tiles, proofs; addresses and bytes as in C2SP ``tlog-tiles``.

Hashes tell nothing about what they are of, so whoever has signed in may read them; the entries themselves
(``tile/entries``) are for those who may read the whole installation.
"""

import base64
import re
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access.listing import refuse_unknown_parameters
from governance.access.queries import require
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.errors import NotFound, invalid
from governance.ledger.export import entry_bundle
from governance.ledger.merkle.hashing import HASH_SIZE
from governance.ledger.merkle.tiles import LEVELS, WIDTH
from governance.ledger.models import Leaf
from governance.ledger.proving import cosigned_note, newest_note, prove_consistency, prove_inclusion
from governance.ledger.stored_tree import tiles_at
from governance.ledger.witnesses.published import published

NUMBER = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
FOR_GOOD = "private, max-age=31536000, immutable"
LONGEST_NUMBER = 18


class InclusionAnswer(serializers.Serializer[Any]):
    """That an entry is in the signed tree: hashes in base64 from the leaf upwards, and the same as a text."""

    index = serializers.IntegerField()
    size = serializers.IntegerField()
    leaf = serializers.CharField()
    hashes = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField()
    proof = serializers.CharField(help_text="The whole as a C2SP tlog-proof, to be kept with the entry.")


class ConsistencyAnswer(serializers.Serializer[Any]):
    """That the larger tree begins with the smaller one: hashes and roots in base64."""

    old_size = serializers.IntegerField()
    new_size = serializers.IntegerField()
    old_root = serializers.CharField()
    new_root = serializers.CharField()
    hashes = serializers.ListField(child=serializers.CharField())


class CheckpointView(APIView):
    """``GET /ledger/checkpoint``"""

    @extend_schema(
        responses={(200, "text/plain"): OpenApiTypes.STR},
        operation_id="ledger_checkpoint_retrieve",
        parameters=[
            OpenApiParameter(
                "cosigned", OpenApiTypes.BOOL, description="the newest that a witness has cosigned"
            )
        ],
    )
    def get(self, request: Request) -> HttpResponse:
        """Read size and root of the tree that was signed last, as a signed note with the cosignatures of
        witnesses that it has so far."""
        refuse_unknown_parameters(request, {"cosigned"})
        signed = cosigned_note() if _is_wanted(request, "cosigned") else newest_note()
        answer = HttpResponse(published(signed), content_type="text/plain; charset=utf-8")
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer


class TileView(APIView):
    """``GET /ledger/tile/{level}/{number}`` and ``/ledger/tile/entries/{number}``"""

    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        operation_id="ledger_tile_retrieve",
    )
    def get(self, request: Request, address: str) -> HttpResponse:
        """Read a tile of the tree, or the entries below one, in the bytes of tlog-tiles."""
        refuse_unknown_parameters(request, set())
        level, _, rest = address.partition("/")
        number, width = _numbered(rest)
        if level == "entries":
            require(actor_from(request), Permission.VIEW, INSTALLATION)
            content, kept = _bundle(number, width), "no-store"
        else:
            content, kept = _tile(level, number, width), FOR_GOOD
        answer = HttpResponse(content, content_type="application/octet-stream")
        answer.headers["Cache-Control"] = kept
        return answer


class InclusionView(APIView):
    """``GET /ledger/proofs/inclusion?entry=``"""

    @extend_schema(
        responses=InclusionAnswer,
        operation_id="ledger_proofs_inclusion_retrieve",
        parameters=[
            OpenApiParameter("entry", OpenApiTypes.UUID),
            OpenApiParameter("index", OpenApiTypes.INT),
        ],
    )
    def get(self, request: Request) -> Response:
        """Prove that an entry, by its id or index, is in the tree that was signed last."""
        refuse_unknown_parameters(request, {"entry", "index"})
        found = prove_inclusion(_leaf(request))
        facts = {
            "index": found.index,
            "size": found.size,
            "leaf": _text(found.leaf),
            "hashes": [_text(one) for one in found.hashes],
            "checkpoint": found.checkpoint,
            "proof": found.text(),
        }
        return Response(InclusionAnswer(facts).data)


class ConsistencyView(APIView):
    """``GET /ledger/proofs/consistency?from=&to=``"""

    @extend_schema(
        responses=ConsistencyAnswer,
        operation_id="ledger_proofs_consistency_retrieve",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.INT, required=True),
            OpenApiParameter("to", OpenApiTypes.INT, required=True),
        ],
    )
    def get(self, request: Request) -> Response:
        """Prove that nothing was changed or removed between two sizes of the tree."""
        refuse_unknown_parameters(request, {"from", "to"})
        found = prove_consistency(_size(request, "from"), _size(request, "to"))
        facts = {
            "old_size": found.old,
            "new_size": found.new,
            "old_root": _text(found.old_root),
            "new_root": _text(found.new_root),
            "hashes": [_text(one) for one in found.hashes],
        }
        return Response(ConsistencyAnswer(facts).data)


def _text(hashed: bytes) -> str:
    return base64.b64encode(hashed).decode()


def _size(request: Request, name: str) -> int:
    given = request.query_params.get(name, "")
    if not (given.isascii() and given.isdecimal()) or len(given) > LONGEST_NUMBER:
        raise invalid(name, f"found {given[:40]!r}; a number of entries is wanted.")
    return int(given)


def _is_wanted(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise invalid(name, f"found {given[:40]!r}; true or false is wanted.")
    return given == "true"


def _leaf(request: Request) -> Leaf:
    given = {name: request.query_params[name] for name in ("entry", "index") if name in request.query_params}
    if len(given) != 1:
        raise invalid("entry", "give either the id of an entry or, as index, its number in the ledger.")
    if "index" in given:
        found = Leaf.objects.filter(index=_size(request, "index")).first()
    else:
        found = Leaf.objects.filter(entry_id=_id(given["entry"])).first()
    if found is None:
        raise NotFound("There is no such entry, or it waits for its place in the tree.")
    return found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid("entry", f"found {text[:80]!r}; an id is wanted.") from None


def _numbered(rest: str) -> tuple[int, int]:
    """Number and width of a tile from its address."""
    match = NUMBER.fullmatch(rest)
    digits = match[1].replace("x", "").replace("/", "") if match else ""
    width = int(match[2] or WIDTH) if match else 0
    if not match or len(digits) > LONGEST_NUMBER or width > WIDTH or (match[2] and width == WIDTH):
        raise NotFound(f"There is no tile {rest[:80]!r}.", next_step="See c2sp.org/tlog-tiles for addresses.")
    return int(digits), width


def _tile(level: str, number: int, width: int) -> bytes:
    known = level in {str(one) for one in range(LEVELS)}
    found = tiles_at([(int(level), number)]).get((int(level), number), b"") if known else b""
    return _cut(found, width * HASH_SIZE)


def _cut(found: bytes, length: int) -> bytes:
    if len(found) < length:
        raise NotFound("There is no such tile in the tree yet.", next_step="Ask for tiles of a signed size.")
    return found[:length]


def _bundle(number: int, width: int) -> bytes:
    """Bodies of entries, each behind its length as two bytes."""
    found = entry_bundle(number * WIDTH, width)
    if found is None:
        raise NotFound("There are no such entries in the tree yet.", next_step="Ask for a signed size.")
    return found
