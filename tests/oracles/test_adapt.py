import re

import numpy as np
import pytest

from oracles.adapt import in_layout

X = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
W = np.arange(6 * 3 * 2 * 7).reshape(6, 3, 2, 7)


def test_natural_layout_leaves_the_functions_alone():
    assert in_layout(abs, None, layout="NCHW", kernel="OIHW") == (abs, None, None)


def test_subject_sees_its_own_order_and_the_catalog_gets_its_own_back():
    def forward(x, w, b):
        assert (x.shape, w.shape, b.shape) == ((2, 4, 5, 3), (2, 7, 3, 6), (6,))
        return x

    def backward(g, x, w):
        assert (g.shape, x.shape, w.shape) == ((2, 4, 5, 3), (2, 4, 5, 3), (2, 7, 3, 6))
        return x, w, np.ones(6)

    forward_in, backward_in, _ = in_layout(forward, backward, layout="NHWC", kernel="HWIO")
    assert (forward_in(X, W, np.ones(6)) == X).all()
    grad_x, grad_w, grad_b = backward_in(X, X, W)
    assert (grad_x == X).all()
    assert (grad_w == W).all()
    assert grad_b.tolist() == [1] * 6


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "CHWN", "WHCN"])
def test_every_order_is_undone(layout):
    forward_in, backward_in, _ = in_layout(
        lambda x: x, lambda g, x: g, layout=layout, kernel="HWIO"
    )
    assert (forward_in(X) == X).all()
    assert (backward_in(X, X) == X).all()


def test_fewer_axes_use_the_last_letters():
    seen = []
    forward_in, *_ = in_layout(lambda x: seen.append(x.shape) or x, None, layout="NDHWC",
                              kernel="OIHW")  # fmt: skip
    forward_in(X)
    forward_in(X[..., 0])
    assert seen == [(2, 4, 5, 3), (2, 4, 3)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layout": "NCXY"}, "`layout` (='NCXY') must hold N, C and the spatial letters out of"),
        ({"layout": "NNHW"}, "`layout` (='NNHW') must hold"),
        ({"kernel": "HWO"}, "`kernel` (='HWO') must hold O, I and"),
    ],
)
def test_bad_layouts(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        in_layout(abs, None, **{"layout": "NCHW", "kernel": "OIHW", **arguments})


def test_layout_without_a_letter_for_an_axis():
    forward_in, *_ = in_layout(abs, None, layout="NWC", kernel="OIHW")
    with pytest.raises(ValueError, match="a layout 'NWC' has no letter for the axes 'H'"):
        forward_in(X)
