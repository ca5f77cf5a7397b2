"""The article's page as a file: strict HTML, the run's numbers in it, no text acts."""

import json
import re
from dataclasses import replace
from pathlib import Path

import html5lib
import numpy as np
import pytest
from lxml import html

from oracles import cli, commands
from oracles.arguments import UsageError
from oracles.article import article_case
from oracles.article_record import article_record
from oracles.article_steps import BACKWARD_STEPS, FORWARD_STEPS, exact_steps
from oracles.compare import compare
from oracles.reporting.article import article_text
from oracles.reporting.article_page.answers import step_answers
from oracles.reporting.article_page.curves import BOTTOM, LABEL_GAP, LEFT, RIGHT, TOP, chart
from oracles.reporting.article_page.data import article_data
from oracles.reporting.article_page.grids import (
    cell_text,
    grid,
    is_whole,
    plain,
    power_of_ten,
    significant,
    tone,
    unit,
)
from oracles.reporting.article_page.lines import pieces
from oracles.reporting.article_page.page import article_html
from oracles.reporting.article_page.stills import stills

HOSTILE = "</script><script>alert(1)</script><!--\u202e& \"'"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oracles.article_record.EPOCHS", 3)
        yield article_record((), time_limit=30, directory=str(tmp_path_factory.mktemp("oracles")))


@pytest.fixture(scope="module")
def text(record):
    return article_html(record)


@pytest.fixture(scope="module")
def tree(text):
    return html.fromstring(text)


# --- the file -----------------------------------------------------------------------------------


def test_page_is_html_to_the_letter_and_short(text):
    html5lib.HTMLParser(strict=True).parse(text)
    assert len(text.encode()) < 1_000_000


def test_page_asks_no_network_and_runs_its_own_script_alone(tree, text):
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert tree.xpath("//@src | //link | //iframe | //img | //@style") == []
    assert not [name for name in tree.xpath("//@*/..") for name in name.attrib if name[:2] == "on"]
    assert [e.get("type") for e in tree.xpath("//script")] == ["application/json", None]
    (cited,) = tree.xpath("//a[not(starts-with(@href, '#'))]/@href")
    assert set(re.findall(r"https?://[^\"]+", text)) == {cited, "http://www.w3.org/2000/svg"}


def test_every_id_is_there_once_and_every_label_leads_to_one(tree):
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(tree.xpath("//@aria-labelledby")) <= set(ids)
    links = [link for link in tree.xpath("//@href") if link.startswith("#")]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert len(links) >= 8


def test_article_is_cited_as_the_citation_file_does(tree):
    file = (Path(__file__).parents[2] / "CITATION.cff").read_text("utf-8")
    (cited,) = tree.xpath("//cite")
    assert f'title: "{" ".join(cited.text_content().split())}"' in file
    assert f"url: {tree.xpath('//footer//a/@href')[0]}\n" in file
    assert "family-names: Seo" in file
    assert "Jae Duk Seo" in tree.xpath("//footer")[0].text_content()


def test_embedded_numbers_are_the_records(tree, record):
    (data,) = tree.xpath("//script[@id='run']/text()")
    assert json.loads(data) == json.loads(json.dumps(article_data(record)))


def test_page_has_every_digit_of_every_step_of_every_image(tree, record):
    for step in (*FORWARD_STEPS, *BACKWARD_STEPS):
        for image, truth in zip(record.steps.images, record.truth, strict=True):
            (asked,) = tree.xpath(f"//*[@id='step-{step}']/*[@data-image='{image.index}']")
            shown = asked.text_content().replace("−", "-")
            for digits in truth[step].text.ravel():
                assert digits in shown
            for value in np.ravel(image.matrices[step]["manual"]).tolist():
                mantissa, _, exponent = repr(value).partition("e")
                assert mantissa + (f"e{int(exponent)}" if exponent else "") in shown
            ratio = image.comparisons[step]["manual"].worst_ratio
            assert f"{ratio:.2g}" in shown
            assert "within the bound" in shown


def test_exhibit_tells_the_run(tree, record):
    (exhibit,) = tree.xpath("//figure[@id='why']")
    words = " ".join(exhibit.text_content().split())
    (g1,) = [d for d in record.steps.images[0].published if (d.version, d.step) == ("later", "g1")]
    for number in (significant(g1.relative_error), significant(g1.cosine)):
        assert number in words
    costs = record.costs
    assert f"falls from 0.531 to {costs['later'][-1]:.4f}" in words
    assert f"With the right gradients it falls to {costs['right'][-1]:.4f}" in words
    assert "On 3 of 4 images the step points away from descent" in words
    (published, right) = exhibit.xpath(".//code[contains(., 'pad1')]")
    assert published.text_content() == "dA1 = pad1(w2) *v R(d2)"
    assert right.text_content() == "dA1 = R(pad1(w2) *v R(d2))"
    assert [mark.text_content() for mark in right.xpath(".//mark")] == ["R", "(", ")"]
    assert len(published.xpath(".//*[@class='gap']")) == 2


