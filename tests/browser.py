"""A headless Chromium for tests of pages, as `apt-get install chromium` brings it to Debian, driven by playwright.

Where there is none, tests are skipped with a word; in CI that is a failure, so that no page is left unlooked at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The path of the browser; skips the test where there is none, and fails it in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed (apt-get install chromium)")
    return found


@contextmanager
def opened_page(*, width: int = 1200, height: int = 900, scheme: str = "light") -> Iterator[Any]:
    """A page of a new browser; its warnings, errors, and what it could not load are an error at the end.

    Arguments:
        width, height: of the window, in pixels.
        scheme: "light" or "dark".
    """
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    complaints: list[str] = []
    with sync.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.on("console", lambda message: message.type == "log" or complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("requestfailed", lambda request: complaints.append(request.url))
            yield page
        finally:
            browser.close()
    assert not complaints, "\n".join(complaints)
