"""The project's settings with one app more: `toy`, whose reactions do what the events of a test tell them to."""

from datetime import timedelta

from config.broker import broker_settings
from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, CELERY_BROKER_URL, DATABASE_URL, INSTALLED_APPS, QUEUES

INSTALLED_APPS = [*INSTALLED_APPS, "tests.toy"]
QUEUES = [*QUEUES, "toy", "toy.effects"]
globals().update(broker_settings(CELERY_BROKER_URL, DATABASE_URL, QUEUES))

SECRET_KEY = "for tests only"
OUTBOX = {"strict": True, "backoff": 300.0}  # what is tried again is so when a test pulls it to now, and not by chance
PAYMENT_GRACE = timedelta(0)  # a timer that a test has pulled to now acts now
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed; nothing here is secret
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True  # static files come from where they are: nothing is collected for tests
STATIC_ROOT = BASE_DIR / "config" / "static"
API_THROTTLES = {}  # tests make as many requests as they like; those of the throttles set their own
