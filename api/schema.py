"""How the OpenAPI document describes what drf-spectacular does not know: our structs, tokens and problems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiResponse

from api.problems import MEDIA_TYPE, ProblemBody, ProblemType, standard_problem

Responses = dict[tuple[int, str], OpenApiResponse]

# What any endpoint may answer, whatever it does.
ALWAYS = (400, 401, 406, 429, 500, 503)


def problems(*kinds: int | ProblemType) -> Responses:
    """Returns the responses with problem bodies, for `extend_schema`; what any endpoint may answer is among them.

    A status stands for the standard problem of that status.
    """
    by_status: dict[int, list[ProblemType]] = defaultdict(list)
    for kind in (*ALWAYS, *kinds):
        known = standard_problem(kind).kind if isinstance(kind, int) else kind
        if known not in by_status[known.status]:
            by_status[known.status].append(known)
    return {(status, MEDIA_TYPE): _response(by_status[status]) for status in sorted(by_status)}


def _response(kinds: Sequence[ProblemType]) -> OpenApiResponse:
    return OpenApiResponse(
        ProblemBody,
        description="; ".join(kind.title for kind in kinds),
        examples=[OpenApiExample(kind.code, _example(kind), media_type=MEDIA_TYPE) for kind in kinds],
    )


def _example(kind: ProblemType) -> dict[str, Any]:
    return {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.remedy,
        "instance": "/api/v1/orders",
        "code": kind.code,
        "request_id": "01a205a2-74bf-7589-8f00-d4d5ca34809a",
        "errors": [],
    }


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # registers itself
    """Describes a struct by the JSON Schema that msgspec makes of it, which is what OpenAPI 3.1 wants."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        # A struct inside another one is registered by its name alone; that it is met again is no collision.
        set_override(self.target, "suppress_collision_warning", True)
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        _, components = msgspec.json.schema_components([self.target], ref_template="#/components/schemas/{name}")
        own = components.pop(self.target.__name__)
        for name, schema in components.items():
            auto_schema.registry.register_on_missing(_component(name, _portable(schema)))
        return _portable(own)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token made by POST /api/v1/tokens."}


class PasswordScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "api.authentication.PasswordAuthentication"
    name = "password"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "basic"}


def _component(name: str, schema: dict[str, Any]) -> ResolvedComponent:
    kind = ResolvedComponent.SCHEMA
    return ResolvedComponent(name=name, type=kind, object=name, schema=schema)  # type: ignore[no-untyped-call]


def _portable(schema: Any) -> Any:
    """Ends patterns in $, which in JSON Schema means the end of the text as \\Z does in Python."""
    if isinstance(schema, dict):
        return {key: _portable(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_portable(value) for value in schema]
    return schema.replace(r"\Z", "$") if isinstance(schema, str) else schema