def test_texts_of_others_are_harmless(record):
    silent = replace(record.steps, silent={"jax": HOSTILE})
    page = article_html(replace(record, steps=silent))
    html5lib.HTMLParser(strict=True).parse(page)
    tree = html.fromstring(page)
    assert len(tree.xpath("//script")) == 2
    assert HOSTILE in tree.xpath("//footer")[0].text_content()
    assert json.loads(tree.xpath("//script[@id='run']/text()")[0])["silent"] == {"jax": HOSTILE}


def test_wrong_framework_is_marked_in_words(record):
    image = record.steps.images[0]
    judged = image.comparisons["d2"]["manual"]
    wrong = replace(judged, wrong=1, wrong_cells=(2,), worst_ratio=7.0)
    changed = replace(image, comparisons={**image.comparisons, "d2": {"manual": wrong}})
    steps = replace(record.steps, images=(changed, *record.steps.images[1:]))
    tree = html.fromstring(article_html(replace(record, steps=steps)))
    (asked,) = tree.xpath("//*[@id='step-d2']/*[@data-image='0']")
    assert "✕ outside it in 1 cell" in " ".join(asked.text_content().split())
    assert len(asked.xpath(".//table[@class='digits']//tr[@class='outside']")) == 1


@pytest.mark.parametrize("given", [np.nan, np.inf])
def test_what_is_no_number_is_shown_and_marked(record, given):
    image = record.steps.images[0]
    matrix = image.matrices["g3"]["manual"].copy()
    matrix[1, 0] = given
    true = {"g3": exact_steps(article_case(0, record.steps.weights))["g3"]}
    (judged,) = compare("torch", {"g3": matrix}, true, np.dtype(np.float64))
    changed = replace(
        image,
        matrices={**image.matrices, "g3": {**image.matrices["g3"], "torch": matrix}},
        comparisons={**image.comparisons, "g3": {**image.comparisons["g3"], "torch": judged}},
    )
    steps = replace(record.steps, images=(changed, *record.steps.images[1:]))
    assert "torch outside the bound" in article_text(steps)
    tree = html.fromstring(article_html(replace(record, steps=steps)))
    (asked,) = tree.xpath("//*[@id='step-g3']/*[@data-image='0']")
    (row,) = asked.xpath(".//table[@class='digits']//tr[@class='outside']")
    said = " ".join(" ".join(row.itertext()).split())
    assert said == "torch not a finite number ∞ ∞ ✕"
    (judgement,) = asked.xpath(".//table[@class='judged']//tr[@class='outside']")
    assert "outside it in 1 cell" in judgement.text_content()


def words_on(who, record):
    tree = html.fromstring(article_html(record))
    (said,) = tree.xpath(f"//footer//dt[text()='{who}']/following-sibling::dd[1]")
    return " ".join(said.text_content().split())


@pytest.mark.parametrize(
    ("step", "words"),
    [("", "within the bound at every step of every image."), ("d1", "shown as it is."),
     ("g3", "It is outside the bound at g3.")],
)  # fmt: skip
def test_what_is_said_of_a_framework_is_what_it_did(record, step, words):
    images = []
    for image in record.steps.images:
        by = {name: {**all_, "torch": all_["manual"]} for name, all_ in image.comparisons.items()}
        matrices = {n: {**all_, "torch": all_["manual"]} for n, all_ in image.matrices.items()
                    }  # fmt: skip
        if step:
            by[step]["torch"] = replace(by[step]["torch"], wrong=1, wrong_cells=(0,))
        images.append(replace(image, matrices=matrices, comparisons=by))
    said = words_on("torch", replace(record, steps=replace(record.steps, images=tuple(images))))
    assert said.endswith(words)
    assert ("tanh2" in said) == (step == "d1")


@pytest.mark.parametrize(("roundings", "said"), [(3, True), (1e6, False)])
def test_lost_digits_are_told_where_they_are_what_is_wrong(record, roundings, said):
    image = record.steps.images[0]
    truth, incoming = (image.matrices[name]["exact"] for name in ("d1", "dA1"))
    matrix = truth + roundings * np.finfo(np.float64).eps * np.abs(incoming)
    true = {"d1": exact_steps(article_case(0, record.steps.weights))["d1"]}
    (judged,) = compare("torch", {"d1": matrix}, true, np.dtype(np.float64))
    assert not judged.agrees
    changed = replace(
        image,
        matrices={**image.matrices, "d1": {**image.matrices["d1"], "torch": matrix}},
        comparisons={**image.comparisons, "d1": {**image.comparisons["d1"], "torch": judged}},
    )
    steps = replace(record.steps, images=(changed, *record.steps.images[1:]))
    tree = html.fromstring(article_html(replace(record, steps=steps)))
    (asked,) = tree.xpath("//*[@id='step-d1']/*[@data-image='0']")
    words = " ".join(asked.text_content().split())
    assert ("off: it computes tanh' as 1 − tanh2" in words) == said
    if said:
        (error,) = asked.xpath(".//tr[@class='outside'][th='torch']/td[1]/text()")[:1]
        assert f"torch is {error} off" in words


