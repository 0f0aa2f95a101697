"""Values as the compiled core writes them: byte for byte what Python's freezers and `marshal` give."""

from __future__ import annotations

import dataclasses
import gc
import marshal
import os
import signal
import sys
import threading
from typing import Any

import pytest
from random_values import RandomValues

from obsv.capture import Limits, Redactor, make_snapshot
from obsv.record import core

_BOUNDS = [(1_000, 10, 3), (200, 10, 3), (60, 4, 2), (5_000, 16, 5), (1, 1, 1), (300, 3, 4)]


def _both(bounds: tuple[int, int, int]) -> tuple[Any, Any]:
    limits, redactor = Limits(*bounds), Redactor()
    return make_snapshot(limits, redactor), core.encoder_of(limits, redactor)


@pytest.mark.parametrize("bounds", _BOUNDS, ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_same_bytes(bounds: tuple[int, int, int], seed: int) -> None:
    """Random nested values have the same bytes by C as by Python, at every bound."""
    snapshot, encoder = _both(bounds)
    values = RandomValues(seed)
    for _ in range(60):
        value = values.value()
        assert encoder.encode(value) == marshal.dumps(snapshot(value), 2), repr(snapshot(value))[:500]


def test_own_sensitive_fields() -> None:
    """Names that the user declared secret are masked in dicts, records and pairs."""
    redactor = Redactor(("desk",))
    snapshot, encoder = make_snapshot(Limits(), redactor), core.encoder_of(Limits(), redactor)
    record = dataclasses.make_dataclass("Trade", ["desk", "size"])
    for value in ({"desk": "eq", "n": 1}, record("eq", 5), ["desk", "eq"], [b"desk", "eq"], {"Trade-Desk": [1]}):
        assert encoder.encode(value) == marshal.dumps(snapshot(value), 2)
        assert b"eq" not in encoder.encode(value)


def test_more_items_than_c_holds() -> None:
    """Limits beyond the compiled arrays are left to Python."""
    assert core.encoder_of(Limits(max_items=17), Redactor()) is None


def test_value_changes_while_it_is_frozen() -> None:
    """Changes of the surrounding list and dict by a freezer are neither visible nor harmful."""
    around: list[Any] = []
    mapping: dict[str, Any] = {}

    class Spiteful:
        def __str__(self) -> str:
            around.clear()
            mapping.clear()
            return "text"

    encoder = core.compiled.Encoder(
        freeze=lambda value, depth, room: str(value),
        harmless={"a", "b", "c"},
        is_sensitive=lambda name: False,
        shape_of=lambda kind: None,
        is_from_signal=lambda error: False,
        max_repr=1_000,
        max_items=10,
        max_depth=3,
    )
    around += [Spiteful(), ["x"], {"y": 1}]
    assert marshal.loads(encoder.encode(around)) == ["text", ["x"], {"y": 1}]
    mapping.update(a=Spiteful(), b=["x" * 90], c=7)
    assert marshal.loads(encoder.encode(mapping)) == {"a": "text", "b": ["x" * 90], "c": 7}


def test_class_at_the_address_of_another(encode: Any) -> None:
    """A class that takes the place of one that is gone is read by its own fields."""
    places = set()
    for number in range(50):
        kind: Any = type("Short", (tuple,), {"_fields": (f"f{number}", "last")})
        places.add(id(kind))
        assert list(marshal.loads(encode(kind((1, 2))))[3]) == [f"f{number}", "last"]
        del kind
        gc.collect(0)
    # Memory checkers keep addresses from being used again.
    assert len(places) < 50 or "PYTHONMALLOC" in os.environ


def test_classes_without_end(encode: Any) -> None:
    """As many classes as a program may make are read, and are not kept alive."""
    snapshot = make_snapshot()
    kept: list[Any] = [type(f"K{number}", (tuple,), {"_fields": ("id",)}) for number in range(4_200)]
    for kind in kept:
        assert encode(kind((1,))) == marshal.dumps(snapshot(kind((1,))), 2)


def test_exhausted_stack(encode: Any) -> None:
    """At the recursion limit something is written for a value, and nothing is raised."""
    texts: list[bytes] = []

    def deeper() -> None:
        try:
            deeper()
        finally:
            texts.append(encode({"unknown_key": {1, 2}, "k": [range(3)]}))

    with pytest.raises(RecursionError):
        deeper()
    assert all(marshal.loads(text) for text in texts)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals come to the main thread")
def test_signal_handlers_exception() -> None:
    """An exception of a signal handler during freezing reaches the program."""

    class TimeIsUp(Exception):
        pass

    def handler(*_: object) -> None:
        raise TimeIsUp

    def freeze(value: Any, depth: int, room: list[int]) -> Any:
        signal.raise_signal(signal.SIGALRM)
        return None

    names = Redactor()
    encoder = core.compiled.Encoder(
        freeze=freeze,
        harmless=names.harmless,
        is_sensitive=names.is_sensitive,
        shape_of=lambda kind: None,
        is_from_signal=core.is_from_signal,
        max_repr=1_000,
        max_items=10,
        max_depth=3,
    )
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(TimeIsUp):
            encoder.encode([1, {"a": {1, 2}}])
    finally:
        signal.signal(signal.SIGALRM, before)


def test_own_errors_are_kept_from_the_program() -> None:
    """An error of the look-ups around the freezers costs the value, never the call."""

    def broken(*_: object) -> Any:
        raise LookupError("broken")

    encoder = core.compiled.Encoder(
        freeze=broken,
        harmless=set(),
        is_sensitive=broken,
        shape_of=broken,
        is_from_signal=broken,
        max_repr=1_000,
        max_items=10,
        max_depth=3,
    )
    assert marshal.loads(encoder.encode([1, {1, 2}])) == [1, (..., "<unreadable>")]
    assert marshal.loads(encoder.encode({"a": 1})) == {"a": (..., "***")}


def test_no_references_are_kept_or_lost(encode: Any) -> None:
    """Encoding leaves the reference counts of what it reads as they were."""
    values = RandomValues(9)
    kept = [values.value() for _ in range(100)]
    singles = [None, True, ..., 5, "a", encode]
    for value in kept:
        encode(value)
    before = [sys.getrefcount(each) for each in (*kept, *singles)]
    blocks = sys.getallocatedblocks()
    for _ in range(10):
        for value in kept:
            encode(value)
    after = [sys.getrefcount(each) for each in (*kept, *singles)]
    moved = [(a, b) for a, b in zip(before, after, strict=True) if abs(a - b) > 8]
    assert not moved
    assert sys.getallocatedblocks() - blocks < 1_000


def test_wrong_encoder() -> None:
    """The encoder says which bound it cannot keep."""
    with pytest.raises(ValueError, match="max_items is from 1 to 16"):
        core.compiled.Encoder(
            freeze=repr,
            harmless=set(),
            is_sensitive=bool,
            shape_of=type,
            is_from_signal=bool,
            max_repr=1,
            max_items=17,
            max_depth=1,
        )
