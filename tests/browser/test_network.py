"""The script that computes in the article's page says what `manualgrad` says.

Sums, rotations and products are compared bit for bit, which needs activations that are: the
identity. V8's tanh is not NumPy's, so that with the others the script is a subject like any other,
judged by exact arithmetic. Where a cell comes from is recomputed and perturbed in integers.
"""

import json
from dataclasses import replace
from importlib.resources import files
from itertools import product

import numpy as np
import pytest

from manualgrad import article
from manualgrad.article_training import IMAGES, TARGETS, initial_weights, train
from oracles import run
from oracles.article import OP, article_case
from oracles.article_record import VERSIONS
from oracles.article_steps import (
    BACKWARD_STEPS,
    FORWARD_STEPS,
    PUBLISHED_LINES,
    article_steps,
    exact_steps,
)
from oracles.compare import compare
from oracles.reporting.article_page.data import SCRIPT
from tests.browser.pages import Pages

SOURCE = (files("oracles.reporting.article_page") / "network.js").read_text("utf-8")
NAMES = ("f1", "f2", "f3")
LINEAR = dict.fromkeys(NAMES, "identity")
FORWARD = tuple(name for name in FORWARD_STEPS if name != "cost")
LEAVES = ("x", "w1", "w2", "w3", "k")

SIZES = [((4, 4), (2, 2), (2, 2)), ((5, 4), (2, 3), (3, 1)), ((1, 3), (1, 1), (1, 2)),
         ((3, 3), (3, 3), (1, 1))]  # fmt: skip
"""Of image and kernels: the article's, and others."""

EVERYTHING = """([versions, nets]) => nets.map(({ y, ...net }) => {
    const made = Network.forward(net);
    const backward = versions.map((version) => Network.gradients(version, made, y, net));
    return [{ ...made, cost: [[Network.cost(made.out, y)]] }, ...backward];
})"""


def page_with(source, pages, folder):
    path = folder / "network.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><title>n</title><script>{source}</script>")
    return pages.open(path)


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    """A page with the script alone, which must have stayed quiet."""
    pages = Pages(chromium)
    yield page_with(SOURCE, pages, tmp_path_factory.mktemp("page"))
    pages.opened[0].assert_quiet()
    pages.close()


def net(x, weights, y, **activations):
    """Return a network as the script takes it."""
    return {"x": x.tolist(), **{n: w.tolist() for n, w in vars(weights).items()},
            "y": float(y), **activations}  # fmt: skip


def draw(numbers):
    """Return images, weights and targets of all sizes, drawn by ``numbers(shape)``."""
    drawn = []
    for x, w1, w2 in SIZES * 25:
        rows, columns = (n - k - m + 2 for n, k, m in zip(x, w1, w2, strict=True))
        weights = article.Weights(numbers(w1), numbers(w2), numbers((rows * columns, 1)))
        drawn.append((numbers(x), weights, numbers((1,))[0]))
    return drawn


def python(x, weights, y, activations, dtype=np.float64):
    """Return what the script returns of a network: forward, and the gradients of each version."""
    weights = article.Weights(*(w.astype(dtype) for w in vars(weights).values()))
    made = article.forward(x.astype(dtype), weights, **activations)
    forward = {name: getattr(made, name) for name in FORWARD}
    forward["cost"] = article.cost(made.out, y)
    return [forward, *(vars(g(made, y, weights)) for g in VERSIONS.values())]


def cells(matrix):
    return np.asarray(matrix, dtype=np.float64).ravel().tolist()


def of_all(page, drawn, activations):
    nets = [net(*one, **activations) for one in drawn]
    return page.evaluate(EVERYTHING, [list(VERSIONS), nets])


def test_the_script_is_one_object_and_says_what_it_has(page, pages, tmp_path):
    assert page.evaluate("Object.keys(Network)") == [
        "ACTIVATIONS", "forward", "cost", "gradients", "rotate180", "pad", "convolveValid",
        "origins", "contributors", "train", "relativeError", "cosine", "slope",
        "nudged",
    ]  # fmt: skip
    assert page.evaluate("Network.ACTIVATIONS") == list(article.ACTIVATIONS)
    without = page_with("", pages, tmp_path)
    names = "Object.getOwnPropertyNames(window)"
    assert page.evaluate(names) == without.evaluate(names)


# --- bits -------------------------------------------------------------------------------------


