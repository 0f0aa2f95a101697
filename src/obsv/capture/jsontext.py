"""JSON text of a snapshot: always valid JSON, even if the value was too long or cannot be represented in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from obsv.capture.frozen import CALL, CUT, FIELDS, SET, Frozen

# Quotes and brackets are added to the characters that a snapshot has space for.
_SLACK = 64


def json_text(frozen: Frozen, max_repr: int, render: Callable[[Frozen, int], str]) -> str:
    """Return the value as JSON; its smart text as a JSON string if that would be too long.

    Args:
        render: returns the smart text of a value that JSON cannot represent.
    """
    text = json.dumps(_plain(frozen, max_repr, render), ensure_ascii=False)
    if len(text) <= max_repr + _SLACK:
        return text
    short = render(frozen, max_repr)
    # An escape takes up to six characters.
    for length in (max_repr, max_repr // 6):
        text = json.dumps(f"{short[:length]}…" if len(short) > length else short, ensure_ascii=False)
        if len(text) <= max_repr + _SLACK:
            break
    return text


def _plain(frozen: Frozen, max_repr: int, render: Callable[[Frozen, int], str]) -> Any:
    """Return a value that `json` can write."""
    kind = type(frozen)
    if kind is dict:
        return _object(frozen, max_repr, render)
    if kind is tuple and frozen and frozen[0] is ...:
        return _marked(frozen, max_repr, render)
    if kind is list or kind is tuple:
        return [_plain(item, max_repr, render) for item in frozen]
    if kind is bytes or kind is complex or (kind is float and frozen - frozen != 0):
        # NaN and the infinities are not JSON.
        return repr(frozen)
    return frozen


def _object(items: dict[Frozen, Frozen], max_repr: int, render: Callable[[Frozen, int], str]) -> dict[str, Any]:
    return {
        key if type(key) is str else render(key, max_repr): None if item is ... else _plain(item, max_repr, render)
        for key, item in items.items()
    }


def _marked(frozen: Frozen, max_repr: int, render: Callable[[Frozen, int], str]) -> Any:
    mark = frozen[1] if len(frozen) > 2 else None
    if mark in (FIELDS, SET):
        return _plain(frozen[3], max_repr, render)
    if mark == CALL and len(frozen[3]) == 1 and type(frozen[3][0]) in (list, dict):
        return _plain(frozen[3][0], max_repr, render)
    if mark == CUT and type(frozen[2]) is str:
        return f"{frozen[2]}… ({frozen[3]:,} characters)"
    return render(frozen, max_repr)