def test_products_cell_by_cell_are_marked_and_the_row_is_set_as_a_matrix(tree):
    for step, f in [("d3", "f3'"), ("d2", "f2'"), ("d1", "f1'")]:
        (card,) = tree.xpath(f"//*[@id='step-{step}']")
        assert f"⊙ {f}" in card.xpath("./h3")[0].text_content()
        assert "⊙ multiplies cell by cell" in card.xpath("./p[@class='note']")[0].text_content()
    assert "set as 2x2" in tree.xpath("//*[@id='step-d2']/p[@class='note']")[0].text_content()
    assert "⊙" not in tree.xpath("//*[@id='step-g1']/h3")[0].text_content()


# --- the command --------------------------------------------------------------------------------


def article(*arguments):
    parser = cli._parser()
    return commands.run_command(parser.parse_args(["article", *arguments]))


def test_command_writes_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("oracles.article_record.EPOCHS", 3)
    monkeypatch.setattr("oracles.commands.missing_reason", lambda name: f"{name} is not there")
    path = tmp_path / "new" / "article.html"
    assert article("--html", str(path), "--output", str(tmp_path / "scratch")) == 0
    assert f"wrote {path}" in capsys.readouterr().out
    assert "Put right" in path.read_text("utf-8")
    assert list(path.parent.iterdir()) == [path]


def test_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("oracles.commands.article_diff", pytest.fail)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"argument --html: .*File exists"):
        article("--html", str(tmp_path / "file" / "page.html"))
    with pytest.raises(UsageError, match=r"argument --html: '.*' is no regular file"):
        article("--html", str(tmp_path))


# --- parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "power", "texts"),
    [([0.5, -0.25], 0, ["0.50", "−0.25"]), ([6.94e-3, -1e-5, 0.0], -3, ["6.94", "−0.01", "0"]),
     ([1.0, -1.0, 0.0], 0, ["1", "−1", "0"]), ([14.351, 2.0], 0, ["14.4", "2.00"]),
     ([1234.0, 1.0], 3, ["1.23", "1e−3"]),
     ([1.0, 0.005, 0.0049, -4e-12, 9.6e-4], 0, ["1.00", "0.01", "5e−3", "−4e−12", "1e−3"]),
     ([0.0], 0, ["0"]), ([99.5], 1, ["9.95"]),
     ([np.nan, np.inf, -np.inf, 2.5], 0, ["NaN", "∞", "−∞", "2.50"])],
)  # fmt: skip
def test_cells_are_short_and_in_one_unit(numbers, power, texts):
    array = np.array(numbers)
    assert power_of_ten(array) == power
    whole = is_whole(array)
    assert [cell_text(v, power, whole=whole) for v in numbers] == texts


def test_unit_tone_and_digits():
    assert [unit(0), unit(-3), unit(12)] == ["", "× 10⁻³", "× 10¹²"]
    tones = [tone(v, 8.0) for v in (8.0, -8.0, 4.4, 0.5, 0.49, 0.0, np.nan)]
    assert tones == ["p8", "n8", "p4", "p1", "z", "z", "z"]
    assert tone(1.0, 0.0) == "z"
    assert significant(-1.234e-16, 2) == "−1.2e−16"


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.0641e-5, "0.00007064"), (-9.99e-4, "−0.0009990"), (1.5, "1.500"), (99999.0, "99999"),
     (0.0, "0"), (1e-7, "1e−07"), (1e6, "1e+06"), (np.nan, "NaN"), (-np.inf, "−∞")],
)  # fmt: skip
def test_plain_numbers_have_no_power_of_ten_where_they_can_do_without(value, text):
    assert plain(value, 4) == text


def test_grids_that_stand_together_share_unit_and_colours():
    small, large = np.array([[1e-3]]), np.array([[2e-2]])
    alone, shared = grid("g", small), grid("g", small, together=[("later:g", large)], wrong=[0])
    assert (alone.power, alone.rows[0][0].tone, alone.together) == (-3, "p8", "")
    assert (shared.power, shared.rows[0][0].tone, shared.together) == (-2, "z", "later:g")
    assert shared.rows[0][0].wrong
    assert not alone.rows[0][0].wrong


