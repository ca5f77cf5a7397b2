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
    """

    op: str
    operands: Mapping[str, Array]
    options: Mapping[str, Any]
    cotangent: Array
    layouts: Mapping[str, str] = field(default_factory=dict)
    origin: str = "given"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating dtype of the case."""
        return self.cotangent.dtype

    @property
    def finite(self) -> bool:
        """Whether every number of the case is finite."""
        arrays = (*self.operands.values(), self.cotangent)
        return all(bool(np.isfinite(array).all()) for array in arrays)

    @property
    def size(self) -> int:
        """Number of elements of all operands and the cotangent: smaller is easier to read."""
        return self.cotangent.size + sum(array.size for array in self.operands.values())


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

    def implemented_by(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any] | None,
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
            If `forward` or `backward` is not callable.
        ValueError
            If `layout` or `kernel` is not such a permutation.
        """
        if not callable(forward):
            raise TypeError(f"`forward` (={forward!r}) must be callable")
        if backward is not None and not callable(backward):
            raise TypeError(f"`backward` (={backward!r}) must be callable or None")
        forward_in, backward_in = in_layout(forward, backward, layout=layout, kernel=kernel)
        # Another order of axes has a letter for the batch, so there must be one.
        cases = self.cases if forward_in is forward else partial(_batched, self.cases)
        name = getattr(forward, "__qualname__", type(forward).__qualname__)
        module = getattr(forward, "__module__", type(forward).__module__)
        subject = f"{module}.{name}"
        return replace(self, forward=forward_in, backward=backward_in, subject=subject, cases=cases)

    def gradient_names(self, case: Case) -> list[str]:
        """Names of the operands of `case` whose gradients are compared."""
        if self.backward is None:
            return []
        names = self.gradients if self.gradients is not None else tuple(case.operands)
        return [name for name in names if name in case.operands]

    def compared_names(self, case: Case) -> list[str]:
        """Names of everything that is compared for `case`: ``y``, then the gradients."""
        return [FORWARD, *(gradient_of(name) for name in self.gradient_names(case))]

    def backward_arguments(self, operands: Mapping[str, Array]) -> Sequence[Array]:
        """Return the operands that ``backward`` takes, in order."""
        names = self.backward_operands if self.backward_operands is not None else tuple(operands)
        return [operands[name] for name in names if name in operands]


def _batched(
    cases: Callable[[str, Limits], SearchStrategy[Case]], dtype: str, limits: Limits
) -> SearchStrategy[Case]:
    return cases(dtype, replace(limits, batched=True))
