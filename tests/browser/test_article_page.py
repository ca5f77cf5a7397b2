"""The article's page in a browser: it reads without script, follows what is changed, moves."""

import re

import numpy as np
import pytest

from manualgrad import article
from manualgrad.article_training import IMAGES, TARGETS, initial_weights, train
from oracles.article_record import VERSIONS
from oracles.article_steps import BACKWARD_STEPS, FORWARD_STEPS
from oracles.reporting.article_page.data import SCRIPT
from oracles.reporting.article_page.grids import grid
from tests.browser.article import EPOCHS

COMPUTED = [*FORWARD_STEPS, *BACKWARD_STEPS]


# --- what the page shows, read off it, and what Python computes ---------------------------------

SHOWN = """() => [...document.querySelectorAll("table.grid[data-matrix]")].map((table) => ({
    name: table.dataset.matrix, version: table.dataset.version, follow: "follow" in table.dataset,
    together: table.dataset.together.split(" ").filter(Boolean),
    unit: table.querySelector(".unit").textContent, editable: table.querySelector("input") !== null,
    cells: [...table.querySelectorAll("td")].map((td) =>
        [td.firstElementChild?.value ?? td.textContent, td.dataset.tone,
         td.classList.contains("wrong")]),
}))"""


def computed(x, y, weights, **activations):
    """Return every matrix by version and name, as `manualgrad` has it."""
    forward = article.forward(x, weights, **activations)
    same = {name: getattr(forward, name) for name in FORWARD_STEPS if name != "cost"}
    same |= {"x": x, "y": np.array([[y]]), "k": forward.out - y, **vars(weights)}
    same["cost"] = np.array([[article.cost(forward.out, y)]])
    found = {
        version: vars(gradients(forward, y, weights)) for version, gradients in VERSIONS.items()
    }
    return {version: {**same, **backward} for version, backward in found.items()}


def assert_shows(page, expected, version="right"):
    """Every grid of the page shows the digits and colours of these matrices."""
    shown = page.evaluate(SHOWN)
    assert {each["name"] for each in shown} >= {*COMPUTED, "x", "y", "k", "w1", "w2", "w3"}
    for each in shown:
        its = version if each["follow"] else each["version"]
        others = [(pair, expected[pair.split(":")[0]][pair.split(":")[1]])
                  for pair in each["together"]]  # fmt: skip
        made = grid(each["name"], expected[its][each["name"]], together=others)
        cells = [cell for row in made.rows for cell in row]
        assert [tone for _, tone, _ in each["cells"]] == [cell.tone for cell in cells], each
        if not each["editable"]:
            assert [text for text, _, _ in each["cells"]] == [cell.text for cell in cells], each
            assert each["unit"] == made.unit


def assert_equal_inside(page, expected):
    """The script's own numbers, all their digits, are Python's up to the measured rounding."""
    names = [(version, name) for version in expected for name in (*COMPUTED, "k")]
    made = page.evaluate("names => names.map(([v, n]) => State.matrix(n, v))", names)
    for (version, name), mine in zip(names, made, strict=True):
        theirs = np.atleast_2d(expected[version][name])
        allowed = SCRIPT["ulp"] * np.spacing(np.abs(theirs).max())
        assert np.abs(np.array(mine) - theirs).max() <= allowed, (version, name)


def write(page, name, row, column, text):
    cell = f".map [data-matrix={name}] tr:nth-child({row + 1}) td:nth-child({column + 1}) input"
    page.fill(cell, text)


def cell_of(page, name, row, column, home=".map"):
    return page.locator(
        f"{home} [data-matrix={name}] tr:nth-child({row + 1}) td:nth-child({column + 1})"
    ).first


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}, {"color_scheme": "dark"}],
                         ids=["script", "still", "dark"])  # fmt: skip