def test_what_a_line_lacks_is_marked_where_it_lacks_it():
    published, right = "g2 = R(a1 *v d2)", "g2 = R(a1 *v R(d2))"
    assert "".join(piece.text for piece in pieces(right, published)) == right
    assert [p.text for p in pieces(right, published) if p.missing] == ["R", "(", ")"]
    gaps = [n for n, piece in enumerate(pieces(published, right)) if piece.gap]
    assert len(gaps) == 2
    assert not any(piece.missing or piece.gap for piece in pieces(right))
    kinds = {piece.text: piece.kind for piece in pieces("g3 = h^T . d3")}
    assert (kinds["h"], kinds["^T"], kinds["."]) == ("matrix", "exponent", "text")
    assert {p.text: p.kind for p in pieces("d1 = dA1 f1'(l1)")}["f1'"] == "slope"


def test_answers_have_digits_errors_and_the_worst():
    step = {
        "text": [["0.5", "-1.25e-7"]], "bound": [[1e-16, 1e-22]],
        "by": {"manual": {"value": [[0.5, -1.2499e-7]], "right": False, "wrong": [[0, 1]],
                          "ratio": None, "problem": "", "digits_lost": True},
               "jax": {"value": None, "right": False, "wrong": [], "ratio": None,
                       "problem": "has shape (1,)"}},
    }  # fmt: skip
    found = step_answers(step)
    first, second = (cell.said["manual"] for cell in found.cells)
    assert (first.agreed, first.rest, first.error, first.right) == ("0.5", "", "0", True)
    assert (second.agreed, second.rest, second.exponent) == ("−1.2", "499", "e−7")
    assert (second.error, second.right) == ("1e−11", False)
    manual, jax = found.judgements
    assert (manual.ratio, manual.verdict) == ("∞", "outside it in 1 cell")
    assert (manual.error, manual.bound) == ("1e−11", "1e−22")
    assert (manual.digits_lost, jax.digits_lost) == (True, False)
    assert (jax.verdict, jax.right, jax.error) == ("has shape (1,)", False, "")


def test_curves_lie_in_the_plot_and_their_labels_apart():
    made = chart({"a": (1.0, 0.0101), "b": (1.0, 0.01), "c": (1.0, 0.0), "d": (1.0, 0.0011)})
    for curve in made.curves:
        (x, y), (x_end, _) = [map(float, p.split(",")) for p in curve.points.split()]
        assert (x, x_end, y) == (LEFT, RIGHT, TOP)
    ends = [float(curve.points.split(",")[-1]) for curve in made.curves]
    assert ends[2] == BOTTOM
    assert abs(ends[1] - (BOTTOM - (BOTTOM - TOP) / 3)) < 0.06
    labels = sorted(curve.label_y for curve in made.curves)
    assert min(np.diff(labels)) >= LABEL_GAP - 1e-9
    assert [text for _, text in made.costs] == ["0.001", "0.01", "0.1", "1"]
    assert made.all_fall


@pytest.mark.parametrize(
    ("costs", "ticks"),
    [((9.6, 0.2), ["0.1", "1", "10"]), ((1.0, 1.0), ["1", "10"]), ((0.1, 0.01), ["0.01", "0.1"]),
     ((2.0, 3e-10), ["1e-10", "1e-8", "1e-6", "0.0001", "0.01", "1"]),
     ((0.0,), ["0.001", "0.01", "0.1", "1"])],
)  # fmt: skip
def test_axis_has_the_decades_of_the_costs(costs, ticks):
    made = chart({"a": costs})
    assert [text for _, text in made.costs] == ticks
    assert made.all_fall == (costs[-1] < costs[0])


def test_stills_turn_what_turns(record):
    image = record.steps.images[0]
    given = {"x": image.x, **vars(record.steps.weights)}
    made = {
        s.step: s for s in stills(lambda n: given.get(n, image.matrices.get(n, {}).get("manual")))
    }
    assert list(made) == ["l1", "l2", "g2", "dA1", "g1"]
    padded, d2, sums, result = made["dA1"].panels
    assert padded[0] == "pad1(w2)"
    assert [len(padded[1].rows), len(d2[1].rows), len(sums[1].rows)] == [4, 2, 3]
    assert sums[1].rows[0][0].text == result[1].rows[2][2].text
    assert (sums[0], result[0]) == ("the sums", "R: dA1")
    assert sums[2] == result[2] == tuple(f"{r},{c}" for r in range(3) for c in range(3))
    x, turned, l1 = made["l1"].panels
    assert turned[0] == "R(w1)"
    assert turned[2] == ("1,1", "1,0", "0,1", "0,0")
    assert turned[1].rows[0][0].text == f"{record.steps.weights.w1[1, 1]:.2f}"
    assert (x[0], l1[0]) == ("x", "l1")
