"""`metrics.yaml`: metrics with formulas, units, thresholds, targets and schedules, checked whole when it is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from obsv.errors import ConfigurationError
from obsv.measures.formula import MOST_LEVELS, FormulaError, compile_formula
from obsv.measures.tree import Node, height, metrics
from obsv.own_files import read_settings

if TYPE_CHECKING:
    import yaml

FILE_NAME = "metrics.yaml"
UNITS = ("count", "share", "ratio", "money", "ms", "s", "bytes", "bps")
BETTER = ("higher", "lower")
SCHEDULES = ("hourly", "daily", "weekly")
_MOST_BYTES, _MOST_METRICS, _MOST_PROBLEMS = 1 << 20, 1_000, 50
_TEXTS = ("title", "group", "formula", "unit", "better", "schedule")
_NUMBERS = ("warn", "critical", "least")
_MISSING = "metrics.yaml needs an extra package: pip install 'obsv[decisions]'."


class Definition(NamedTuple):
    """A metric.

    Attributes:
        name: what formulas and reports call it.
        title: for people.
        group: for sorting.
        formula: its text.
        tree: the compiled formula.
        unit: one of `UNITS`.
        better: `higher`, `lower`, or empty if neither is.
        warn, critical: values from which on it is bad; None if none is.
        least: number of observations below which it is not judged.
        targets: by mode.
        schedule: `hourly`, `daily` or `weekly`.
    """

    name: str
    title: str
    group: str
    formula: str
    tree: Node
    unit: str
    better: str
    warn: float | None
    critical: float | None
    least: int
    targets: Mapping[str, float]
    schedule: str


class Problem(NamedTuple):
    """An error of a file: `line` and `column` count from 1, `token` is the text that is wrong."""

    line: int
    column: int
    token: str
    text: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.text} (at {self.token!r})"


class InvalidMetrics(ConfigurationError):
    """A metrics file has errors.

    Args:
        path: the file.
        problems: all of them, up to 50.
    """

    def __init__(self, path: str, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{path}:{each}" for each in problems))
        self.problems = problems


def file_beside(db: Path) -> Path:
    """Return where the metrics of a database are: `OBSV_METRICS`, else `metrics.yaml` beside it."""
    chosen = os.environ.get("OBSV_METRICS")
    return Path(chosen) if chosen else db.with_name(FILE_NAME)


def shipped() -> dict[str, Definition]:
    """Return the metrics that obsv ships."""
    text = files("obsv.measures").joinpath(FILE_NAME).read_text("utf-8")
    return parse(text, "obsv's metrics.yaml", {})


def load(path: Path) -> dict[str, Definition]:
    """Return the shipped metrics and those of a file, which replace shipped ones of the same name.

    Raises:
        InvalidMetrics: the file has errors; all are listed with line and token.
        ConfigurationError: it cannot be read.
    """
    known = shipped()
    try:
        text = read_settings(path, _MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        return known
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from None
    return known | parse(text, str(path), known)


def parse(text: str, path: str, known: Mapping[str, Definition]) -> dict[str, Definition]:
    """Return the metrics of a text.

    Args:
        text: YAML.
        path: its name, for messages.
        known: metrics that formulas may name, too.

    Raises:
        InvalidMetrics: it has errors.
        ConfigurationError: PyYAML is missing.
    """
    return _Reading(path, known).read(text)


class _Reading:
    """Reads one file and collects all its errors."""

    def __init__(self, path: str, known: Mapping[str, Definition]) -> None:
        self._path, self._known = path, known
        self._problems: list[Problem] = []
        self._formulas: dict[str, yaml.Node] = {}

    def read(self, text: str) -> dict[str, Definition]:
        found = {}
        for name, key, node in self._entries(text):
            definition = self._definition(name, key, node)
            if definition is not None:
                found[name] = definition
        self._check_names(found)
        if self._problems:
            raise InvalidMetrics(self._path, sorted(self._problems)[:_MOST_PROBLEMS])
        return found

    def _entries(self, text: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        try:
            import yaml
        except ImportError:
            raise ConfigurationError(_MISSING) from None
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._problems.append(Problem(line, column, "", f"not YAML: {getattr(error, 'problem', None) or error}"))
            return
        except RecursionError:
            self._problems.append(Problem(1, 1, "", "nested too deeply"))
            return
        for name, key, node in self._pairs(root) if root is not None else ():
            if name == "version":
                if node.value != "1":
                    self._at(node, "only version 1 is known")
            elif name != "metrics":
                self._at(key, "only version and metrics may stand here")
            else:
                entries = list(self._pairs(node))
                if len(entries) > _MOST_METRICS:
                    self._at(key, f"a file has at most {_MOST_METRICS:,} metrics")
                yield from entries[:_MOST_METRICS]

    def _pairs(self, node: Any) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        if not isinstance(node.value, list) or node.id != "mapping":
            self._at(node, "a mapping is needed here")
            return
        seen = set()
        for key, value in node.value:
            if key.id != "scalar" or not isinstance(key.value, str):
                self._at(key, "a name is needed here")
            elif key.value in seen:
                self._at(key, "it stands here twice")
            else:
                seen.add(key.value)
                yield key.value, key, value

    def _definition(self, name: str, key: yaml.Node, node: yaml.Node) -> Definition | None:
        texts: dict[str, str] = {}
        numbers: dict[str, float | None] = {}
        targets: dict[str, float] = {}
        before = len(self._problems)
        if not name.isidentifier():
            self._at(key, "a metric's name is letters, digits and underscores")
        for field, at, value in self._pairs(node):
            if field in _TEXTS:
                texts[field] = self._text(value)
            elif field in _NUMBERS:
                numbers[field] = self._number(value)
            elif field == "targets":
                targets = {mode: self._number(target) for mode, _, target in self._pairs(value)}
            else:
                self._at(at, f"unknown field; there are {', '.join((*_TEXTS, *_NUMBERS, 'targets'))}")
                continue
            if field == "formula":
                self._formulas[name] = value
        for field, choices in (("unit", UNITS), ("better", BETTER), ("schedule", SCHEDULES)):
            if field in texts and texts[field] not in choices:
                self._at(next(v for f, _, v in self._pairs(node) if f == field), f"{field} is {' or '.join(choices)}")
        if "formula" not in texts:
            self._at(key, "a formula is missing")
        tree = self._compiled(name, texts.get("formula", "0"))
        if len(self._problems) > before or tree is None:
            return None
        return Definition(
            name,
            texts.get("title", name),
            texts.get("group", "own"),
            texts["formula"],
            tree,
            texts.get("unit", "ratio"),
            texts.get("better", ""),
            numbers.get("warn"),
            numbers.get("critical"),
            int(numbers.get("least") or 0),
            targets,
            texts.get("schedule", "daily"),
        )

    def _compiled(self, name: str, text: str) -> Node | None:
        try:
            return compile_formula(text)
        except FormulaError as error:
            self._in_formula(name, str(error), error.column, error.token)
            return None

    def _check_names(self, found: Mapping[str, Definition]) -> None:
        everything = {**self._known, **found}
        for name, definition in found.items():
            for used in metrics(definition.tree):
                if used not in everything and used not in self._formulas:
                    self._in_formula(name, "unknown metric", max(definition.formula.find(used), 0), used)
            if _leads_to(name, name, everything):
                self._in_formula(name, "the metric is made of itself", 0, name)
        if not self._problems:
            self._check_levels(found, everything)

    def _check_levels(self, found: Mapping[str, Definition], everything: Mapping[str, Definition]) -> None:
        levels = _levels(everything)
        for name, definition in found.items():
            below = max((levels[used] for used in metrics(definition.tree)), default=0)
            # Only the first of a chain: the metrics that name it are too deep because of it.
            if levels[name] > MOST_LEVELS >= below:
                text = f"it is nested more than {MOST_LEVELS} levels deep, with the metrics that it names"
                self._in_formula(name, text, 0, name)

    def _in_formula(self, name: str, text: str, column: int, token: str) -> None:
        node: Any = self._formulas[name]
        start = node.start_mark
        # A formula over several lines is named by its first.
        style = getattr(node, "style", None)
        on_first = style in (None, "'", '"') and start.line == node.end_mark.line
        place = start.column + (style is not None) + column + 1 if on_first else start.column + 1
        self._problems.append(Problem(start.line + 1, place, token, f"{name}: {text}"))

    def _text(self, node: yaml.Node) -> str:
        if node.id != "scalar":  # type: ignore[attr-defined]
            self._at(node, "a text is needed here")
            return ""
        return str(node.value)

    def _number(self, node: yaml.Node) -> float:
        try:
            found = float(node.value) if node.id == "scalar" else None  # type: ignore[attr-defined]
        except ValueError:
            found = None
        if found is None or found - found != 0:
            self._at(node, "a number is needed here")
            return 0.0
        return found

    def _at(self, node: yaml.Node, text: str) -> None:
        mark = node.start_mark
        token = node.value if isinstance(node.value, str) else ""
        self._problems.append(Problem(mark.line + 1, mark.column + 1, token[:60], text))


def _leads_to(start: str, wanted: str, known: Mapping[str, Definition]) -> bool:
    waiting, seen = [start], set()
    while waiting:
        definition = known.get(waiting.pop())
        for used in metrics(definition.tree) if definition else ():
            if used == wanted:
                return True
            if used not in seen:
                seen.add(used)
                waiting.append(used)
    return False


def _levels(known: Mapping[str, Definition]) -> dict[str, int]:
    """Return the levels of each formula and those of the metrics that it names, where none is made of itself."""
    found: dict[str, int] = {}
    waiting = list(known)
    while waiting:
        name = waiting[-1]
        used = set(metrics(known[name].tree)) if name not in found else set()
        missing = used - found.keys()
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if name not in found:
            found[name] = height(known[name].tree) + max((found[each] for each in used), default=0)
    return found