def test_any_floats_by_the_same_order_of_sums_bit_for_bit(page):
    # On arrays of objects NumPy adds from left to right; BLAS, on floats, as the processor likes.
    drawn = draw(np.random.default_rng(7).standard_normal)
    compared = 0
    for mine, one in zip(of_all(page, drawn, LINEAR), drawn, strict=True):
        for found, true in zip(mine, python(*one, LINEAR, dtype=object), strict=True):
            for name, matrix in true.items():
                wanted = [value.hex() for value in cells(matrix)]
                assert [float(v).hex() for v in cells(found[name])] == wanted, name
                compared += len(wanted)
    assert compared > 7_000


def test_eighths_bit_for_bit_whatever_the_order_of_sums(page):
    generator = np.random.default_rng(8)
    drawn = draw(lambda shape: generator.integers(-9, 10, shape) / 8)
    for mine, one in zip(of_all(page, drawn, LINEAR), drawn, strict=True):
        for found, true in zip(mine, python(*one, LINEAR), strict=True):
            for name, matrix in true.items():
                # Equal as numbers: the sign of a zero depends on where BLAS begins its sums.
                assert cells(found[name]) == cells(matrix), name


def test_pieces_bit_for_bit(page):
    generator = np.random.default_rng(9)
    for shape, kernel in (((4, 4), (2, 2)), ((3, 5), (3, 2)), ((1, 2), (1, 1))):
        x, w = generator.standard_normal(shape), generator.standard_normal(kernel)
        given = [x.tolist(), w.tolist()]
        found = page.evaluate(
            "([x, w]) => [Network.rotate180(x), Network.pad(x, 2, 1), Network.convolveValid(x, w)]",
            given,
        )
        slid = article.convolve_valid(x.astype(object), w.astype(object))
        wanted = [article.rotate180(x), article.pad(x, rows=2, columns=1), slid]
        assert found == [matrix.tolist() for matrix in wanted]


def test_nothing_given_is_changed(page):
    weights = initial_weights(4.2)
    given = {**net(IMAGES[0], weights, 1.0, f1="tanh", f2="arctan", f3="sigmoid"), "epochs": 2,
             "images": IMAGES.tolist(), "targets": TARGETS.tolist(), "rate": 0.1}  # fmt: skip
    assert page.evaluate(
        """(given) => {
            const before = JSON.stringify(given);
            const made = Network.forward(given);
            const forward = JSON.stringify(made);
            Network.gradients("first", made, given.y, given);
            Network.train("later", given);
            made.x[0][0] = 7;
            return JSON.stringify(given) === before && JSON.parse(forward).x[0][0] !== 7;
        }""",
        given,
    )


@pytest.mark.parametrize(
    ("call", "text"),
    [("Network.forward({...net, f2: 'softmax'})",
      "RangeError: softmax must be one of arctan, identity, sigmoid, tanh"),
     ("Network.gradients('last', Network.forward(net), 0, net)",
      "RangeError: last must be one of right, first, later"),
     ("Network.origins('right', 'g4', 0, 0)", "RangeError: g4 must be one of x, w1, "),
     ("Network.convolveValid([[1, 2]], [[1], [2]])",
      "RangeError: the kernel must fit in the matrix")],
)  # fmt: skip
def test_what_it_does_not_know_is_refused(page, call, text):
    given = net(IMAGES[0], initial_weights(4.2), 1.0, **LINEAR)
    said = page.evaluate(
        f"(net) => {{ try {{ {call}; }} catch (error) {{ return String(error); }} }}", given
    )
    assert said.startswith(text)


def test_numbers_come_through_json_bit_for_bit(page):
    bits = np.random.default_rng(10).integers(0, 2**64, 2000, dtype=np.uint64).view(np.float64)
    floats = [0.0, 5e-324, 0.1, 1 / 3, 2**53 + 1.0, *bits[np.isfinite(bits)].tolist()]
    read = page.evaluate("(text) => JSON.parse(text)", json.dumps(floats, allow_nan=False))
    assert [float(value).hex() for value in read] == [value.hex() for value in floats]


