"""A real headless Chromium for pages that open from files, without network."""

import os
import shutil
from pathlib import Path

import pytest

from tests.browser.pages import Pages

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Under which a browser may be installed; the environment variable CHROMIUM goes before."""


@pytest.fixture(scope="session")
def chromium():
    """Return the browser; skip where none is installed, which CI must not be."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to import

    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        assert not os.environ.get("CI"), "CI must install chromium: see .ci/run"
        pytest.skip("no Chromium found: install Debian's package chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def pages(chromium):
    """Return pages that must have stayed quiet when the test ends."""
    pages = Pages(chromium)
    yield pages
    try:
        for opened in pages.opened:
            opened.assert_quiet()
    finally:
        pages.close()


@pytest.fixture
def artefacts(request, tmp_path):
    """Return where screenshots go: $BROWSER_ARTEFACTS, or the test's own folder."""
    home = Path(os.environ.get("BROWSER_ARTEFACTS", tmp_path)) / request.node.name
    home.mkdir(parents=True, exist_ok=True)
    return home
