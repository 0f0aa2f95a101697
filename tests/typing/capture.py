"""Usage of the capture, for the type checker."""

from __future__ import annotations

from typing import Any

from obsv.capture import Limits, Redactor, Snapshot, make_snapshot, render, snapshot


def text_of(value: object) -> str:
    """The text of a value is str."""
    return f"{type(value).__name__} of this size"


smart: Snapshot = make_snapshot()
bounded: Snapshot = make_snapshot(Limits(max_repr=100), Redactor(("pin",)), "repr")
own: Snapshot = make_snapshot(serializer=text_of)
kept: Any = snapshot({"a": 1})
text: str = render(kept, max_repr=100)
