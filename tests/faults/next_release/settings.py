"""The settings of the next release."""

from config.broker import broker_settings
from tests.faults.settings import *  # noqa: F403
from tests.faults.settings import CELERY_BROKER_URL, DATABASE_URL, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.next_release.toy", "tests.faults.next_release.bell"]
SILENCED_SYSTEM_CHECKS = ["outbox.E004"]  # to it a reaction that this release replaces looks like a duplicate
QUEUES = ["toy", "toy.effects", "bell"]
globals().update(broker_settings(CELERY_BROKER_URL, DATABASE_URL, QUEUES))
SILENCED_SYSTEM_CHECKS = ["outbox.E004"]  # it replaces a reaction of the release that it is built upon
