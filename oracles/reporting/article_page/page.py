"""The article's page as one file of HTML, from the record of a real run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from oracles.article_record import ArticleRecord
from oracles.reporting.article_page.answers import step_answers
from oracles.reporting.article_page.curves import chart
from oracles.reporting.article_page.data import article_data
from oracles.reporting.article_page.grids import Array, Grid, factor, grid, plain, significant
from oracles.reporting.article_page.lines import pieces
from oracles.reporting.article_page.stills import stills
from oracles.reporting.page_files import environment, page_file, security_policy

PACKAGE = "oracles.reporting.article_page"
STYLES = ("article.css", "figures.css")
SCRIPTS = ("network.js", "numbers.js", "state.js", "grids.js", "inputs.js", "exhibit.js", "why.js",
           "trace.js", "slide_frames.js", "slide_drawing.js", "slide.js", "curves.js",
           "training.js", "page.js")  # fmt: skip
"""In the order in which they run."""


def article_html(record: ArticleRecord) -> str:
    """Return the page: it holds its style, its script and all its numbers, and asks no network."""
    data = article_data(record)
    style = "\n".join(page_file(PACKAGE, name) for name in STYLES)
    script = "\n".join(page_file(PACKAGE, name) for name in SCRIPTS)
    shown = _Shown(data)
    template = environment(PACKAGE).get_template("page.html")
    return template.render(
        policy=security_policy(styles=[style], scripts=[script]),
        style=style,
        script=script,
        run=data,
        data=_json(data),
        shown=shown,
        stills=stills(shown.matrix),
        chart=chart(data["training"]["costs"]),
        dials=[_dial(image["published"]["later"]["g1"]["cosine"]) for image in data["images"]],
        outside=_outside(data),
        digits_lost=_digits_lost(data),
        answers=step_answers,
        pieces=pieces,
        significant=significant,
        factor=factor,
        plain=plain,
    )


def _json(data: Mapping[str, Any]) -> str:
    """Return JSON in which nothing can end the element that holds it."""
    return json.dumps(data, allow_nan=False).replace("<", "\\u003c")


class _Shown:
    """The matrices of the first image, which the page shows until a reader chooses another."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._image = data["images"][0]

    def grid(self, name: str, version: str = "right", *together: str) -> Grid:
        """Return a matrix by name, in the units and colours of others: ``version:name``."""
        others = [(each, self.matrix(*each.split(":")[::-1])) for each in together]
        wrong = [self._flat(name, cell) for cell in self._wrong(name, version)]
        matrix = self.matrix(name, version)
        return grid(name, matrix, version=version, wrong=wrong, together=others)

    def published(self, name: str, version: str) -> Mapping[str, Any]:
        """Return what is known of a published step, empty where it is right."""
        found: Mapping[str, Any] = self._image["published"][version].get(name, {})
        return found

    def matrix(self, name: str, version: str = "right") -> Array:
        """Return a matrix by name, of the backward pass as a version has it."""
        image = self._image
        if version != "right" and name in image["published"][version]:
            return np.array(image["published"][version][name]["value"])
        if name in self._data["weights"]:
            return np.array(self._data["weights"][name])
        if name in ("x", "y"):
            return np.atleast_2d(np.array(image["x"] if name == "x" else image["target"]))
        if name == "k":
            return self.matrix("out", "right") - image["target"]
        return np.array(image["steps"][name]["by"]["manual"]["value"])

    def _wrong(self, name: str, version: str) -> list[list[int]]:
        found: list[list[int]] = [] if version == "right" else self.published(name, version).get(
            "wrong", []
        )  # fmt: skip
        return found

    def _flat(self, name: str, cell: list[int]) -> int:
        return cell[0] * self.matrix(name, "right").shape[1] + cell[1]


def _outside(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return by participant the steps at which it is outside the bound on some image."""
    found: dict[str, list[str]] = {name: [] for name in data["participants"]}
    for step in (*data["forward"], *data["backward"]):
        answers = [image["steps"][step]["by"] for image in data["images"]]
        for name, steps in found.items():
            if not all(by[name]["right"] for by in answers if name in by):
                steps.append(step)
    return found


def _digits_lost(data: Mapping[str, Any]) -> set[str]:
    """Return the participants whose d1 is wrong on some image, by lost digits wherever it is."""
    answers = [by for image in data["images"] for by in image["steps"]["d1"]["by"].items()]
    wrong = [(who, by["digits_lost"]) for who, by in answers if not by["right"]]
    return {who for who, _ in wrong} - {who for who, lost in wrong if not lost}


def _dial(cosine: float) -> dict[str, Any]:
    """Return where a hand points that makes an angle of this cosine with one that points right."""
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    return {"cosine": cosine, "x": round(34 * cosine, 2), "y": round(-34 * sine, 2)}
