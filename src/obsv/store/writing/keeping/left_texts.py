"""Texts of calls in rows that stay when calls are forgotten: where they may be, and a mark in their place."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from obsv.store.ground.written import written_forms

FORGOTTEN = "(forgotten)"
# Texts that may repeat values, in rows that stay. Names of functions and values are none: no search looks there.
TEXTS = (
    ("alert", "summary"), ("alert", "labels"), ("alert_event", "summary"), ("alert_event", "labels"),
    ("notification", "body"), ("notification_attempt", "answer"), ("silence", "comment"), ("silence", "matchers"),
    ("report", "document"), ("registration", "meta"), ("registration", "content"), ("registration", "why"),
    ("error_group", "title"), ("error_group", "why"), ("error_group", "note"),
    ("deploy", "note"), ("audit", "detail"), ("audit", "subject"), ("recorder", "stats"), ("code", "source_text"),
    ("source", "resource"), ("source", "scope"), ("loss", "reason"), ("archive", "failure"), ("alert_rule", "error"),
    ("kept_trace", "note"), ("kept_trace", "exception"),
    ("metric_series", "name"), ("metric_series", "description"), ("metric_series", "attributes"),
    ("saved_view", "name"), ("saved_view", "path"), ("saved_view", "query"),
)  # fmt: skip
# JSON whose keys are obsv's own or OpenTelemetry's: without them nothing could read it.
KEYED = {
    ("alert", "labels"), ("alert_event", "labels"), ("notification", "body"), ("silence", "matchers"),
    ("report", "document"), ("error_group", "why"), ("recorder", "stats"), ("source", "resource"), ("source", "scope"),
}  # fmt: skip
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?')


def pattern_of(texts: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern of texts, however they are written."""
    forms = {form for text in texts for form in written_forms(text)}
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)), re.IGNORECASE)


def without(pattern: re.Pattern[str], text: str, mark: str, is_keyed: bool) -> str:
    """Return a text with a mark instead of what fits a pattern; JSON stays JSON.

    Args:
        pattern: of what is replaced.
        text: plain, or JSON.
        mark: what takes its place.
        is_keyed: whether keys of objects stay as they are.
    """
    if "\\u" not in text and pattern.search(text) is None:
        return text
    if not _is_json(text):
        return pattern.sub(mark, text)

    def replaced(found: re.Match[str]) -> str:
        literal, colon = found.groups()
        if colon and is_keyed:
            return found[0]
        told = json.loads(literal, strict=False)
        left = pattern.sub(mark, told)
        return found[0] if left == told else json.dumps(left, ensure_ascii=False) + (colon or "")

    return _STRING.sub(replaced, text)


def _is_json(text: str) -> bool:
    if text[:1] not in ("{", "["):
        return False
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True
