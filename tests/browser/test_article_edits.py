"""What a reader writes into the article's page: it is taken as written, kept, and never misread."""

import numpy as np
import pytest

from manualgrad.article_training import IMAGES, TARGETS, initial_weights, train
from oracles.article_record import VERSIONS
from tests.browser.article import EPOCHS


def field(page, name, row=0, column=0):
    return page.locator(
        f".map [data-matrix={name}] tr:nth-child({row + 1}) td:nth-child({column + 1}) input"
    )


def number(page, name, row=0, column=0):
    return page.evaluate("([n, r, c]) => State.matrix(n)[r][c]", [name, row, column])


def choose(page, image):
    page.check(f"input[name=image][value='{image}']", force=True)


# --- what is written ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1e400", "1,5", "0x10", "abc", "", "1 2", "NaN", "Infinity"])
@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_what_is_no_finite_number_is_refused_in_words(page, text, key):
    field(page, "x", 1, 1).click()
    page.keyboard.press("Delete")  # all of it was selected
    page.keyboard.type(text)
    assert field(page, "x", 1, 1).get_attribute("aria-invalid") == "true"
    page.keyboard.press(key)
    assert number(page, "x", 1, 1) == 0
    said = page.inner_text("[data-refused]")
    assert said == f"x[1,1]: “{text}” is not a finite number; kept 0."
    assert "refused" in field(page, "x", 1, 1).get_attribute("class")
    assert page.inner_text("[data-state]") == "the run's numbers"
    field(page, "x", 1, 1).fill("2")
    assert page.inner_text("[data-refused]") == ""
    assert page.locator(".refused").count() == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e3", 1e3), (" -.5 ", -0.5), ("−2.", -2.0), ("+1E-3", 1e-3), ("0.1", 0.1)],
)
def test_what_is_a_number_counts_at_once(page, text, value):
    field(page, "w1").fill(text)
    assert number(page, "w1") == value
    assert page.inner_text("[data-refused]") == ""


def test_fields_are_of_text(page):
    # A number field changes under the wheel, and tells neither "abc" nor "1,5" from nothing.
    types = page.locator(".map td input").evaluate_all("all => all.map((one) => one.type)")
    assert set(types) == {"text"}


@pytest.mark.parametrize(
    ("value", "short"),
    [("123456.79", "1.2e5"), ("-123456.79", "-1e5"), ("12.345", "12.35"), ("-0.00123", "-1e-3"),
     ("-12.345", "-12.3"), ("-1234.6", "-1235"), ("0.5", "0.5"), ("3", "3")],
)  # fmt: skip
def test_long_numbers_are_never_cut(page, value, short):
    cell = field(page, "x", 0, 3)
    cell.fill(value)
    text, box = page.evaluate("""() => { const input = document.activeElement;
        return [input.scrollWidth, input.clientWidth]; }""")
    assert text <= box
    assert cell.input_value() == value
    cell.blur()
    assert cell.input_value() == short
    assert cell.evaluate("(input) => input.scrollWidth <= input.clientWidth")
    assert cell.get_attribute("title") == ("" if value == short else value)


# --- what is kept -------------------------------------------------------------------------------


def test_each_image_keeps_what_was_written_in_it(page):
    rect = page.locator(".pictures svg").first.locator("rect").nth(5)
    assert rect.get_attribute("class") == "zero"
    field(page, "x", 1, 1).fill("3")
    field(page, "y").fill("0.25")
    dial = page.locator("[data-dial='0'] b").inner_text()
    choose(page, 2)
    assert page.inner_text("[data-state]") == "the run's numbers; changed on image 1"
    assert page.locator(".asked.now").count() > 0
    assert page.is_enabled("[data-reset]")
    assert rect.get_attribute("class") == "positive"
    assert page.locator("[data-dial='0'] b").inner_text() == dial
    choose(page, 0)
    assert (number(page, "x", 1, 1), number(page, "y")) == (3, 0.25)
    choose(page, 2)
    page.click("[data-reset]")
    choose(page, 0)
    assert number(page, "x", 1, 1) == 0
    assert page.inner_text("[data-state]") == "the run's numbers"


