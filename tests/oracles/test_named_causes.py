"""Every planted error is named: the table of sentences in ``docs/causes.md`` is made here.

``ORACLES_UPDATE=1 pytest tests/oracles/test_named_causes.py`` writes it again.
"""

import os
from functools import cache
from pathlib import Path

from oracles.checking import run
from tests.oracles.planted import ERRORS, PLANTED
from tests.oracles.planted.plugging import plugged

PAGE = Path(__file__).parents[2] / "docs" / "causes.md"

HEAD = f"""# What a wrong backward pass is told

{len(ERRORS)} kinds of errors that were seen in other people's hand-written backward passes, planted
in plain NumPy in {len(PLANTED)} variants (`tests/oracles/planted/`), and what `check` says of each
beside the case: a cause is tried on the shrunk case and on others, and named only if it explains
every one of them. This page is made by `tests/oracles/test_named_causes.py`, and compared with what
is printed each time.
"""

NAMED = {
    # title of the planted error: what its causes must say, operand by operand
    "cotangent rotated in a cross-correlation": [
        "grad_w equals what the oracle gives for the cotangent, spread by the stride and rotated "
        "by 180 degrees"],
    "weight gradient rotated in a cross-correlation": [
        "grad_w equals the oracle's rotated by 180 degrees"],
    "cotangent not rotated in a true convolution": [
        "grad_w equals what the oracle gives for the cotangent rotated by 180 degrees"],
    "weight gradient not rotated in a true convolution": [
        "grad_w equals the oracle's rotated by 180 degrees"],
    "cotangent not rotated in the network": [
        "grad_w2 equals what the oracle gives if what layer 4 of 8, an activation, hands back is "
        "rotated by 180 degrees"],
    "kernel not rotated": ["grad_x equals what the oracle gives for w rotated by 180 degrees"],
    "input gradient rotated": ["grad_x equals the oracle's rotated by 180 degrees"],
    "kernel rotated once too often": [
        "grad_x equals what the oracle gives for w rotated by 180 degrees"],
    "input gradient not rotated back": ["grad_x equals the oracle's rotated by 180 degrees"],
    "result of the full convolution not rotated in the network": [
        "grad_w1 equals what the oracle gives if what layer 3 of 8, true_convolution, hands back "
        "is rotated by 180 degrees"],
    "cotangent rotated, tanh' not": [
        "grad_x equals what the oracle gives for the cotangent rotated by 180 degrees"],
    "dA1 rotated, f1' not": [
        "grad_w1 equals what the oracle gives if the input of layer 2 of 8, an activation, is "
        "rotated by 180 degrees"],
    "dA2 rotated, f2' not": [
        f"{name} equals what the oracle gives if the input of layer 4 of 8, an activation, is "
        "rotated by 180 degrees" for name in ("grad_w1", "grad_w2")],
    "w1 for w2 backward": [
        "grad_w1 equals what the oracle gives if layer 3 of 8, true_convolution, uses w1 in the "
        "backward"],
    "w1 for w2 wherever backward needs it": [
        f"{name} equals what the oracle gives with w1 in place of w2"
        for name in ("grad_w1", "grad_w2", "grad_w3")],
    "w1 for w2 forward": ["y equals what the oracle gives with w1 in place of w2"],
    "stride forgotten in the input gradient": [
        "grad_x equals what the oracle gives with stride ignored"],
    "stride forgotten in the weight gradient": [
        "grad_w equals what the oracle gives with stride ignored"],
    "stride and dilation swapped in the transposed case": [
        f"{name} equals what the oracle gives with stride and dilation swapped"
        for name in ("grad_x", "grad_w")],
    "input gradient too small": ["grad_x is the oracle's without its last rows or columns"],
    "weight gradient too large": ["grad_w is the oracle's with further rows or columns behind it"],
    "last rows lost": [
        "grad_x is the oracle's with zeros in the rows and columns that are left over by the "
        "stride"],
    "the padded gradient cropped by [p:-p]": [
        "grad_x is empty exactly along the axes whose padding is 0"],
    "the full result cropped by [p:-p]": ["y is empty exactly along the axes whose padding is 0"],
    "mean over the batch for w and b, not for x": [
        f"{name} equals the oracle's divided by N, the batch size" for name in ("grad_w", "grad_b")
    ],
    "divided by batch, height and width": [
        f"{name} equals the oracle's divided by N times the number of positions of y"
        for name in ("grad_w", "grad_b")],
    "cotangent reshaped without moving the batch": [
        f"{name} equals what the oracle gives for the cotangent written by samples, channels, "
        "positions and read by channels, samples, positions" for name in ("grad_x", "grad_w")],
    "cotangent patch by patch, columns image by image": [
        f"{name} equals what the oracle gives for the cotangent written by channels, positions, "
        "samples and read by channels, samples, positions" for name in ("grad_x", "grad_w")],
    "result reshaped without moving the batch": [
        "y equals the oracle's written by channels, samples, positions and read by samples, "
        "channels, positions"],
    "weights reshaped where their axes should be permuted": [
        "grad_x equals what the oracle gives for w written by output channels, input channels, "
        "taps and read by input channels, taps, output channels"],
    "weight gradient without the permutation of its channels": [
        "grad_w equals the oracle's written by input channels, taps, output channels and read by "
        "output channels, input channels, taps"],
    "stride[1] used for both axes": [
        f"{name} equals what the oracle gives with stride of the last axis on every axis"
        for name in ("grad_x", "grad_w")],
    "padding of the height cropped from the width": [
        "grad_x equals what the oracle gives with padding in the reverse order of axes"],
    "result reshaped to width before height": ["y equals the oracle's reshaped to W before H"],
    "weight gradient reshaped to width before height": [
        "grad_w equals the oracle's reshaped to W before H"],
    "bias shadowed by the index of the batch": [
        "y equals the oracle's with the index along N in place of the bias"],
    "gradient of the bias updated from itself": ["grad_b is zero"],
    "gradient of the bias counted once for each tap": [
        "grad_b equals the oracle's times the number of taps of the kernel"],
    "bias added once for each tap": [
        "y equals what the oracle gives with the bias times the number of taps"],
    "gradient of the bias shadowed by a row of the cotangent": [
        "grad_b equals what the oracle gives for the last sample alone"],
    "padding all behind, forward and backward": [
        "y equals what the oracle gives with all of the padding behind x",
        *(f"{name} is the exact gradient of the subject's own forward, which is wrong"
          for name in ("grad_x", "grad_w"))],
    "true convolution instead of cross-correlation, forward and backward": [
        "y equals what the oracle gives for w rotated by 180 degrees",
        *(f"{name} is the exact gradient of the subject's own forward, which is wrong"
          for name in ("grad_x", "grad_w"))],
    "bias subtracted, forward and backward": [
        "y equals what the oracle gives with the bias negated",
        "grad_b is the exact gradient of the subject's own forward, which is wrong"],
    "branches of sigmoid exchanged, forward and backward": [
        "y equals what the oracle gives for x negated",
        "grad_x is the gradient, to five digits, of the subject's own forward, which is wrong"],
    "summed over the input channels as well": [
        "grad_w equals the oracle's summed over I (and repeated along it)"],
    "summed over the output channels as well": [
        "grad_w equals the oracle's summed over O (and repeated along it)"],
    "= for += on overlapping windows": [
        "grad_x has in each cell what the last element of y that depends on it adds, not the sum"],
    "ties counted more than once": [
        "grad_x gives the whole cotangent to each of several equal numbers"],
    "derivative of arctan for tanh": [
        "grad_x equals the cotangent times the derivative of arctan"],
    "y (1 - y) taken at the input": [
        "grad_x equals the cotangent times y (1 - y) with x in place of y"],
    "another slope backward": [
        "grad_x equals what the oracle gives with negative_slope = 0.1, whatever is asked"],
    "alpha forgotten backward": [
        "grad_x equals what the oracle gives with alpha = 1.0, whatever is asked"],
    "weights rotated in place": ["it modified w in place"],
    "weights updated in the backward pass": ["it modified w in place"],
    "cotangent divided in place": ["it modified the cotangent in place"],
    "cotangent cut where x is negative": [
        "it modified the cotangent in place",
        "it returned grad_x that shares memory with the cotangent"],
    "kernel flipped twice along the same axis": [
        "grad_x equals what the oracle gives for w rotated by 180 degrees"],
    "cotangent flipped up and down twice": [
        "grad_w equals what the oracle gives for the cotangent rotated by 180 degrees"],
    "rows of output_padding ignored": [
        f"{name} equals what the oracle gives with output_padding ignored"
        for name in ("grad_x", "grad_w")],
    "rows of output_padding ignored for the bias": [
        "grad_b equals what the oracle gives with output_padding ignored"],
    "input gradient too long": ["grad_x is the oracle's with further rows or columns behind it"],
}  # fmt: skip


