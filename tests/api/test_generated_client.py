"""A client that was generated from the committed document, and knows nothing else, places an order."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from api.documents import OPENAPI
from api.tokens import make_token
from orders.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the generated package, which can be imported meanwhile."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yaml").write_text("post_hooks: []\n")
    command: list[str | Path] = [Path(sys.executable).parent / "openapi-python-client", "generate", "--path", OPENAPI]
    command += ["--output-path", folder / "client", "--meta", "none", "--config", folder / "config.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout.lower(), done.stdout
    sys.path.insert(0, str(folder))
    yield "client"
    sys.path.remove(str(folder))


def module(generated: str, path: str) -> Any:
    return importlib.import_module(f"{generated}.{path}")


@pytest.fixture
def client(generated: str, port: int, customer: User, price_list: None) -> Iterator[Any]:
    authenticated = module(generated, "client").AuthenticatedClient
    with authenticated(base_url=f"http://127.0.0.1:{port}", token=make_token(customer)[0]) as client:
        yield client


def test_it_places_an_order_and_follows_it(generated: str, client: Any) -> None:
    models = module(generated, "models")
    country = models.ShipToCountry.GB
    body = models.PlaceOrder(
        lines=[models.WantedLine(sku="MUG-BLUE", quantity=2)],
        payment_method="pm_card_ok",
        ship_to=models.ShipTo(recipient="Ada", lines=["12 St James's Square"], locality="London", country=country),
    )
    placed = module(generated, "api.orders.place_order").sync(client=client, body=body, idempotency_key=str(uuid4()))
    assert isinstance(placed, models.PlacedOrder)
    assert Order.objects.get().number == placed.number
    assert (placed.total.amount, placed.total.currency) == (2500, "EUR")
    looked = module(generated, "api.orders.get_order").sync(placed.id, client=client)
    assert {name: value for name, value in looked.to_dict().items() if name != "expected_next"} == placed.to_dict()
    assert [one.what for one in looked.expected_next][:1] == ["Your items are being reserved."]
    history = module(generated, "api.orders.list_order_events").sync(placed.id, client=client)
    assert [entry.name for entry in history.data] == ["orders.OrderPlaced"]


def test_it_understands_a_refusal(generated: str, client: Any) -> None:
    refused = module(generated, "api.orders.get_order").sync(uuid4(), client=client)
    assert isinstance(refused, module(generated, "models").ProblemBody)
    assert refused.code == "not-found"