def test_why_the_published_g1_is_wrong_stands_on_the_first_screen(pages, path, artefacts, options):
    page = pages.open(path, **options)
    page.screenshot(path=artefacts / "first-screen.png")
    for selector in ("h1", ".exhibit", ".turning table", ".exhibit [data-version=right]",
                     ".exhibit [data-matrix=g1][data-version=later]", ".measures", ".dials",
                     ".outcome", ".because", ".legend"):  # fmt: skip
        boxes = [each.bounding_box() for each in page.locator(selector).all()]
        assert boxes
        for box in boxes:
            assert 0 <= box["x"] <= 1280 - box["width"], selector
            assert 0 <= box["y"] <= 800 - box["height"], selector
    exhibit = page.inner_text(".exhibit")
    for words in ("wrong line", "On 3 of 4 images the step points away from descent", "2.18",
                  "−0.94", "−5.24", "6.94", "A falling loss proves nothing", "= 0.00694",
                  "= −0.00524", "cost is 0.0009993"):  # fmt: skip
        assert words in exhibit
    letters = [
        page.locator(f".pair [data-version={version}] td[data-letter]").evaluate_all(
            "all => all.map((td) => td.dataset.letter + td.textContent)"
        )
        for version in ("later", "right")
    ]
    assert letters[0] == letters[1][::-1]


def test_script_shows_at_first_what_stands_in_the_file(pages, path):
    still = pages.open(path, java_script_enabled=False)
    assert still.locator(".card:visible .asked:visible").count() == 4 * len(COMPUTED)
    assert still.locator(".stills figure").count() == 5
    assert not still.locator("[data-player]").is_visible()
    assert not still.locator("input").first.is_visible()
    assert "image 1 with the weights of the run" in still.inner_text("main")
    source = path.read_text("utf-8")
    cells = re.findall(r'<td data-tone="(\w+)"( class="wrong")?[^>]*>([^<]*)</td>',
                       source.split('class="stills"')[0] + source.split("</figure>\n</div>\n</section>")[-1])  # noqa: E501 # fmt: skip
    page = pages.open(path)
    live = page.evaluate(SHOWN)
    mine = [(tone, wrong, text) for each in live for text, tone, wrong in each["cells"]]
    assert len(cells) == len(mine)
    assert [(tone, wrong != "") for tone, wrong, _ in cells] == [(t, w) for t, w, _ in mine]
    editable = [each["editable"] for each in live for _ in each["cells"]]
    for (_, _, theirs), (_, _, text), own in zip(cells, mine, editable, strict=True):
        assert own or text == theirs


def test_page_fits_400_pixels_and_every_figure_scrolls_by_itself(pages, path, artefacts):
    page = pages.open(path, viewport={"width": 400, "height": 800})
    page.screenshot(path=artefacts / "narrow.png")
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    boxes = [each.bounding_box() for each in page.locator(".pair .turning, .pair .right").all()]
    assert all(box["x"] + box["width"] <= 400 for box in boxes)


