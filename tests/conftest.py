"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.architecture.guard import guarded


@pytest.fixture
def tables_kept_apart(db: None) -> Iterator[None]:
    """Fails the test when code of one app has touched a table of another, or of the engine."""
    with guarded() as trespasses:
        yield
    assert trespasses == []
