"""`kill -9` of worker, effects worker and relay while two hundred orders flow: stock and money add up."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import F, Sum

from config.settings import QUEUES
from inventory.models import Stock
from inventory.services import set_stock
from orders.events import Address
from orders.models import Order, OrderLine, Product
from orders.services import place_order
from outbox.models import Attempt, Delivery
from payments.models import Payment
from tests.processes import Process, Processes, database_url, quiet, wait_until

ORDERS = 200
STOCK = {"MUG": 250, "POT": 120}
PRICES = {"MUG": 1_999, "POT": 4_900}
METHODS = ["pm_card_ok", "pm_card_ok", "pm_card_ok", "pm_card_declined_insufficient_funds"]
ADDRESS = Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB", postal_code="N1")
QUICK = [name for name in QUEUES if not name.endswith(".effects")]
EFFECTS = [name for name in QUEUES if name.endswith(".effects")]


def test_every_order_ends_and_everything_adds_up(processes: Processes, tmp_path: Path) -> None:
    set_stock(levels=STOCK)
    for sku, price in PRICES.items():
        Product.objects.create(sku=sku, name=sku, unit_price=price)
    customer = User.objects.create_user("ada", "ada@example.com")
    starters: dict[str, Callable[[], Process]] = {
        "relay": processes.relay,
        "worker": lambda: processes.worker(*QUICK),
        "effects": lambda: processes.worker(*EFFECTS),
    }
    running = {name: start() for name, start in starters.items()}
    processes.wait_until_at_work()
    hits = 0
    for victim in random.sample([*starters, "worker", "effects"], k=5):
        place(customer, ORDERS // 5)
        wait_until_some_are_done(random.randrange(5, ORDERS))
        hits += kill(running[victim], victim)
        running[victim] = starters[victim]()
    assert hits >= 2, "the kills have hit too little to prove anything"
    wait_until(quiet, "every order has ended", 90)
    assert_stock_adds_up()
    assert_money_adds_up()
    assert_nothing_was_mailed_twice(tmp_path / "mail")
    assert_only_mails_are_in_doubt()
    call_command("verify")


def place(customer: User, count: int) -> None:
    for _ in range(count):
        skus = random.sample(sorted(STOCK), k=random.randint(1, 2))
        lines = [(sku, random.randint(1, 3)) for sku in skus]
        place_order(customer=customer, lines=lines, payment_method=random.choice(METHODS), ship_to=ADDRESS)


def wait_until_some_are_done(more: int) -> None:
    done = Delivery.objects.filter(state="done")
    target = done.count() + more
    wait_until(lambda: done.count() >= target or quiet(), f"{more} more deliveries are done")


def kill(process: Process, name: str) -> bool:
    """Kills it; returns whether that is known to have hit work in hand."""
    assert process.lives(), process.output()[-2_000:]
    if name == "relay":
        return not process.kill()
    return process.kill_in_the_act()


def assert_stock_adds_up() -> None:
    """What has left the shelf is what was shipped, and nothing is held any more."""
    assert set(Order.objects.values_list("status", flat=True)) == {"shipped", "cancelled"}
    shipped = OrderLine.objects.filter(order__status="shipped").values_list("sku").annotate(Sum("quantity"))
    left = {sku: STOCK[sku] - quantity for sku, quantity in shipped}
    assert dict(Stock.objects.values_list("sku", "on_hand")) == left
    assert not Stock.objects.filter(reserved__gt=0).exists()


def assert_money_adds_up() -> None:
    """The provider's own ledger has each capture once: of every shipped order, and of no other."""
    captured = Payment.objects.filter(state="captured")
    paid = {f"{payment.pk}:{payment.attempt}": payment.amount for payment in captured}
    with psycopg.connect(database_url()) as provider:
        ledger = provider.execute("SELECT key, amount FROM sandbox_provider.charge WHERE declined = ''").fetchall()
    keys = set(map(str, Payment.objects.values_list("pk", flat=True)))
    assert {key: amount for key, amount in ledger if key.partition(":")[0] in keys} == paid
    orders = Order.objects.filter(status="shipped")
    assert dict(orders.values_list("pk", "total")) == dict(captured.values_list("order_id", "amount"))
    lines = OrderLine.objects.filter(order__in=orders).aggregate(sum=Sum(F("quantity") * F("unit_price")))
    assert lines["sum"] == sum(payment.amount or 0 for payment in captured)


def assert_nothing_was_mailed_twice(folder: Path) -> None:
    """A mail to which a worker died may be missing; none may be there twice."""
    sent = Counter(re.findall(r"^Message-ID: (.*)$", "".join(f.read_text() for f in folder.iterdir()), re.MULTILINE))
    assert set(sent.values()) == {1}
    in_doubt = Delivery.objects.filter(state="parked").count()
    assert 2 * ORDERS - in_doubt <= len(sent) <= 3 * ORDERS  # two about a cancelled order, three about a shipped one


def assert_only_mails_are_in_doubt() -> None:
    """Nobody can say whether a mail was sent when its worker died; it waits for an operator."""
    parked = Delivery.objects.filter(state="parked")
    assert not parked.exclude(reaction="notifications.send_mail", outcome__startswith="may have been done").exists()
    assert not Attempt.objects.exists()
