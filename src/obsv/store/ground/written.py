"""Forms in which a text may stand in another one: as `repr()` and JSON write it."""

from __future__ import annotations

import json

# Both quotes, so that `repr()` escapes one of them.
_QUOTES = "\"'"
# A program's JSON is shown by `repr()`.
_DEPTH = 2


def written_forms(text: str) -> list[str]:
    """Return a text as it is, and as it stands in values that were written by `repr()`, as JSON, or as both."""
    found = {text}
    for _ in range(_DEPTH):
        found |= {form for each in found for form in _once(each)}
    return sorted(found)


def _once(text: str) -> tuple[str, ...]:
    escaped = repr(text + _QUOTES)[1:-1].removesuffix("\"\\'")
    as_json = (json.dumps(text, ensure_ascii=is_ascii)[1:-1] for is_ascii in (False, True))
    return (repr(text)[1:-1], escaped, *as_json)
