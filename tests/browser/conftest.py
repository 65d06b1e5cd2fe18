"""One stack for the session; a Chromium for each file of tests, for its event loop must not outlive them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import chromium as browsers
from tests.browser.stack import ROOT, Stack, running


@pytest.fixture(scope="session")
def executable() -> str:
    """Where Chromium is; without one the test is skipped, or fails if REQUIRE_SERVICES is set."""
    if path := browsers.executable():
        return path
    reason = "needs Chromium: install it, or let CHROMIUM name it"
    if os.environ.get("REQUIRE_SERVICES"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def stack(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def browser(executable: str) -> Iterator[Browser]:
    with browsers.chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="module")
def session(browser: Browser, stack: Stack) -> Any:
    """The cookies of somebody who has logged in."""
    context = browsers.a_context(browser, stack.site)
    browsers.log_in(context.new_page())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def context(browser: Browser, stack: Stack, session: Any) -> Iterator[BrowserContext]:
    """A window of somebody who has logged in; whatever goes wrong in it fails the test."""
    context = browsers.a_context(browser, stack.site, storage_state=session)
    troubles = browsers.Troubles(context)
    yield context
    context.close()
    assert troubles.seen == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures of every page are kept: build/screenshots, or what SCREENSHOTS names."""
    folder = Path(os.environ.get("SCREENSHOTS") or ROOT / "build" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
