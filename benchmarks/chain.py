"""The Celery application of the plain chain: `celery -A benchmarks.chain worker`."""

import os
from pathlib import Path
from typing import Any

from celery import Celery, signals
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.broker import broker_settings

QUEUE = "chain"
# The file that the worker touches when it is ready.
READY = "BENCHMARK_READY"

app = Celery("chain")
app.config_from_object("django.conf:settings", namespace="CELERY")
options: dict[str, Any] = dict(app.conf.broker_transport_options)
if "conn_string" in options:  # what this queue loses is lost, so its commits have to be on disk
    ours = conninfo_to_dict(options["conn_string"])["options"]
    options["conn_string"] = make_conninfo(options["conn_string"], options=f"{ours} -c synchronous_commit=on")
app.conf.update(
    broker_transport_options=options,
    include=["benchmarks.tasks"],
    worker_consumer="celery.worker.consumer:Consumer",  # Celery's own: the project's takes only its relay's messages
    worker_prefetch_multiplier=4,  # Celery's default; the project's 1 would slow many small messages down
    task_queues=broker_settings(settings.CELERY_BROKER_URL, settings.DATABASE_URL, [QUEUE])["CELERY_TASK_QUEUES"],
    task_default_queue=QUEUE,
    task_default_routing_key=QUEUE,
)


@signals.worker_ready.connect
def say_ready(**kwargs: Any) -> None:
    if path := os.environ.get(READY):
        Path(path).touch()
