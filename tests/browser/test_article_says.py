"""What the article's page says in words and draws as lines is what it computes."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from manualgrad import article
from manualgrad.article_training import IMAGES, TARGETS, initial_weights, train
from oracles.article_record import VERSIONS
from oracles.reporting.article_page.grids import MINUS, plain
from tests.browser.article import EPOCHS


def write(page, name, text):
    page.fill(f".map [data-matrix={name}] tr:nth-child(1) td:nth-child(1) input", text)


FUNCTIONS = {"tanh": math.tanh, "arctan": math.atan, "sigmoid": lambda v: 1 / (1 + math.exp(-v))}
NAMES = {"pixels": "x", "k": "k", "of w1": "w1", "of w2": "w2", "of w3": "w3"}


def numbers_in(words):
    """Return what a sentence counts: {"x": 9, "w2": 4, "k": 1}."""
    found = {}
    for each in filter(None, words.rstrip(". ").split(", ")):
        count, _, name = each.partition(" ") if each != "k" else ("1", "", "k")
        found[NAMES[name]] = int(count)
    return found


@pytest.mark.parametrize("step", ["a1", "l2", "a2", "h", "l3", "out", "k", "cost", "d3", "d2", "d1",
                                  "g1"])  # fmt: skip
def test_sum_that_is_written_out_makes_the_number_and_counts_what_made_it(page, step):
    page.select_option("[data-activation=f2]", "sigmoid")
    page.locator(f".map [data-matrix={step}] td").first.hover()
    names, numbers, *counted = page.inner_text("#map [data-sum]").split("\n")
    f = {"a1": "f1", "a2": "f2", "out": "f3"}.get(step)
    assert f is None or re.search(rf"= {f}\(l\d", names)
    expression, value = numbers.replace("−", "-").removeprefix("= ").rsplit(" = ", 1)
    made = eval(expression.replace("·", "*").replace("²", "**2"), dict(FUNCTIONS))
    exact = page.evaluate("step => State.matrix(step)[0][0]", step)
    assert abs(float(value) - exact) <= 1e-3 * abs(exact)
    assert abs(made - exact) <= 0.05 * abs(exact)  # factors are written to 3 digits
    if step == "k":
        assert counted == []  # it would be made of itself
        return
    values, _, slopes = (
        counted[0]
        .removeprefix("Solid, numbers that are multiplied: ")
        .partition("Dotted, they matter only because they set f': ")
    )
    all_ = page.evaluate("step => Network.contributors('right', step, 0, 0)", step)
    for words, slope in ((values, False), (slopes, True)):
        mine = [each["step"] for each in all_ if each["slope"] == slope]
        assert numbers_in(words) == {name: mine.count(name) for name in dict.fromkeys(mine)}


@pytest.mark.parametrize("script", [True, False])
def test_hands_point_as_their_cosines_say(pages, path, record, script):
    page = pages.open(path, java_script_enabled=script)
    pairs = [{d.step: d for d in image.published if d.version == "later"}["g1"]
             for image in record.steps.images]  # fmt: skip
    for n, each in enumerate(pairs):
        dial = page.locator(f"[data-dial='{n}']")
        hand = dial.locator(".hand")
        x, y = (float(hand.get_attribute(name)) for name in ("x2", "y2"))
        assert abs(x / 34 - each.cosine) < 1e-3
        assert abs(y / 34 + math.sqrt(1 - each.cosine**2)) < 1e-3
        assert dial.locator("em").inner_text() == ("away" if each.cosine < 0 else "along")
        assert ("now" in dial.get_attribute("class").split()) == (script and n == 0)


def test_training_takes_the_pixel_and_the_target_that_were_changed(page):
    write(page, "x", "0.5")
    write(page, "y", "0.25")
    page.click("[data-train]")
    images, targets = IMAGES.copy(), TARGETS.copy()
    images[0, 0, 0], targets[0] = 0.5, 0.25
    wanted = [train(images, targets, initial_weights(4.2), epochs=EPOCHS, gradients=g).costs[-1]
              for g in VERSIONS.values()]  # fmt: skip
    assert page.locator(".curve .last").all_text_contents() == [f"{cost:.4f}" for cost in wanted]


def test_curves_of_older_numbers_do_not_stay(page):
    ends = page.locator(".curve .last").all_text_contents()
    write(page, "w3", "1.5")
    page.click("[data-train]")
    mine = page.locator(".curve .last").all_text_contents()
    assert mine != ends
    assert mine[0] in page.get_attribute("[data-chart]", "aria-label")
    write(page, "w3", "-3")
    assert page.locator(".curve .last").all_text_contents() == ends
    assert "your numbers" not in page.inner_text("[data-trained]")


def test_script_draws_the_curves_that_stand_in_the_file(page, record):
    def points():
        return page.locator(".curve polyline").evaluate_all(
            "all => all.map((each) => each.getAttribute('points'))"
        )

    def places():
        return page.locator(".curve text").evaluate_all(
            "all => all.map((each) => each.getAttribute('y'))"
        )

    still = points(), places()
    write(page, "w3", "1.5")
    page.click("[data-train]")
    page.click("[data-reset]")
    assert (points(), places()) == still
    for line, costs in zip(still[0], record.costs.values(), strict=True):
        xs, ys = np.array([list(map(float, p.split(","))) for p in line.split()]).T
        assert np.abs(xs - np.linspace(xs[0], xs[-1], EPOCHS + 1)).max() < 0.11
        heights = np.log10(costs)
        slope = (ys[-1] - ys[0]) / (heights[-1] - heights[0])
        assert np.abs(ys - ys[0] - slope * (heights - heights[0])).max() < 0.2


def test_labels_stay_in_the_chart_whatever_becomes_of_the_costs(page):
    for f in ("f1", "f2", "f3"):
        page.select_option(f"[data-activation={f}]", "identity")
    write(page, "w2", "1e200")
    write(page, "w3", "1e200")
    page.click("[data-train]")
    places = page.locator(".curve text").evaluate_all("all => all.map((t) => +t.getAttribute('y'))")
    assert min(places) >= 16
    assert min(np.diff(sorted(places))) >= 30


def test_matrices_of_zeros_are_equal(page):
    page.evaluate("[0, 1, 2, 3].forEach((row) => State.set('w3', row, 0, 0))")
    far = set(page.locator("[data-far]").all_inner_texts())
    assert far == {"equal to the page's right version, to rounding"}


@pytest.mark.parametrize("script", [True, False])
def test_each_column_of_the_versions_says_what_was_found(pages, path, record, script):
    page = pages.open(path, java_script_enabled=script)
    found = {(d.version, d.step): d for d in record.steps.images[0].published}
    heads = page.locator(".versions thead th").all_inner_texts()
    assert heads == ["step", "first version", "later version", "right"]
    for step in ("g2", "dA1", "d1", "g1"):
        row = page.locator(".versions > tbody > tr", has=page.locator(f"[data-far='first:{step}']"))
        for column, version in enumerate(("first", "later")):
            cell = row.locator("> td").nth(column)
            assert cell.locator("table").get_attribute("data-version") == version
            each = found.get((version, step))
            fault = cell.locator(".fault").inner_text()
            far = cell.locator(".far").inner_text()
            if each is None:
                assert (fault, far) == ("right", "equal to the truth, to rounding")
                continue
            assert ("wrong line" in fault) == each.own_fault
            assert ("wrong input" in fault) == (not each.own_fault)
            assert far == (
                f"relative error {each.relative_error:.3g}, cosine {each.cosine:.3g}"
            ).replace("-", "−")


def test_curves_are_called_by_the_version_that_made_them(page):
    words = {"right": "right gradients", "first": "as first published",
             "later": "as later published"}  # fmt: skip
    for version, said in words.items():
        assert page.locator(f"[data-curve={version}] .which").text_content() == said


@pytest.mark.parametrize("width", [320, 400, 640, 712, 720, 768, 830, 870, 1024])
def test_page_is_never_wider_than_the_window(pages, path, width):
    page = pages.open(path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


# --- why R belongs there ------------------------------------------------------------------------


def because(page):
    return " ".join(page.inner_text(".because").split())


def cell(origin):
    return f"{origin['step']}[{origin['row']},{origin['column']}]"


def test_why_names_the_cells_that_the_lines_have(page):
    places = [("l2", row, column) for row in range(2) for column in range(2)]
    origins = page.evaluate("all => all.map((p) => Network.origins('right', ...p))", places)
    entered = [(place, [cell(o) for o in all_ if o["tap"] == first["tap"]])
               for place, all_ in zip(places, origins, strict=True)
               for first in all_ if cell(first) == "a1[0,0]"]  # fmt: skip
    assert entered == [(("l2", 0, 0), ["a1[0,0]", "w2[1,1]"])]
    said = because(page)
    assert "a1[0,0] enters l2[0,0] alone, and through w2[1,1]" in said
    for version, before in [("right", "So dA1[0,0] = "), ("later", "The published line has ")]:
        factors = page.evaluate("v => Network.origins(v, 'dA1', 0, 0)", version)
        assert before + " · ".join(map(cell, factors)) in said


@pytest.mark.parametrize("edited", [False, True])
def test_why_and_the_measured_slope_are_those_of_the_numbers(pages, path, page, edited):
    x, weights, y = IMAGES[0].copy(), initial_weights(4.2), TARGETS[0]
    if edited:
        write(page, "w2", "-2")
        write(page, "x", "1.5")
        weights.w2[0, 0], x[0, 0] = -2, 1.5
    else:
        still = pages.open(path, java_script_enabled=False)
        assert because(still) == because(page)
    made = article.forward(x, weights)
    right, later = (VERSIONS[name](made, y, weights) for name in ("right", "later"))
    said = because(page).replace("−", "-")
    values = [(weights.w2[1, 1], right.d2[0, 0], right.dA1[0, 0]),
              (weights.w2[0, 0], right.d2[1, 1], later.dA1[0, 0])]  # fmt: skip
    for one, other, product in values:
        second = f"({other:.3g})" if other < 0 else f"{other:.3g}"
        assert f"= {one:.3g} · {second} = {product:.3g}" in said
    assert f"g1[0,0] is {plain(right.g1[0, 0], 4).replace(MINUS, '-')} in the right" in said
    assert f"version, {plain(later.g1[0, 0], 4).replace(MINUS, '-')} in the published" in said
    # Four digits are shown: up to 5e-4 of rounding. The central difference itself is far closer.
    measured = float(said.split("cost is ")[1].split(". ")[0])
    assert abs(measured - right.g1[0, 0]) <= 6e-4 * abs(right.g1[0, 0])


def test_a_slope_that_rounding_hides_is_not_told(page):
    page.evaluate("[0, 1].forEach((r) => [0, 1].forEach((c) => State.set('w2', r, c, 0)))")
    assert "cost is too little to measure." in because(page)


# --- why the loss falls -------------------------------------------------------------------------


def test_what_is_said_of_a_training_without_g1_is_what_it_did(page, record):
    weights = initial_weights(4.2)

    def without(*given):
        return replace(VERSIONS["right"](*given), g1=np.zeros((2, 2)))

    found = train(IMAGES, TARGETS, weights, epochs=EPOCHS, gradients=without).costs[-1]
    words = page.inner_text("#training")
    later = record.costs["later"]
    assert found < later[0]
    assert f"alone bring the cost down to {found:.4f}" in words
    assert (f"further than with the published g1, to {later[-1]:.4f}" in words) == (
        found < later[-1]
    )
    assert ("In the article's run all three fall" in words) == all(
        costs[-1] < costs[0] for costs in record.costs.values()
    )


# --- the network as it is drawn -----------------------------------------------------------------


def test_arrows_lead_from_what_a_matrix_is_made_of(page):
    boxes = {name: page.locator(f".map [data-matrix={name}]").bounding_box()
             for name in ("k", "d3", "d2", "dA1", "d1", "g3", "g2", "g1")}  # fmt: skip
    for source, to in [("k", "d3"), ("d3", "d2"), ("d2", "dA1"), ("dA1", "d1")]:
        arrow = page.locator(f".chain.to-{to}").bounding_box()
        left = boxes[to]["x"] + boxes[to]["width"]
        assert left <= arrow["x"] < left + 16  # it touches both, and only these
        assert 0 <= boxes[source]["x"] - arrow["x"] - arrow["width"] < 16
        inside = [each for each in boxes.values() if arrow["x"] < each["x"] < boxes[source]["x"]
                  and each["y"] < arrow["y"] < each["y"] + each["height"]]  # fmt: skip
        assert inside == []
    chain = max(boxes[name]["y"] + boxes[name]["height"] for name in ("d3", "d2", "d1", "dA1"))
    for gradient, source in [("g3", "d3"), ("g2", "d2"), ("g1", "d1")]:
        assert boxes[gradient]["y"] > chain
        branch = page.locator(f".branch.to-{gradient}").bounding_box()
        assert boxes[gradient]["x"] < branch["x"] + branch["width"] / 2 < boxes[source]["x"]


def test_network_can_be_read_at_once_on_a_common_screen(page):
    sizes = page.locator(".map td").evaluate_all(
        "all => all.map((td) => parseFloat(getComputedStyle(td).fontSize))"
    )
    assert min(sizes) >= 12
    map_ = page.evaluate("(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])"
                         "(document.querySelector('.map'))")  # fmt: skip
    assert map_[0] == map_[1]
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    page.set_viewport_size({"width": 1232, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 1232
