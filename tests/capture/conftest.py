"""Shared parts of the capture tests."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any

import pytest

from obsv.capture import Limits, make_snapshot, render


@pytest.fixture
def shown() -> Callable[..., str]:
    """The text of a value, by way of the bytes that a spill file would hold."""

    def text_of(value: Any, **limits: int) -> str:
        bounds = Limits(**limits)
        frozen = make_snapshot(bounds)(value)
        return render(marshal.loads(marshal.dumps(frozen)), bounds.max_repr)

    return text_of