CHANGES = {
    "a pixel": lambda page: field(page, "x", 1, 1).fill("3"),
    "the version": lambda page: page.check("input[name=version][value=later]", force=True),
    "the image": lambda page: choose(page, 3),
    "an activation": lambda page: page.select_option("[data-activation=f1]", "sigmoid"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_sum_that_stands_there_follows_when_the_pointer_has_left(page, change):
    page.hover(".map [data-matrix=g1] td >> nth=0")
    page.mouse.move(5, 5)
    before = page.inner_text("#map [data-sum]")
    CHANGES[change](page)
    after = page.inner_text("#map [data-sum]")
    assert after != before
    page.hover(".map [data-matrix=g1] td >> nth=0")
    assert page.inner_text("#map [data-sum]") == after
    page.mouse.move(5, 5)
    choose(page, 0)
    page.check("input[name=version][value=right]", force=True)
    if page.is_enabled("[data-reset]"):
        page.click("[data-reset]")
    assert page.inner_text("#map [data-sum]") == before


# --- what is said of it -------------------------------------------------------------------------


def test_nothing_is_said_to_be_exact_of_a_readers_numbers(page):
    def said():
        return page.inner_text(".legend"), page.inner_text("#versions .intro")

    assert all("rounding bound around the" in words for words in said())
    field(page, "w3").fill("1.5")
    for words in said():
        assert "bound" not in words
        assert "differs from the page's right version by more than rounding" in words
    assert page.inner_text("[data-far='later:g2']") == (
        "equal to the page's right version, to rounding"
    )
    assert "the truth" not in page.inner_text("#versions")
    outcome = page.inner_text(".outcome")
    assert "And yet" not in outcome
    assert "In the article's run, with its own numbers" in outcome
    page.click("[data-reset]")
    assert "And yet, in the run's" in page.inner_text(".outcome")


def test_matrices_of_zeros_have_no_direction_and_no_fault(page):
    page.evaluate("[0, 1].forEach((r) => [0, 1].forEach((c) => State.set('w2', r, c, 0)))")
    assert page.inner_text("[data-measure=cosine]") == "–"
    assert "no direction" in page.inner_text(".measures")
    assert "NaN" not in page.inner_text("main")
    for step in ("dA1", "g1"):
        cell = page.locator(
            "#versions td:has(> .far)", has=page.locator(f"[data-far='later:{step}']")
        )
        assert "of no effect on these numbers" in cell.inner_text()
        assert "rotated" not in cell.inner_text()
        assert "wrong input" not in cell.inner_text()
    page.click("[data-reset]")
    assert page.inner_text("[data-measure=cosine]") == "−0.94"
    assert "no direction" not in page.inner_text(".measures")
    assert "no effect" not in page.inner_text("#versions")
    assert page.locator("#versions .differs:visible").count() > 0


# --- trainings ----------------------------------------------------------------------------------


def test_axis_of_the_curves_is_that_of_their_costs(page):
    def ticks():
        return page.locator("[data-decades] text").all_text_contents()

    before = ticks()
    assert before[-1] == "1"
    field(page, "y").fill("5")
    page.click("[data-train]")
    targets = [5, *TARGETS[1:]]
    given = IMAGES, np.array(targets), initial_weights(4.2)
    costs = [train(*given, epochs=EPOCHS, gradients=g).costs for g in VERSIONS.values()]
    assert max(max(each) for each in costs) > 10
    assert float(ticks()[-1]) == 100
    lines = page.locator(".curve polyline").evaluate_all(
        "all => all.map((one) => one.getAttribute('points'))"
    )
    heights = [[float(point.split(",")[1]) for point in line.split()] for line in lines]
    for line, values in zip(heights, costs, strict=True):
        for one, other, before_, after in zip(line, line[1:], values, values[1:], strict=False):
            assert (one - other) * (after - before_) >= 0  # it falls where the cost falls
        assert min(line) > 16  # nothing is pressed flat at the top
    page.click("[data-reset]")
    assert ticks() == before


def test_divergence_is_told_and_its_curve_ends(page):
    for f in ("f1", "f2", "f3"):
        page.select_option(f"[data-activation={f}]", "identity")
    page.click("[data-train]")
    ends = page.locator(".curve .last").all_text_contents()
    assert all(end.startswith("diverged at epoch ") for end in ends)
    assert "NaN" not in page.inner_text("#training")
    assert "diverged" in page.get_attribute("[data-chart]", "aria-label")
    card = page.locator(".curves").bounding_box()
    for each in page.locator(".curve text").all():
        box = each.bounding_box()
        assert box["x"] + box["width"] <= card["x"] + card["width"]
        assert box["y"] >= card["y"]
