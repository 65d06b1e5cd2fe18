from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.invariants import examine
from config.invariants.engine import ENGINE
from tests.brokers import Broker, broker, rabbitmq
from tests.processes import Processes, real_processes

__all__ = ["broker", "rabbitmq"]


@pytest.fixture
def processes(broker: Broker, tmp_path: Path) -> Iterator[Processes]:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "TOY_MARKS": str(tmp_path)}
    with real_processes(tmp_path, CELERY_BROKER_URL=broker.url, **environment) as started:
        yield started
    assert_engine_is_sound()


def assert_engine_is_sound() -> None:
    """Whatever was killed, what `manage.py verify` examines of the engine holds; there is no shop here."""
    findings = {invariant.promise: examine(invariant).ids for invariant in ENGINE if not invariant.at_rest}
    assert not any(findings.values()), findings
