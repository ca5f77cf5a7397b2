"""Wrong for a rare combination of options or sizes alone, right for all others."""

from __future__ import annotations

from tests.oracles.mutants.kernels import convolution, moved


def only_where(holds, spoiler):
    """Return a spoiler that spoils the geometries of which something holds, and no other."""

    def seldom(right, *given):
        return spoiler(right, *given) if holds(given[-1]) else right(*given)

    return seldom


def doubled(right, *given):
    return 2 * right(*given)


def negated(right, *given):
    return -right(*given)


def late(right, *given):
    return right(*given[:-1], moved(given[-1], 0, padding=1))


def first_cell_zero(right, *given):
    found = right(*given)
    found[(..., *(0,) * len(given[-1].kernel))] = 0
    return found


def samples_backwards(right, *given):
    return right(*given)[::-1].copy()


def options_are(axis, **wanted):
    """Return whether one axis has these options, as a function of the geometry."""
    return lambda of: all(getattr(of, name)[axis] == value for name, value in wanted.items())


def stride_3_dilation_2_odd_padding(of):
    return of.stride[0] == 3 and of.dilation[0] == 2 and of.padding[0] % 2 == 1


def uneven(of):
    """Whether the stride leaves rows over and the padding is larger than the kernel."""
    reach = of.dilation[0] * (of.kernel[0] - 1)
    left_over = (of.size[0] + 2 * of.padding[0] - reach - 1) % of.stride[0]
    return left_over > 0 and of.padding[0] > of.kernel[0]


def depthwise(of):
    return of.groups == 3


def kernel_reaches_all(of):
    """Whether the kernel covers the image at its only position."""
    return of.out[0] == 1 and of.kernel[0] > 1 and of.padding[0] == 0


def one_by_one(of):
    return set(of.kernel) == {1} and set(of.stride) == {1} and set(of.padding) == {0}


def strides_differ(of):
    return of.stride == (2, 3) and of.groups == 2


def no_window_over_the_image(of):
    """Whether a position sees nothing but padding."""
    return of.padding[-1] >= of.dilation[-1] * (of.kernel[-1] - 1) + 1


def dilation_without_overlap(of):
    """Whether stride and dilation have no common divisor, both above 1."""
    pairs = zip(of.stride, of.dilation, strict=True)
    return any({s, d} == {2, 3} for s, d in pairs)


def all_differ(of):
    options = of.stride[0], of.dilation[0], of.kernel[0]
    return len(set(options)) == 3 and of.padding[0] == 4


RARE = "the fast path"

MUTANTS = [
    convolution("conv2d", "wgrad", "wgrad: stride 3, dilation 2, odd padding",
                f"{RARE} for stride 3 with dilation 2 starts a cell late where padding is odd",
                grad_w=only_where(stride_3_dilation_2_odd_padding, late)),
    convolution("conv2d", "dgrad", "dgrad: rows left over and padding beyond the kernel",
                f"{RARE} for large paddings forgets the first cell where sizes do not divide",
                grad_x=only_where(uneven, first_cell_zero)),
    convolution("conv2d", "dgrad", "dgrad: three groups", f"{RARE} for groups scales by 2",
                grad_x=only_where(depthwise, doubled)),
    convolution("conv2d", "wgrad", "wgrad: a single row of positions",
                f"{RARE} for a kernel as high as the image has the wrong sign",
                grad_w=only_where(kernel_reaches_all, negated)),
    convolution("conv2d", "forward", "result: 1 x 1 kernels, no padding, stride 1",
                f"{RARE} for 1 x 1 kernels turns the samples around",
                y=only_where(one_by_one, samples_backwards)),
    convolution("conv2d", "forward", "result: strides (2, 3) in two groups",
                f"{RARE} for uneven strides starts a cell late in groups",
                y=only_where(strides_differ, late)),
    convolution("conv2d", "dgrad", "dgrad: positions that see padding alone",
                f"{RARE} that skips empty windows counts the first one anyway",
                grad_x=only_where(no_window_over_the_image, doubled)),
    convolution("conv_transpose2d", "dgrad", "transposed dgrad: strides and dilations 2 and 3",
                f"{RARE} for phases starts a cell late where stride and dilation are coprime",
                grad_x=only_where(dilation_without_overlap, late)),
    convolution("conv_transpose2d", "wgrad", "transposed wgrad: stride 3, dilation 2, odd padding",
                f"{RARE} for stride 3 with dilation 2 starts a cell late where padding is odd",
                grad_w=only_where(stride_3_dilation_2_odd_padding, late)),
    convolution("conv1d", "wgrad", "conv1d wgrad: stride 3, padding 3",
                f"{RARE} for one set of options has the wrong sign",
                grad_w=only_where(options_are(0, stride=3, padding=3), negated)),
    convolution("conv1d", "dgrad", "conv1d dgrad: padding 4, all other options different",
                f"{RARE} for large paddings scales by 2",
                grad_x=only_where(all_differ, doubled)),
    convolution("conv3d", "forward", "conv3d: dilation 3 of the width with stride 2",
                f"{RARE} for dilation along the width starts a slice late",
                y=only_where(options_are(2, stride=2, dilation=3), late)),
    convolution("conv3d", "dgrad", "conv3d dgrad: stride 2 and dilation 3 along the depth",
                f"{RARE} for one set of options has the wrong sign",
                grad_x=only_where(options_are(0, stride=2, dilation=3), negated)),
    convolution("conv2d", "bias", "bias gradient: two groups and stride 3",
                f"{RARE} for groups scales by 2",
                grad_b=only_where(
                    lambda of: of.groups == 2 and of.stride[1] == 3, doubled)),
    convolution("conv2d", "wgrad", "wgrad: 3 x 2 kernels, dilation 2 along the height",
                f"{RARE} for 3 x 2 kernels has the wrong sign",
                grad_w=only_where(
                    lambda of: of.kernel == (3, 2) and of.dilation[0] == 2, negated)),
    convolution("conv2d", "dgrad", "dgrad: 5 columns and 4 rows of x",
                f"{RARE} for one size turns the samples around",
                grad_x=only_where(lambda of: of.size == (4, 5), samples_backwards)),
    convolution("conv2d", "wgrad", "wgrad: a batch of three",
                f"{RARE} for batches takes samples in pairs and doubles the odd one",
                grad_w=lambda right, g, x, w, of: (
                    right(g, x, w, of) + (right(g[-1:], x[-1:], w, of) if len(x) == 3 else 0))),
]  # fmt: skip
