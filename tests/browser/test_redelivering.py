"""A delivery that was given up is delivered again by somebody who reads, clicks, and sees what became of it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from config.client import order_body
from tests.browser.stack import Stack, wait_until


def test_what_is_parked_is_delivered_again_and_its_outcome_is_seen(stack: Stack, page: Page) -> None:
    order = stack.park(order_body({"POT-IRON": 1}))
    page.goto(f"/admin/orders/order/{order}/change/")
    answer = page.get_by_role("region", name="Where it is, and why")
    expect(answer).to_contain_text("needs attention: parked")
    expect(answer).to_contain_text("Waiting for shipping since")
    expect(answer).to_contain_text("An operator has to deliver it again or to skip it.")

    page.get_by_role("link", name="Deliver again what failed (1)").click()
    expect(page.get_by_role("heading", name="Deliver again?")).to_be_visible()
    expect(page.get_by_text("1 delivery of 1 order")).to_be_visible()
    page.get_by_label("Reason").fill("The carrier is well again.")
    page.get_by_role("button", name="Deliver again").click()

    expect(page.get_by_text("Requested. What becomes of each delivery is told here")).to_be_visible()
    items = page.get_by_role("region", name="Deliveries")
    _seen_by_reloading(page, items.get_by_role("cell", name="succeeded"))
    expect(items.get_by_role("cell", name="done")).to_be_visible()

    page.goto(f"/admin/orders/order/{order}/change/")
    expect(answer).to_contain_text("shipped for")
    told = page.get_by_role("region", name="Notes and operations")
    expect(told).to_contain_text("The carrier is well again.")
    expect(told).to_contain_text("1 ✓ succeeded")


def _seen_by_reloading(page: Page, what: Locator) -> None:
    """Loads the page until it shows this, as somebody would who waits for it."""
    wait_until(lambda: bool(page.reload()) and what.is_visible(), "the outcome is verified")
