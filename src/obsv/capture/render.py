"""From a snapshot to the text that is stored; runs on the worker."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from obsv.capture.frozen import AT, CALL, CUT, FIELDS, JSON, NOTE, SET, Frozen
from obsv.capture.redact import MASK

_UNITS: dict[type, str] = {str: "characters", bytes: "bytes"}


def render(frozen: Frozen, max_repr: int = 1_000) -> str:
    """The text of a snapshot.

    Args:
        frozen: what a snapshot function returned, or the same through `marshal`.
        max_repr: characters of the value shown; a cut text says so and is at most 64 longer.

    Returns:
        Valid UTF-8, the same for equal snapshots.
    """
    text = repr(frozen)
    # A mark is a tuple that begins with Ellipsis, so without the word there is none, and repr has said it all.
    if "Ellipsis" in text:
        text = _TEXT[type(frozen)](frozen, max_repr)
    if len(text) > max_repr:
        return _cut(frozen, text, max_repr)
    return text


def well_formed(text: str) -> str:
    """The text with lone surrogates escaped, so that it can be written as UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _cut(frozen: Frozen, text: str, max_repr: int) -> str:
    unit = _UNITS.get(type(frozen))
    if unit is not None:
        return _cut_literal(frozen, len(frozen), max_repr)
    if type(frozen) is tuple and len(frozen) > 2 and frozen[0] is ... and frozen[1] in (CUT, JSON, NOTE):
        return text
    return f"{text[:max_repr]}…"


def _cut_literal(head: str | bytes, length: int, max_repr: int) -> str:
    text = repr(head[:max_repr])
    quote = text[-1]
    return f"{text[:-1][:max_repr]}…{quote} ({length:,} {_UNITS[type(head)]})"


def _plain(frozen: Frozen, max_repr: int) -> str:
    return repr(frozen)


def _item(frozen: Frozen, max_repr: int) -> str:
    return _TEXT[type(frozen)](frozen, max_repr)


def _items(items: Any, max_repr: int) -> str:
    return ", ".join([_TEXT[type(item)](item, max_repr) for item in items])


def _list(frozen: list[Frozen], max_repr: int) -> str:
    return f"[{_items(frozen, max_repr)}]"


def _dict(frozen: dict[Frozen, Frozen], max_repr: int) -> str:
    return "{" + ", ".join([_pair(key, item, max_repr) for key, item in frozen.items()]) + "}"


def _pair(key: Frozen, item: Frozen, max_repr: int) -> str:
    text = _item(key, max_repr)
    return text if item is ... else f"{text}: {_item(item, max_repr)}"


def _tuple(frozen: tuple[Frozen, ...], max_repr: int) -> str:
    if not frozen or frozen[0] is not ...:
        return f"({_items(frozen, max_repr)}{',' if len(frozen) == 1 else ''})"
    if len(frozen) == 2:
        return well_formed(frozen[1])
    return _MARKS[frozen[1]](frozen, max_repr)


def _fields(frozen: Frozen, max_repr: int) -> str:
    pairs = [_field(name, item, max_repr) for name, item in frozen[3].items()]
    return f"{well_formed(frozen[2])}({', '.join(pairs)})"


def _field(name: Frozen, item: Frozen, max_repr: int) -> str:
    if item is ...:
        return _item(name, max_repr)
    return f"{well_formed(name)}={_item(item, max_repr)}"


def _set(frozen: Frozen, max_repr: int) -> str:
    # A set has no order of its own, and its copy may iterate in another one.
    texts = [_item(item, max_repr) for item in frozen[3]]
    rest = [texts.pop()] if texts and texts[-1].startswith("+") and texts[-1].endswith(" more") else []
    texts.sort(key=lambda text: (len(text), text))
    if not texts and not rest:
        return f"{frozen[2] or 'set'}()"
    body = "{" + ", ".join(texts + rest) + "}"
    return f"{frozen[2]}({body})" if frozen[2] else body


def _note(frozen: Frozen, max_repr: int) -> str:
    return f"{render(frozen[2], max_repr)} ({well_formed(frozen[3])})"


def _json(frozen: Frozen, max_repr: int) -> str:
    text = json.dumps(_jsonable(frozen[2], max_repr), ensure_ascii=False, default=str)
    if len(text) > max_repr:
        text = json.dumps(render(frozen[2], max_repr), ensure_ascii=False)
    return well_formed(text)


def _jsonable(frozen: Frozen, max_repr: int) -> object:
    if isinstance(frozen, dict):
        return {_key(key, max_repr): _value(item, max_repr) for key, item in frozen.items()}
    if isinstance(frozen, list):
        return [_jsonable(item, max_repr) for item in frozen]
    if isinstance(frozen, tuple):
        if frozen and frozen[0] is ...:
            return _json_mark(frozen, max_repr)
        return [_jsonable(item, max_repr) for item in frozen]
    if isinstance(frozen, bytes | complex):
        return repr(frozen)
    if isinstance(frozen, float) and (frozen != frozen or frozen in (float("inf"), float("-inf"))):
        return repr(frozen)
    return frozen


def _json_mark(frozen: Frozen, max_repr: int) -> object:
    if len(frozen) > 2 and frozen[1] == FIELDS:
        return _jsonable(frozen[3], max_repr)
    if len(frozen) > 2 and frozen[1] == SET:
        return _jsonable(frozen[3], max_repr)
    return _item(frozen, max_repr)


def _key(key: Frozen, max_repr: int) -> str:
    return key if isinstance(key, str) else _item(key, max_repr)


def _value(item: Frozen, max_repr: int) -> object:
    return None if item is ... else _jsonable(item, max_repr)


_MARKS: dict[int, Callable[[Frozen, int], str]] = {
    CUT: lambda frozen, max_repr: _cut_literal(frozen[2], frozen[3], max_repr),
    AT: lambda frozen, max_repr: f"<{well_formed(frozen[2])} at {frozen[3]:#x}>",
    FIELDS: _fields,
    CALL: lambda frozen, max_repr: f"{well_formed(frozen[2])}({_items(frozen[3], max_repr)})",
    SET: _set,
    JSON: _json,
    NOTE: _note,
}

_TEXT: dict[type, Callable[[Any, int], str]] = {
    **dict.fromkeys((int, float, complex, bool, type(None), str, bytes), _plain),
    list: _list,
    dict: _dict,
    tuple: _tuple,
    type(...): lambda frozen, max_repr: MASK,
}
