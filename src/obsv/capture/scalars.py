"""Freezers of single values with a text of their own: numbers, times, paths, exceptions, functions."""

from __future__ import annotations

import gc
import types
from array import array
from collections.abc import Callable
from functools import partial
from typing import Any

from obsv.capture.containers import ItemsFreezer, PairsFreezer
from obsv.capture.frozen import AT, CALL, CUT, INT_BITS, LENGTH_ROOM, Freezer, Frozen, Tools, bounded_text, more
from obsv.capture.names import class_name, module_name

_LEAST = 32
# A Decimal of about 500 digits: its text takes linear time.
_DECIMAL_BYTES = 300


def atom_freezers(tools: Tools) -> dict[type, Freezer]:
    """Return the freezers of values that are kept unchanged."""
    max_repr, top = tools.limits.max_repr, tools.limits.max_depth

    def freeze_text(value: Any, depth: int, room: list[int]) -> Frozen:
        size, left = len(value), room[0]
        if size <= left:
            room[0] = left - size
            return value
        # Inside a container, half of the space is left for the following items.
        shown = max_repr if depth == top else min(max_repr, max(left // 2, _LEAST))
        room[0] = left - shown - LENGTH_ROOM
        return _cut(value, shown)

    def freeze_int(value: int, depth: int, room: list[int]) -> Frozen:
        return value if value.bit_length() <= INT_BITS else (..., f"int({value.bit_length():,} bits)")

    return {
        str: freeze_text,
        bytes: freeze_text,
        int: freeze_int,
        **dict.fromkeys((float, bool, complex, type(None)), lambda value, depth, room: value),
    }


def _cut(value: Any, size: int) -> Frozen:
    return value if len(value) <= size else (..., CUT, value[:size], len(value))


def plain_freezer(base: Any, tools: Tools) -> Freezer:
    """Return the freezer of a subclass of str, bytes, int, float or complex: its plain value, without its methods."""
    if base is str or base is bytes:
        return _plain_text_freezer(base, tools.limits.max_repr, tools.freeze)
    if base is int:
        return lambda value, depth, room: tools.freeze(int.__pos__(value), depth, room)
    plain = base.__pos__
    return lambda value, depth, room: plain(value)


def _plain_text_freezer(base: Any, max_repr: int, freeze: Freezer) -> Freezer:
    take, measure, head = base.__getitem__, base.__len__, slice(0, max_repr)

    def freeze_plain(value: Any, depth: int, room: list[int]) -> Frozen:
        frozen, size = freeze(take(value, head), depth, room), measure(value)
        if size <= max_repr:
            return frozen
        return (..., CUT, frozen if type(frozen) is base else frozen[2], size)

    return freeze_plain


def text_freezer(text_of: Callable[[Any], str], max_repr: int) -> Freezer:
    """Return the freezer of a class with a safe text, formatted without the methods of a subclass."""
    return lambda value, depth, room: bounded_text(text_of(value), max_repr)


def constructor_freezer(name: str, text_of: Callable[[Any], str]) -> Freezer:
    """Return the freezer of a class whose values are made of a text: `Path('a/b')`."""
    return lambda value, depth, room: (..., CALL, name, [text_of(value)])


def decimal_freezer(base: Any, *, is_exact: bool = False) -> Freezer:
    """Return the freezer of Decimal: its digits, unless there are thousands."""

    def freeze_decimal(value: Any, depth: int, room: list[int]) -> Frozen:
        if base.__sizeof__(value) > _DECIMAL_BYTES:
            return (..., f"Decimal(exponent {base.adjusted(value):,})")
        digits = base.__str__(value)
        return (..., CALL, "Decimal", [digits]) if is_exact else (..., digits)

    return freeze_decimal


def fraction_freezer(freeze: Freezer) -> Freezer:
    """Return the freezer of Fraction."""

    def freeze_fraction(value: Any, depth: int, room: list[int]) -> Frozen:
        parts = [object.__getattribute__(value, name) for name in ("_numerator", "_denominator")]
        return (..., CALL, "Fraction", [freeze(part, depth, room) for part in parts])

    return freeze_fraction


def enum_freezer(kind: type, tools: Tools) -> Freezer:
    """Return the freezer of an enumeration: `Side.BUY`."""
    name = class_name(kind)

    def freeze_member(value: Any, depth: int, room: list[int]) -> Frozen:
        member = object.__getattribute__(value, "_name_")
        if type(member) is str:
            return (..., f"{name}.{member}")
        return (..., CALL, name, [tools.freeze(object.__getattribute__(value, "_value_"), depth, room)])

    return freeze_member


def exception_freezer(kind: type, tools: Tools, freeze_items: ItemsFreezer) -> Freezer:
    """Return the freezer of an exception: class and arguments, whose texts are masked with that of the value."""
    name = class_name(kind)
    args_of: Any = BaseException.__dict__["args"].__get__
    max_items, max_repr = tools.limits.max_items, tools.limits.max_repr

    def freeze_exception(value: BaseException, depth: int, room: list[int]) -> Frozen:
        args = args_of(value)
        shown = [_plain(arg) for arg in args[:max_items]] if depth > 0 else []
        return (..., CALL, name, freeze_items(shown, len(args), depth, room))

    def _plain(arg: Any) -> Any:
        kind = type(arg)
        return str.__getitem__(arg, slice(0, max_repr)) if kind is not str and issubclass(kind, str) else arg

    return freeze_exception


def class_freezer(kind: type) -> Freezer:
    """Return the freezer of classes: `<class module.Name>`."""
    return lambda value, depth, room: (..., f"<class {_qualified(module_name(value), class_name(value))}>")


def builtin_freezers(tools: Tools, freeze_items: ItemsFreezer, freeze_pairs: PairsFreezer) -> dict[type, Freezer]:
    """Return the freezers of the interpreter's own types that are shown by name, size or content."""
    freeze, max_repr, max_items = tools.freeze, tools.limits.max_repr, tools.limits.max_items

    def freeze_bytearray(value: bytearray, depth: int, room: list[int]) -> Frozen:
        size = len(value)
        head = bytes(value[:max_repr])
        room[0] -= len(head)
        return (..., CALL, "bytearray", [head if size == len(head) else (..., CUT, head, size)])

    def freeze_array(value: array[Any], depth: int, room: list[int]) -> Frozen:
        shown = value[:max_items].tolist()
        return (..., CALL, "array", [value.typecode, freeze_items(shown, len(value), depth, room)])

    def freeze_range(value: range, depth: int, room: list[int]) -> Frozen:
        parts = (value.start, value.stop) if value.step == 1 else (value.start, value.stop, value.step)
        return (..., CALL, "range", [freeze(part, depth, room) for part in parts])

    def freeze_slice(value: slice, depth: int, room: list[int]) -> Frozen:
        return (..., CALL, "slice", freeze_items([value.start, value.stop, value.step], 3, depth, room))

    def freeze_proxy(value: Any, depth: int, room: list[int]) -> Frozen:
        # The proxy's own methods would run those of the mapping behind it.
        behind = gc.get_referents(value)
        if len(behind) == 1 and type(behind[0]) is dict:
            shown = freeze_pairs(behind[0].items(), len(behind[0]), depth, room)
            return (..., CALL, "mappingproxy", [shown])
        return (..., AT, "mappingproxy", id(value))

    def freeze_partial(value: Any, depth: int, room: list[int]) -> Frozen:
        bound = len(value.args) + len(value.keywords)
        return (..., CALL, "partial", [freeze(value.func, depth, room), *([more(bound)] if bound else [])])

    return {
        bytearray: freeze_bytearray,
        array: freeze_array,
        range: freeze_range,
        slice: freeze_slice,
        memoryview: lambda value, depth, room: (..., f"<memoryview of {value.nbytes:,} bytes>"),
        types.MappingProxyType: freeze_proxy,
        partial: freeze_partial,
        types.FunctionType: lambda value, depth, room: (..., f"<function {_function_name(value)}>"),
        types.BuiltinFunctionType: lambda value, depth, room: (..., f"<function {value.__name__}>"),
        types.MethodType: _freeze_method,
        types.GeneratorType: _freeze_running("generator"),
        types.CoroutineType: _freeze_running("coroutine"),
        types.AsyncGeneratorType: _freeze_running("async_generator"),
    }


def module_freezer() -> Freezer:
    """Return the freezer of modules, which does not load a lazy module."""

    def freeze_module(value: Any, depth: int, room: list[int]) -> Frozen:
        name = object.__getattribute__(value, "__dict__").get("__name__")
        return bounded_text(f"<module {name if type(name) is str else '?'}>", 200)

    return freeze_module


def _freeze_method(value: Any, depth: int, room: list[int]) -> Frozen:
    function = value.__func__
    if type(function) is types.FunctionType:
        return (..., f"<method {_function_name(function)}>")
    return (..., AT, "method", id(value))


def _freeze_running(word: str) -> Freezer:
    return lambda value, depth, room: (..., AT, f"{word} {value.__qualname__[:100]}", id(value))


def _function_name(function: Any) -> str:
    module = function.__module__
    return _qualified(module if type(module) is str else "", function.__qualname__)[:200]


def _qualified(module: str, name: str) -> str:
    return f"{module}.{name}" if module and module != "builtins" else name
