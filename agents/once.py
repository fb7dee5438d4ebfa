"""A result computed once for a value that has no hash (a blueprint, a sheet): kept for the few values seen last."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Generic, TypeVar

V = TypeVar("V")
R = TypeVar("R")


class _Same(Generic[V]):
    """A value that is equal to itself alone; being kept in the cache, it keeps its identity."""

    def __init__(self, value: V) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value


def once(most: int) -> Callable[[Callable[[V], R]], Callable[[V], R]]:
    """Compute once a value, and keep the results of the `most` values seen last.

    For values that are never changed in place, and results that nobody changes.
    """

    def decorated(compute: Callable[[V], R]) -> Callable[[V], R]:
        cached = lru_cache(maxsize=most)(lambda same: compute(same.value))

        @wraps(compute)
        def found(value: V) -> R:
            result: R = cached(_Same(value))
            return result

        return found

    return decorated
