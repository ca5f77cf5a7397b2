"""What is checked (`Op`) and on what (`Case`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from oracles.adapt import in_layout

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


@dataclass(frozen=True)
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

    def implemented_by(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any] | None,
        double_backward: Callable[..., Any] | None = None,
        *,
        layout: str = "NCHW",
        kernel: str = "OIHW",
    ) -> Op:
        """Return this operation with the user's functions as the subject.

        Parameters
        ----------
        forward, backward
            Called as the catalog's own: ``forward(*operands, **options) -> y`` and
            ``backward(cotangent, *operands, **options) -> gradient or tuple``;
            ``backward=None`` checks the forward alone.
        double_backward
            The VJP of `backward`, called as the catalog's own (see `Op.double_backward`), or
            None: second derivatives are not checked.
        layout, kernel
            Order in which the subject keeps the axes of ``x``, ``y`` and of ``w``, as a
            permutation of NC and the spatial letters (OI and the spatial letters). Spatial
            letters in excess of the operation's axes are ignored, the outermost first.

        Returns
        -------
        Op

        Raises
        ------
        TypeError
            If `forward`, `backward` or `double_backward` is not callable.
        ValueError
            If `layout` or `kernel` is not such a permutation.
        """
        if not callable(forward):
            raise TypeError(f"`forward` (={forward!r}) must be callable")
        for what, function in (("backward", backward), ("double_backward", double_backward)):
            if function is not None and not callable(function):
                raise TypeError(f"`{what}` (={function!r}) must be callable or None")
        forward_in, backward_in, double_in = in_layout(
            forward, backward, double_backward, layout=layout, kernel=kernel
        )
        # Another order of axes has a letter for the batch, so there must be one.
        cases = self.cases if forward_in is forward else partial(_batched, self.cases)
        name = getattr(forward, "__qualname__", type(forward).__qualname__)
        module = getattr(forward, "__module__", type(forward).__module__)
        subject = f"{module}.{name}"
        return replace(
            self,
            forward=forward_in,
            backward=backward_in,
            double_backward=double_in,
            subject=subject,
            cases=cases,
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

    def backward_arguments(self, operands: Mapping[str, Array]) -> Sequence[Array]:
        """Return the operands that ``backward`` takes, in order."""
        names = self.backward_operands if self.backward_operands is not None else tuple(operands)
        return [operands[name] for name in names if name in operands]


def _batched(
    cases: Callable[[str, Limits], SearchStrategy[Case]], dtype: str, limits: Limits
) -> SearchStrategy[Case]:
    return cases(dtype, replace(limits, batched=True))
