"""`python -m tests.browser.pictures`: takes the pictures of docs/images anew, of a stack that it starts for them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from config.client import order_body
from tests.browser.chromium import NARROW, WIDE, a_context, chromium, executable, log_in
from tests.browser.stack import ROOT, Stack, running

IMAGES = ROOT / "docs" / "images"
# The list of all pages would take the room of the picture.
FOLDED = "localStorage.setItem('django.admin.navSidebarIsOpen', 'false')"


class Picture(NamedTuple):
    """A page, from the element `top` on and at most so many pixels high; after the button `press`, if it names one."""

    name: str
    address: str
    height: int
    top: str = "body"
    width: int = WIDE
    dark: bool = False
    press: str = ""


def main() -> int:
    """Returns the exit status."""
    path = executable()
    if path is None:
        sys.stderr.write("There is no Chromium: install it, or let CHROMIUM name it.\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as stack, chromium(path) as browser:
        for picture in _pictures(*_story(stack)):
            _take(browser, stack, picture)
    return 0


def _story(stack: Stack) -> tuple[str, str, str]:
    """Lets things happen; returns the pages of an order with a parked delivery, a shipped one and a cancelled one."""
    stack.manage("redeliver", "--order", stack.park(order_body({"POT-IRON": 1})), "--reason", "The carrier is back.")
    stack.ship(order_body({"SOLD-OUT": 1}), "cancelled")
    cancelled = stack.ship(order_body({"MUG-BLUE": 1}, postal_code="00000"), "cancelled")
    shipped = stack.ship(order_body({"MUG-BLUE": 2, "TEA-GREEN": 1}))
    stack.ship(order_body({"POT-IRON": 1}, "pm_card_declined_insufficient_funds"), "cancelled")
    parked = stack.park(order_body({"MUG-BLUE": 1}))
    return _page_of(parked), _page_of(shipped), _page_of(cancelled)


def _page_of(order: str) -> str:
    return f"/admin/orders/order/{order}/change/"


def _pictures(parked: str, shipped: str, cancelled: str) -> list[Picture]:
    return [
        Picture("answer", parked, 640, top="#content"),
        Picture("answer-phone", parked, 780, width=NARROW, dark=True),
        Picture("waterfall", shipped, 760, top=".waterfall"),
        Picture("sequence", shipped, 760, top=".sequence", dark=True),
        Picture("causality", shipped, 330, top=".causality"),
        Picture("books", cancelled, 400, top="section:has(> #books)"),
        Picture("event-history", parked, 700, top=".event-history"),
        Picture("orders", "/admin/orders/order/", 480, top="#content"),
        Picture("map", "/admin/outbox/reaction/map/", 800, top="#content"),
        Picture("failure-group", "/admin/outbox/failuregroup/1/change/", 600, top="#content"),
        Picture("operation", "/admin/outbox/operation/1/change/", 520, top="#content"),
        Picture("first-page", "/admin/", 560, top="#content"),
        Picture("silence", "/admin/outbox/reaction/silence/", 560, top="#content"),
        Picture("consistency", "/admin/consistency/", 640, top="#content", press="Examine now"),
        Picture("reactions", "/admin/outbox/reaction/", 700, top="#content", dark=True),
    ]


def _take(browser: Browser, stack: Stack, picture: Picture) -> None:
    scheme: Any = "dark" if picture.dark else "light"
    context = a_context(browser, stack.site, width=picture.width, color_scheme=scheme)
    context.add_init_script(FOLDED)
    page = context.new_page()
    log_in(page)
    page.goto(picture.address)
    if picture.press:
        page.get_by_role("button", name=picture.press).click()
        page.wait_for_load_state()
    box = page.locator(picture.top).first.bounding_box()
    assert box
    clip: Any = {**box, "height": min(picture.height, box["height"])}
    page.screenshot(path=IMAGES / f"{picture.name}.png", full_page=True, clip=clip)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
