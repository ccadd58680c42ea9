"""Fixtures of the tests in a real browser: Debian's Chromium, and pages that fail on any trouble."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = os.environ.get("DEEPVISUALMINER_SCREENSHOTS")
"""A folder for pictures of the pages, for the documentation."""
_REFUSALS = ("status of 400", "status of 404", "status of 409")
"""What the browser notes about answers that a test asks for."""
_QUIET = (
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *_QUIET]
        )
        yield started
        started.close()


@contextmanager
def watched_page(browser: Browser, server: str) -> Iterator[Page]:
    """A page that fails its test where it asks another server, breaks the security policy or has an error."""
    troubles: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(code in message.text for code in _REFUSALS):
            troubles.append(message.text)

    context = browser.new_context(base_url=server, viewport={"width": 1200, "height": 800})
    made = context.new_page()
    made.on("request", lambda request: request.url.startswith(server) or troubles.append(request.url))
    made.on("console", note)
    made.on("pageerror", lambda error: troubles.append(str(error)))
    made.on("dialog", lambda dialog: troubles.append(dialog.message))
    yield made
    context.close()
    assert troubles == []


def keep(page: Page, name: str) -> None:
    """A picture of the page for the documentation, if one is asked for."""
    if SCREENSHOTS is not None:
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1000)  # the browser fades its own symbols over a video out
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def assert_accessible(page: Page) -> None:
    """axe finds nothing serious on the page."""
    found = Axe().run(page).response["violations"]
    serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
    assert serious == [], f"{page.url}: {found}"
