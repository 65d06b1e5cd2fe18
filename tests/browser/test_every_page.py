"""One page of each kind that the admin has, light and dark, wide and narrow: nothing is wrong with any of them.

Pictures of each are kept in build/screenshots, or in the folder that SCREENSHOTS names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from config.client import order_body
from tests.browser.chromium import HEIGHTS, NARROW, WIDE, Troubles, a_context, overflow
from tests.browser.stack import Stack, wait_until
from tests.browser.walking import walk

SEVERE = {"serious", "critical"}
# Django's own widgets, on its pages of users and groups: the filter of permissions, and a time in two parts.
DJANGOS_OWN = {"aria-prohibited-attr", "label"}
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}
# What may have a colour of its own: a page with nothing new needs no second look in the dark.
CLASSES = "[...new Set([...document.querySelectorAll('#content [class]')].flatMap(one => [...one.classList]))]"
COLOURS = "axe.run('#content', {resultTypes: ['violations'], runOnly: ['color-contrast']})"
STILL = "document.getAnimations().every(animation => animation.playState !== 'running')"
# An element that is wider than what it is in, where nothing around it can be scrolled.
CUT_OFF = """
[...document.querySelectorAll('#content :is(p, li, dd, dt, td, th, h1, h2, h3, pre, a, summary)')]
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
  .filter(one => {
    for (let around = one; around; around = around.parentElement)
      if (/auto|scroll/.test(getComputedStyle(around).overflowX) && around.id !== 'content') return false;
    return !one.closest('.visually-hidden, svg');
  })
  .map(one => one.tagName + '.' + one.className + ': ' + one.innerText.slice(0, 60))
"""
# What seldom is: an endpoint that hears of what follows, a stock that was counted, a stray message, a part given back.
SELDOM = """
from django.contrib.auth.models import User
from inventory.models import Stock
from inventory.services import adjust_stock
from outbox.models import RejectedMessage
from payments.models import Payment
from payments.services import refund_part
from webhooks.services import add_endpoint
admin = User.objects.get(username="admin")
parts = ["payments.PaymentPartlyRefunded"]  # and nothing else: no order of other tests is to wait for this endpoint
add_endpoint(owner=admin, url="https://hooks.invalid/orders", event_types=parts, orders="all")
tea = Stock.objects.get(sku="TEA-GREEN").on_hand
adjust_stock(sku="TEA-GREEN", delta=-1, expected_on_hand=tea, reason="counted", note="one is open", actor="staff:sue")
RejectedMessage.objects.create(queue="orders", reason="no task of ours", body="{}")
refund_part(payment_id=Payment.objects.latest("pk").pk, reason="goodwill")
"""
ZOOMED = WIDE // 4  # pixels: what a window of 1,280 shows at 400 %
FEWEST = 75  # pages; with less the walk has lost its way


@pytest.fixture(scope="module")
def parked(stack: Stack) -> str:
    """The page of an order with a parked delivery; others have been shipped, refused, and delivered again."""
    stack.ship(order_body({"MUG-BLUE": 2}))
    stack.manage("shell", "--command", SELDOM)
    stack.ship(order_body({"SOLD-OUT": 1}), "cancelled")
    stack.manage("redeliver", "--order", stack.park(order_body({"MUG-BLUE": 1})))
    return f"/admin/orders/order/{stack.park(order_body({'MUG-BLUE': 1}))}/change/"


def test_nothing_is_wrong_with_any_page(
    browser: Browser, stack: Stack, session: Any, parked: str, screenshots: Path
) -> None:
    context = a_context(browser, stack.site, storage_state=session)
    troubles, page = Troubles(context), context.new_page()
    kinds, faults, seen_dark = [], [], set[str]()
    for kind in walk(page, [parked, "/admin/"]):
        kinds.append(kind)
        faults += [f"{kind}: {fault}" for fault in [*troubles.seen, *_faults(page, kind, seen_dark)]]
        _keep(page, screenshots / kind)
        troubles.seen.clear()  # taking pictures and looking into pages breaks the rules for content
    context.close()
    assert faults == []
    assert len(kinds) >= FEWEST, kinds


def test_the_page_before_the_login_is_in_order(browser: Browser, stack: Stack) -> None:
    context = a_context(browser, stack.site)
    page = context.new_page()
    page.goto("/admin/")
    assert list(_faults(page, "login", set())) == []
    context.close()


def test_a_long_history_fits_into_every_window(browser: Browser, stack: Stack, session: Any, parked: str) -> None:
    stack.lengthen(parked.split("/")[-3], 300)
    context = a_context(browser, stack.site, storage_state=session)
    page = context.new_page()
    page.goto(parked)
    assert page.get_by_role("region", name="Event history").get_by_role("heading", level=3).count() > 300
    for width in (NARROW, ZOOMED):  # axe has seen a page of this kind, and takes a minute for one of this length
        page.set_viewport_size({"width": width, "height": 600})
        assert overflow(page) == 0
        assert page.evaluate(CUT_OFF) == []
    context.close()


def _faults(page: Page, kind: str, seen_dark: set[str]) -> Iterator[str]:
    """What axe finds serious, in both schemes, and what is wider than a phone."""
    _turn(page, "light")
    yield from _severe(kind, Axe().run(page, options=ONLY_VIOLATIONS).response)
    if not seen_dark.issuperset(classes := page.evaluate(CLASSES)):
        seen_dark.update(classes)
        _turn(page, "dark")
        yield from _severe(kind, page.evaluate(COLOURS))
    page.set_viewport_size({"width": NARROW, "height": HEIGHTS[NARROW]})
    if wider := overflow(page):
        yield f"{wider} pixels wider than a phone"


def _severe(kind: str, found: dict[str, Any]) -> Iterator[str]:
    for violation in found["violations"]:
        excused = kind.startswith("djangos-") and violation["id"] in DJANGOS_OWN
        if violation["impact"] in SEVERE and not excused:
            yield f"{violation['id']}: {[node['target'] for node in violation['nodes'][:3]]}"


def _keep(page: Page, path: Path) -> None:
    """Keeps four pictures of the page, and leaves it wide and light."""
    scheme: Literal["dark", "light"]
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        for width, name in ((NARROW, "narrow"), (WIDE, "wide")):
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            file = path.with_name(f"{path.name}-{name}-{scheme}.jpg")
            page.screenshot(path=file, type="jpeg", full_page=True, animations="disabled")


def _turn(page: Page, scheme: Any) -> None:
    """Changes the colours, and returns when no colour is on its way to another any more."""
    page.emulate_media(color_scheme=scheme)
    wait_until(lambda: page.evaluate(STILL), "no colour changes any more")
