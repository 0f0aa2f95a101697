"""Configurations as plain data: parsed from JSON, TOML or YAML, secrets masked, flat for comparison."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from obsv.capture import MASK, Redactor
from obsv.capture.render import well_formed
from obsv.own_files import read_settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A larger configuration is not kept for comparison.
MOST_BYTES = 1 << 20
_DEPTH, _ITEMS = 40, 20_000


def parsed(path: str, redactor: Redactor) -> str | None:
    """Return the JSON of a configuration file, secrets masked.

    Args:
        path: a `.json`, `.toml`, `.yaml` or `.yml` file. YAML needs PyYAML; tags are not followed.
        redactor: says what is secret.

    Returns:
        None if it cannot be read as such, or is too large.
    """
    try:
        text = read_settings(path, MOST_BYTES).decode("utf-8-sig")
        found = _read(os.path.splitext(path)[1].lower(), text)
        return None if found is None else kept(found, redactor)
    # A parser may raise anything on hostile text; the artifact is registered all the same.
    except Exception:
        return None


def kept(value: Any, redactor: Redactor) -> str | None:
    """Return a value as JSON, secrets masked; None if it is too large or too deep."""
    left = [_ITEMS]
    try:
        text = json.dumps(_masked(value, redactor, 0, left), ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return well_formed(text) if len(text) <= MOST_BYTES else None


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return the leaves of a configuration by their paths: `model.layers[2].size`."""
    if isinstance(value, Mapping) and value:
        parts = [(f"{path}.{name}" if path else str(name), each) for name, each in value.items()]
    elif isinstance(value, list) and value:
        parts = [(f"{path}[{at}]", each) for at, each in enumerate(value)]
    else:
        return {path or "(all)": value}
    found: dict[str, Any] = {}
    for name, each in parts:
        found |= flat(each, name)
    return found


def _read(suffix: str, text: str) -> Any:
    if suffix == ".json":
        return json.loads(text)
    if suffix == ".toml":
        return tomllib.loads(text)
    if suffix in (".yaml", ".yml"):
        import yaml

        return yaml.safe_load(text)
    return None


def _masked(value: Any, redactor: Redactor, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth > _DEPTH or left[0] < 0:
        raise ValueError("too deep, or too many values")
    if isinstance(value, Mapping):
        return {
            str(name): MASK if redactor.is_sensitive(str(name)) else _masked(each, redactor, depth + 1, left)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(each, redactor, depth + 1, left) for each in value]
    if isinstance(value, str):
        return redactor.redact_value(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)
    return value.isoformat() if isinstance(value, datetime | date | time) else f"<{type(value).__name__}>"
