"""`gates.yaml`: read whole, checked, and registered as what decides."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obsv.decisions.policy import Judging, Policy, Rule
from obsv.errors import ConfigurationError, ObsvError
from obsv.instrument.options import process_settings
from obsv.own_files import read_settings
from obsv.registry import register
from obsv.store.seam import open_store

FILE_NAME = "gates.yaml"
_MISSING = "gates.yaml needs an extra package: pip install 'obsv[decisions]'."
_JUDGING = re.compile(r"\s*(\w+)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*\Z")
_TOP = ("version", "gates", "evaluation", "shadow_analysis", "templates", "explanation_templates", "change_history")
_TARGETS = ("pass_rate_target", "pass_rate_targets", "target_pass_rate")
_EVALUATION = ("order", "gate_order", "short_circuit", "log_all_gates")
_OF_GATE = ("thresholds", "modes", "order", "templates", "template", "explanation", "description", *_TARGETS)


def load_gates(path: str | os.PathLike[str] = FILE_NAME, *, why: str = "", is_registered: bool = True) -> Policy:
    """Read the rules of gates, and register the file, so that a change of it is kept with who made it, when and why.

        gates = obsv.load_gates("gates.yaml", why="spreads are wider since Monday")
        with obsv.decide("entry", mode="scalp", policy=gates) as d:
            d.evaluate({"spread": 3.2, "volume": 1.4})

    Args:
        path: the file; see docs/decisions.md for its form.
        why: the reason for a change.
        is_registered: whether it is registered; the file that was registered last is not registered again, unless `why`
            is given.

    Raises:
        ConfigurationError: the file cannot be read, or something in it cannot be meant; the message names the key.
    """
    try:
        content = read_settings(path)
    except OSError as error:
        raise ConfigurationError(f"{os.fspath(path)} cannot be read: {error.strerror or error}.") from error
    policy = parse_gates(content, os.fspath(path))
    if is_registered:
        _register(policy, path, why)
    return policy


def _register(policy: Policy, path: str | os.PathLike[str], why: str) -> None:
    name = Path(path).name
    try:
        store = open_store(process_settings().db)
        try:
            latest = store.list_artifacts("config", name, 1)
        finally:
            store.close()
    except ObsvError:  # there is no store yet
        latest = []
    if why or not latest or latest[0].artifact_id != policy.id:
        register("config", path, {"version": policy.version}, name=name, why=why)


def parse_gates(content: bytes, name: str = FILE_NAME) -> Policy:
    """Read the rules of gates from the bytes of a file.

    Raises:
        ConfigurationError: see `load_gates`.
    """
    try:
        import yaml
    except ImportError as error:
        raise ConfigurationError(_MISSING) from error
    try:
        told = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name} is not YAML: {str(error)[:300]}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{name} is nested too deeply.") from error
    except Exception as error:  # raised by what makes a value of a text: 2024-13-45, !!bool maybe
        raise ConfigurationError(f"{name} has a value that is not of its type: {str(error)[:300]}.") from error
    return _policy(told, name, hashlib.sha256(content).hexdigest())


def registered_gates(content: Any, artifact_id: str) -> Policy | None:
    """Return the rules of a registered file; None if it holds none, or secrets masked in it keep it from being read."""
    try:
        return _policy(content, FILE_NAME, artifact_id)
    except ConfigurationError:
        return None


def _policy(told: Any, name: str, digest: str) -> Policy:
    try:
        return _Reader(name).policy(told, digest)
    except (ValueError, TypeError, OverflowError) as error:  # an integer of too many digits for a text
        raise ConfigurationError(f"{name} cannot be read: {str(error)[:300]}.") from error


class _Reader:
    """Reads what YAML made of a file.

    Args:
        name: of the file, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._notes: list[str] = []

    def policy(self, told: Any, digest: str) -> Policy:
        top = self._mapping(told, "the file")
        self._notes += [key for key in top if key not in _TOP]
        gates = self._mapping(top.get("gates"), "gates")
        evaluation = self._mapping(top.get("evaluation", {}), "evaluation")
        self._notes += [f"evaluation.{key}" for key in evaluation if key not in _EVALUATION]
        templates = self._mapping(top.get("templates", top.get("explanation_templates", {})), "templates")
        rules: dict[tuple[str, str], Rule] = {}
        for gate, about in gates.items():
            self._gate(str(gate), self._mapping(about, f"gates.{gate}"), templates.get(gate), rules)
        shadow = self._mapping(top.get("shadow_analysis", {}), "shadow_analysis")
        history = top.get("change_history") or []
        if not isinstance(history, list) or not all(isinstance(each, Mapping) for each in history):
            raise self._wrong("change_history", "a list of mappings", history)
        return Policy(
            id=digest,
            version=str(top.get("version", "")),
            order=self._order(evaluation, gates),
            rules=rules,
            short_circuit=self._flag(evaluation, "short_circuit", False),
            log_all=self._flag(evaluation, "log_all_gates", True),
            good=self._judging(shadow, "good_block"),
            bad=self._judging(shadow, "bad_block"),
            changes=tuple(history),
            notes=tuple(self._notes),
        )

    def _gate(self, gate: str, about: Mapping[str, Any], text: Any, rules: dict[tuple[str, str], Rule]) -> None:
        place = f"gates.{gate}"
        own = about.get("templates", about.get("template", about.get("explanation", text)))
        by_mode = self._mapping(about.get("thresholds", about.get("modes", {})), f"{place}.thresholds")
        direct = {key: value for key, value in about.items() if str(key).startswith(("min_", "max_"))}
        self._notes += [f"{place}.{key}" for key in about if key not in _OF_GATE and key not in direct]
        if any(str(key).startswith(("min_", "max_")) for key in by_mode):
            by_mode, direct = {}, {**direct, **by_mode}
        for mode, limits in ([("", direct)] if direct else []) + list(by_mode.items()):
            where = f"{place}.thresholds.{mode}" if mode else place
            op, threshold, measured = self._comparison(self._mapping(limits, where), where)
            passed, refused = self._templates(own, place, measured)
            rules[gate, str(mode)] = Rule(op, threshold, passed, refused, self._target(about, str(mode), place))
        if not any(each == gate for each, _ in rules):
            raise ConfigurationError(f"{self._name}: {place} has no threshold: write min_… or max_… below a mode.")

    def _comparison(self, limits: Mapping[str, Any], where: str) -> tuple[str, Any, str]:
        found: dict[str, tuple[str, float]] = {}
        for key, value in limits.items():
            side, _, measured = str(key).partition("_")
            if side not in ("min", "max") or not measured:
                raise ConfigurationError(f"{self._name}: {where}.{key} is neither min_… nor max_….")
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise self._wrong(f"{where}.{key}", "a number", value)
            found[side] = measured, value
        if not found or len(found) < len(limits):
            raise ConfigurationError(f"{self._name}: {where} takes one min_… or one max_…, or one of each.")
        if len(found) == 2:
            low, high = found["min"][1], found["max"][1]
            if low > high:
                raise ConfigurationError(f"{self._name}: {where} has a min_… above its max_…: nothing would pass.")
            return "between", [low, high], found["min"][0]
        ((side, (measured, threshold)),) = found.items()
        return (">=" if side == "min" else "<="), threshold, measured

    def _templates(self, told: Any, place: str, measured: str) -> tuple[str, str]:
        if told is None or isinstance(told, str):
            both = (told or "", told or "")
        else:
            about = self._mapping(told, f"{place}.templates")
            both = tuple(str(about.get(one, about.get(other, ""))) for one, other in _OUTCOMES)  # type: ignore[assignment]
        # What is measured may be named: {spread_bps}.
        return tuple(re.sub(r"\{" + re.escape(measured) + r"(?=[:}])", "{observed", text) for text in both)  # type: ignore[return-value]

    def _target(self, about: Mapping[str, Any], mode: str, place: str) -> tuple[float, float] | None:
        told = next((about[key] for key in _TARGETS if key in about), None)
        if isinstance(told, Mapping) and not {"min", "max"} & set(told):
            told = told.get(mode)
        if told is None:
            return None
        if isinstance(told, Mapping):
            told = [told.get("min", 0.0), told.get("max", 1.0)]
        pair = told if isinstance(told, list) else [told, 1.0]
        if len(pair) != 2 or not all(isinstance(each, (int, float)) and 0 <= each <= 1 for each in pair):
            raise self._wrong(f"{place}.{_TARGETS[0]}", "a share from 0 to 1, or two", told)
        return float(pair[0]), float(pair[1])

    def _order(self, evaluation: Mapping[str, Any], gates: Mapping[str, Any]) -> tuple[str, ...]:
        told = evaluation.get("order", evaluation.get("gate_order"))
        if told is None:
            numbered = [about.get("order", len(gates)) for about in gates.values()]
            if not all(isinstance(number, (int, float)) for number in numbered):
                raise ConfigurationError(f"{self._name}: gates.….order is a number in each gate, or left out.")
            return tuple(str(name) for _, name in sorted(zip(numbered, gates, strict=True), key=lambda each: each[0]))
        if not isinstance(told, list):
            raise self._wrong("evaluation.order", "a list of gates", told)
        names = list(gates)  # a list may be looked for in it, not in a mapping
        for name in told:
            if name not in names:
                raise ConfigurationError(f"{self._name}: evaluation.order names {name!r:.100}, which is not a gate.")
        return tuple([str(name) for name in told] + [str(name) for name in gates if name not in told])

    def _judging(self, shadow: Mapping[str, Any], key: str) -> Judging | None:
        told = shadow.get(key)
        if told is None:
            return None
        found = _JUDGING.match(told) if isinstance(told, str) else None
        if found is None:
            raise self._wrong(f"shadow_analysis.{key}", "a comparison such as 'pnl < 0'", told)
        return Judging(found[1], found[2], float(found[3]))

    def _flag(self, about: Mapping[str, Any], key: str, default: bool) -> bool:
        value = about.get(key, default)
        if not isinstance(value, bool):
            raise self._wrong(f"evaluation.{key}", "true or false", value)
        return value

    def _mapping(self, value: Any, place: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self._wrong(place, "a mapping", value)
        return value

    def _wrong(self, place: str, wanted: str, value: Any) -> ConfigurationError:
        return ConfigurationError(f"{self._name}: {place} takes {wanted}, not {value!r:.100}.")


_OUTCOMES = (("pass", "passed"), ("block", "fail"))
