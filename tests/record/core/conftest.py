"""Shared parts of the tests of the compiled core; without one they are skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obsv.capture import Limits, Redactor
from obsv.record import core


@pytest.fixture(autouse=True)
def _compiled() -> None:
    if core.compiled is None:
        pytest.skip("the compiled core was not built, or OBSV_CORE=py")


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """The compiled core's bytes of a value under the default limits and names."""
    encoder = core.encoder_of(Limits(), Redactor())

    def bytes_of(value: Any) -> bytes:
        return encoder.encode(value)

    return bytes_of
