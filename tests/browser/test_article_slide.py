"""Each frame of each convolution of the article's page shows what its version computes."""

import itertools
import re

import numpy as np
import pytest

from manualgrad import article
from manualgrad.article_training import IMAGES, TARGETS, initial_weights
from oracles.article_record import VERSIONS
from oracles.article_steps import PUBLISHED_LINES
from oracles.reporting.article_page.grids import cell_text, is_whole, power_of_ten

OVER = {"l1": ("x", "w1"), "l2": ("a1", "w2"), "g2": ("a1", "d2"), "dA1": ("w2", "d2"),
        "g1": ("x", "d1")}  # fmt: skip
"""By step, what stands and what slides over it."""


def matrices(version):
    """Return every matrix of a version on the first image."""
    weights = initial_weights(4.2)
    made = article.forward(IMAGES[0], weights)
    return {**vars(made), **vars(weights), **vars(VERSIONS[version](made, TARGETS[0], weights))}


def texts(matrix):
    """Return the texts of a panel's cells."""
    power, whole = power_of_ten(matrix), is_whole(matrix)
    return [cell_text(v, power, whole=whole) for v in matrix.ravel().tolist()]


LOOK = """() => {
    const stage = document.querySelector("[data-stage]");
    const all = (s) => [...stage.querySelectorAll(s)];
    const turned = (s) => Number(stage.querySelector(s).style.transform.match(/-?\\d+/)[0]);
    const cells = (s) => all(`${s} .square`).map((each) => {
        const [number, index] = each.querySelectorAll("text");
        const { transform } = each.querySelector(".upright").style;
        return [number.textContent, index.textContent, transform];
    });
    const over = stage.querySelector(".over").style;
    const result = all(".result .square");
    return {
        matrix: cells(".matrix"), kernel: cells(".kernel"), result: cells(".result"),
        kernelTurned: turned(".kernel"), resultTurned: turned(".result"),
        ring: all(".ring").map((each) => each.style.opacity), over: over.opacity,
        at: over.transform.match(/-?\\d+(?=px)/g).map((n) => Number(n) / 54),
        factors: all(".factor").map((each) => each.textContent.replace("× ", "")),
        blank: result.map((each) => each.classList.contains("blank")),
        lit: result.map((each) => each.classList.contains("lit")),
        titles: all("g > .title").filter((each) => each.getAttribute("y") === "-24")
            .map((each) => each.textContent),
        line: document.querySelector("[data-playing]").textContent,
        products: document.querySelector("[data-products]").textContent,
    };
}"""


def seen(cells, turned):
    """Return the texts of a panel as they stand in space, all upright."""
    assert {upright for _, _, upright in cells} == {f"rotate({-turned}deg)"}
    found = [text for text, _, _ in cells]
    return found[::-1] if turned % 360 else found


@pytest.mark.parametrize(("step", "version"), list(itertools.product(OVER, VERSIONS)))
def test_every_frame_shows_what_the_version_computes(pages, path, step, version):
    page = pages.open(path, reduced_motion="reduce")
    page.check(f"input[name=version][value={version}]", force=True)
    page.check(f"input[name=sliding][value={step}]", force=True)
    given = matrices(version)
    over, kernel = (given[name] for name in OVER[step])
    lacks = (version, step) in PUBLISHED_LINES
    padded = article.pad(over) if step == "dA1" else over
    rotations = 1 if step in ("l1", "l2") or (lacks and step != "dA1") else 2
    slid = kernel if rotations == 2 else article.rotate180(kernel)
    sums = article.convolve_valid(padded, article.rotate180(slid))
    ends_rotated = step not in ("l1", "l2") and not (lacks and step == "dA1")
    places = []
    scrub = page.locator("[data-scrub]")
    last = int(scrub.get_attribute("max"))
    for frame in range(last + 1):
        scrub.fill(str(frame))
        look = page.evaluate(LOOK)
        assert [text for text, *_ in look["matrix"]] == texts(padded)
        assert set(look["ring"]) <= {"1" if frame else "0"}
        assert len(look["ring"]) == padded.size - over.size
        if look["over"] == "0":
            continue
        kernel_title = OVER[step][1]
        assert look["titles"] == [
            f"pad1({OVER[step][0]})" if step == "dA1" else OVER[step][0],
            f"R({kernel_title})" if rotations == 1 else f"R(R({kernel_title})) = {kernel_title}",
            "the sums" if ends_rotated else step,
        ]
        column, row = (int(n) for n in (*look["at"], 0)[:2])
        places.append((row, column))
        assert look["factors"] == texts(slid) == seen(look["kernel"], look["kernelTurned"])
        flat = row * sums.shape[1] + column
        assert look["blank"] == [n > flat for n in range(sums.size)]
        assert look["lit"] == [n == flat for n in range(sums.size)]
        factors = re.findall(r"(\S+) · (\S+)", look["products"].replace("−", "-"))
        window = padded[row : row + slid.shape[0], column : column + slid.shape[1]]
        shown = [[float(each.strip("()")) for each in pair] for pair in factors]
        assert shown == [[float(f"{v:.3g}") for v in pair]
                         for pair in zip(window.ravel(), slid.ravel(), strict=True)]  # fmt: skip
    assert places == list(np.ndindex(sums.shape))
    assert look["resultTurned"] == (180 if ends_rotated else 0)
    assert seen(look["result"], look["resultTurned"]) == texts(given[step])
    indices = [f"{r},{c}" for r, c in np.ndindex(sums.shape)]
    assert [index for _, index, _ in look["result"]] == (indices[::-1] if ends_rotated else indices)
    assert look["titles"][2] == (f"R: {step}" if ends_rotated else step)
    if lacks:
        assert look["line"] == PUBLISHED_LINES[version, step]