@pytest.mark.parametrize("name", ["arctan", "sigmoid", "tanh"])
def test_derivatives_keep_their_digits_in_the_tails(page, name):
    # d3 of a network of one pixel, at l3 = x: Python's own derivatives are judged elsewhere.
    one = np.ones((1, 1))
    tails = [*np.geomspace(1e-3, 300, 24), 1e155]
    drawn = [
        (np.full((1, 1), x), article.Weights(one, one, one), 2.0) for t in tails for x in (t, -t)
    ]
    activations = {**LINEAR, "f3": name}
    for (_, mine, *_), each in zip(of_all(page, drawn, activations), drawn, strict=True):
        true = python(*each, activations)[1]["d3"]
        assert np.abs(mine["d3"] - true) <= 8 * np.spacing(np.abs(true))


# --- the script as a subject --------------------------------------------------------------------


def as_subject(page):
    """Return the article's operation with the script as its subject."""

    def given(x, w1, w2, w3, y, **activations):
        return net(x, article.Weights(w1, w2, w3), y, **activations)

    def forward(*operands, **activations):
        cost = page.evaluate("(net) => Network.cost(Network.forward(net).out, net.y)",
                             given(*operands, **activations))  # fmt: skip
        return np.asarray(cost, dtype=np.float64)

    def backward(*operands, **activations):
        found = page.evaluate(
            "(net) => Network.gradients('right', Network.forward(net), net.y, net)",
            given(*operands, **activations),
        )
        return tuple(np.array(found[name], dtype=np.float64) for name in ("g1", "g2", "g3"))

    return replace(OP, forward=forward, backward=backward, subject="network.js")


def judged(page, folder):
    return run(as_subject(page), oracles=(), dtypes=["float64"], max_examples=100, seed=2018,
               directory=str(folder), keep=False)  # fmt: skip


def test_the_script_is_right_by_exact_arithmetic(page, tmp_path):
    report = judged(page, tmp_path)
    (entry,) = report.entries
    assert report.passed
    assert entry.failure is None
    assert entry.cases == 100


@pytest.mark.parametrize(
    ("right", "wrong", "operand"),
    [('version === "right" ? rotate180(slid) : slid', "slid", "grad_w1"),
     ("return k * k / 2", "return k * k", "y")],
)  # fmt: skip
def test_errors_planted_in_the_script_are_convicted(pages, tmp_path, right, wrong, operand):
    assert SOURCE.count(right) == 1
    page = page_with(SOURCE.replace(right, wrong), pages, tmp_path)
    (entry,) = judged(page, tmp_path).entries
    assert operand in {each.operand for each in entry.failure.comparisons if not each.agrees}


CHOICES = [dict(zip(NAMES, names, strict=True)) for names in product(("tanh", "arctan"), repeat=3)]


@pytest.fixture(scope="module")
def beside(page):
    """The article's images with all choices of activation: by script, by Python, and truth."""
    weights = initial_weights(4.2)
    drawn = [(x, weights, y) for x, y in zip(IMAGES, TARGETS, strict=True)]
    return [
        (mine, python(*one, chosen), exact_steps(article_case(n, weights, tuple(chosen.values()))))
        for chosen in CHOICES
        for n, (mine, one) in enumerate(zip(of_all(page, drawn, chosen), drawn, strict=True))
    ]


def test_in_the_article_s_network_it_differs_by_no_more_than_the_page_says(beside):
    def apart(found, true):
        return np.abs(found - true).max() / np.spacing(np.abs(true).max())

    largest = max(
        apart(np.array(cells(found[name])), np.array(cells(matrix)))
        for mine, theirs, _ in beside
        for found, true in zip(mine, theirs, strict=True)
        for name, matrix in true.items()
    )
    assert largest <= SCRIPT["ulp"]


def test_in_the_article_s_network_every_matrix_is_as_right_as_the_page_says(beside):
    float64 = np.dtype(np.float64)
    largest = 0.0
    for (forward, right, *_), _, true in beside:
        mine = {name: np.reshape(matrix, true[name].shape)
                for name, matrix in {**forward, **right}.items() if name in true}  # fmt: skip
        compared = compare("network.js", mine, true, float64)
        assert len(compared) == len(FORWARD_STEPS) + len(BACKWARD_STEPS)
        largest = max(largest, *(each.worst_ratio for each in compared))
    assert 0 < largest <= SCRIPT["ratio"]


