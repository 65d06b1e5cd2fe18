"""What the tests of operations share: the toy's stage."""

from tests.outbox.conftest import Only, Stage, only, stage

__all__ = ["Only", "Stage", "only", "stage"]
