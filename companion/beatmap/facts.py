"""Values that remember what was derived from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class FactSource:
    """Something immutable from which costly things are derived, each once.

    What is derived has no name here: the function that derives it is the key. Whoever needs a new
    fact writes a function of the source and asks for ``source.fact(that_function)``.
    """

    _facts: dict[Callable[..., Any], Any]

    def fact(self, derive: Callable[[Self], T]) -> T:
        """What a function makes of this; computed when first asked for."""
        facts = self.__dict__.setdefault("_facts", {})
        if derive not in facts:
            facts[derive] = derive(self)
        return cast("T", facts[derive])
