"""The bounds of a snapshot."""

from __future__ import annotations

import dataclasses

import pytest

from obsv.capture import Limits
from obsv.errors import ConfigurationError


@pytest.mark.parametrize("name", ["max_repr", "max_items", "max_depth"])
def test_too_small(name):
    """A bound below 1 is refused by name."""
    with pytest.raises(ConfigurationError, match=f"{name} must be a whole number of at least 1, not 0"):
        Limits(**{name: 0})


def test_limits_do_not_change():
    """Limits are shared, so they cannot be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().max_repr = 5  # type: ignore[misc]
