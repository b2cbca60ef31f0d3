"""The Chromium and the Firefox of the system, for tests of pages. Playwright's own browsers are never downloaded."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BROWSERS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
"""The browsers that pages are tested in, with the names of their programs."""
_FIREFOX = {
    "security.fileuri.strict_origin_policy": True,  # the default; Playwright lets pages read all files
    "network.dns.disabled": True,
}


@contextmanager
def open_browser(name: str = "chromium") -> Iterator[Browser]:
    """Open a browser without a network; skip the test with a reason if it is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed.")
    program = next(filter(None, map(shutil.which, BROWSERS[name])), None)
    if program is None:
        pytest.skip(f"{name.title()} is not installed: apt-get install {BROWSERS[name][0]}")
    with playwright.sync_playwright() as driver:
        if name == "firefox":  # "moz-firefox" is an unpatched Firefox, which is driven through WebDriver BiDi
            browser = driver.firefox.launch(
                executable_path=program, channel="moz-firefox", firefox_user_prefs=_FIREFOX
            )
        else:
            # --no-sandbox: Chromium does not start as root otherwise, as in containers
            arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
            browser = driver.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


class Pages:
    """The pages of a gallery in a window; `requests` are the requested addresses, `errors` the console's messages."""

    def __init__(self, browser: Browser, folder: Path, **window: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **window})
        self.page: Page = self.context.new_page()
        self.folder = folder
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def open(self, route: str = "") -> Page:
        """Open a route, and wait until all photos are loaded."""
        self.page.goto("about:blank")
        self.page.goto(f"{(self.folder / 'index.html').as_uri()}#/{route}")
        self.until("flickrMirror.isWhole === true")
        return self.page

    def until(self, condition: str, seconds: float = 10) -> None:
        """Wait for a condition in JavaScript. (`wait_for_function` needs eval, which the pages forbid.)"""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < end, f"not within {seconds} s: {condition}; {self.errors}"
            time.sleep(0.02)

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the elements that match a selector."""
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]
