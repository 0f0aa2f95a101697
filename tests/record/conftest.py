"""Rings to write and read, and records for them."""

from pathlib import Path

import pytest

from obsv.record import layout
from obsv.record.layout import check_of
from obsv.record.values import dumps


@pytest.fixture
def rings(tmp_path: Path) -> Path:
    """The directory of all rings."""
    directory = tmp_path / "t.db.rings"
    directory.mkdir(mode=0o700)
    return directory


def begin(span: int, *, values: object = (), function: int = 1) -> bytes:
    """A BEGIN record."""
    packed = dumps(values)
    size = layout.BEGIN_HEAD.size + len(packed)
    return (
        layout.BEGIN_HEAD.pack(size, check_of(packed), layout.BEGIN, 1, 1, 0, 7, 7, span, 0, 1, function, 0, 1, 0)
        + packed
    )


def end(span: int, *, values: object = None, parts: int = layout.HAS_RESULT, function: int = 1) -> bytes:
    """An END record."""
    packed = dumps(values) if parts & 3 else b""
    size = layout.END_HEAD.size + len(packed)
    return layout.END_HEAD.pack(size, check_of(packed), layout.END, 0, parts, 0, 0, span, 2) + packed


def whole(span: int) -> bytes:
    """A CALL record."""
    packed = dumps(((), (None,), None, None))
    size = layout.CALL_HEAD.size + len(packed)
    head = layout.CALL_HEAD.pack(size, check_of(packed), layout.CALL, 1, 1, 0, 7, 7, span, 0, 1, 1, 0, 1, 0, 2)
    return head + packed


def span_of(record: bytes) -> int:
    """The span id of a BEGIN or END."""
    at = 32 if record[8] == layout.BEGIN else 16
    return int.from_bytes(record[at : at + 8], "big")
