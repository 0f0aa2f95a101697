"""Conversion of a snapshot to the stored text; runs in the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from obsv.capture.frozen import AT, CALL, CUT, FIELDS, JSON, NOTE, SET, Frozen
from obsv.capture.jsontext import json_text

_UNITS: dict[type, str] = {str: "characters", bytes: "bytes"}
# Their text limits itself, and ends with a part that must not be cut off.
_BOUNDED = frozenset((CUT, JSON, NOTE))
# How much longer than requested a text may be, for the note about what was cut.
_REMARK = 64


def render(frozen: Frozen, max_repr: int = 1_000) -> str:
    """Return the text of a snapshot.

    Args:
        frozen: the result of a snapshot function, or the same after `marshal`.
        max_repr: number of characters of the value to show.

    Returns:
        Valid UTF-8, the same for equal snapshots; at most 64 characters longer than `max_repr`, for the note about what
        was
        cut, and twice that with a note about a serializer.
    """
    if type(frozen) is tuple and frozen and frozen[0] is ...:
        text = _mark(frozen, max_repr)
        if len(text) <= max_repr + _REMARK if len(frozen) == 2 else frozen[1] in _BOUNDED:
            return text
    else:
        text = repr(frozen)
        # A mark is a tuple that begins with Ellipsis: without that word there is none, and repr is complete.
        if "Ellipsis" in text:
            text = _TEXT[type(frozen)](frozen, max_repr)
    if len(text) <= max_repr:
        return text
    unit = _UNITS.get(type(frozen))
    return _cut(frozen, len(frozen), max_repr) if unit else f"{text[:max_repr]}…"


def well_formed(text: str) -> str:
    """Return the text with lone surrogates escaped, so that it can be encoded in UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _cut(head: str | bytes, length: int, max_repr: int) -> str:
    text = repr(head[:max_repr])
    return f"{text[:-1][:max_repr]}…{text[-1]} ({length:,} {_UNITS[type(head)]})"


def _mark(frozen: Frozen, max_repr: int) -> str:
    if len(frozen) == 2:
        return well_formed(frozen[1])
    return _MARKS[frozen[1]](frozen, max_repr)


def _items(items: Iterable[Frozen], max_repr: int) -> str:
    return ", ".join([_TEXT[type(item)](item, max_repr) for item in items])


def _is_rest(item: Frozen) -> bool:
    """Return whether an item only states how many others are not shown."""
    return type(item) is tuple and len(item) == 2 and item[0] is ... and item[1][:1] == "+"


def _list(frozen: list[Frozen], max_repr: int) -> str:
    return f"[{_items(frozen, max_repr)}]"


def _tuple(frozen: tuple[Frozen, ...], max_repr: int) -> str:
    if frozen and frozen[0] is ...:
        return _mark(frozen, max_repr)
    comma = "," if len(frozen) == 1 and not _is_rest(frozen[0]) else ""
    return f"({_items(frozen, max_repr)}{comma})"


def _dict(frozen: dict[Frozen, Frozen], max_repr: int) -> str:
    return "{" + ", ".join([_pair(key, item, max_repr) for key, item in frozen.items()]) + "}"


def _pair(key: Frozen, item: Frozen, max_repr: int) -> str:
    text = _TEXT[type(key)](key, max_repr)
    return text if item is ... else f"{text}: {_TEXT[type(item)](item, max_repr)}"


def _fields(frozen: Frozen, max_repr: int) -> str:
    fields = ", ".join([_field(name, item, max_repr) for name, item in frozen[3].items()])
    return f"{well_formed(frozen[2])}({fields})"


def _field(name: Frozen, item: Frozen, max_repr: int) -> str:
    # A name that is not a str belongs to a manually filled namespace, or is "+3 more".
    text = well_formed(name) if type(name) is str else _TEXT[type(name)](name, max_repr)
    return text if item is ... else f"{text}={_TEXT[type(item)](item, max_repr)}"


def _call(frozen: Frozen, max_repr: int) -> str:
    return f"{well_formed(frozen[2])}({_items(frozen[3], max_repr)})"


def _set(frozen: Frozen, max_repr: int) -> str:
    name, items = frozen[2], frozen[3]
    if not items:
        return f"{well_formed(name) or 'set'}()"
    texts = [_TEXT[type(item)](item, max_repr) for item in items]
    # A set has no order, and its copy may have a different one. The number of items not shown comes last.
    rest = [texts.pop()] if _is_rest(items[-1]) else []
    texts.sort(key=lambda text: (len(text), text))
    body = f"{{{', '.join(texts + rest)}}}"
    return f"{well_formed(name)}({body})" if name else body


def _note(frozen: Frozen, max_repr: int) -> str:
    return f"{render(frozen[2], max_repr)} ({well_formed(frozen[3])[:_REMARK]})"


def _plain(frozen: Frozen, max_repr: int) -> str:
    return repr(frozen)


_MARKS: dict[int, Callable[[Frozen, int], str]] = {
    CUT: lambda frozen, max_repr: _cut(frozen[2], frozen[3], max_repr),
    AT: lambda frozen, max_repr: f"<{well_formed(frozen[2])} at {frozen[3]:#x}>",
    FIELDS: _fields,
    CALL: _call,
    SET: _set,
    JSON: lambda frozen, max_repr: well_formed(json_text(frozen[2], max_repr, render)),
    NOTE: _note,
}

_TEXT: dict[type, Callable[[Any, int], str]] = {
    **dict.fromkeys((int, float, complex, bool, type(None), str, bytes), _plain),
    list: _list,
    dict: _dict,
    tuple: _tuple,
}
