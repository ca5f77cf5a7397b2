"""What watches the pages is itself watched."""

import pytest

from tests.browser.pages import Pages


def write(path, body):
    path.write_text(f"<!doctype html><meta charset=utf-8><title>t</title><p>here</p>{body}")
    return path


def test_a_quiet_page_opens_and_can_be_kept_as_a_picture(pages, tmp_path, artefacts):
    page = pages.open(write(tmp_path / "quiet.html", ""))
    assert page.inner_text("p") == "here"
    page.screenshot(path=artefacts / "quiet.png")
    assert (artefacts / "quiet.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("body", "seen"),
    [("<script>console.log('noise')</script>", "noise"),
     ("<script>throw new Error('oops')</script>", "oops"),
     ("<img src='http://127.0.0.1:9/a.png' alt=''>", "127.0.0.1")],
)  # fmt: skip
def test_noise_errors_and_requests_are_seen(chromium, tmp_path, body, seen):
    pages = Pages(chromium)
    pages.open(write(tmp_path / "loud.html", body))
    with pytest.raises(AssertionError, match=seen):
        pages.opened[0].assert_quiet()
    pages.close()
