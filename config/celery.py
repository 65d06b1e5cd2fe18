"""The Celery application: `celery -A config worker`."""

import gc
import os

from celery import Celery
from celery.signals import worker_init
from django.core.management.base import BaseCommand, SystemCheckError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("murmuration")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_to_start(**kwargs: object) -> None:
    """Ends a worker for which a check fails, as Django ends its commands; Celery runs the checks and ignores them."""
    try:
        BaseCommand().check()
    except SystemCheckError as error:
        raise SystemExit(str(error)) from None  # any other exception would only be logged


@worker_init.connect
def keep_out_of_the_collectors_way(**kwargs: object) -> None:
    """What is loaded before the pool forks lives as long as the worker: collecting would look through it in vain."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
