"""What is checked (`Op`) and on what (`Case`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from oracles.plug import Plug
from oracles.plugging import (
    check_functions,
    exception_types,
    known_dtypes,
    names_of_options,
    operands_of,
    orders_of,
    place_of,
    settled_limits,
    spelling,
)
from oracles.signatures import check_names, check_order, dropped_options

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from oracles.exact.definition import Definition
    from oracles.limits import Limits

Array = npt.NDArray[Any]
Reference = Callable[..., Any]

FORWARD = "y"
"""The name under which an operation's result is compared."""


def gradient_of(operand: str) -> str:
    """Name under which the gradient of `operand` is compared, e.g. ``grad_w``."""
    return f"grad_{operand}"


GRAD_GRAD_Y = "grad_grad_y"
"""The name under which the double backward's gradient of the cotangent is compared."""


def second_gradient_of(operand: str) -> str:
    """Name under which the double backward's gradient of `operand` is compared: ``grad2_w``."""
    return f"grad2_{operand}"


@dataclass(frozen=True, eq=False)
class Case:
    """One question to the subject and to every witness.

    Attributes
    ----------
    op
        Name of the operation.
    operands
        Arrays by name, in the order of the forward call, e.g. ``x``, ``w``, ``b``.
        An absent bias is absent here.
    options
        Keyword options of the call; JSON can hold them.
    cotangent
        The gradient of some scalar with respect to the result; it has the result's shape.
    layouts
        For some operands (and ``cotangent``), the memory layout in which the subject sees
        the array: see `oracles.layouts`. Witnesses always see C order.
    origin
        In words, how the data were drawn.
    directions
        For a case of second order, by operand: the cotangents of the gradients.
    lattice
        0, or L: every number is an integer of at most L in absolute value, chosen so that
        every partial sum is a number of the dtype, and rounding is no excuse.
    """

    op: str
    operands: Mapping[str, Array]
    options: Mapping[str, Any]
    cotangent: Array
    layouts: Mapping[str, str] = field(default_factory=dict)
    origin: str = "given"
    directions: Mapping[str, Array] = field(default_factory=dict)
    lattice: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating dtype of the case."""
        return self.cotangent.dtype

    @property
    def finite(self) -> bool:
        """Whether every number of the case is finite."""
        return all(bool(np.isfinite(array).all()) for array in self.arrays.values())

    @property
    def arrays(self) -> dict[str, Array]:
        """Everything that the subject is given: operands, cotangent, directions ``v_x``, ..."""
        directions = {f"v_{name}": array for name, array in self.directions.items()}
        return {**self.operands, "cotangent": self.cotangent, **directions}

    @property
    def size(self) -> int:
        """Number of elements of all arrays: smaller is easier to read."""
        return sum(array.size for array in self.arrays.values())


@dataclass(frozen=True, eq=False)
class Op:
    """An operation: a subject with its hand-written backward, and all that is known of it.

    Attributes
    ----------
    name
        The operation's name, e.g. ``conv_transpose2d``.
    forward
        The subject's forward, called as ``forward(*operands, **options) -> y``.
    backward
        The subject's backward, called as
        ``backward(cotangent, *operands, **options) -> gradient or tuple of gradients``.
    cases
        ``cases(dtype, limits)``: strategy of valid cases.
    definition
        The exact witness's definition, from which truth and the rounding bounds come.
    references
        Forward functions of the framework witnesses by witness name, called as
        ``reference(framework_module, *operands, **options) -> y``.
    backward_operands
        Names of the operands that ``backward`` takes, or None for all.
    gradients
        Names of the operands whose gradients ``backward`` returns, in that order, or None
        for all. An operand absent from a case is skipped.
    takes_cotangent
        False for a loss, whose backward starts from the cotangent 1.
    subject
        Name of the subject as reports show it.
    located
        Where a worker process finds this operation: ``module:attribute`` of a mapping that
        holds it by name.
    double_backward
        The subject's VJP of its own backward, called as ``double_backward(*directions,
        cotangent, *operands of backward, **options)``, a direction for each gradient (None for
        that of an absent operand); returns the gradients of the cotangent (unless there is
        none) and of the `second_gradients`. None if the subject has none.
    second_gradients
        Names of those operands, or None for all of `gradients`.
    letters
        By operand (and ``y``) the letters of its axes, e.g. ``NCHW``, for the operands whose
        axes a subject may keep in another order.
    options
        The defaults of the options that a subject may leave out.
    limits
        Limits that the subject asks for (see `oracles.limits.Limits`).
    dtypes
        The dtypes that the subject takes.
    unsupported
        Exceptions by which the subject refuses a case: counted, no fault.
    plug
        The subject as its author wrote it, or None for the catalog's own.
    payload
        Pickled references, for an operation that a worker cannot import; else empty.
    time_limit
        For one call of the subject, in seconds; None for no limit.
    spec
        Where a command found this operation: ``module:name`` or ``path/to/file.py:name``.
    """

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., Any] | None
    cases: Callable[[str, Limits], SearchStrategy[Case]]
    definition: Definition
    references: Mapping[str, Reference]
    backward_operands: tuple[str, ...] | None = None
    gradients: tuple[str, ...] | None = None
    takes_cotangent: bool = True
    subject: str = ""
    located: str = "oracles.catalog:ops"
    double_backward: Callable[..., Any] | None = None
    second_gradients: tuple[str, ...] | None = None
    letters: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ("float32", "float64")
    unsupported: tuple[type[BaseException], ...] = ()
    plug: Plug | None = None
    payload: bytes = b""
    time_limit: float | None = None
    spec: str = ""

    def implemented_by(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any] | None,
        double_backward: Callable[..., Any] | None = None,
        *,
        layout: str | None = "NCHW",
        kernel: str | None = None,
        flip_kernel: bool = False,
        options: Mapping[str, str] | None = None,
        gradients: Sequence[str] | Mapping[str, str] | None = None,
        dtypes: Sequence[str] | None = None,
        limits: Mapping[str, Any] | None = None,
        unsupported: type[BaseException] | Sequence[type[BaseException]] = (),
    ) -> Op:
        """Return this operation with the user's functions as the subject.

        Parameters
        ----------
        forward, backward
            Called as the catalog's own: ``forward(*operands, **options) -> y`` and
            ``backward(cotangent, *operands, **options) -> gradients``;
            ``backward=None`` checks the forward alone; a convolution's or dense layer's takes x
            and w, and b as well if it has a parameter for it. Options that a function does not
            take are left out; those that `forward` does not take stay at their defaults, and
            those that it annotates as ``int`` are the same on each axis.
            Gradients may be an array, a tuple, a dict, or an object with attributes (see
            `gradients`).
        double_backward
            The VJP of `backward`, called as the catalog's own (see `Op.double_backward`), or
            None: second derivatives are not checked.
        layout
            Order in which the subject keeps the axes of ``x`` and ``y``: N, C and the spatial
            letters in any order; without N ("CHW") it takes no batch. None is the catalog's
            order, with and without a batch. Spatial letters in excess of the operation's axes
            are ignored.
        kernel
            Likewise the order of ``w``: O, I and the spatial letters, O being the channels of
            the result. None is the catalog's order: OIHW, of a transposed convolution IOHW.
        flip_kernel
            Whether the subject convolves in the mathematical sense: its kernel is the
            catalog's, rotated by 180 degrees.
        options
            By option the name under which the subject takes it, e.g. ``{"padding": "pad"}``.
        gradients
            The operands in the order in which `backward` returns their gradients, or by operand
            the key or attribute; None for the catalog's order and the usual names (``grad_x``,
            ``dx``, ...).
        dtypes
            That the subject takes; None for float32 and float64.
        limits
            On the generated cases: see `oracles.limits.Limits`.
        unsupported
            Exceptions by which the subject refuses what it does not support: such cases are
            counted and shown. A run in which most are refused is vacuous.

        Returns
        -------
        Op

        Raises
        ------
        TypeError
            If a function is not callable, or takes an operand where the cotangent will be, or
            an option by another name; if an argument has the wrong type.
        ValueError
            If `layout`, `kernel`, `options`, `gradients`, `dtypes` or a limit is none that
            there is.
        """
        check_functions(forward, backward, double_backward)
        called = names_of_options(options, self.options)
        for what, function in (("forward", forward), ("backward", backward)):
            check_names(what, function, self.options, called)
        if self.takes_cotangent:
            check_order(backward, self.backward_operands or self.gradients or ("x",))
        known = [called.get(name, name) for name in self.options]
        plug = Plug(
            forward,
            backward,
            double_backward,
            orders_of(self.letters, layout, kernel, flip_kernel=flip_kernel),
            operands=operands_of(self.backward_operands, backward, known),
            gradients=self.gradients,
            spelled=spelling(gradients, self.gradients),
            called=called,
            dropped={
                "forward": dropped_options(self.options, forward, called),
                "backward": dropped_options(self.options, backward, called),
            },
        )
        bias = bool(self.letters) and "b" in (self.gradients or ())
        settled = settled_limits(
            self.options, forward, layout, limits or {}, called=called, bias=bias
        )
        return replace(
            self,
            forward=plug.call_forward,
            backward=None if backward is None else plug.call_backward,
            double_backward=None if double_backward is None else plug.call_double_backward,
            subject=place_of(forward),
            plug=plug,
            limits=settled,
            backward_operands=plug.operands,
            dtypes=known_dtypes(dtypes) if dtypes is not None else self.dtypes,
            unsupported=exception_types(unsupported),
            spec="",
        )

    def gradient_names(self, case: Case) -> list[str]:
        """Names of the operands of `case` whose gradients are compared."""
        if self.backward is None:
            return []
        names = self.gradients if self.gradients is not None else tuple(case.operands)
        return [name for name in names if name in case.operands]

    def compared_names(self, case: Case) -> list[str]:
        """Names of everything that is compared for `case`: ``y``, then the gradients."""
        second = [second_gradient_of(name) for name in self.second_names(case)]
        along = [GRAD_GRAD_Y] if second and self.takes_cotangent else []
        return [FORWARD, *(gradient_of(n) for n in self.gradient_names(case)), *along, *second]

    def second_names(self, case: Case) -> list[str]:
        """Names of the operands of `case` whose second gradients are compared."""
        if self.double_backward is None or not case.directions:
            return []
        names = self.second_gradients
        return [n for n in self.gradient_names(case) if names is None or n in names]

    def directions_of(self, given: Mapping[str, Array]) -> list[Array | None]:
        """Return the directions as ``double_backward`` takes them: None for an absent operand."""
        names = self.gradients if self.gradients is not None else tuple(given)
        return [given.get(name) for name in names]

    def backward_names(self, operands: Collection[str]) -> list[str]:
        """Names of those of `operands` that ``backward`` takes, in order."""
        names = self.backward_operands if self.backward_operands is not None else tuple(operands)
        return [name for name in names if name in operands]

    def backward_arguments(self, operands: Mapping[str, Array]) -> Sequence[Array]:
        """Return the operands that ``backward`` takes, in order."""
        return [operands[name] for name in self.backward_names(operands)]
