"""The report's page in a browser: filter, search, sort, keys, copying, slices, paper, no script."""

from dataclasses import replace
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from oracles.reporting.page import report_html
from tests.oracles.made_reports import (
    defect,
    failing,
    made_report,
    right_entry,
    vacuous_entry,
)
from tests.oracles.test_report_page import REPORTS


def mixed():
    """Return a report with something of everything."""
    return made_report(
        right_entry("tanh", "float32", seconds=0.5),
        failing("conv2d", shape=(2, 3, 4, 5), wrong=(27, 59)),
        right_entry("dense", elements=30, defects=(defect("torch", "torch: y differs"),)),
        vacuous_entry("softmax"),
        failing("conv1d", "float32", shape=(2, 3), wrong=(4,)),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("pages")
    for name, report in {**REPORTS, "mixed": mixed}.items():
        (home / f"{name}.html").write_text(report_html(report()), encoding="utf-8")
    return home


@pytest.fixture
def page(pages, home):
    return pages.open(home / "mixed.html")


def ops(page):
    """Return what the rows show that can be seen, in order."""
    return page.locator("#matrix tbody tr:visible th").all_inner_texts()


def failures(page):
    return page.locator("details.failure:visible h3 bdi").all_inner_texts()


ALL = ["tanh", "conv2d", "dense", "softmax", "conv1d"]


def test_filters_take_rows_and_details_together(page):
    assert (ops(page), failures(page)) == (ALL, ["conv2d", "conv1d"])
    page.check("[name=fail]")
    assert ops(page) == ["conv2d", "conv1d"]
    page.select_option("[name=dtype]", "float32")
    assert (ops(page), failures(page)) == (["conv1d"], ["conv1d"])
    assert page.inner_text(".count") == "1 of 5 rows"
    page.select_option("[name=op]", "softmax")
    assert (ops(page), failures(page)) == ([], [])
    assert page.locator("#failures .none").is_visible()
    page.click("button[type=reset]")
    expect(page.locator("#matrix tbody tr:visible")).to_have_count(5)
    assert failures(page) == ["conv2d", "conv1d"]


def test_one_oracle_alone(page):
    page.select_option("[name=oracle]", "torch")
    heads = page.locator("#matrix thead th:visible").all_inner_texts()
    assert [head.split()[0] for head in heads] == [
        "operation", "dtype", "hand-written", "evidence", "torch", "cases", "cells", "s",
    ]  # fmt: skip
    assert len(page.locator("#matrix tbody tr").first.locator("td:visible").all()) == 7
    assert page.locator("details.defect:visible").count() == 1
    page.select_option("[name=oracle]", "jax")  # which is skipped in all
    assert ops(page) == []
    assert page.locator("#defects .none").is_visible()


def test_search_finds_names_and_what_the_failures_say(page):
    page.fill("[name=q]", "CONV")
    assert ops(page) == ["conv2d", "conv1d"]
    page.fill("[name=q]", "outlier mine.conv1d")
    assert (ops(page), failures(page)) == (["conv1d"], ["conv1d"])
    page.fill("[name=q]", "torch: y")
    assert (ops(page), page.locator("details.defect:visible").count()) == ([], 1)
    page.fill("[name=q]", "<nothing>")
    assert page.inner_text(".count") == "0 of 5 rows"


def test_columns_sort_both_ways_and_back(page):
    head = page.locator("#matrix th[data-key=op]")
    button = head.locator("button")
    assert head.get_attribute("aria-sort") == "none"
    button.click()
    assert (head.get_attribute("aria-sort"), ops(page)) == ("ascending", sorted(ALL))
    button.click()
    assert (head.get_attribute("aria-sort"), ops(page)) == ("descending", sorted(ALL)[::-1])
    button.click()
    assert (head.get_attribute("aria-sort"), ops(page)) == ("none", ALL)
    page.click("#matrix th[data-key=evidence] button")
    assert ops(page) == ["conv2d", "conv1d", "softmax", "tanh", "dense"]
    page.click("#matrix th[data-key=cells] button")
    assert ops(page)[0] == "dense"
    page.click("#matrix th[data-key=subject] button")
    page.click("#matrix th[data-key=subject] button")
    assert set(ops(page)[:2]) == {"conv2d", "conv1d"}


def test_keyboard_alone(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("conv/")
    assert page.input_value("[name=q]") == "conv/"
    page.keyboard.press("Escape")
    assert (page.input_value("[name=q]"), ops(page)) == ("", ALL)
    order = []
    for _ in range(7):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.name || document.activeElement.type"
                                   " || document.activeElement.getAttribute('role')"))  # fmt: skip
    assert order == ["fail", "op", "dtype", "oracle", "reset", "region", "button"]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert ops(page) == sorted(ALL)
    names = [b.get_attribute("aria-label") or b.inner_text() for b in page.locator("button").all()]
    assert all(names)


