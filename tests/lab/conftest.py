"""The companies begin each test with empty ledgers, and the demo data is there."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from tests.invariants.conftest import _companies_begin_anew

__all__ = ["_companies_begin_anew"]


@pytest.fixture
def demo_data(transactional_db: None, settings: Any) -> None:
    settings.DEBUG = True
    call_command("seed_demo", verbosity=0)
    settings.DEBUG = False


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.SANDBOX = True