# --- training -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "epochs"), [("right", 150), ("first", 150), ("later", 1000)])
def test_costs_of_a_training_agree_as_closely_as_the_page_says(page, version, epochs):
    weights = initial_weights(4.2)
    given = {**net(IMAGES[0], weights, 0.0, f1="tanh", f2="arctan", f3="arctan"), "epochs": epochs,
             "images": IMAGES.tolist(), "targets": TARGETS.tolist(), "rate": 0.1}  # fmt: skip
    found = page.evaluate("([version, given]) => Network.train(version, given)", [version, given])
    true = train(IMAGES, TARGETS, weights, epochs=epochs, gradients=VERSIONS[version])
    costs = np.array(true.costs)
    apart = np.abs(np.array(found["costs"]) - costs) / costs
    # Every step passes on the rounding errors of those before it.
    assert apart[:10].max() <= 1e-14
    assert apart.max() <= SCRIPT["costs"]
    for name, matrix in vars(true.weights).items():
        assert np.abs(np.array(found[name]) - matrix).max() < 1e-11


def test_a_training_by_the_same_order_of_sums_is_python_s_bit_for_bit(page):
    weights = initial_weights(0.2)
    given = {**net(IMAGES[0], weights, 0.0, **LINEAR), "epochs": 5, "rate": 0.1,
             "images": IMAGES.tolist(), "targets": TARGETS.tolist()}  # fmt: skip
    objects = article.Weights(*(w.astype(object) for w in vars(weights).values()))
    for version, gradients in VERSIONS.items():
        found = page.evaluate("([v, given]) => Network.train(v, given)", [version, given])
        true = train(IMAGES.astype(object), TARGETS.tolist(), objects, learning_rate=0.1, epochs=5,
                     gradients=gradients, **LINEAR)  # fmt: skip
        assert found["costs"] == list(true.costs)
        assert len(set(found["costs"])) == 6
        for name, matrix in vars(true.weights).items():
            assert found[name] == matrix.tolist()


def test_distances_are_those_of_the_record(page):
    for image in article_steps((), time_limit=30, directory="").images:
        for each in image.published:
            found = page.evaluate(
                "([v, t]) => [Network.relativeError(v, t), Network.cosine(v, t)]",
                [each.value.tolist(), each.truth.tolist()],
            )
            for mine, true in zip(found, (each.relative_error, each.cosine), strict=True):
                assert abs(mine - true) <= 1e-14 * abs(true)


# --- where a cell comes from --------------------------------------------------------------------


def function(v, bend):
    """Return v if `bend` is 0, at 1 a curve; it and its slope take no whole value twice."""
    return bend * (v**3 + v**2) + v


def slope(v, bend):
    return bend * (3 * v**2 + 2 * v) + 1


def whole(bend):
    """Return an activation for whole numbers."""
    return article.Activation(lambda v: function(v, bend), lambda g, v: g * slope(v, bend))


def whole_run(version, given, k, bend):
    """Return all matrices of a run in whole numbers, in which out - y is `k`."""
    weights = article.Weights(*(given[name] for name in ("w1", "w2", "w3")))
    f = whole(bend)
    made = article.forward(given["x"], weights, f1=f, f2=f, f3=f)
    y = made.out[0, 0] - k
    steps = {name: getattr(made, name) for name in FORWARD}
    ends = {"y": np.array([[y]], dtype=object), "k": np.array([[k]], dtype=object)}
    return {**given, **steps, **ends, **vars(VERSIONS[version](made, y, weights))}


def whole_numbers(seed):
    """Return images and weights of the article's sizes without a zero, and k."""
    drawn = np.random.default_rng(seed).choice([-7, -5, -4, -3, -2, 2, 3, 4, 5, 7], 29).tolist()
    numbers = np.array(drawn, dtype=object)
    parts = np.split(numbers, [16, 20, 24, 28])
    shapes = ((4, 4), (2, 2), (2, 2), (4, 1))
    names = ("x", "w1", "w2", "w3")
    return {n: p.reshape(s) for n, p, s in zip(names, parts[:4], shapes, strict=True)}, drawn[28]


@pytest.fixture(scope="module")
def sources(page):
    """By version, step and cell: its origins and its contributors."""
    sizes = {name: matrix.shape for name, matrix in whole_run("right", *whole_numbers(1), 1).items()
             if name in (*FORWARD, *BACKWARD_STEPS)}  # fmt: skip
    asked = [(version, step, *cell) for version in VERSIONS for step, size in sizes.items()
             for cell in np.ndindex(*size)]  # fmt: skip
    found = page.evaluate(
        """(asked) => asked.map(
            (cell) => [Network.origins(...cell), Network.contributors(...cell)])""",
        asked,
    )
    return dict(zip(asked, found, strict=True))


