"""The toy app and the engine, and nothing else, with the engine's times shortened: processes that are to die often."""

import json
import os

from config.settings import *  # noqa: F403
from config.settings import CELERY_BROKER_URL, DATABASE_URL, broker_settings

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_celery_results", "outbox", "tests.toy"]
MIDDLEWARE = []
TEMPLATES: list[object] = []
ROOT_URLCONF = __name__
urlpatterns: list[object] = []
QUEUES = ["toy", "toy.effects"]
globals().update(broker_settings(CELERY_BROKER_URL, DATABASE_URL, QUEUES))

OUTBOX = {
    "strict": True,
    "max_attempts": 3,
    "lease": 2.0,
    "longest_lease": 2.0,
    "poll": 0.2,
    "backoff": 0.05,
    "longest_backoff": 0.5,
    "soon": 0.2,
    "heartbeat": 0.5,
    "dead_after": 3.0,
    **json.loads(os.environ.get("OUTBOX", "{}")),
}
