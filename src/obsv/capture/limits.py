"""Limits on the recorded part of a value."""

from __future__ import annotations

from dataclasses import dataclass

from obsv.errors import ConfigurationError


@dataclass(frozen=True)
class Limits:
    """The limits of one value's snapshot and text.

    Args:
        max_repr: maximum length of a value's text in characters; a longer text is cut and its length noted.
        max_items: items shown per container; the others are counted as "+N more".
        max_depth: nested levels of containers that are shown; deeper ones are only counted.
        is_exact: values are written so that they can be made again, where their usual text leaves open which one it is:
            decimals, paths and durations by their constructors, arrays and frames with their values, objects with
            their attributes.

    Raises:
        ConfigurationError: a limit is below 1.
    """

    max_repr: int = 1_000
    max_items: int = 10
    max_depth: int = 3
    is_exact: bool = False

    def __post_init__(self) -> None:
        for name in ("max_repr", "max_items", "max_depth"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} must be a whole number of at least 1, not {getattr(self, name)}")