@cache
def causes(index):
    """Return the causes of a planted error, by the default search in float64."""
    each = PLANTED[index]
    report = run(plugged(each), oracles=(), dtypes=("float64",), seed=18,
                 max_examples=each.examples, evidence=("bound",))  # fmt: skip
    return report.entries[0].failure.causes


def page():
    lines = [HEAD]
    for number, words in ERRORS.items():
        lines += [f"## {number}. {words[0].upper()}{words[1:]}", ""]
        lines += ["| planted | in | what it is told |", "| --- | --- | --- |"]
        for index, each in enumerate(PLANTED):
            if each.number == number:
                told = "<br>".join(cause.sentence for cause in causes(index))
                lines.append(f"| {each.title} | {each.op or 'max_pool2d'} | {told} |")
        lines.append("")
    return "\n".join(lines)


def test_every_cause_is_named_and_the_page_shows_it():
    for index, each in enumerate(PLANTED):
        found, wanted = causes(index), NAMED[each.title]
        assert len(found) == len(wanted), each.title
        for cause, start in zip(found, wanted, strict=True):
            assert cause.confirmed, each.title
            assert cause.cases >= 10, each.title
            assert cause.sentence.startswith(start), each.title
    made = page()
    if os.environ.get("ORACLES_UPDATE"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made


def test_no_planted_error_is_left_out():
    assert {each.title for each in PLANTED} == set(NAMED)
