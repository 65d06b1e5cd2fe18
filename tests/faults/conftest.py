from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.faults.brokers import Broker, own_vhost, rabbitmq_url
from tests.processes import Processes, real_processes


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[str]:
    with own_vhost(rabbitmq_url()) as url:
        yield url


@pytest.fixture
def broker(transactional_db: None, request: pytest.FixtureRequest) -> Broker:
    """The broker of this run (the queue in PostgreSQL unless told otherwise), empty."""
    url = settings.CELERY_BROKER_URL
    broker = Broker(request.getfixturevalue("rabbitmq") if url.startswith("amqp") else url)
    broker.purge()
    return broker


@pytest.fixture
def processes(broker: Broker, tmp_path: Path, transactional_db: Any) -> Iterator[Processes]:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "TOY_MARKS": str(tmp_path)}
    with real_processes(tmp_path, CELERY_BROKER_URL=broker.url, **environment) as started:
        yield started