def test_next_tab_goes_on_from_where_a_link_led(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # to the table
    assert page.evaluate("document.activeElement.id") == "table"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "q"


def test_address_of_another_run_filters_by_nothing_that_is_not_here(page):
    page.evaluate("location.hash = 'op=gone&oracle=nobody&dtype=float64'")
    expect(page.locator(".count")).to_have_text("2 of 5 rows")
    assert page.locator("#matrix th[data-oracle]:visible").count() == 2


def test_another_filter_lets_a_failure_go(page):
    page.click("#matrix tbody a >> nth=0")
    page.fill("[name=q]", "tanh")
    assert page.evaluate("location.hash") == "#q=tanh"
    page.reload()
    assert failures(page) == []


def test_view_is_kept_in_the_address_and_can_be_sent(page, pages, home):
    page.fill("[name=q]", "conv &#")
    page.fill("[name=q]", "conv")
    page.check("[name=fail]")
    page.click("#matrix th[data-key=op] button")
    page.click("#matrix th[data-key=op] button")
    address = page.evaluate("location.hash")
    assert unquote(address) == "#q=conv&fail=1&sort=op:down"
    before = page.evaluate("history.length")
    other = pages.open(home / "mixed.html")
    other.evaluate(f"location.hash = {address!r}")
    expect(other.locator("[name=fail]")).to_be_checked()
    assert ops(other) == ops(page) == ["conv2d", "conv1d"]
    assert other.locator("th[data-key=op]").get_attribute("aria-sort") == "descending"
    page.click("#matrix tbody tr:visible a >> nth=1")
    assert unquote(page.evaluate("location.hash")) == "#q=conv&fail=1&sort=op:down&at=f4"
    assert page.evaluate("document.activeElement.id") == "f4"
    assert page.evaluate("history.length") == before + 1
    page.reload()
    assert page.evaluate("document.activeElement.id") == "f4"
    page.go_back()
    assert unquote(page.evaluate("location.hash")) == "#q=conv&fail=1&sort=op:down"


def test_link_opens_a_detail_that_is_closed(page):
    page.click("details.failure >> nth=1 >> summary")
    assert not page.locator("#f4").is_visible()
    page.click("#wrong a >> nth=1")
    assert page.locator("#f4").is_visible()
    assert (
        page.locator("details.failure >> nth=1").evaluate("e => e.getBoundingClientRect().top")
        < 200
    )


def test_copying(chromium, pages, home):
    page = pages.open(home / "wrong.html", permissions=["clipboard-read", "clipboard-write"])
    script = page.locator("#f0 .copyable").first
    script.locator("button").click()
    expect(page.locator(".status")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "import numpy as np\nprint('again')\n"
    page.locator("#environment .copyable button").click()
    page.wait_for_timeout(100)
    assert page.evaluate("navigator.clipboard.readText()").startswith("oracle-diff")


def test_slider_shows_one_slice_and_says_which(page, artefacts):
    box = page.locator("#f1 .slices")
    assert box.locator(".slice:visible figcaption").all_inner_texts() == [
        "grad_x[0, 1, :, :] 1 wrong"]  # fmt: skip
    slider = box.locator("input[type=range]")
    assert (slider.get_attribute("max"), slider.input_value()) == ("5", "1")
    slider.press("ArrowRight")
    assert box.locator(".slice:visible figcaption").inner_text() == "grad_x[0, 2, :, :] 1 wrong"
    assert slider.get_attribute("aria-valuetext") == "grad_x[0, 2, :, :] 1 wrong"
    assert box.locator("output").inner_text() == "3 of 6"
    box.screenshot(path=artefacts / "slices.png")


def test_cells_tell_what_everybody_says(page):
    page.locator("#f1 .slice:visible .map >> nth=0 >> td.bad").hover()
    readout = page.locator("#f1 .slice:visible .readout")
    assert readout.inner_text() == "[0, 1, 1, 2] hand-written 26, truth 25, error/bound 4.5036e+13"
    assert page.locator("#f1 .slice:visible .same").count() == 3
    cell = page.locator("#f1 .slice:visible td[tabindex='0']")
    cell.focus()
    assert readout.inner_text().startswith("[0, 1, 0, 0] hand-written 18, truth 18")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert readout.inner_text().startswith("[0, 1, 1, 2] hand-written 26")
    for _ in range(3):
        page.keyboard.press("ArrowRight")  # over into the next map
    assert readout.inner_text().startswith("[0, 1, 1, 0] hand-written 23")
    assert page.evaluate("document.activeElement.closest('table').caption.innerText") == "truth"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # there is no row above
    assert readout.inner_text().startswith("[0, 1, 0, 4] ")


def test_cell_of_a_vector_has_one_index(pages, home):
    (home / "vector.html").write_text(report_html(made_report(failing(shape=(4,), wrong=(2,)))))
    page = pages.open(home / "vector.html")
    page.locator("#f0 td.bad").first.hover()
    assert page.locator("#f0 .readout").inner_text().startswith("[2] hand-written 1, truth 0")


def test_wrong_cells_are_marked_by_a_sign_and_a_frame(page):
    bad = page.locator("#f1 .slice:visible td.bad").first
    assert "\N{BALLOT X}" in bad.evaluate("e => getComputedStyle(e, '::before').content")
    assert bad.evaluate("e => getComputedStyle(e).boxShadow") != "none"


def test_all_is_there_without_a_script(pages, home, artefacts):
    page = pages.open(home / "mixed.html", java_script_enabled=False)
    assert ops(page) == ALL
    assert page.locator("details.failure").count() == 2
    assert page.locator("#f1 .slice:visible").count() == 6
    assert page.locator("#f1 code").first.is_visible()
    for name in ("form", "button", "input", "select", "output", ".readout"):
        assert page.locator(name).locator("visible=true").count() == 0
    page.click("#matrix tbody a >> nth=0")
    assert page.url.endswith("#f1")
    page.click("details.defect summary")
    assert page.locator("details.defect pre").first.is_visible()
    page.screenshot(path=artefacts / "no-script.png", full_page=True)


@pytest.mark.parametrize("name", ["mixed", "hostile", "changed", "defects"])
@pytest.mark.parametrize("width", [400, 1280])
def test_page_is_never_wider_than_its_window(pages, home, artefacts, name, width):
    page = pages.open(home / f"{name}.html", viewport={"width": width, "height": 800})
    for each in page.locator("details").all():
        each.evaluate("e => { e.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.screenshot(path=artefacts / f"{name}-{width}.png")


def test_dark(pages, home, artefacts):
    page = pages.open(home / "mixed.html", color_scheme="dark")
    paper, ink = page.evaluate(
        "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
    )
    assert (paper, ink) == ("rgb(21, 23, 26)", "rgb(231, 229, 224)")
    page.screenshot(path=artefacts / "dark.png", full_page=True)


def test_on_paper_everything_is_open_and_nothing_is_to_be_pressed(page, artefacts):
    page.check("[name=fail]")
    page.click("button[type=reset]")
    page.locator("details.failure").first.evaluate("e => { e.open = false; }")
    page.emulate_media(media="print", color_scheme="dark")
    for name in ("nav", "form", ".copyable button", ".slider"):
        assert page.locator(name).locator("visible=true").count() == 0
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 30, 34)"
    assert page.locator("#f1 .slice").locator("visible=true").count() == 6
    assert page.locator("details.defect pre").first.bounding_box()["height"] > 0
    page.screenshot(path=artefacts / "paper.png", full_page=True)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 1


def test_hostile_names_do_nothing(pages, home):
    page = pages.open(home / "hostile.html")
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    assert page.locator("#matrix tbody tr:visible").count() == 15
    assert page.locator("img").count() == 0
    assert page.evaluate("[...document.querySelectorAll('script')].length") == 1
    for row in page.locator("#matrix tbody th").all():
        row.hover()
    page.select_option("[name=op]", "</script>")
    assert ops(page) == ["</script>"]
    page.click("#matrix tbody tr:visible a")
    page.fill("[name=q]", "<script>")
    page.evaluate("location.hash = 'op=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'")
    expect(page.locator("[name=op]")).to_have_value("")
    assert dialogs == []
    heights = page.locator("#matrix tbody tr").evaluate_all("rows => rows.map(r => r.offsetHeight)")
    assert max(heights) < 200


@pytest.mark.parametrize(
    ("name", "colour", "sign"),
    [("right", "--right", "\N{CHECK MARK}"), ("wrong", "--wrong", "\N{BALLOT X}"),
     ("vacuous", "--warn", "\N{WHITE CIRCLE}"), ("nothing", "--warn", "\N{EN DASH}"),
     ("interrupted", "--right", "\N{CHECK MARK}")],
)  # fmt: skip
def test_verdict_has_its_colour_and_its_sign(pages, home, artefacts, name, colour, sign):
    page = pages.open(home / f"{name}.html")
    expected = page.evaluate(
        "c => { const e = document.createElement('i'); document.body.append(e);"
        " e.style.color = `var(${c})`; return getComputedStyle(e).color; }",
        colour,
    )
    heading = page.locator("h1")
    assert heading.evaluate("e => getComputedStyle(e).color") == expected
    assert heading.locator(".mark").inner_text() == sign
    page.screenshot(path=artefacts / f"{name}.png")


def test_page_of_defects_alone_can_be_filtered(pages, home):
    crash = defect("torch", "torch: crashed", "crashed")
    report = made_report(right_entry(defects=(defect(), crash)), right_entry("tanh"))
    (home / "two.html").write_text(report_html(replace(report)), encoding="utf-8")
    page = pages.open(home / "two.html")
    page.select_option("[name=op]", "tanh")
    assert page.locator("details.defect:visible").count() == 0
    page.select_option("[name=op]", "dense")
    page.fill("[name=q]", "crashed")
    assert page.locator("details.defect:visible").count() == 1
