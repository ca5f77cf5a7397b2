"""A real headless Chromium for pages that open from files, without network."""

import os
import shutil
from pathlib import Path

import pytest

from oracles.article_record import article_record
from oracles.reporting.article_page.page import article_html
from tests.browser.article import EPOCHS
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


@pytest.fixture(scope="session")
def record(tmp_path_factory):
    """Return the record of a real run of the article, of `EPOCHS` epochs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oracles.article_record.EPOCHS", EPOCHS)
        return article_record((), time_limit=30, directory=str(tmp_path_factory.mktemp("oracles")))


@pytest.fixture(scope="session")
def path(record, tmp_path_factory):
    """Return where the article's page of that record lies."""
    path = tmp_path_factory.mktemp("page") / "article.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oracles.reporting.article_page.data.EPOCHS", EPOCHS)
        path.write_text(article_html(record), encoding="utf-8")
    return path


@pytest.fixture
def page(pages, path):
    """Return the article's page, opened, on which nothing moves by itself."""
    return pages.open(path, reduced_motion="reduce")
