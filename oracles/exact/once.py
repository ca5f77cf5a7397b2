"""A property that is computed once: as `functools.cached_property`, without that one's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator
    """Decorates a method without arguments; its result stays in the instance."""

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function, self._name = function, function.__name__
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        """Compute the result; from now on the instance's own attribute goes before."""
        found = instance.__dict__[self._name] = self._function(instance)
        return found
