"""Orders of each kind end before somebody's eyes: a page is opened once, and then only looked at."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from config.client import order_body
from tests.browser.stack import PATIENCE, Stack


class Kind(NamedTuple):
    """A kind of order, how it ends, and what its stages say then."""

    body: dict[str, Any]
    status: str
    stages: list[str]
    cancelled: bool = False


MUG = {"MUG-BLUE": 1}
KINDS = {
    "all is well": Kind(order_body(MUG), "shipped", ["committed", "captured", "shipped", "3 sent"]),
    "sold out": Kind(order_body({"SOLD-OUT": 1}), "cancelled", ["refused", "voided", "stopped", "2 sent"]),
    "declined": Kind(
        order_body(MUG, "pm_card_declined_insufficient_funds"), "cancelled", ["released", "declined", "stopped"]
    ),
    "answer lost": Kind(order_body(MUG, "pm_card_timeout_unknown"), "shipped", ["committed", "captured", "shipped"]),
    "undeliverable": Kind(order_body(MUG, postal_code="00000"), "cancelled", ["released", "refunded", "failed"]),
    "cancelled": Kind(order_body(MUG), "cancelled", ["released", "voided", "stopped"], cancelled=True),
}


@pytest.fixture(scope="module")
def begun(stack: Stack) -> dict[str, str]:
    """The ids of an order of each kind, none of which gets on before the reservation of stock is resumed."""
    customer = stack.customer
    stack.manage("pause", "inventory.reserve_stock", "--reason", "somebody is to watch")
    placed = {name: customer.place(kind.body)["id"] for name, kind in KINDS.items()}
    for name, kind in KINDS.items():
        if kind.cancelled:
            customer.cancel(placed[name])
    return placed


def test_an_order_of_each_kind_ends_while_its_page_is_open(
    stack: Stack, context: BrowserContext, begun: dict[str, str]
) -> None:
    pages = {name: context.new_page() for name in KINDS}
    for name, page in pages.items():
        page.goto(f"/admin/orders/order/{begun[name]}/change/")
        expect(answer(page)).to_contain_text("inventory.reserve_stock is paused")
        page.evaluate("window.untouched = true")
        reached(page).focus()
    stack.manage("resume", "inventory.reserve_stock")
    for name, page in pages.items():
        page.bring_to_front()
        expect(page.get_by_text("Settled", exact=True)).to_be_visible(timeout=PATIENCE * 1000)
        expect(answer(page)).to_contain_text(f"{KINDS[name].status} for")
        for stage in KINDS[name].stages:
            expect(page.get_by_role("list", name="Stages")).to_contain_text(stage)
        expect(page.get_by_text("Nothing: nobody owes it anything.")).to_be_visible()
        assert page.evaluate("window.untouched"), "it was loaded anew"
        expect(reached(page)).to_be_focused()  # whoever goes by keyboard is not thrown back to the start


def answer(page: Page) -> Any:
    return page.get_by_role("region", name="Where it is, and why")


def reached(page: Page) -> Any:
    """Something in the part that is swapped that can be reached by keyboard."""
    return page.get_by_role("region", name="Event history").get_by_role("link", name="orders.OrderPlaced", exact=True)
