"""`define`: an operation that the catalog does not have, from one forward and a backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oracles.define_axes import axes_of
from oracles.define_cases import Drawing, defined_cases
from oracles.define_truth import by_reference, by_tolerance, check_references, references_of
from oracles.op import Op, Reference
from oracles.plugging import check_functions
from oracles.portable import packed, place_of_payload

Function = Callable[..., Any]


def define(
    name: str,
    forward: Function,
    backward: Function | None,
    double_backward: Function | None = None,
    *,
    operands: Mapping[str, str] | Sequence[str],
    reference: Function | None = None,
    references: Mapping[str, Reference] | None = None,
    options: Mapping[str, Sequence[Any]] | None = None,
    sizes: Mapping[str, tuple[int, int] | int] | None = None,
    constants: Mapping[str, tuple[str, str | int]] | None = None,
    positive: Sequence[str] = (),
    cases: Callable[..., Any] | None = None,
    gradients: Sequence[str] | Mapping[str, str] | None = None,
    backward_operands: Sequence[str] | None = None,
    takes_cotangent: bool = True,
    roundings: int | None = None,
    dtypes: Sequence[str] | None = None,
    limits: Mapping[str, Any] | None = None,
    unsupported: type[BaseException] | Sequence[type[BaseException]] = (),
) -> Op:
    """Return an operation of the user's own, to be given to `oracles.run` and `oracles.check`.

    Parameters
    ----------
    name
        Of the operation.
    forward, backward, double_backward
        The subject, called as the catalog's: ``forward(*operands, **options) -> y``,
        ``backward(cotangent, *operands, **options) -> gradients``; None leaves one out. See
        `oracles.Op.implemented_by`, which the result has as well, for another subject.
    operands
        By name, in the order of the call, the axes of each: words with spaces between, such as
        ``"n d"``. A word is one size wherever it stands; a number is that size; ``""`` is a
        single number. With `cases` the names are enough.
    reference
        ``f(xp, *operands, **options) -> y``, written against the array API standard. Truth,
        rounding bounds and the witnesses' references all follow from it: it is run on exact
        numbers with NumPy's namespace, on PyTorch's tensors and on JAX's arrays.
    references
        Instead of it, forward functions by witness, ``torch`` and ``jax``, each called as
        ``f(framework, *operands, **options)``. Truth is then the first one's float64, and the
        bound a tolerance: reports say so.
    options
        By name the values to draw from, the simplest first. JSON must hold them.
    sizes
        By word the least and the largest size (default 1 and 4), or the only one. Where two
        axes fit together by more than equality, `reference` must take all that these allow.
    constants
        Operands of ints, which come after the others and have no gradient: by name their axes,
        and the word or number that they stay below, such as ``{"target": ("n", "classes")}``.
    positive
        Operands that are drawn positive.
    cases
        ``cases(dtype, limits)``: the whole strategy, instead of what words and sizes give.
    gradients
        Operands that have gradients in the order in which `backward` returns them, or by
        operand the key or attribute. None for all of `operands`.
    backward_operands
        Those that `backward` takes; None for all.
    takes_cotangent
        False for a loss, whose backward starts from the cotangent 1.
    roundings
        The tolerance where there are only `references`: so many roundings of a result's own size
        and of the largest of its array. 64 unless told.
    dtypes, limits, unsupported
        Of the subject: see `oracles.Op.implemented_by`.

    Returns
    -------
    Op

    Raises
    ------
    ValueError
        If an argument is none that there is, or the reference fails on a simple case.
    TypeError
        If an argument has the wrong type, the reference cannot be evaluated in exact arithmetic,
        or cannot be sent to another process.

    Notes
    -----
    Cases hold no NaN, infinities or subnormals. Where the reference compares numbers, many are
    small integers, so that some are equal. If it is a polynomial in its operands, equality on
    an integer lattice and proof by symbols are evidence as for the catalog's.
    """
    check_functions(forward, backward, double_backward)
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"`name` (={name!r}) must be a Python name")
    check_references(reference, references, roundings)
    axes = axes_of(_with_axes(operands, cases), constants, sizes, options)
    differentiable = _names("gradients", gradients, axes.operands) or tuple(axes.operands)
    known = references_of(reference, references)
    payload = packed(known)
    made = (
        by_reference(reference, axes, takes_cotangent=takes_cotangent, drawn=cases is None)
        if reference is not None
        else by_tolerance(known, axes, differentiable, roundings, takes_cotangent=takes_cotangent,
                          drawn=cases is None)
    )  # fmt: skip
    drawing = Drawing(
        name, axes, made.shape_of, made.patterns,
        positive=_names("positive", positive, axes.operands) or (),
        gradients=differentiable, takes_cotangent=takes_cotangent,
    )  # fmt: skip
    op = Op(
        name=name,
        forward=forward,
        backward=backward,
        cases=defined_cases(drawing) if cases is None else cases,
        definition=made.definition,
        references=known,
        backward_operands=_names("backward_operands", backward_operands, axes.names),
        gradients=differentiable,
        takes_cotangent=takes_cotangent,
        located=place_of_payload(payload),
        payload=payload,
    )
    return op.implemented_by(
        forward,
        backward,
        double_backward,
        gradients=gradients,
        dtypes=dtypes,
        limits=limits,
        unsupported=unsupported,
    )


def _with_axes(operands: Any, cases: Any) -> Any:
    if cases is not None and not callable(cases):
        raise TypeError(f"`cases` (={cases!r}) must be callable")
    if cases is not None and not isinstance(operands, Mapping | str):
        return dict.fromkeys(operands, "")
    return operands


def _names(
    argument: str, given: Any, known: Sequence[str] | Mapping[str, Any]
) -> tuple[str, ...] | None:
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Sequence | Mapping):
        raise TypeError(f"`{argument}` (={given!r}) must be a sequence of operands")
    for name in given:
        if name not in known:
            raise ValueError(f"`{argument}` names {name!r}; there are {', '.join(known)}")
    return tuple(given)
