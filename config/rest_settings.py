"""Settings of the REST API: Django REST framework, its tokens (knox) and its OpenAPI document (drf-spectacular)."""

from datetime import timedelta
from typing import Any

from config.environment import env

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "api.access.Access"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.Throttle"],
    "DEFAULT_PARSER_CLASSES": ["api.bodies.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.rendering.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.problems.answer",
    "URL_FORMAT_OVERRIDE": None,  # the media type is negotiated by the Accept header alone
}

KNOX_TOKEN_MODEL = "api.AuthToken"  # noqa: S105  the name of a model
REST_KNOX: dict[str, Any] = {
    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
    "TOKEN_TTL": timedelta(days=30),
    "TOKEN_LIMIT_PER_USER": 50,  # a new token retires the oldest one beyond it
    "TOKEN_PREFIX": "mur_",  # lets secret scanners recognise a leaked token
}
# knox's own migrations create its table even where the model is swapped for ours, so they are not run at all.
MIGRATION_MODULES: dict[str, None] = {"knox": None}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Murmuration",
    "DESCRIPTION": "Place orders and follow them from event to event. Errors are RFC 9457 problem bodies.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": ["api.openapi.complete"],  # the usual one looks for enums of serializers; we have none
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    # The sidecar serves the page's files from here: no other host is asked for anything.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "validatorUrl": None},
}

# The largest request body that the API reads, in bytes.
API_MAX_BODY = 64 * 1024

# Requests a minute and user, all processes together; 0 means any number. Those for tokens are counted by name and by
# address, before the password is looked at.
API_THROTTLES = {
    "place": env.int("THROTTLE_PLACE", default=600),
    "cancel": env.int("THROTTLE_CANCEL", default=120),
    "write": env.int("THROTTLE_WRITE", default=600),
    "read": env.int("THROTTLE_READ", default=6000),
    "streams": env.int("THROTTLE_STREAMS", default=60),
    "tokens": env.int("THROTTLE_TOKENS", default=20),
    "tokens_from": env.int("THROTTLE_TOKENS_FROM", default=200),
}

# How many requests of one process may wait for news at the same time: fewer than its threads (config/gunicorn.py), so
# that some are always left for others. Streams wait elsewhere, and hold no thread of WSGI.
API_WAITERS = env.int("API_WAITERS", default=4)
API_STREAMS = env.int("API_STREAMS", default=100)
