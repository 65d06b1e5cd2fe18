"""What the OpenAPI document says of all operations alike: their headers, and how tokens are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.examples import known_examples
from api.problems import MEDIA_TYPE

Header = Mapping[str, Any]
Operation = dict[str, Any]


def header(description: str, type: str = "string", example: object = None) -> Header:
    schema = {"type": type} | ({} if example is None else {"examples": [example]})
    return {"description": description, "schema": schema}


REQUEST_ID = header("names the request in our records; the one that was sent, or a new one", example="call-7")
RETRY_AFTER = header("seconds until asking again makes sense", "integer", 1)
ETAG = header("the state of the body; a strong validator", example='"9f86d081884c7d659a2feaa0"')
# By status, whatever the operation.
ALWAYS: Mapping[str, Mapping[str, Header]] = {
    "401": {"WWW-Authenticate": header("how to authenticate (RFC 9110)", example='Bearer realm="murmuration"')},
    "429": {
        "Retry-After": RETRY_AFTER,
        "RateLimit": header("what is left of the limit, and for how many seconds", example='"place";r=0;t=12'),
        "RateLimit-Policy": header("the limit that was reached", example='"place";q=600;w=60'),
    },
    "503": {"Retry-After": RETRY_AFTER},
}
# What a successful answer carries, by a parameter of the operation.
BY_PARAMETER: Mapping[str, Mapping[str, Header]] = {
    "Idempotency-Key": {
        "Location": header("where to look at what came of it", example="/api/v1/orders/01a205a2-74bf-7589-8f00"),
        "Idempotent-Replayed": header("`true` if this is the answer of an earlier request with the same key"),
    },
    "If-None-Match": {"ETag": ETAG},
    "Prefer": {
        "Preference-Applied": header("the preference, if the answer has waited", example="wait=20"),
        "Retry-After": RETRY_AFTER,
    },
    "cursor": {"Link": header("the pages beside this one (RFC 8288)", example='</api/v1/orders?cursor=…>; rel="next"')},
}


def complete(result: dict[str, Any], **kwargs: object) -> dict[str, Any]:
    """Adds the headers of its responses to each operation of the document; a hook of drf-spectacular."""
    for operation in _operations(result):
        named = [parameter["name"] for parameter in operation.get("parameters", ())]
        for status, response in operation["responses"].items():
            headers = {"X-Request-ID": REQUEST_ID, **ALWAYS.get(status, {})}
            if status < "400":
                for name in named:
                    headers |= BY_PARAMETER.get(name, {})
                _exemplify(response)
            response["headers"] = headers
    _share_problems(result)
    return result


def _exemplify(response: dict[str, Any]) -> None:
    """Adds the example of the body's kind, if there is one."""
    for content in response.get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if example := known_examples().get(name):
            content["example"] = example


def _share_problems(document: dict[str, Any]) -> None:
    """Lets operations refer to a problem that others have as well: it is described once."""
    shared: dict[str, Any] = {}
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            if MEDIA_TYPE in response.get("content", {}):
                codes = response["content"][MEDIA_TYPE].get("examples", {})
                name = f"{status}-{'-or-'.join(sorted(codes)).lower()}"
                shared[name] = response
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    document["components"]["responses"] = dict(sorted(shared.items()))


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path in document["paths"].values():
        yield from path.values()
