"""The rules file: reading and validating it, with the line and key of each error."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from obsv.alerts.kinds import ALERTS, COMMON, HEARTBEAT, KINDS, RECEIVER, REQUIRED, SLO, TYPES, Key
from obsv.alerts.levels import Slo
from obsv.alerts.lines import Lines
from obsv.alerts.rules import QUICK_S, AlertsConfig, NotifierConfig, Rule
from obsv.alerts.secret import Secret
from obsv.errors import ConfigurationError
from obsv.own_files import read_settings
from obsv.rules_place import MAX_BYTES, NAME
from obsv.store.watching import Level

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_RULE, _NOTIFY, _SLO = "alerts.rule", "alerts.notify", "slo"
_TOML_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class Mistake(NamedTuple):
    """An error in the rules file.

    Args:
        line: counted from 1; 0 for the file as a whole.
        key: the key; empty if there is none.
        message: what was expected and found.
    """

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = [f"line {self.line}"] * bool(self.line) + [f"key {self.key}"] * bool(self.key)
        return ": ".join([", ".join(place), self.message] if place else [self.message])


class AlertsFileError(ConfigurationError):
    """The rules file is invalid.

    Args:
        path: the file.
        mistakes: all errors, in order of their lines.
    """

    def __init__(self, path: str, mistakes: Iterable[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(f"{path}, {each}" for each in self.mistakes))


def read_file(path: Path) -> AlertsConfig:
    """Return the content of a file.

    Raises:
        AlertsFileError: the file cannot be read or is invalid.
    """
    try:
        return parse(read_settings(path, MAX_BYTES).decode("utf-8-sig"), str(path))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AlertsFileError(str(path), [Mistake(0, "", f"the file cannot be read ({reason})")]) from error
    except UnicodeDecodeError as error:
        raise AlertsFileError(str(path), [Mistake(0, "", "the file is not UTF-8 text")]) from error


def parse(text: str, path: str = NAME) -> AlertsConfig:
    """Return the content of a file given as text.

    Raises:
        AlertsFileError: the text is invalid.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else len(text.splitlines()) if found else 0
        message = f"this is not valid TOML: {_TOML_LINE.sub('', str(error))}"
        raise AlertsFileError(path, [Mistake(line, "", message)]) from error
    except RecursionError as error:
        raise AlertsFileError(path, [Mistake(0, "", "the file is nested too deeply")]) from error
    return _Parser(document, Lines(text), path).config()


