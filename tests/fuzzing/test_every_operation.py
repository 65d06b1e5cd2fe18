"""Thousands of made-up requests to every operation of the OpenAPI document: none is answered but as it says.

`API_CASES` is the number of requests, by default 2,000; 20,000 take a good while.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import negative_data_rejection
from schemathesis.config import SchemathesisConfig

from api.documents import OPENAPI
from api.tokens import make_token
from inventory.services import set_stock
from tests.api.servers import GUNICORN, serving

pytestmark = pytest.mark.django_db(transaction=True)

CASES = int(os.environ.get("API_CASES", "2000"))
CONFIG = SchemathesisConfig.from_path(Path(__file__).parent / "schemathesis.toml")

schema = schemathesis.openapi.from_path(OPENAPI, config=CONFIG)
OPERATIONS = len(list(schema.get_all_operations()))


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[str]:
    with serving(GUNICORN) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def bearer(db: None) -> str:
    """Somebody who may do everything, so that every request gets as far as it can."""
    set_stock(levels={"MUG-BLUE": 1000})
    return f"Bearer {make_token(User.objects.create_superuser('root', 'root@example.org', 'secret'))[0]}"


@schema.parametrize()
@settings(
    max_examples=max(1, CASES // OPERATIONS),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize="API_CASES" not in os.environ,  # the same requests each time, unless more are asked for
)
def test_every_answer_is_one_that_is_documented(case: schemathesis.Case[Any], server: str, bearer: str) -> None:
    response = case.call(base_url=server, headers={"Authorization": bearer})
    excluded = [negative_data_rejection] if _lost(case, str(response.request.url)) else []
    case.validate_response(response, excluded_checks=excluded)


def _lost(case: schemathesis.Case[Any], address: str) -> set[str]:
    """The parameters that an address cannot say, such as an empty list: nobody can see what is wrong with them."""
    return set(case.query or {}) - parse_qs(urlsplit(address).query, keep_blank_values=True).keys()