CONTRASTS = """() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const light = (colour) => {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((v) =>
            v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const all = [...document.querySelectorAll("td[data-tone]")].map((td) => {
        const style = getComputedStyle(td);
        return [td.dataset.tone, ratio(light(style.color), light(style.backgroundColor))];
    });
    const page = getComputedStyle(document.documentElement);
    const soft = getComputedStyle(document.querySelector(".intro"));
    return { all: Object.fromEntries(all), paper: light(page.backgroundColor),
             soft: ratio(light(soft.color), light(page.backgroundColor)) };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_number_can_be_read_on_its_colour(pages, path, scheme):
    page = pages.open(path, color_scheme=scheme)
    found = page.evaluate(CONTRASTS)
    assert (found["paper"] > 0.5) == (scheme == "light")
    assert {"z", "p8", "n8", "n1", "p4"} <= set(found["all"])
    assert min(found["all"].values()) >= 4.5
    assert found["soft"] >= 4.5


# --- following ----------------------------------------------------------------------------------


def test_every_matrix_follows_a_weight_a_pixel_and_the_target(page):
    weights = initial_weights(4.2)
    write(page, "w1", 0, 1, "-1.2345678901234567")
    write(page, "w3", 2, 0, "3.1")
    write(page, "x", 3, 2, "0.7")
    write(page, "y", 0, 0, "-0.3")
    weights.w1[0, 1], weights.w3[2, 0] = -1.2345678901234567, 3.1
    x = IMAGES[0].copy()
    x[3, 2] = 0.7
    expected = computed(x, -0.3, weights)
    assert_shows(page, expected)
    assert_equal_inside(page, expected)
    assert page.inner_text("[data-state]") == "your numbers"
    assert page.locator(".asked:visible").count() == 0
    assert page.locator(".elsewhere:visible").count() == len(COMPUTED)
    assert "your numbers" in page.inner_text("[data-which]")
    page.click("[data-reset]")
    assert_shows(page, computed(IMAGES[0], TARGETS[0], initial_weights(4.2)))
    assert page.locator(".asked:visible").count() == len(COMPUTED)
    assert page.locator(".elsewhere:visible").count() == 0
    assert page.locator("[data-reset]").is_disabled()


@pytest.mark.parametrize("version", ["first", "later"])
def test_images_and_versions_can_be_chosen_and_wrong_cells_are_those_of_the_run(
    page, record, version
):
    page.check(f"input[value={version}]", force=True)
    for image in record.steps.images:
        page.check(f"input[name=image][value='{image.index}']", force=True)
        expected = computed(image.x, image.target, record.steps.weights)
        assert_shows(page, expected, version)
        assert_equal_inside(page, expected)
        wrong = {d.step: list(d.comparison.wrong_cells) for d in image.published
                 if d.version == version}  # fmt: skip
        for each in page.evaluate(SHOWN):
            if (version if each["follow"] else each["version"]) == version:
                marked = [n for n, cell in enumerate(each["cells"]) if cell[2]]
                assert marked == wrong.get(each["name"], []), (image.index, each["name"])
        asked = page.locator(".asked.now").evaluate_all("all => all.map((a) => a.dataset.image)")
        assert asked == [str(image.index)] * len(COMPUTED)
        assert f"image {image.index + 1}, the weights of the run" in page.inner_text("[data-which]")


def test_activations_can_be_chosen_at_each_place(page):
    for f, name in [("f1", "arctan"), ("f2", "sigmoid"), ("f3", "identity")]:
        page.select_option(f"[data-activation={f}]", name)
    chosen = {"f1": "arctan", "f2": "sigmoid", "f3": "identity"}
    expected = computed(IMAGES[0], TARGETS[0], initial_weights(4.2), **chosen)
    assert_shows(page, expected)
    assert_equal_inside(page, expected)
    options = page.locator("[data-activation=f1] option").all_inner_texts()
    assert options == sorted(article.ACTIVATIONS)
    assert page.locator(".asked:visible").count() == 0


def test_hands_and_distances_follow(page):
    page.select_option("[data-activation=f1]", "identity")
    write(page, "w2", 0, 0, "-2")
    weights = initial_weights(4.2)
    weights.w2[0, 0] = -2
    made = [computed(x, y, weights, f1="identity") for x, y in zip(IMAGES, TARGETS, strict=True)]
    pairs = [(one["later"]["g1"], one["right"]["g1"]) for one in made]
    cosines = [(a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b in pairs]
    shown = page.locator("[data-dial] b").all_inner_texts()
    assert shown == [f"cos {c:.2f}".replace("-", "−") for c in cosines]
    away = page.locator("[data-dial] em").all_inner_texts()
    assert away == ["away" if c < 0 else "along" for c in cosines]
    assert page.inner_text("[data-away]").startswith(f"On {away.count('away')} of 4 images")
    # Where f1' is constant the two faults of the first version's g1 undo each other.
    assert page.inner_text("[data-far='first:g1']") == (
        "equal to the page's right version, to rounding"
    )


def test_what_is_no_number_changes_nothing_and_goes_when_one_leaves(page):
    write(page, "w1", 0, 0, "")
    page.keyboard.press("Tab")
    assert page.inner_text("[data-state]") == "the run's numbers"
    box = page.locator(".map [data-matrix=w1] input").first
    assert box.input_value() == "-0.17"
    box.focus()
    assert float(box.input_value()) == initial_weights(4.2).w1[0, 0]
    box.blur()
    assert page.inner_text("[data-state]") == "the run's numbers"


def test_numbers_beyond_all_measure_are_shown_as_what_they_are(page):
    page.check("input[value=later]", force=True)
    for f in ("f1", "f2", "f3"):
        page.select_option(f"[data-activation={f}]", "identity")
    write(page, "w2", 0, 0, "1e200")
    write(page, "w3", 0, 0, "1e200")
    shown = {each["name"]: each["cells"] for each in page.evaluate(SHOWN) if each["follow"]}
    assert {name: {text for text, _, _ in cells} for name, cells in shown.items()} == {
        "k": {"∞"}, "d3": {"∞"}, "g3": {"∞", "−∞"}, "d2": {"∞", "−∞"}, "g2": {"NaN"},
        "dA1": {"NaN", "∞"}, "d1": {"NaN", "∞"}, "g1": {"NaN"},
    }  # fmt: skip
    assert not any(wrong for cells in shown.values() for _, _, wrong in cells)
    assert page.locator("[data-dial] em").all_inner_texts() == ["no direction"] * 4
    page.click("[data-train]")
    assert page.locator(".curve .last").all_text_contents() == ["diverged at epoch 0"] * 3
    assert "NaN" not in page.locator(".curve polyline").first.get_attribute("points")


# --- what made a cell ---------------------------------------------------------------------------

LIT = """(mark) => [...document.querySelectorAll(`#map td.${mark}`)].map((td) =>
    [td.closest("table").dataset.matrix, td.parentElement.rowIndex, td.cellIndex].join()).sort()"""


@pytest.mark.parametrize("version", ["right", "later"])
@pytest.mark.parametrize("place", [("g1", 0, 1), ("dA1", 0, 2), ("g3", 2, 0)])
def test_what_made_a_cell_lights_up_and_its_sum_is_written_out(page, place, version):
    page.check(f"input[value={version}]", force=True)
    cell_of(page, *place).hover()
    made = page.evaluate("([v, p]) => Network.contributors(v, ...p)", [version, list(place)])
    for mark, slope in [("lit", False), ("slope", True)]:
        wanted = [f"{c['step']},{c['row']},{c['column']}" for c in made if c["slope"] == slope]
        assert page.evaluate(LIT, mark) == sorted(wanted)
    assert any(not c["slope"] for c in made)
    names, numbers, counted = page.inner_text("[data-sum]").split("\n")
    name, row, column = place
    assert names.startswith(f"{name}[{row},{column}] = ")
    terms, value = numbers.replace("−", "-").removeprefix("= ").rsplit(" = ", 1)
    assert re.fullmatch(r"[-+·(). \de]+", terms)
    origins = page.evaluate("([v, p]) => Network.origins(v, ...p)", [version, list(place)])
    assert terms.count(" + ") + 1 == len({str(o["tap"]) for o in origins})
    total = sum(np.prod([float(f.strip("()")) for f in t.split(" · ")]) for t in terms.split(" + "))
    exact = computed(IMAGES[0], TARGETS[0], initial_weights(4.2))[version][name][row, column]
    assert abs(float(value) - exact) <= 1e-3 * abs(exact)
    assert abs(total - exact) <= 0.02 * abs(exact)
    for slope, words in [(False, "Solid, "), (True, "Dotted, ")]:
        assert (words in counted) == any(c["slope"] == slope for c in made)
    page.mouse.move(5, 5)
    assert page.evaluate(LIT, "lit") == []


def test_cells_are_reached_by_keyboard_and_by_a_tap(pages, path):
    page = pages.open(path, has_touch=True)
    cell_of(page, "d1", 0, 0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(LIT, "traced") == ["d1,1,1"]
    assert page.inner_text("[data-sum]").startswith("d1[1,1] = dA1[1,1] · f1'(l1[1,1])")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(LIT, "traced") == ["d1,2,1"]
    cell_of(page, "g2", 1, 0).tap()
    assert page.evaluate(LIT, "traced") == ["g2,1,0"]
    assert page.inner_text("[data-sum]").startswith("g2[1,0] = a1")


def test_sum_follows_while_one_looks_at_it(page):
    cell_of(page, "g1", 0, 0).focus()
    before = page.inner_text("[data-sum]")
    page.evaluate("State.set('w2', 0, 0, 1)")
    assert page.inner_text("[data-sum]") != before
    assert page.evaluate(LIT, "traced") == ["g1,0,0"]


def test_in_a_card_the_matrices_of_its_equation_light_up(page):
    card = page.locator("#step-dA1")
    card.scroll_into_view_if_needed()
    cell_of(page, "dA1", 0, 0, "#step-dA1").hover()
    lit = card.locator("td.via, td.lit").evaluate_all(
        """all => all.map((td) => [td.closest("table").dataset.matrix,
        td.parentElement.rowIndex, td.cellIndex].join())"""
    )
    origins = page.evaluate("Network.origins('right', 'dA1', 0, 0)")
    direct = {f"{o['step']},{o['row']},{o['column']}" for o in origins}
    assert direct <= set(lit)
    assert card.locator("[data-sum]").inner_text().startswith("dA1[0,0] = w2[")


def test_card_leads_to_what_slides(page):
    page.clock.install()
    page.click("[data-watch=g1]")
    assert page.is_checked("input[name=sliding][value=g1]")
    assert page.inner_text("[data-playing]") == "g1 = R(x *v R(d1))"
    assert page.inner_text("[data-play]") == "Pause"
    page.clock.run_for(1_500)
    assert page.locator("[data-scrub]").input_value() == "2"
    box = page.locator("[data-stage]").bounding_box()
    assert 0 <= box["y"] <= 800 - box["height"]


# --- what moves ---------------------------------------------------------------------------------


def test_published_matrix_turns_into_the_right_one(page, artefacts):
    def offsets(table):
        return page.locator(f"{table} td").evaluate_all(
            """all => { const home = all[0].closest("tbody").getBoundingClientRect();
            return Object.fromEntries(all.map((td) => { const box = td.getBoundingClientRect();
            return [td.dataset.letter, [box.x - home.x, box.y - home.y].map(Math.round).join()];
            })); }"""
        )

    published, right = ".turning table", ".pair [data-matrix=dA1][data-version=right]"
    assert offsets(published) != offsets(right)
    page.click("[data-turn]")
    page.screenshot(path=artefacts / "turned.png")
    assert offsets(published) == offsets(right)
    assert "in all 9 cells" in page.inner_text("[data-turned-note]")
    page.click("[data-turn]")
    assert offsets(published) != offsets(right)
    assert page.inner_text("[data-turn]") == "Turn it by 180°"


def test_equal_cells_are_joined(page):
    page.hover(".pair [data-version=right] [data-letter=b]")
    joined = page.locator("td.joined").evaluate_all("all => all.map((td) => td.textContent)")
    assert len(joined) == 2
    assert joined[0] == joined[1]
    assert page.locator(".joins path").count() == 1
    page.mouse.move(5, 5)
    assert page.locator("td.joined, .joins path").count() == 0


WINDOW = """() => { const style = (s) => document.querySelector(`[data-stage] ${s}`).style;
    return [style(".over").opacity, style(".over").transform, style(".kernel").transform,
            style(".result").transform,
            document.querySelectorAll("[data-stage] .blank").length]; }"""


def test_window_slides_by_steps_and_by_scrubbing(page, artefacts):
    whole = ["0", "translate(0px, 0px)", "rotate(0deg)", "rotate(180deg)", 0]
    assert page.evaluate(WINDOW) == whole
    page.click("[data-forward]")
    assert page.inner_text("[data-caption]").startswith("pad1: a ring of zeros")
    for degrees in (180, 360):
        page.click("[data-forward]")
        assert page.evaluate(WINDOW)[2] == f"rotate({degrees}deg)"
    for _ in range(4):
        page.click("[data-forward]")
    page.screenshot(path=artefacts / "sliding.png", full_page=True)
    assert page.evaluate(WINDOW) == [
        "1",
        "translate(0px, 54px)",
        "rotate(360deg)",
        "rotate(0deg)",
        5,
    ]
    assert page.inner_text("[data-caption]").startswith("Place 4 of 9")
    *_, value = page.inner_text("[data-products]").replace("−", "-").split("= ")
    right = computed(IMAGES[0], TARGETS[0], initial_weights(4.2))["later"]["dA1"]
    assert float(value) == float(f"{right[1, 0]:.3g}")
    page.click("[data-back]")
    assert page.inner_text("[data-caption]").startswith("Place 3 of 9")
    scrub = page.locator("[data-scrub]")
    scrub.fill(scrub.get_attribute("max"))
    assert page.evaluate(WINDOW)[3] == "rotate(180deg)"
    assert page.inner_text("[data-caption]") == "R: the result is rotated. It is dA1."
    assert page.locator("[data-forward]").is_disabled()
    page.check("input[value=later]", force=True)
    assert page.inner_text("[data-caption]").startswith("The published line ends here.")
    assert page.evaluate(WINDOW)[3] == "rotate(0deg)"


@pytest.mark.parametrize(("step", "last"), [("l1", 11), ("l2", 6), ("g2", 7), ("g1", 7)])
def test_each_convolution_can_be_played(page, step, last):
    page.check(f"input[name=sliding][value={step}]", force=True)
    scrub = page.locator("[data-scrub]")
    assert scrub.get_attribute("max") == str(last)  # rotations, places, an end
    scrub.fill(str(last))
    assert page.inner_text("[data-caption]").endswith(f"It is {step}.")


def test_nothing_plays_by_itself_and_play_ends_at_the_end(page):
    page.clock.install()
    page.clock.run_for(30_000)
    scrub = page.locator("[data-scrub]")
    assert scrub.input_value() == "0"
    page.click("[data-play]")
    page.clock.run_for(3_500)
    assert scrub.input_value() == "4"
    page.click("[data-play]")
    page.clock.run_for(10_000)
    assert scrub.input_value() == "4"
    page.click("[data-play]")
    page.clock.run_for(60_000)
    assert page.locator("[data-scrub]").input_value() == page.locator("[data-scrub]").get_attribute(
        "max"
    )
    assert page.inner_text("[data-play]") == "Play"


def test_reader_trains_with_numbers_of_their_own(page):
    assert not page.locator("[data-train]").is_visible()
    said = page.inner_text("[data-trained]")
    ends = page.locator(".curve .last").all_text_contents()
    write(page, "w3", 0, 0, "1.5")
    page.click("[data-train]")
    weights = initial_weights(4.2)
    weights.w3[0, 0] = 1.5
    wanted = [train(IMAGES, TARGETS, weights, epochs=EPOCHS, gradients=g).costs[-1]
              for g in VERSIONS.values()]  # fmt: skip
    assert page.locator(".curve .last").all_text_contents() == [f"{cost:.4f}" for cost in wanted]
    assert "from your numbers" in page.inner_text("[data-trained]")
    page.click("[data-reset]")
    assert page.locator(".curve .last").all_text_contents() == ends
    assert page.inner_text("[data-trained]") == said


def test_curves_are_read_at_an_epoch(page, record):
    chart = page.locator("[data-chart]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * (56 + 584 / 2) / 860, box["y"] + box["height"] / 2)
    read = page.locator("[data-reading] text").text_content()
    costs = {name: values[EPOCHS // 2] for name, values in record.costs.items()}
    assert read == f"epoch {EPOCHS // 2}: " + ", ".join(f"{n} {c:.4f}" for n, c in costs.items())
