"""Parsers of readable settings: `"2d"`, `"1GB"`, `"yes"`, `"KeyError, shop.NotFound"`.

Each takes the setting's name and a value, from code or as the text of an environment variable or an option. It
returns the parsed value, or raises `ConfigurationError` with the name and the value.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from obsv.errors import ConfigurationError

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3}  # the sign for micro, and the Greek letter
for _seconds, _units in (
    (1, "s sec secs second seconds"),
    (60, "m min mins minute minutes"),
    (3_600, "h hr hrs hour hours"),
    (86_400, "d day days"),
    (604_800, "w week weeks"),
):
    _SECONDS |= dict.fromkeys(_units.split(), _seconds)
_BYTES = {"b": 1, "byte": 1, "bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BYTES |= {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
LEAST_STORE_BYTES = 4_000_000
"""The smallest size limit of a database: measured, with every kind of writer at full speed."""
_AMOUNT, _UNIT = r"((?:\d+(?:_\d+)*(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)", "[a-zµμ]"
_FLAGS = re.ASCII | re.IGNORECASE
# Compiled when the first text is read: most programs give none, and compiling takes 1.5 ms.
_NUMBER = rf"\s*{_AMOUNT}\s*({_UNIT}*)\s*"
# `1h30m`, `2 days, 12 hours`: every part has a unit.
_PART = rf"{_AMOUNT}\s*{_UNIT}+"
_PARTS = rf"\s*(?:{_AMOUNT}\s*{_UNIT}+,?\s*){{2,8}}"
# SQLite integers have 64 bits, and durations are stored in nanoseconds.
_MOST, _MOST_SECONDS = 9_000_000_000_000_000_000, 9_000_000_000
_NO_LIMIT = frozenset(("none", "off", "no", "never", "unlimited"))
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

PARTS = ("args", "result", "locals", "cpu", "memory")
"""The parts of a call that can be recorded."""
_CAPTURES: dict[str, dict[str, Any]] = {
    "off": {"args": False, "result": False, "locals": False},
    "args": {"args": True, "result": False, "locals": False},
    "all": {"args": True, "result": True, "locals": True},
    "exact": {"args": "exact", "result": True},
}


def seconds(name: str, value: Any) -> float:
    """Parse a duration in seconds.

    It is a number, a `timedelta`, or text with units: `"250ms"`, `"90s"`, `"1h30m"`, `"2 days"`.
    """
    found = _duration(value)
    if found is None or not 0 <= found <= _MOST_SECONDS:
        raise ConfigurationError(f'{name} must be a duration such as "250ms", "90s", "6h" or "2d", not {value!r:.100}.')
    return found


def duration(text: str) -> float | None:
    """Return the seconds of a text with units, as parsed by `seconds`; None if it is not one, or has no unit."""
    plain = re.fullmatch(_NUMBER, text, _FLAGS)
    return None if plain and not plain[2] else _duration(text)


class TooSmall(ConfigurationError):
    """A size that cannot be kept.

    Attributes:
        least: the smallest that can, bytes.
    """

    least = LEAST_STORE_BYTES


def store_size(name: str, value: Any) -> int:
    """Parse the size limit of a database.

    Raises:
        TooSmall: an empty database with its log would be above it.
    """
    found = size(name, value)
    if found < LEAST_STORE_BYTES:
        raise TooSmall(
            f"{name} must be at least {LEAST_STORE_BYTES / 1e6:.0f}MB, not {value!r:.100}: "
            "an empty database takes 1 MB, and its write-ahead log as much."
        )
    return found


def size(name: str, value: Any) -> int:
    """Parse a size in bytes: a number, or text with a unit such as `"500MB"`, `"1GB"`, `"2GiB"`."""
    found = _with_unit(value, _BYTES, 1.0)
    if found is None or found < 0:
        raise ConfigurationError(
            f'{name} must be a size such as "500MB", "1GB" or a number of bytes, not {value!r:.100}.'
        )
    return int(found)


def is_no_limit(value: Any) -> bool:
    """Return whether a value means "no limit": None, "none", "off", …"""
    return value is None or (isinstance(value, str) and value.strip().lower() in _NO_LIMIT)


def share(name: str, value: Any) -> float:
    """Parse a share from 0 to 1: a number, or text such as `"0.05"` or `"5%"`."""
    found = _with_unit(value.replace("%", "percent") if isinstance(value, str) else value, {"percent": 0.01}, 1.0)
    if found is None or not 0.0 <= found <= 1.0:
        raise ConfigurationError(f"{name} must be a share of calls from 0.0 to 1.0, not {value!r:.100}.")
    return found


def count(name: str, value: Any) -> int:
    """Parse a whole number of at least 1."""
    found = _with_unit(value, {}, 1.0)
    if found is None or found != int(found) or found < 1:
        raise ConfigurationError(f"{name} must be a whole number of at least 1, not {value!r:.100}.")
    return int(found)


def flag(name: str, value: Any) -> bool:
    """Parse a boolean, given as such or as text."""
    found = value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())
    if found is None:
        raise ConfigurationError(f"{name} must be true or false, not {value!r:.100}.")
    return found


def names(name: str, value: Any) -> tuple[str, ...]:
    """Parse names: a sequence of them, or text with commas between them."""
    if isinstance(value, str):
        return tuple(filter(None, map(str.strip, value.split(","))))
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise ConfigurationError(f"{name} must be a sequence of names, not {value!r:.100}.")
    found = tuple(value)
    if not all(isinstance(each, str) for each in found):
        raise ConfigurationError(f"{name} must be a sequence of names, not {value!r:.100}.")
    return found


def exceptions(name: str, value: Any) -> tuple[str | type[BaseException], ...]:
    """Parse exception classes or their names, with or without the module: a sequence, a single one, or text."""
    if isinstance(value, str):
        return names(name, value)
    found = (value,) if isinstance(value, type) or not isinstance(value, Iterable) else tuple(value)
    for each in found:
        if not isinstance(each, str) and not (isinstance(each, type) and issubclass(each, BaseException)):
            raise ConfigurationError(f"{name} must be exception classes or their names, not {each!r:.100}.")
    return found


def capture(name: str, value: Any) -> dict[str, Any]:
    """Parse the parts of a call to record: a mapping of parts, or text.

    The text is `off`, `args`, `all`, `exact`, or parts with commas between them: `args,result,locals`. Parts that are
    not
    mentioned keep their defaults.
    """
    if isinstance(value, str):
        return _capture_of(name, value)
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} must be a mapping of parts ({', '.join(PARTS)}) or text, not {value!r:.100}.")
    unknown = sorted(str(part) for part in value if part not in PARTS)
    if unknown:
        raise ConfigurationError(f"{name} has no part {unknown[0]!r}: expected {', '.join(PARTS)}.")
    for part, wanted in value.items():
        if not isinstance(wanted, bool) and not (part == "args" and wanted == "exact"):
            also = ' or "exact"' if part == "args" else ""
            raise ConfigurationError(f"{name}: {part} must be true or false{also}, not {wanted!r:.100}.")
    return dict(value)


def _capture_of(name: str, text: str) -> dict[str, Any]:
    wanted = [each.lower() for each in names(name, text)]
    if len(wanted) == 1 and wanted[0] in _CAPTURES:
        return dict(_CAPTURES[wanted[0]])
    unknown = [each for each in wanted if each not in (*PARTS, "exact")]
    if unknown or not wanted:
        raise ConfigurationError(
            f"{name} must be off, args, all, exact, or some of {', '.join(PARTS)} separated by commas, "
            f"not {text!r:.100}."
        )
    parts: dict[str, Any] = {part: part in wanted for part in PARTS}
    return parts | ({"args": "exact"} if "exact" in wanted else {})


def _with_unit(value: Any, units: Mapping[str, float], plain: float) -> float | None:
    found = _any_size(value, units, plain)
    return found if found is not None and abs(found) <= _MOST else None


def _duration(value: Any) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str) and re.fullmatch(_PARTS, value, _FLAGS):
        parts = [_with_unit(part[0], _SECONDS, 1.0) for part in re.finditer(_PART, value, _FLAGS)]
        return None if None in parts else sum(filter(None, parts))
    return _with_unit(value, _SECONDS, 1.0)


def _any_size(value: Any, units: Mapping[str, float], plain: float) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value * plain if abs(value) <= _MOST else None
    found = re.fullmatch(_NUMBER, value, _FLAGS) if isinstance(value, str) else None
    if found is None:
        return None
    number, unit = found.groups()
    factor = plain if not unit else units.get(unit.lower())
    try:
        return None if factor is None else float(number) * factor
    except ValueError:
        return None
