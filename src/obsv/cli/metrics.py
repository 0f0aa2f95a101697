"""`obsv metrics`: metrics.yaml checked and computed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from obsv.cli.common import FOUND_PROBLEMS
from obsv.cli.output import print_json, say, table
from obsv.errors import NotFound
from obsv.measures import Definition, InvalidMetrics, Measured, file_beside, load, measure, shown, statements
from obsv.nouns import counted
from obsv.since import since as since_of
from obsv.store.ground import Scope, Window
from obsv.store.seam import open_store

_COLOURS = {"good": "green", "warn": "yellow", "critical": "bold red", "few": "dim"}


def check(db: Path, file: Path | None, as_json: bool) -> int:
    """Print the errors of a file; return an exit code."""
    path = file or file_beside(db)
    if file is not None and not file.exists():
        raise NotFound(f"There is no file {file}.")
    try:
        known = load(path)
    except InvalidMetrics as error:
        if as_json:
            print_json(*(each._asdict() for each in error.problems))
        else:
            say(str(error))
        return FOUND_PROBLEMS
    if not as_json:
        say(f"{path}: {counted(len(known), 'metric')}, obsv's own included; no errors.")
    return 0


def list_metrics(db: Path, file: Path | None, as_json: bool) -> None:
    """Print a line for each metric."""
    known = load(file or file_beside(db))
    if as_json:
        print_json(*(_definition(each) for each in known.values()))
        return
    rows = [(each.name, each.group, each.unit, each.schedule, each.formula) for each in known.values()]
    table(("Name", "Group", "Unit", "Schedule", "Formula"), rows, spare=["Schedule", "Unit"])


def show_metrics(
    db: Path, file: Path | None, wanted: list[str], since: str, mode: str | None, with_sql: bool, as_json: bool
) -> None:
    """Print values, by mode where one is asked for."""
    known = load(file or file_beside(db))
    names = _chosen(known, wanted)
    now_ns = time.time_ns()
    window, scope = Window(since_of(since, now_ns), now_ns), Scope(mode=mode)
    store = open_store(db)
    try:
        found = measure(store, known, names, window, [scope])
    finally:
        store.close()
    if not wanted:
        found = [each for each in found if each.observations]
    if as_json:
        print_json(*(_document(each, known, window) for each in found))
        return
    if not found:
        say("Nothing was decided or recorded then; --since takes more.")
        return
    table(("Metric", "Value", "Target", "Of", "State"), map(_row, found), right=["Value", "Target", "Of"])
    for each in found if with_sql else ():
        for statement in statements(each.definition, known, window, scope):
            say(f"{each.definition.name}: {statement}")


def _chosen(known: Mapping[str, Definition], wanted: list[str]) -> list[str]:
    groups = {each.group for each in known.values()}
    for name in wanted:
        if name not in known and name not in groups:
            raise NotFound(f"There is no metric and no group {name!r:.100}; `obsv metrics list` shows them.")
    return [each.name for each in known.values() if not wanted or each.name in wanted or each.group in wanted]


def _row(each: Measured) -> tuple[Any, ...]:
    definition = each.definition
    target = "" if each.target is None else shown(each.target, definition.unit)
    state = Text(each.state, _COLOURS.get(each.state, ""))
    return definition.title, shown(each.value, definition.unit), target, f"{each.observations:,}", state


def _definition(definition: Definition) -> dict[str, Any]:
    found = definition._asdict()
    del found["tree"]
    return found


def _document(each: Measured, known: Mapping[str, Definition], window: Window) -> dict[str, Any]:
    return {
        **_definition(each.definition),
        "mode": each.scope.mode,
        "value": each.value,
        "observations": each.observations,
        "target": each.target,
        "state": each.state,
        "sql": statements(each.definition, known, window, each.scope),
    }
