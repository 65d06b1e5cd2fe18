"""The toy app and the engine, and nothing else, with the engine's times shortened: processes that are to die often."""

from config.broker import broker_settings
from config.settings import *  # noqa: F403
from config.settings import CELERY_BROKER_URL, DATABASE_URL
from tests.faults.times import TIMES

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_celery_results", "outbox", "tests.toy"]
MIDDLEWARE = []
TEMPLATES = []
ROOT_URLCONF = __name__
urlpatterns: list[object] = []
QUEUES = ["toy", "toy.effects"]
globals().update(broker_settings(CELERY_BROKER_URL, DATABASE_URL, QUEUES))
OUTBOX = {"strict": True, **TIMES}
