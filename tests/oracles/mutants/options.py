"""Options that are off by one, swapped, or forgotten, in one of the three products."""

from __future__ import annotations

from tests.oracles.mutants.kernels import but, convolution, moved

AXES = ("height", "width")
WORDS = {"y": "the result", "grad_x": "the input gradient", "grad_w": "the weight gradient"}
FAMILIES = {"y": "forward", "grad_x": "dgrad", "grad_w": "wgrad"}


def off_by_one(op, result, option, axis, step=1):
    """Return the mutant that adds `step` to an option of one axis in one product."""

    def spoiler(right, *given):
        return right(*given[:-1], moved(given[-1], axis, **{option: step}))

    few, first = ("too many", 1) if step > 0 else ("too few", 0)
    return convolution(
        op, FAMILIES[result], f"{op} {result}: {option} of the {AXES[axis]} one {few}",
        f"{WORDS[result]} counts the {option} along the {AXES[axis]} from {first}"
        " where the others do not",
        **{result: spoiler},
    )  # fmt: skip


def asked(change):
    """Return the spoiler that asks the right function about another geometry."""
    return lambda right, *given: right(*given[:-1], change(given[-1]))


def reversed_option(option):
    return asked(lambda of: but(of, **{option: getattr(of, option)[::-1]}))


def ones(option):
    return asked(lambda of: but(of, **{option: (1,) * len(of.kernel)}))


def padding_of_last_axis(of):
    return but(of, padding=(of.padding[-1],) * len(of.padding))


def padding_with_dilation(of):
    return but(of, padding=tuple(p * d for p, d in zip(of.padding, of.dilation, strict=True)))


def padding_cut_at_kernel(of):
    return but(of, padding=tuple(min(p, k) for p, k in zip(of.padding, of.kernel, strict=True)))


def output_padding_in_front(right, x, w, b, of):
    reached = [
        (o - 1) * s - 2 * p + d * (k - 1) + 1
        for o, s, p, d, k in zip(of.out, of.stride, of.padding, of.dilation, of.kernel, strict=True)
    ]
    extra = [n - r for n, r in zip(of.size, reached, strict=True)]
    shifted = tuple(p + e for p, e in zip(of.padding, extra, strict=True))
    return right(x, w, b, but(of, padding=shifted))


def first_axis_for_middle(option):
    def change(of):
        first, _, last = getattr(of, option)
        return but(of, **{option: (first, first, last)})

    return asked(change)


MUTANTS = [
    *(off_by_one("conv2d", result, option, axis)
      for result, option, axis in (
          ("y", "stride", 0), ("y", "padding", 1), ("y", "dilation", 0),
          ("grad_x", "stride", 1), ("grad_x", "padding", 0), ("grad_x", "dilation", 1),
          ("grad_w", "stride", 0), ("grad_w", "padding", 1), ("grad_w", "dilation", 0))),
    *(off_by_one("conv_transpose2d", result, option, axis)
      for result, option, axis in (
          ("y", "stride", 1), ("y", "padding", 0), ("y", "dilation", 1),
          ("grad_x", "stride", 0), ("grad_x", "padding", 1), ("grad_x", "dilation", 0),
          ("grad_w", "stride", 1), ("grad_w", "padding", 0), ("grad_w", "dilation", 1))),
    off_by_one("conv2d", "grad_x", "dilation", 0, -1),
    off_by_one("conv2d", "grad_w", "stride", 1, -1),
    off_by_one("conv_transpose2d", "grad_x", "padding", 0, -1),
    convolution("conv2d", "dgrad", "conv2d: dilation forgotten in dgrad",
                "the input gradient has taps side by side", grad_x=ones("dilation")),
    convolution("conv2d", "wgrad", "conv2d: dilation of height and width swapped in wgrad",
                "dilation is unpacked as (width, height)", grad_w=reversed_option("dilation")),
    convolution("conv_transpose2d", "forward", "transposed: stride of height and width swapped",
                "stride is unpacked as (width, height)", y=reversed_option("stride")),
    convolution("conv2d", "wgrad", "conv2d: padding[1] used for both in wgrad",
                "the last padding serves every axis", grad_w=asked(padding_of_last_axis)),
    convolution("conv2d", "dgrad", "conv2d: padding times dilation in dgrad",
                "the padding is counted in taps, not in cells",
                grad_x=asked(padding_with_dilation)),
    convolution("conv2d", "forward", "padding beyond the kernel ignored",
                "the padding is cut at the kernel's size, more is thought to be of no use",
                y=asked(padding_cut_at_kernel)),
    convolution("conv_transpose2d", "forward", "output_padding in front",
                "the rows of output_padding are put before the result instead of behind it",
                y=output_padding_in_front),
    convolution("conv3d", "dgrad", "conv3d: stride of the depth used for the height in dgrad",
                "stride[0] twice, copied and pasted", grad_x=first_axis_for_middle("stride")),
    convolution("conv3d", "wgrad", "conv3d: padding of the depth used for the height in wgrad",
                "padding[0] twice, copied and pasted", grad_w=first_axis_for_middle("padding")),
    convolution("conv_transpose3d", "forward",
                "conv_transpose3d: dilation of the depth used for the height",
                "dilation[0] twice, copied and pasted", y=first_axis_for_middle("dilation")),
    convolution("conv1d", "wgrad", "conv1d: stride forgotten in wgrad",
                "the patches are taken side by side", grad_w=ones("stride")),
    convolution("conv_transpose1d", "dgrad", "conv_transpose1d: dilation forgotten",
                "the input gradient reads the cotangent with taps side by side",
                grad_x=ones("dilation")),
]  # fmt: skip
