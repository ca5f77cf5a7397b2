"""How a subject is plugged in: its functions, and how they differ in form from the catalog's.

A subject may keep the axes of its arrays in another order, slide the kernel as it stands in
the text of a true convolution, take fewer options, or return its gradients by name. `Plug` says
so; its three functions are the subject's in the catalog's form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.gradient_names import Recovered, by_operand

Array = npt.NDArray[Any]
Function = Callable[..., Any]

SPATIAL = "DHW"


@dataclass(frozen=True)
class Order:
    """The order of one array's axes: letters in the catalog's order, and in the subject's.

    Attributes
    ----------
    catalog, subject
        The same letters; the catalog's may leave out the batch's ``N`` (an unbatched array).
    flipped
        Whether the subject's array runs backwards along its spatial axes.
    """

    catalog: str
    subject: str
    flipped: bool = False

    @property
    def natural(self) -> bool:
        """Whether the subject keeps the array as the catalog does."""
        return self.catalog == self.subject and not self.flipped

    def letters(self, ndim: int) -> tuple[str, str]:
        """Return both orders for an array of `ndim` axes, of which the batch may be missing."""
        if ndim >= len(self.catalog):
            return self.catalog, self.subject
        return self.catalog.replace("N", ""), self.subject.replace("N", "")

    def to_subject(self, array: Array) -> Array:
        """Return a contiguous array in the subject's order."""
        catalog, subject = self.letters(array.ndim)
        turned = array.transpose([catalog.index(letter) for letter in subject])
        return np.ascontiguousarray(self._flip(turned, subject))

    def from_subject(self, array: Any) -> Any:
        """Return the subject's array in the catalog's order; what is none stays as it is."""
        if not isinstance(array, np.ndarray) or self.natural:
            return array
        catalog, subject = self.letters(array.ndim)
        if array.ndim != len(subject):
            return array
        turned = self._flip(array, subject)
        return turned.transpose([subject.index(letter) for letter in catalog])

    def _flip(self, array: Array, letters: str) -> Array:
        if not self.flipped:
            return array
        return np.flip(array, tuple(at for at, name in enumerate(letters) if name in SPATIAL))


@dataclass(frozen=True)
class Plug:
    """A subject as its author wrote it.

    Attributes
    ----------
    forward, backward, double_backward
        The author's functions.
    orders
        By operand (and ``y``): the order of axes; an array that is not named is left alone.
    operands, gradients
        Names of the operands of ``backward``, and of those whose gradients it returns.
    spelled
        What the author calls the gradients: names in the order of a tuple, or by operand the
        key or attribute; None for the usual spellings.
    called
        By option what the author calls it.
    dropped
        By ``forward`` and ``backward``: options that the function does not take.
    """

    forward: Function
    backward: Function | None
    double_backward: Function | None
    orders: Mapping[str, Order] = field(default_factory=dict)
    operands: tuple[str, ...] | None = None
    gradients: tuple[str, ...] | None = None
    spelled: Sequence[str] | Mapping[str, str] | None = None
    called: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def call_forward(self, *operands: Array, **options: Any) -> Any:
        """Call the subject's forward with arrays in the catalog's order."""
        given = self._given((*(self.operands or ()), "b"), operands)
        return self._from("y", self.forward(*given, **self._kept("forward", options)))

    def call_backward(self, *arrays: Array, **options: Any) -> Any:
        """Call the subject's backward; return its gradients by operand where they have names."""
        assert self.backward is not None
        given = self._given(("y", *(self.operands or ())), arrays)
        if "b" in (self.operands or ()) and len(given) == len(self.operands or ()):
            given.append(None)  # this case has no bias
        returned = self.backward(*given, **self._kept("backward", options))
        found = by_operand(returned, self.gradients, self.spelled)
        if isinstance(found, Recovered):
            errors = {name: self._from(name, a) for name, a in found.errors.items()}
            return Recovered(self._all_from(found.gradients), errors)
        if isinstance(found, Mapping):
            return self._all_from(found)
        return self._each_from(self.gradients or (), found)

    def call_double_backward(self, *arrays: Array | None, **options: Any) -> Any:
        """Call the subject's double backward; what it returns has an order, no names."""
        assert self.double_backward is not None
        names = (*(self.gradients or ()), "y", *(self.operands or ()))
        found = self.double_backward(*self._given(names, arrays), **options)
        return self._each_from(("y", *(self.operands or ())), found)

    def _given(self, names: Sequence[str], arrays: Sequence[Array | None]) -> list[Array | None]:
        if not self.orders:
            return list(arrays)
        turned = [
            array if array is None or self._natural(name) else self.orders[name].to_subject(array)
            for name, array in zip(names, arrays, strict=False)
        ]
        return [*turned, *arrays[len(turned) :]]

    def _natural(self, name: str) -> bool:
        return name not in self.orders or self.orders[name].natural

    def _from(self, name: str, array: Any) -> Any:
        return array if self._natural(name) else self.orders[name].from_subject(array)

    def _all_from(self, found: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._from(name, array) for name, array in found.items()}

    def _each_from(self, names: Sequence[str], found: Any) -> Any:
        """Return what has an order, no names, in the catalog's order of axes."""
        if not self.orders or not isinstance(found, tuple | list):
            return self._from(names[0], found) if self.orders else found
        turned = [self._from(name, array) for name, array in zip(names, found, strict=False)]
        return (*turned, *found[len(turned) :])

    def _kept(self, function: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        left_out = self.dropped.get(function, frozenset())
        return {self.called.get(k, k): v for k, v in options.items() if k not in left_out}


def order(name: str, letters: str | None, catalog: str, *, flipped: bool = False) -> Order:
    """Return the order that `letters` say, for an array whose axes the catalog calls `catalog`.

    Parameters
    ----------
    name
        Of the argument, for errors.
    letters
        Spatial letters in excess of the catalog's are ignored; without ``N`` the array has no
        batch. None is the catalog's own order.
    flipped
        Of the spatial axes.

    Raises
    ------
    ValueError
        If `letters` does not hold each letter of the catalog's (but for ``N``) once.
    """
    if letters is None:
        return Order(catalog, catalog, flipped)
    if not isinstance(letters, str):
        raise TypeError(f"`{name}` (={letters!r}) must be a str")
    told = letters.replace("L", "W") if "L" in letters and "W" not in letters else letters
    kept = "".join(letter for letter in told if letter in catalog or letter not in SPATIAL)
    batchless = "N" in catalog and "W" in catalog
    wanted = catalog if "N" in kept or not batchless else catalog.replace("N", "")
    if sorted(kept) != sorted(wanted) or len(set(told)) != len(told):
        optional = ", of which N may be missing" * batchless
        raise ValueError(
            f"`{name}` (={letters!r}) must hold each letter of {catalog} once{optional}"
        )
    return Order(wanted, kept, flipped)
