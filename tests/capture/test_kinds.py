"""Access to a value's type."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from unittest.mock import MagicMock

import pytest

from obsv.capture import Limits, Redactor, make_snapshot, render
from obsv.capture.kinds import Kinds


def hostile_object():
    """An object that fails at whatever it is asked."""

    class Hostile:
        def __getattribute__(self, name):
            raise AssertionError(name)

        def __repr__(self):
            raise AssertionError

        __str__ = __len__ = __iter__ = __hash__ = __bool__ = __eq__ = __call__ = __repr__

    return Hostile()


def lying_object():
    """An object whose class attribute fails, and which answers to every other name."""

    class Liar:
        @property
        def __class__(self):
            raise AssertionError

        def __getattr__(self, name):
            raise AssertionError(name)

    return Liar()


def object_of_a_hostile_class():
    """An object whose class itself fails at whatever it is asked."""

    class Meta(type):
        def __getattribute__(cls, name):
            raise AssertionError(name)

        def __hash__(cls):
            raise AssertionError

        def __eq__(cls, other):
            raise AssertionError

        def __instancecheck__(cls, value):
            raise AssertionError

        __subclasscheck__ = __instancecheck__

    return type.__call__(Meta("Strange", (), {}))


@pytest.mark.parametrize("make", [hostile_object, lying_object, object_of_a_hostile_class])
def test_hostile_objects(shown, make):
    """An object that fails at everything, or whose class does, is shown by type and address."""
    value = make()
    name = type.__dict__["__name__"].__get__(type(value))
    expected = f"<{name} at {id(value):#x}>"
    assert shown(value) == expected
    assert shown([value, {"a": value}]) == f"[{expected}, {{'a': {expected}}}]"


def test_mock(shown):
    """A mock answers to every name; none is asked."""
    value = MagicMock()
    assert shown(value) == f"<MagicMock at {id(value):#x}>"
    assert value.mock_calls == []


def test_weak_proxy(shown):
    """A proxy whose object is gone is shown all the same."""

    class Gone:
        pass

    text = shown(weakref.proxy(Gone()))
    assert text.startswith(("<ProxyType at 0x", "<weakproxy at 0x"))


def test_class_with_a_false_module(shown):
    """A class may have anything for its module's name."""
    kind = type("Odd", (), {"__module__": 5})
    assert shown(kind()).startswith("<Odd at 0x")
    assert shown(kind) == "<class Odd>"


def test_classes_are_not_kept_alive():
    """Knowledge about a class is deleted with the class."""
    kinds = Kinds(Limits(), Redactor())
    before = len(kinds.known)
    kind = type("Short", (dict,), {"__slots__": ()})
    kinds.freeze(kind(), 3, [100])
    assert len(kinds.known) == before + 1
    gone = weakref.ref(kind)
    del kind
    gc.collect()
    assert gone() is None
    assert len(kinds.known) == before


def test_classes_without_end(monkeypatch):
    """The number of remembered classes is bounded, and the interpreter's own are not forgotten."""
    monkeypatch.setattr("obsv.capture.kinds._MAX_KINDS", 10)
    kinds = Kinds(Limits(), Redactor())
    before = len(kinds.known)
    alive = [type(f"C{i}", (), {}) for i in range(50)]
    for kind in alive:
        kinds.freeze(kind(), 3, [100])
        assert kinds.freeze({"a": 1}, 3, [100]) == {"a": 1}
    assert len(kinds.known) <= before + 10


def test_exhausted_stack():
    """With no stack left the snapshot still returns."""
    snapshot = make_snapshot()
    results = []

    def dive():
        results.append(snapshot([[[[1]]]]))
        dive()

    with pytest.raises(RecursionError):
        dive()
    assert all(isinstance(render(frozen), str) for frozen in results)


def test_dict_that_changes_meanwhile():
    """A dict that another thread changes is read without an error."""
    snapshot, value, stop = make_snapshot(), {i: i for i in range(20)}, threading.Event()

    def change():
        i = 20
        while not stop.is_set():
            value[i] = i
            value.pop(i - 15, None)
            i += 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=change)
    thread.start()
    try:
        texts = [render(snapshot(value)) for _ in range(3_000)]
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert all(text.startswith("{") and text.endswith(" more}") for text in texts)


def test_interrupt_is_not_swallowed():
    """Ctrl-C reaches the program."""

    class Interrupt(dict):
        pass

    def interrupt(value):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_snapshot(serializer=interrupt)(Interrupt())


def test_equal_settings_share():
    """Functions of equal settings share one snapshot function."""
    assert make_snapshot(Limits(), Redactor(("pin",))) is make_snapshot(Limits(), Redactor(["pin"]))
    assert make_snapshot(Limits(), Redactor(("pin",))) is not make_snapshot(Limits(), Redactor())


@pytest.mark.parametrize("base", [object, int, str, list, dict, tuple, Exception])
def test_a_metaclass_is_not_asked(base):
    """The attributes of a class are read past the `__getattribute__` of its metaclass."""
    asked = []

    class Nosy(type):
        def __getattribute__(cls, name):
            asked.append(name)
            return type.__getattribute__(cls, name)

    value = Nosy("Value", (base,), {})()
    asked.clear()
    for exact in (False, True):
        make_snapshot(Limits(is_exact=exact), Redactor(()))(value)
    assert asked == []
