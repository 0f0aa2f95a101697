"""Samples: the findings of a rule, one for each label set."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from obsv.alerts.rules import Rule

# Labels come from outside: a recorded name may be of any length and contain anything.
LABEL_CHARS, MOST_LABELS, MOST_SAMPLES = 200, 30, 100
SUMMARY_CHARS = 500
_NAME = re.compile(r"\{([A-Za-z_]\w*)\}")
Labels = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """A measurement for one label set.

    Args:
        labels: names and values, sorted by name.
        value: the value; None if there is none.
        holds: whether the rule's condition holds.
        facts: additional names for the rule's summary, besides labels and value.
        link: path in the app; empty if there is none.
    """

    labels: Labels
    value: float | None
    holds: bool
    facts: Mapping[str, Any] = {}
    link: str = ""


def labelled(labels: Mapping[str, object]) -> Labels:
    """Return labels as they are stored: limited in length, on one line, sorted."""
    pairs = [(clean(name), clean(str(value))) for name, value in labels.items() if value is not None]
    return tuple(sorted(dict(pairs[:MOST_LABELS]).items()))


def clean(text: str) -> str:
    """Return outside text on one line, limited in length and without invisible characters."""
    line = printable(text[: LABEL_CHARS + 1])
    return line if len(line) <= LABEL_CHARS else line[: LABEL_CHARS - 1] + "…"


def printable(text: str) -> str:
    """Return a text with spaces for invisible characters. Most have none, and 200 rules look at 4,000 a round."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def fits_name(text: str, pattern: str) -> bool:
    """Return whether a name matches a pattern with `*` and `?`; most rules have only `*`."""
    return pattern == "*" or fnmatchcase(text, pattern)


def fingerprint(rule: str, labels: Labels) -> str:
    """Return an alert's fingerprint: 16 hex digits derived from its rule and labels."""
    text = json.dumps([rule, labels], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def summary_of(rule: Rule, sample: Sample) -> str:
    """Return the rule's summary with names in braces filled in; unknown names stay unchanged."""
    known: dict[str, Any] = {
        **rule.details, **rule.labels, **dict(sample.labels), **sample.facts, "rule": rule.name,
        "value": shown(sample.value), "severity": rule.severity,
    }  # fmt: skip

    def filled(found: re.Match[str]) -> str:
        return str(known[found[1]]) if found[1] in known else found[0]

    text = _NAME.sub(filled, rule.summary)
    return " ".join(printable(text[:SUMMARY_CHARS]).split())


def shown(value: float | None) -> str:
    """Format a number for people: whole, or with four significant digits."""
    if value is None:
        return "no value"
    return f"{value:.0f}" if abs(value) < 1e15 and value == int(value) else f"{value:.4g}"


def numbered(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 rule` or `2 rules`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
