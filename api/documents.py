"""The documents of the API that are committed, written from the code; and what of it clients would miss."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from outbox.asyncapi import document

Json = Mapping[str, Any]

FOLDER: Path = settings.BASE_DIR / "docs"
OPENAPI, ASYNCAPI = FOLDER / "schema.yaml", FOLDER / "asyncapi.json"


def asyncapi() -> dict[str, Any]:
    """Returns the AsyncAPI document of the installed apps."""
    return document(settings.SPECTACULAR_SETTINGS["TITLE"], settings.SPECTACULAR_SETTINGS["VERSION"])


def written() -> dict[Path, str]:
    """Returns what the documents have to be."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    openapi: bytes = OpenApiYamlRenderer().render(schema, renderer_context={})  # type: ignore[no-untyped-call]
    return {OPENAPI: openapi.decode(), ASYNCAPI: json.dumps(asyncapi(), indent=2) + "\n"}


def breaking(before: str, after: str) -> list[str]:
    """Returns what a client of the OpenAPI document `before` would miss in `after`, or be refused for."""
    old, new = yaml.load(before, Loader=yaml.CSafeLoader), yaml.load(after, Loader=yaml.CSafeLoader)
    return [*_lost_operations(old, new), *_changed_structs(old, new)]


def _lost_operations(old: Json, new: Json) -> Iterator[str]:
    for path, method, operation in _operations(old):
        now = new["paths"].get(path, {}).get(method)
        name = f"{method.upper()} {path}"
        if now is None:
            yield f"{name} is gone"
            continue
        for status in operation["responses"].keys() - now["responses"].keys():
            if status < "400":
                yield f"{name} no longer answers {status}"
        known = {p["name"] for p in operation.get("parameters", ())}
        yield from (f"{name} now needs {p}" for p in _needed(now) - _needed(operation))
        yield from (f"{name} no longer takes {p}" for p in known - {p["name"] for p in now.get("parameters", ())})


def _changed_structs(old: Json, new: Json) -> Iterator[str]:
    sent = _sent(new)
    for name, before in old["components"]["schemas"].items():
        after = new["components"]["schemas"].get(name)
        if after is None:
            continue  # whoever referred to it has changed, and is named
        fields, now = before.get("properties", {}), after.get("properties", {})
        yield from (f"{name}.{field} is gone" for field in fields.keys() - now.keys())
        yield from (f"{name}.{field} is another type" for field in fields.keys() & now.keys()
                    if _type(fields[field]) != _type(now[field]))  # fmt: skip
        required, needed = set(before.get("required", ())), set(after.get("required", ()))
        if name in sent:
            yield from (f"{name}.{field} is now needed" for field in needed - required)
        else:
            yield from (f"{name}.{field} may now be missing" for field in required & now.keys() - needed)


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _needed(operation: Json) -> set[str]:
    return {p["name"] for p in operation.get("parameters", ()) if p.get("required")}


def _sent(document: Json) -> set[str]:
    """The names of the structs that clients send; they refuse unknown fields, and answers do not."""
    return {name for name, s in document["components"]["schemas"].items() if s.get("additionalProperties") is False}


def _type(field: Json) -> Any:
    """What a client has to know of a field to read it."""
    return field.get("type") or field.get("$ref") or field.get("anyOf")
