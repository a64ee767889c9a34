"""Bodies: strict JSON of bounded size and depth, and files that are hashed while they stream in.

What has no canonical form could be stored but never hashed, so it is refused at the door: NaN and
infinities, numbers of 2^53 and more, lone surrogates, NUL, repeated keys, more than 64 levels.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import JSONRenderer

from governance.documents import found
from governance.errors import FieldError, InvalidInput, invalid
from governance.ledger.canonical import MAX_DEPTH, MAX_INTEGER

LARGEST_FILE_BYTES = 2 * 1024**3
MOST_DIGITS = 1_000
"""Longer whole numbers are not even read; shorter ones that are too large are refused by their place."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParseError(f"The key {twice[:80]!r} stands twice in one object.")
    return result


def _constant(name: str) -> float:
    raise ParseError(f"{name} is no JSON number.")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ParseError(f"A whole number has {len(digits):,} digits; send it as text.")
    return int(digits)


def _problem_of(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "the number is too large for a double."
    if isinstance(value, int | float) and abs(value) > MAX_INTEGER:
        # RFC 8785 writes 9007199254740992.0 without a point: what was stored could not be read again.
        return "numbers lie between −(2^53 − 1) and 2^53 − 1; send larger ones as text."
    if isinstance(value, str) and any(mark == "\0" or "\ud800" <= mark <= "\udfff" for mark in value):
        return "the text holds a NUL or a lone surrogate, which cannot be stored."
    return ""


def _problems(value: object, path: str, depth: int) -> Iterator[FieldError]:
    if depth > MAX_DEPTH:
        raise ParseError(f"The body is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, dict):
        for key, item in value.items():
            if _problem_of(key):
                yield FieldError(path or "body", f"a key is not usable: {_problem_of(key)}")
            else:
                yield from _problems(item, f"{path}.{key}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(item, f"{path}[{index}]", depth + 1)
    elif found := _problem_of(value):
        yield FieldError(path or "body", found)


def parse_json(data: bytes | str) -> Any:
    """The value of a JSON text that has a canonical form.

    Raises:
        ParseError: not JSON, a repeated key, nested too deep.
        InvalidInput: naming the first value that has no canonical form.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(text, parse_constant=_constant, parse_int=_integer, object_pairs_hook=_object)
    except RecursionError:
        raise ParseError(f"The body is nested more than {MAX_DEPTH} levels deep.") from None
    except ParseError:
        raise
    except ValueError as error:
        raise ParseError(f"The body is not JSON: {error}.") from error
    for problem in _problems(value, "", 0):
        raise InvalidInput(f"{problem.field}: {problem.message}", field_errors=(problem,))
    return value


class StrictJSONParser(BaseParser):
    """``application/json`` in UTF-8, at most as large as settings allow."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Read one byte more than allowed at most, so that a body without a length is bounded too."""
        largest: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data = stream.read(largest + 1)
        if len(data) > largest:
            raise RequestDataTooBig
        return parse_json(data)


class HashedUpload(UploadedFile):
    """A file of which only name, size and SHA-256 are left: its bytes were hashed and dropped."""

    def __init__(self, name: str, size: int, digest: str) -> None:
        super().__init__(file=None, name=name, size=size)
        self.digest = digest


class _HashingHandler(FileUploadHandler):
    """Takes every chunk before any handler that would keep it."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._sha256 = hashlib.sha256()
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._sha256.update(raw_data)
        self._received += len(raw_data)
        if self._received > LARGEST_FILE_BYTES:
            raise invalid(str(self.field_name), f"files have at most {LARGEST_FILE_BYTES // 1024**3} GiB.")

    def file_complete(self, file_size: int) -> UploadedFile:
        return HashedUpload(str(self.file_name), file_size, f"sha256:{self._sha256.hexdigest()}")


class HashingMultiPartParser(MultiPartParser):
    """``multipart/form-data`` whose files are not kept, only hashed."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Put the hashing handler in place of those that keep files."""
        request = parser_context["request"]
        request.upload_handlers = [_HashingHandler(request)]
        return super().parse(stream, media_type=media_type, parser_context=parser_context)


def file_digest(file: UploadedFile) -> str:
    """``sha256:<64 hex>`` of an upload, which is read once unless it was hashed on arrival.

    A browser's session is the second case: Django parses its form for the CSRF token before the view runs.
    """
    if isinstance(file, HashedUpload):
        return file.digest
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return f"sha256:{digest.hexdigest()}"


class Text(serializers.CharField):
    """Text that was sent as text: a number is refused, since version 1.10 would arrive as 1.1."""

    def to_internal_value(self, data: Any) -> str:
        """The text; numbers and booleans are no text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.OBJECT)
class JsonObject(serializers.Field[Any, Any, Any, Any]):
    """An object; in a form, its JSON text."""

    default_error_messages = {
        "not_an_object": "An object is wanted; found {found}.",
        "not_json": "An object is wanted; found the text {found}, which is none: {problem}",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The object, as strict as a JSON body."""
        try:
            value = parse_json(data) if isinstance(data, str) else data
        except (ParseError, InvalidInput) as error:
            said = str(error).removeprefix("The body is not JSON: ").removeprefix("The body ")
            self.fail("not_json", found=found(data), problem=said)
        if not isinstance(value, dict):
            self.fail("not_an_object", found=found(value))
        return value

    def to_representation(self, value: Any) -> Any:
        """As it is."""
        return value
