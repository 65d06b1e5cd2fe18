from __future__ import annotations

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Gives the test of each operation an identity of its own, which schemathesis 4.32 does not with pytest 9.2.

    With one for all, a run that is shared out among workers takes them for one test.
    """
    if operation := getattr(item, "operation_label", None):
        item._id = item.id.with_params(operation)
