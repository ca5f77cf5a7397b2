"""The sizes and options of a user's operation: what `oracles.define` is told, and every error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from oracles.combination import Combination

Shape = tuple[int, ...]
Words = tuple[str, ...]

SIZES = (1, 4)
"""Least and largest size of an axis of which nothing is said."""

_MOST_OPTIONS = 24
_SMALL = 3


@dataclass(frozen=True)
class Axes:
    """The operands of an operation, their axes by words, and what is drawn for them.

    Attributes
    ----------
    operands
        By name of a float operand the words of its axes; a word of digits is a size.
    constants
        By name of an operand of indices the words of its axes, and the word whose size, or the
        number, that its elements stay below.
    sizes
        For each word least and largest size.
    options
        For each option the values to draw from, the simplest first.
    """

    operands: Mapping[str, Words]
    constants: Mapping[str, tuple[Words, str]]
    sizes: Mapping[str, tuple[int, int]]
    options: Mapping[str, Sequence[Any]]

    @property
    def names(self) -> tuple[str, ...]:
        """The operands in the order of the call: floats, then indices."""
        return (*self.operands, *self.constants)

    def shapes(self, sizes: Mapping[str, int]) -> dict[str, Shape]:
        """Return the shapes of the float operands."""
        return {name: _shape(words, sizes) for name, words in self.operands.items()}

    def index_shapes(self, sizes: Mapping[str, int]) -> dict[str, tuple[Shape, int]]:
        """Return the shapes of the operands of indices, and what their elements stay below."""
        return {
            name: (_shape(words, sizes), _size(below, sizes))
            for name, (words, below) in self.constants.items()
        }

    def small(self) -> Iterator[tuple[dict[str, int], dict[str, Any]]]:
        """Yield a handful of small sizes with options: the simplest first, no axes alike."""
        words = list(self.sizes)
        turned = [
            {word: (turn + position) % _SMALL + 1 for position, word in enumerate(words)}
            for turn in range(_SMALL)
        ]
        falling = {word: _SMALL - position % _SMALL for position, word in enumerate(words)}
        told = [dict.fromkeys(words, 1), *turned, falling, dict.fromkeys(words, 0)]
        variants: list[dict[str, int]] = []
        for each in told:
            sizes = {
                w: min(max(size, self.sizes[w][0]), self.sizes[w][1]) for w, size in each.items()
            }
            if sizes not in variants:
                variants.append(sizes)
        for sizes in variants:
            for values in islice(product(*self.options.values()), _MOST_OPTIONS):
                yield sizes, dict(zip(self.options, values, strict=True))

    def combinations(self) -> list[Combination]:
        """Return the same as shapes of the float operands and options."""
        return [Combination(self.shapes(sizes), options) for sizes, options in self.small()]


def _shape(words: Words, sizes: Mapping[str, int]) -> Shape:
    return tuple(_size(word, sizes) for word in words)


def _size(word: str, sizes: Mapping[str, int]) -> int:
    return int(word) if word.isdigit() else sizes[word]


def axes_of(operands: Any, constants: Any, sizes: Any, options: Any) -> Axes:
    """Return what was told of operands, sizes and options.

    Raises
    ------
    TypeError
        If an argument has another form than `oracles.define` says.
    ValueError
        If one names what there is not, or sizes are none.
    """
    floats = {name: _words("operands", name, text) for name, text in _pairs("operands", operands)}
    if not floats:
        raise ValueError(f"`operands` (={operands!r}) must name at least one operand")
    indices = {name: _indices(name, told) for name, told in _pairs("constants", constants or {})}
    for name in indices:
        if name in floats:
            raise ValueError(f"`constants` names {name!r}, which is one of `operands`")
    every = [w for words in floats.values() for w in words]
    every += [w for words, below in indices.values() for w in (*words, below)]
    words = list(dict.fromkeys(word for word in every if not word.isdigit()))
    ranges = _ranges(sizes or {}, words)
    for name, (_, below) in indices.items():
        if (int(below) if below.isdigit() else ranges[below][0]) < 1:
            raise ValueError(
                f"`constants` says that {name} stays below {below!r}, whose least size must be 1"
            )
    return Axes(floats, indices, ranges, _options(options or {}))


def _pairs(argument: str, given: Any) -> list[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        raise TypeError(f"`{argument}` (={given!r}) must be a mapping by name")
    for name in given:
        if not isinstance(name, str) or not name.isidentifier() or name == "cotangent":
            raise ValueError(f"`{argument}` names {name!r}, which is no name for an argument")
    return list(given.items())


def _words(argument: str, name: str, text: Any) -> Words:
    if not isinstance(text, str):
        raise TypeError(
            f"`{argument}` gives {name!r} the axes {text!r}: words with spaces between are "
            "wanted, such as 'n d'; '' for a single number"
        )
    words = tuple(text.split())
    for word in words:
        if not (word.isidentifier() or word.isdigit()):
            raise ValueError(f"`{argument}` gives {name!r} an axis {word!r}: neither word nor size")
    return words


def _indices(name: str, told: Any) -> tuple[Words, str]:
    if not isinstance(told, tuple | list) or len(told) != 2:
        raise TypeError(
            f"`constants` gives {name!r} (={told!r}): axes and the word or number that its ints "
            "stay below are wanted, such as ('n', 'classes')"
        )
    (below,) = _words("constants", name, str(told[1])) or ("",)
    return _words("constants", name, told[0]), below


def _ranges(sizes: Any, words: Sequence[str]) -> dict[str, tuple[int, int]]:
    for word, told in _pairs("sizes", sizes):
        if word not in words:
            raise ValueError(
                f"`sizes` (={word!r}: {told!r}) is of no axis; axes are {', '.join(words)}"
            )
    return {word: _range(word, sizes.get(word, SIZES)) for word in words}


def _range(word: str, told: Any) -> tuple[int, int]:
    ends = (told, told) if isinstance(told, int) else told
    if not isinstance(ends, tuple | list) or len(ends) != 2:
        raise TypeError(f"`sizes` (={word!r}: {told!r}) must be the least and the largest size")
    least, most = ends
    for end in (least, most):
        if isinstance(end, bool) or not isinstance(end, int):
            raise TypeError(f"`sizes` (={word!r}: {told!r}) must be ints")
    if not 0 <= least <= most:
        raise ValueError(f"`sizes` (={word!r}: {told!r}) must be of at least 0, the least first")
    return least, most


def _options(options: Any) -> dict[str, Sequence[Any]]:
    found: dict[str, Sequence[Any]] = {}
    for name, values in _pairs("options", options):
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise TypeError(
                f"`options` (={name!r}: {values!r}) must be a sequence of values to draw from"
            )
        try:
            json.dumps(list(values), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"`options` (={name!r}: {values!r}) must hold numbers, texts, truths, None, or "
                "tuples of them"
            ) from error
        found[name] = tuple(tuple(v) if isinstance(v, list) else v for v in values)
    return found
