from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Broker, broker, rabbitmq
from tests.invariants.conftest import _companies_begin_anew
from tests.processes import Processes, real_processes

__all__ = ["_companies_begin_anew", "broker", "rabbitmq"]


@pytest.fixture
def processes(broker: Broker, tmp_path: Path) -> Iterator[Processes]:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.journeys.settings", "VAR_DIR": str(tmp_path)}
    with real_processes(tmp_path, CELERY_BROKER_URL=broker.url, **environment) as started:
        yield started
