"""How much of a value is kept."""

from __future__ import annotations

from dataclasses import dataclass

from obsv.errors import ConfigurationError


@dataclass(frozen=True)
class Limits:
    """Bounds of one value's snapshot and of its text.

    Args:
        max_repr: characters of a value's text; what is longer is cut and its length said.
        max_items: items shown of one container; the others are counted as "+N more".
        max_depth: containers within containers that are shown; deeper ones are only counted.

    Raises:
        ConfigurationError: a bound is below 1.
    """

    max_repr: int = 1_000
    max_items: int = 10
    max_depth: int = 3

    def __post_init__(self) -> None:
        for name in ("max_repr", "max_items", "max_depth"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; it takes a whole number from 1 up")