def of_origins(step, origins, values):
    """Compute a cell from its origins alone: products by tap, added up."""
    terms = {}
    for each in origins:
        value = values[each["step"]][each["row"], each["column"]]
        factor = slope(value, 1) if each["slope"] else value
        tap = tuple(each["tap"] or ())
        terms[tap] = terms.get(tap, 1) * factor
    total = sum(terms.values())
    return function(total, 1) if step in ("a1", "a2", "out") else total


@pytest.mark.parametrize("seed", [1, 2])
def test_a_cell_is_the_sum_of_the_products_of_its_origins(sources, seed):
    values = {version: whole_run(version, *whole_numbers(seed), 1) for version in VERSIONS}
    for (version, step, row, column), (origins, _) in sources.items():
        assert of_origins(step, origins, values[version]) == values[version][step][row, column]


def test_origins_of_published_versions_differ_exactly_where_their_lines_do(sources):
    for version in ("first", "later"):
        differ = {step for (v, step, *cell), (origins, _) in sources.items()
                  if v == version and origins != sources["right", step, *cell][0]}  # fmt: skip
        assert differ == {step for v, step in PUBLISHED_LINES if v == version}


def test_nudged_slopes_are_those_of_the_right_gradients(page):
    weights = initial_weights(4.2)
    for x, y in zip(IMAGES, TARGETS, strict=True):
        given = net(x, weights, y, f1="tanh", f2="arctan", f3="arctan")
        right = article.gradients(article.forward(x, weights), y, weights)
        for name, g in [("w1", right.g1), ("w2", right.g2), ("w3", right.g3)]:
            for cell in np.ndindex(g.shape):
                found = page.evaluate(
                    "([n, y, name, cell]) => Network.nudged(n, y, name, cell, 1e-5)",
                    [given, float(y), name, list(cell)],
                )
                # A central difference: 1e-10 of third derivatives, 1e-16 / 1e-5 of rounding.
                assert abs(found - g[cell]) < 1e-8


def test_origins_of_the_ends(page):
    found = page.evaluate("""["cost", "k", "x", "w1", "y"].map(
        (step) => Network.origins("right", step, 0, 0).map((cell) => cell.step))""")
    assert found == [["k"], ["out", "y"], [], [], []]
    assert page.evaluate('Network.contributors("right", "cost", 0, 0)') == [
        {"step": "k", "row": 0, "column": 0, "slope": False}
    ]


@pytest.mark.parametrize(("bend", "slopes"), [(0, {False}), (1, {False, True})])
def test_exactly_the_contributors_change_a_cell(sources, bend, slopes):
    """Add 1 to one number after the other; if all activations are lines, slopes are constant."""
    given, k = whole_numbers(3)
    changed = {asked: [] for asked in sources}
    for version in VERSIONS:
        before = whole_run(version, given, k, bend)
        for leaf in LEAVES:
            for cell in np.ndindex(*before[leaf].shape):
                other = {name: matrix.copy() for name, matrix in given.items()}
                if leaf != "k":
                    other[leaf][cell] += 1
                after = whole_run(version, other, k + (leaf == "k"), bend)
                for asked, each in changed.items():
                    _, step, *place = asked
                    if asked[0] == version and before[step][*place] != after[step][*place]:
                        each.append((leaf, *cell))
    for asked, (_, contributors) in sources.items():
        named = [(c["step"], c["row"], c["column"]) for c in contributors if c["slope"] in slopes]
        assert changed[asked] == named, asked


def test_a_weight_gradient_comes_from_pixels_weights_and_k_and_from_others_by_slopes(sources):
    _, contributors = sources["right", "g1", 0, 0]
    direct = {(c["step"], c["row"], c["column"]) for c in contributors if not c["slope"]}
    pixels = {("x", row, column) for row in (1, 2, 3) for column in (1, 2, 3)}
    w2, w3 = {("w2", *cell) for cell in np.ndindex(2, 2)}, {("w3", n, 0) for n in range(4)}
    assert direct == {*pixels, *w2, *w3, ("k", 0, 0)}
    assert len(contributors) == 29
