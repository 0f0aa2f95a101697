"""What a look at a rule finds: a sample for each set of labels."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from obsv.alerts.rules import Rule

# Labels come from outside: a recorded name may be of any length, and hold anything.
LABEL_CHARS, MOST_LABELS, MOST_SAMPLES = 200, 30, 100
SUMMARY_CHARS = 500
_NAME = re.compile(r"\{([A-Za-z_]\w*)\}")
Labels = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """What was measured for one set of labels.

    Args:
        labels: names and values, sorted by name.
        value: None where there is none.
        holds: whether the rule's condition holds.
        facts: what the rule's summary may name besides labels and value.
        link: path in the app; empty for none.
    """

    labels: Labels
    value: float | None
    holds: bool
    facts: Mapping[str, Any] = {}
    link: str = ""


def labelled(labels: Mapping[str, object]) -> Labels:
    """Return labels as they are kept: bounded, on one line, sorted."""
    pairs = [(clean(name), clean(str(value))) for name, value in labels.items() if value is not None]
    return tuple(sorted(dict(pairs[:MOST_LABELS]).items()))


def clean(text: str) -> str:
    """Return text from outside on one line and not too long, with nothing that does not show."""
    line = "".join(each if each.isprintable() else " " for each in text[: LABEL_CHARS + 1])
    return line if len(line) <= LABEL_CHARS else line[: LABEL_CHARS - 1] + "…"


def fingerprint(rule: str, labels: Labels) -> str:
    """Return what an alert is known by: 16 hex digits of its rule and labels."""
    text = json.dumps([rule, labels], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def summary_of(rule: Rule, sample: Sample) -> str:
    """Return the rule's summary with names in braces filled in; a name that nothing has stays as it is."""
    known: dict[str, Any] = {
        **rule.details, **rule.labels, **dict(sample.labels), **sample.facts, "rule": rule.name,
        "value": shown(sample.value), "severity": rule.severity,
    }  # fmt: skip

    def filled(found: re.Match[str]) -> str:
        return str(known[found[1]]) if found[1] in known else found[0]

    text = _NAME.sub(filled, rule.summary)
    return " ".join("".join(each if each.isprintable() else " " for each in text[:SUMMARY_CHARS]).split())


def shown(value: float | None) -> str:
    """Return a number for people: whole, or with four figures."""
    if value is None:
        return "no value"
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"
