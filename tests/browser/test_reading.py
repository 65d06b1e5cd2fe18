"""Whoever reads without scripts, without a mouse, or on a phone gets the same answer."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config.client import order_body
from tests.browser.chromium import NARROW, WIDE, a_context
from tests.browser.stack import Stack


@pytest.fixture(scope="module")
def shipped(stack: Stack) -> str:
    """The page of an order that has been shipped."""
    return f"/admin/orders/order/{stack.ship(order_body({'MUG-BLUE': 1}))}/change/"


def test_the_page_of_an_order_says_everything_without_scripts(
    browser: Browser, stack: Stack, session: Any, shipped: str
) -> None:
    context = a_context(browser, stack.site, storage_state=session, java_script_enabled=False)
    page = context.new_page()
    page.goto(shipped)
    expect(page.get_by_role("region", name="Where it is, and why")).to_contain_text("shipped for")
    expect(page.get_by_role("list", name="Stages")).to_contain_text("captured")
    for diagram in ("Waterfall", "Sequence"):
        expect(page.get_by_role("figure", name=diagram)).to_be_visible()
    expect(page.get_by_role("heading", name="What caused what")).to_be_visible()
    expect(page.get_by_role("button", name="Pause the updates")).to_be_hidden()
    page.get_by_role("link", name="Refresh").click()
    page.get_by_text("Payload").first.click()
    expect(page.get_by_role("region", name="Event history").locator("pre").first).to_be_visible()
    context.close()


def test_the_keyboard_reaches_what_can_be_done_in_the_order_in_which_it_is_read(page: Page, shipped: str) -> None:
    page.goto(shipped)
    wanted = ["Skip to main content", "What remains", "JSON", "Mermaid", "Refresh", "Pause the updates", "Add a note"]
    assert [words for words in _by_tabbing(page, until=wanted[-1]) if words in wanted] == wanted
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Add a note to the order")).to_be_visible()


def test_on_a_phone_there_is_room_to_search(browser: Browser, stack: Stack, session: Any) -> None:
    context = a_context(browser, stack.site, width=NARROW, storage_state=session)
    page = context.new_page()
    page.goto("/admin/orders/order/")
    box = page.get_by_role("textbox", name="Search").bounding_box()
    assert box
    assert box["width"] > NARROW / 3
    context.close()


def test_on_paper_it_has_the_width_of_the_paper(page: Page, shipped: str) -> None:
    page.emulate_media(media="print")
    page.goto(shipped)
    history = page.get_by_role("region", name="Event history").bounding_box()
    assert history
    assert history["width"] > WIDE - 120  # not that of what stands beside it on the screen, and is not printed
    expect(page.get_by_role("navigation", name="Sidebar")).to_be_hidden()


def _by_tabbing(page: Page, until: str) -> list[str]:
    """The words of what the tabulator key reaches, one after the other."""
    reached: list[str] = []
    while until not in reached:
        assert len(reached) < 600, f"{until} is not reached: {reached[-20:]}"
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText?.trim() ?? ''"))
    return reached
