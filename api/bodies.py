"""JSON in: strict about what is JSON, then strict about its shape, with a pointer to what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Annotated, Any, NoReturn, TypeVar

import msgspec
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from api.problems import BODY_TOO_LARGE, INVALID_BODY, MALFORMED_JSON, UNSUPPORTED_MEDIA_TYPE, Fault, Problem

Body = TypeVar("Body", bound=msgspec.Struct)
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

# What may be wrong with the body of any request.
BAD_BODY = (MALFORMED_JSON, INVALID_BODY, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)

_explanations: dict[str, str] = {}
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_PATH = re.compile(r" - at `\$([^`]*)`\Z")


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body: fields that it does not name are refused, so nobody can set a price or an owner."""


class StrictJSONParser(BaseParser):
    """Accepts one JSON text in UTF-8 as RFC 8259 and I-JSON (RFC 7493) mean it: no NaN, no duplicate keys, no BOM."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return parse_json(stream.read())


def parse_json(raw: bytes) -> Any:
    """Returns what the JSON text says.

    Raises:
        Problem: it is not JSON, or not JSON that every program would read in the same way.
    """
    try:
        parsed = json.loads(raw.decode(), object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        canonical(parsed)
    except UnicodeEncodeError:
        raise Problem(MALFORMED_JSON, "A text holds half of a surrogate pair.") from None
    except UnicodeDecodeError:
        raise Problem(MALFORMED_JSON, "The body is not UTF-8.") from None
    except RecursionError:
        raise Problem(MALFORMED_JSON, "The body is nested too deeply.") from None
    except ValueError as error:
        raise Problem(MALFORMED_JSON, f"The body is not JSON: {error}.") from None
    return parsed


def canonical(parsed: Any) -> bytes:
    """Returns the same bytes for the same JSON value, whatever the order of its keys and its blanks.

    Raises:
        UnicodeEncodeError: a text holds half of a surrogate pair.
    """
    return json.dumps(parsed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read_body(request: Request, shape: type[Body]) -> Body:
    """Returns the request's body as `shape`; nothing is coerced.

    Raises:
        Problem: the body is not JSON or has another shape.
    """
    try:
        return msgspec.convert(request.data, shape, strict=True)
    except msgspec.ValidationError as error:
        raise Problem(INVALID_BODY, errors=[_fault(str(error))]) from None


def matching(pattern: str, explanation: str, example: str | None = None) -> msgspec.Meta:
    """Returns the constraint that a text matches `pattern`; who breaks it is told the explanation, not the pattern.

    End the pattern with \\Z: $ would let a line feed through.
    """
    _explanations[f"Expected `str` matching regex {pattern!r}"] = explanation
    return msgspec.Meta(pattern=pattern, description=explanation, examples=[example] if example else None)


def pointer(*steps: str | int) -> str:
    """Returns the JSON pointer (RFC 6901) that leads through these keys and indexes."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _fault(message: str) -> Fault:
    path = _PATH.search(message)
    steps = re.findall(r"[^.\[\]]+", path[1]) if path else []
    said = message[: path.start()] if path else message
    if field := _FIELD.fullmatch(said):
        missing = field[1] == "missing required"
        detail = "This field is required." if missing else "There is no such field."
        return Fault(pointer(*steps, field[2][:100]), "required" if missing else "unknown-field", detail)
    return Fault(pointer(*steps), "invalid", _explanations.get(said, f"{said}."))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        raise ValueError("a key occurs twice in one object")
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
