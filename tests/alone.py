"""Settings in which the one app named by the variable ALONE lives beside `outbox`, with no other."""

import os

from config import settings as project
from config.broker import broker_settings
from config.settings import *  # noqa: F403

OURS = {"api", "config", "orders", "inventory", "payments", "shipping", "notifications", "webhooks"}
INSTALLED_APPS = [app for app in project.INSTALLED_APPS if app not in OURS] + [os.environ["ALONE"]]
ROOT_URLCONF = "tests.alone_urls"
MIDDLEWARE = [name for name in project.MIDDLEWARE if not name.startswith("api.")]
OUTBOX = {"strict": True}
QUEUES = [OWN := os.environ["ALONE"].rpartition(".")[2], f"{OWN}.effects"]
globals().update(broker_settings(project.CELERY_BROKER_URL, project.DATABASE_URL, QUEUES))
