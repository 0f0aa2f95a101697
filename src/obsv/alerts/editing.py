"""Add a rule to the rules file, keeping its comments and order."""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obsv.alerts.rules import AlertsConfig, Rule
from obsv.alerts.rules_file import parse
from obsv.errors import ConfigurationError
from obsv.own_files import read_settings

# Some editors begin a file of UTF-8 with it.
_MARK = "\ufeff"


def rule_of(fields: Mapping[str, Any]) -> Rule:
    """Return the rule for the keys that a file would contain.

    Raises:
        AlertsFileError: the keys are invalid.
    """
    return parse(_text("", fields)).rules[0]


def add_rule(path: Path, fields: Mapping[str, Any]) -> AlertsConfig:
    """Append a rule to a file, creating the file if needed.

    Args:
        path: the file.
        fields: keys and values of the rule.

    Returns:
        The new content of the file.

    Raises:
        AlertsFileError: the file is invalid, with or without this rule; nothing was written.
        ConfigurationError: the file cannot be written.
    """
    try:
        before = read_settings(path).decode("utf-8") if path.exists() else ""
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text; add the rule to it by hand.") from error
    plain = before.removeprefix(_MARK).replace("\r\n", "\n")
    text = _text(plain, fields)
    config = parse(text, str(path))
    if "\r\n" in before:
        text = text.replace("\n", "\r\n")
    _write(path, before[: before.startswith(_MARK)] + text)
    return config


def _text(before: str, fields: Mapping[str, Any]) -> str:
    tomlkit: Any = importlib.import_module("tomlkit")
    parse(before or "\n")
    # A last line without an end is often a comment, which would take the next line into it.
    document = tomlkit.parse(before if not before or before.endswith("\n") else before + "\n")
    alerts = document.get("alerts")
    if alerts is None:
        alerts = tomlkit.table(is_super_table=True)
        document["alerts"] = alerts
    rules = alerts.get("rule")
    if rules is None:
        # A table in braces takes no tables after it: its rules are an array.
        alerts["rule"] = tomlkit.array() if isinstance(alerts, tomlkit.items.InlineTable) else tomlkit.aot()
        rules = alerts["rule"]
    # Within an array a rule is a table in braces.
    table = tomlkit.inline_table() if isinstance(rules, tomlkit.items.Array) else tomlkit.table()
    for name, value in fields.items():
        table[name] = value
    rules.append(table)
    return str(tomlkit.dumps(document))


def _write(path: Path, text: str) -> None:
    """Write in one step, so that a concurrent reader gets either the old or the new file."""
    target = path.resolve()
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            os.chmod(name, mode)
            os.replace(name, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"The rule has text that is not Unicode ({error.reason}); write it again.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}); add the rule to it by hand.") from error
