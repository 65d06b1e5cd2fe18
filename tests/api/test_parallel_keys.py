"""Many equal requests at the same time: each key makes one order, whoever of them comes first.

`API_KEYS` is the number of keys, each of which comes fifty times; by default 4. With 200 it takes some minutes.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User

from api.models import IdempotencyKey
from api.tokens import make_token
from orders.models import Order
from outbox.models import Event
from tests.api.conftest import order_body
from tests.api.servers import Answer, exchange
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = int(os.environ.get("API_KEYS", "4"))
TIMES = 50
BODY = json.dumps(order_body())


def test_each_key_makes_one_order_however_often_it_comes(port: int, customer: User, price_list: None) -> None:
    bearer = f"Bearer {make_token(customer)[0]}"
    wanted = [f"key-{number}" for number in range(KEYS)] * TIMES
    random.shuffle(wanted)
    with ThreadPoolExecutor(TIMES) as threads:
        answers = list(threads.map(lambda key: (key, answered(port, bearer, key)), wanted))
    assert {answer.status for _, answer in answers} == {201}
    assert len({answer.content for _, answer in answers}) == KEYS
    first = Counter(key for key, answer in answers if not answer.headers["Idempotent-Replayed"])
    assert first == dict.fromkeys(wanted, 1)
    assert Order.objects.count() == Event.objects.count() == IdempotencyKey.objects.count() == KEYS


def answered(port: int, bearer: str, key: str) -> Answer:
    """Repeats the request as a client should: when told that the first is still running."""

    def settled() -> Any:
        answer = post(port, bearer, key)
        return answer if answer.status != 409 else None

    answer: Answer = wait_until(settled, f"an answer for {key}")
    return answer


def post(port: int, bearer: str, key: str) -> Answer:
    headers = {"Authorization": bearer, "Idempotency_Key": key, "Content_Type": "application/json"}
    return exchange(port, "POST", "/api/v1/orders", BODY, **headers)
