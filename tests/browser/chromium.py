"""Chromium, and pages in it that remember everything that has gone wrong in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

WIDE, NARROW = 1280, 390
HEIGHTS = {WIDE: 900, NARROW: 844}
PATIENCE = 60_000  # milliseconds: a machine that is busy with other tests has needed 15 s for one picture
# It talks to the site that is tested and to nobody else.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
]


def executable() -> str | None:
    """Returns where Chromium is: what CHROMIUM names, or what the machine has; None if there is none."""
    named = os.environ.get("CHROMIUM", "")
    return shutil.which(named or "chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Runs Chromium, which wants no sandbox of its own where it runs as root."""
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def a_context(browser: Browser, site: str, *, width: int = WIDE, **options: Any) -> BrowserContext:
    """Returns a window of this width, in pixels, whose addresses are relative to the site."""
    viewport: Any = {"width": width, "height": HEIGHTS[width]}
    context = browser.new_context(base_url=site, viewport=viewport, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    return context


class Troubles:
    """What has gone wrong in the pages of a context: errors in console and scripts, and files that are missing."""

    def __init__(self, context: BrowserContext) -> None:
        self.seen: list[str] = []
        context.on("console", lambda message: self._note(message.type == "error", message.text))
        context.on("weberror", lambda error: self._note(True, str(error.error)))
        context.on("response", self._judge)

    def _judge(self, response: Response) -> None:
        self._note(response.status >= 400, f"{response.status} {response.url}")

    def _note(self, is_wrong: bool, words: str) -> None:
        if is_wrong:
            self.seen.append(words)


def log_in(page: Page) -> None:
    """Logs in to the admin as the demo's superuser, by the form."""
    page.goto("/admin/login/?next=/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")


def overflow(page: Page) -> int:
    """Returns by how many pixels the page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
