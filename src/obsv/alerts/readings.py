"""Parsers of single values of the rules file; each raises ValueError with what it expected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

Read = Callable[[Any], Any]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])", re.ASCII)
MAX_S, MAX_PERIOD_S = 366 * 86_400.0, 90 * 86_400.0
MAX_TEXT = 10_000


def seconds(value: Any) -> float:
    """Parse a duration: a number of seconds, or text such as `10s`, `1h30m`, `250ms`."""
    found: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str):
        text = value.strip()
        parts = _PART.findall(text)
        if parts and not _PART.sub("", text).strip():
            found = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if found is None or not 0 <= found <= MAX_S:
        raise ValueError(f'expected a time such as "10s", "5m" or "1h30m", found {_shown(value)}')
    return found


def interval(value: Any) -> float:
    """Parse an interval of at least one second between two looks."""
    found = seconds(value)
    if found < 1:
        raise ValueError(f"expected at least one second, found {_shown(value)}")
    return found


def period(value: Any) -> float:
    """Parse the period of a service level, for which its counts are kept."""
    found = interval(value)
    if found > MAX_PERIOD_S:
        raise ValueError(f"expected at most 90d, for which calls are counted, found {_shown(value)}")
    return found


def number(value: Any) -> float:
    """Parse a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"expected a number, found {_shown(value)}")
    return float(value)


def share(value: Any) -> float:
    """Parse a share: a number from 0 to 1, or text such as `5%`."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        found = float(text[:-1]) / 100 if text.endswith("%") else number(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise ValueError(f'expected a share such as 0.05 or "5%", found {_shown(value)}')
    return found


def objective(value: Any) -> float:
    """Parse a share above 0 and below 1: a number, or text such as `99.9%`."""
    found = share(value)
    if not 0 < found < 1:
        raise ValueError(f'expected a share between 0 and 1 such as 0.999 or "99.9%", found {_shown(value)}')
    return found


def text(value: Any) -> str:
    """Parse text that is not empty."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
        raise ValueError(f"expected non-empty text, found {_shown(value)}")
    return value


def flag(value: Any) -> bool:
    """Parse a boolean."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {_shown(value)}")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Parse a list of strings; a single string is a list of one."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not value:
        raise ValueError(f'expected a list such as ["log"], found {_shown(value)}')
    return tuple(map(text, value))


def whole(least: int) -> Read:
    """Return a parser of whole numbers that are at least `least`."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"expected a whole number of at least {least}, found {_shown(value)}")
        return value

    return read


def one_of(*choices: str) -> Read:
    """Return a parser that accepts one of the given words."""

    def read(value: Any) -> str:
        if value not in choices or not isinstance(value, str):
            raise ValueError(f"expected {' or '.join(choices)}, found {_shown(value)}")
        return value

    return read


def mapping(value: Any) -> dict[str, str]:
    """Parse a table of names and text, such as labels; numbers and booleans become text."""
    if not isinstance(value, dict) or not all(isinstance(each, str | int | float) for each in value.values()):
        raise ValueError('expected a table such as { team = "data" }')
    return {name: each if isinstance(each, str) else str(each).lower() for name, each in value.items()}


def http_url(value: Any) -> str:
    """Parse an address that begins with http:// or https://."""
    if not isinstance(value, str) or not re.match(r"https?://[^\s/]+", value):
        raise ValueError("expected an address such as https://example.org/path")
    return value


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"
