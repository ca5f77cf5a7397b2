"""The array namespace in which a framework-neutral formula runs on exact numbers.

It is NumPy's own, on object arrays (`Exact`) that stay arrays: a sum over all axes, or a single
element, is an array of no axes and keeps its methods. What NumPy cannot do with objects, or
does without telling a tie, is done by the `Space` of the elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class NotExact(TypeError):  # noqa: N818 - tells what a formula asked for
    """A formula calls what cannot be evaluated on these elements."""


class Space(Protocol):
    """What the elements of an array can do beyond Python's operators."""

    @property
    def elements(self) -> Mapping[str, Callable[..., Any]]:
        """Functions of elements by the name of the universal function that they stand for."""
        ...

    @property
    def refused(self) -> frozenset[str]:
        """Names of universal functions that NumPy would evaluate, wrongly, or not at all."""
        ...

    @property
    def whole(self) -> Mapping[str, Callable[..., Any]]:
        """Functions of arrays by NumPy's name: ``function(space, *arrays, **options)``."""
        ...

    def constants(self, array: Array) -> Array:
        """Return an array that is no `Exact` as the elements need it."""
        ...


class Exact(np.ndarray[Any, Any]):
    """An object array of exact numbers, all of whose functions go through its `space`."""

    space: Space

    def __array_finalize__(self, other: Any) -> None:
        if other is not None and hasattr(other, "space"):
            self.space = other.space

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        space, name = self.space, _ALIASES.get(ufunc.__name__, ufunc.__name__)
        if name in space.refused or options.pop("where", True) is not True:
            raise NotExact(_unknown(ufunc.__name__))
        for ignored in ("dtype", "casting", "subok", "order"):
            options.pop(ignored, None)
        plain = [_plain(space, each) for each in inputs]
        function: Any = ufunc
        if name in space.elements:
            function = np.frompyfunc(space.elements[name], ufunc.nin, 1, identity=None)
        try:
            found = getattr(function, method)(*plain, **options)
        except TypeError as error:
            raise NotExact(f"{_unknown(ufunc.__name__)}: {error}") from error
        if out is None:
            return wrapped(space, found, comparison=name in _TO_TRUTH)
        out[0].view(np.ndarray)[...] = found
        return out[0]

    def __array_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Iterable[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        space = self.space
        if func.__name__ in space.whole:
            return space.whole[func.__name__](space, *args, **kwargs)
        try:
            found = super().__array_function__(func, types, args, kwargs)
        except NotExact:
            raise
        except TypeError as error:
            raise NotExact(f"{_unknown(func.__name__)}: {error}") from error
        return wrapped(space, found)

    def __getitem__(self, key: Any) -> Any:
        return wrapped(self.space, super().__getitem__(_settled(key)))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_settled(key), value)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a copy: numbers stay exact whatever they are cast to, truths become numbers."""
        return self.copy()


_TO_TRUTH = frozenset({
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and",
    "logical_or", "logical_not", "isnan", "isinf", "isfinite", "bitwise_and", "bitwise_or",
    "invert", "signbit",
})  # fmt: skip

_ALIASES = {"fmax": "maximum", "fmin": "minimum", "float_power": "power", "fabs": "absolute",
            "true_divide": "divide", "bitwise_and": "logical_and", "bitwise_or": "logical_or",
            "invert": "logical_not"}  # fmt: skip


def _unknown(name: str) -> str:
    return f"xp.{name} cannot be evaluated in exact arithmetic"


def exact_array(space: Space, elements: Sequence[Any], shape: tuple[int, ...]) -> Exact:
    """Return elements as an array of a space."""
    plain = np.empty(len(elements), dtype=object)
    plain[:] = elements
    made = plain.reshape(shape).view(Exact)
    made.space = space
    return made


def wrapped(space: Space, found: Any, *, comparison: bool = False) -> Any:
    """Return what NumPy has found: elements and object arrays as `Exact`, all else as it is."""
    if isinstance(found, tuple | list):
        parts = [wrapped(space, each) for each in found]
        return type(found)(*parts) if hasattr(found, "_fields") else type(found)(parts)
    if isinstance(found, np.ndarray):
        if found.dtype != object:
            return found.view(np.ndarray)
        if comparison and all(isinstance(each, bool | np.bool_) for each in found.flat):
            return found.view(np.ndarray).astype(bool)
        made = found.view(Exact)
        made.space = space
        return made
    if found is None or isinstance(found, bool | np.generic | str | np.dtype):
        return found
    return exact_array(space, [found], ())


def _plain(space: Space, given: Any) -> Any:
    if isinstance(given, Exact):
        return given.view(np.ndarray)
    return space.constants(np.asarray(given)) if isinstance(given, np.ndarray | float) else given


def _settled(key: Any) -> Any:
    """Return an index in which decisions have become plain truths."""
    if isinstance(key, tuple):
        return tuple(map(_settled, key))
    return key.view(np.ndarray).astype(bool) if isinstance(key, Exact) else key


class Namespace:
    """NumPy's namespace, but for the few functions that look at the dtype of an array."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def asarray(given: Any, *args: Any, **options: Any) -> Any:
        """Return an exact array as it is."""
        return given if isinstance(given, Exact) else np.asarray(given, *args, **options)

    @staticmethod
    def finfo(dtype: Any) -> Any:
        """Return what float64 is like, for exact numbers."""
        return np.finfo(np.float64 if np.dtype(dtype) == object else dtype)

    @staticmethod
    def isdtype(dtype: Any, kind: Any) -> bool:
        """Answer for exact numbers as for float64."""
        return bool(np.isdtype(np.dtype(np.float64) if np.dtype(dtype) == object else dtype, kind))


namespace = Namespace()
"""That in which formulas are run."""