class _Parser:
    """A parser that collects the errors of a document."""

    def __init__(self, document: dict[str, Any], lines: Lines, path: str) -> None:
        self._document, self._lines, self._path = document, lines, path
        self._mistakes: list[Mistake] = []

    def config(self) -> AlertsConfig:
        self._unknown("", 0, self._document, ("alerts", "slo"))
        alerts = self._document.get("alerts", {})
        if not isinstance(alerts, dict):
            raise AlertsFileError(self._path, [Mistake(self._lines.key("", 0, "alerts"), "alerts", _NO_TABLE)])
        self._unknown("alerts", 0, alerts, (*ALERTS, *_forms(HEARTBEAT), "rule", "notify"))
        general = self._read("alerts", 0, alerts, ALERTS)
        notifiers = self._notifiers(self._tables(alerts, "notify"))
        slos = self._slos()
        rules = self._rules(self._tables(alerts, "rule"), general, notifiers)
        self._named_slos(rules, slos)
        heartbeat = self._secret("alerts", 0, alerts, HEARTBEAT, False)
        if self._mistakes:
            raise AlertsFileError(self._path, self._mistakes)
        interval = general["check_interval_seconds"]
        url = general["url"].rstrip("/")
        return AlertsConfig(tuple(rules), notifiers, interval, url, heartbeat, general["heartbeat_interval"], slos)

    def _tables(self, alerts: dict[str, Any], key: str) -> list[dict[str, Any]]:
        found = alerts.get(key, [])
        if _is_tables(found) or found == []:
            return list(found)
        self._say("alerts", 0, key, f"expected tables that begin with [[alerts.{key}]]")
        return []

    def _slos(self) -> tuple[Slo, ...]:
        tables = self._document.get(_SLO, [])
        if not _is_tables(tables) and tables != []:
            self._say("", 0, _SLO, "expected tables that begin with [[slo]]")
            return ()
        found: dict[str, Slo] = {}
        for at, table in enumerate(tables):
            self._unknown(_SLO, at, table, SLO)
            keys = self._read(_SLO, at, table, SLO)
            if keys["name"] in found:
                self._say(_SLO, at, "name", f"there is another service level named {keys['name']!r}")
            level = Level(keys["good"], keys["process"], keys["group"], keys["service"])
            line = self._lines.table(_SLO, at)
            found[str(keys["name"])] = Slo(str(keys["name"]), keys["objective"] or 0.5, keys["period"], level, line)
        return tuple(found.values())

    def _named_slos(self, rules: list[Rule], slos: tuple[Slo, ...]) -> None:
        names = [slo.name for slo in slos]
        for rule in rules:
            wanted = rule.details.get("slo", "*")
            if rule.kind == "slo" and not any(fnmatchcase(name, wanted) for name in names):
                message = f"there is no [[slo]] named {wanted!r}" + (f": {_expected(wanted, names)}" if names else "")
                self._mistakes.append(Mistake(rule.line, "slo", message))

    def _notifiers(self, tables: list[dict[str, Any]]) -> dict[str, NotifierConfig]:
        found = {"log": NotifierConfig("log", "log", {"level": "warning"})}
        for at, table in enumerate(tables):
            config = self._notifier(at, table)
            if config is None:
                continue
            if config.name in found and found[config.name].line:
                self._say(_NOTIFY, at, "name", f"there is another receiver named {config.name!r}")
            found[config.name] = config
        return found

    def _notifier(self, at: int, table: dict[str, Any]) -> NotifierConfig | None:
        general = self._read(_NOTIFY, at, table, RECEIVER)
        kind = TYPES.get(general["type"] or "")
        if kind is None:
            if general["type"] is not None:
                self._say(_NOTIFY, at, "type", _expected(general["type"], TYPES))
            return None
        forms = [form for name in kind.secrets for form in _forms(name)]
        self._unknown(_NOTIFY, at, table, (*RECEIVER, *kind.keys, *forms))
        options = self._read(_NOTIFY, at, table, kind.keys)
        for name, is_required in kind.secrets.items():
            options[name] = self._secret(_NOTIFY, at, table, name, is_required)
        return NotifierConfig(
            general["name"] or "", general["type"], options, general["send_resolved"], general["timeout"],
            self._lines.table(_NOTIFY, at),
        )  # fmt: skip

    def _secret(self, place: str, at: int, table: dict[str, Any], name: str, is_required: bool) -> Secret | None:
        forms = dict(zip(_forms(name), ("value", "env", "file"), strict=True))
        given = [form for form in forms if form in table]
        if len(given) > 1:
            self._say(place, at, given[1], f"give only one of {', '.join(given)}")
        elif not given and is_required:
            self._say(place, at, "", f"{name} is missing: give {name}, {name}_env or {name}_file")
        elif given:
            form, text = given[0], table[given[0]]
            if isinstance(text, str) and text.strip():
                return Secret(forms[form], self._path_of(text) if form.endswith("_file") else text)  # type: ignore[arg-type]
            # Never with the value: it may be a secret of another type.
            self._say(place, at, form, "expected non-empty text")
        return None

    def _path_of(self, text: str) -> str:
        """Return the path of a file that holds a secret: relative to the rules file, whoever evaluates."""
        return os.path.join(os.path.dirname(self._path), os.path.expanduser(text))

    def _rules(
        self, tables: list[dict[str, Any]], general: dict[str, Any], notifiers: Mapping[str, NotifierConfig]
    ) -> list[Rule]:
        rules: dict[str, Rule] = {}
        off = set()
        for at, table in enumerate(tables):
            rule = self._rule(at, table, general, notifiers)
            if rule is None:
                continue
            if "name" not in table:
                rule = _named(rule, rules)
            if rule.name in rules:
                self._say(_RULE, at, "name", f"there is another rule named {rule.name!r}")
            rules[rule.name] = rule
            if table.get("enabled") is False:
                off.add(rule.name)
        return [rule for rule in rules.values() if rule.name not in off]

    def _rule(
        self, at: int, table: dict[str, Any], general: dict[str, Any], notifiers: Mapping[str, NotifierConfig]
    ) -> Rule | None:
        name = table.get("kind", "sql" if "query" in table else None)
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None:
            wrong = "the rule has neither kind nor query" if name is None else _expected(name, KINDS)
            self._say(_RULE, at, "kind" if "kind" in table else "", wrong)
            return None
        self._unknown(_RULE, at, table, (*COMMON, *kind.keys))
        common, details = self._read(_RULE, at, table, COMMON), self._read(_RULE, at, table, kind.keys)
        told = self._told(at, table, common, general, notifiers)
        threshold, interval_s = details.get("threshold"), general["check_interval_seconds"]
        return Rule(
            name=common["name"] or str(name),
            kind=str(name),
            details=details,
            threshold=1.0 if threshold is None else float(threshold),
            op=details.get("op") or ">=",
            for_s=kind.defaults.get("for", 0.0) if common["for"] is None else common["for"],
            keep_firing_s=common["keep_firing_for"],
            no_data=common["no_data"],
            on_error=common["on_error"],
            severity=common["severity"],
            labels=common["labels"],
            summary=common["summary"] or kind.summary,
            notify=told,
            repeat_s=general["repeat_interval"] if common["repeat_interval"] is None else common["repeat_interval"],
            every_s=min(QUICK_S, interval_s) if kind.is_quick else interval_s,
            line=self._lines.table(_RULE, at),
        )

    def _told(
        self,
        at: int,
        table: dict[str, Any],
        common: dict[str, Any],
        general: dict[str, Any],
        notifiers: Mapping[str, NotifierConfig],
    ) -> tuple[str, ...]:
        action = (common["action"],) if common["action"] else ()
        told: tuple[str, ...] = common["notify"] or action or general["default_notify"]
        key = "notify" if common["notify"] else "action" if action else ""
        for name in told:
            if name not in notifiers:
                place = (_RULE, at, key) if key else ("alerts", 0, "default_notify")
                self._say(*place, f"there is no receiver named {name!r}: {_expected(name, notifiers)}")
        return told

    def _read(self, place: str, at: int, table: Mapping[str, Any], keys: Mapping[str, Key]) -> dict[str, Any]:
        found = {}
        for name, key in keys.items():
            found[name] = None if key.default is REQUIRED else key.default
            if name in table:
                try:
                    found[name] = key.read(table[name])
                except ValueError as error:
                    self._say(place, at, name, str(error))
            elif key.default is REQUIRED:
                self._say(place, at, "", f"{name} is missing")
        return found

    def _unknown(self, place: str, at: int, table: Mapping[str, Any], known: Collection[str]) -> None:
        for name in table:
            if name not in known:
                line_of = self._lines.key(place, at, name) or self._lines.below(name)
                self._mistakes.append(Mistake(line_of, name, f"there is no such key: {_expected(name, known)}"))

    def _say(self, place: str, at: int, key: str, message: str) -> None:
        line = self._lines.key(place, at, key) if key else self._lines.table(place, at)
        self._mistakes.append(Mistake(line, key, message))


_NO_TABLE = "expected a table that begins with [alerts]"


def _forms(name: str) -> tuple[str, str, str]:
    """Return the keys that can provide a secret."""
    return name, f"{name}_env", f"{name}_file"


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _expected(name: Any, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(name), list(known), 1)
    return f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(sorted(known))}"


def _named(rule: Rule, others: Collection[str]) -> Rule:
    """Return a rule named after its kind, with a number if that name is taken."""
    name, number = rule.kind, 2
    while name in others:
        name, number = f"{rule.kind}_{number}", number + 1
    return replace(rule, name=name)
