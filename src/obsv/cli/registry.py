"""`obsv registry`: artifacts, their registrations, differences and lineage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.text import Text

from obsv.analysis.markdown import one_line
from obsv.cli.output import console, print_json, say, table
from obsv.nouns import counted
from obsv.registry import differences, verify
from obsv.store.figures import Artifact, Lineage
from obsv.store.seam import Store, open_store
from obsv.times import ts

_ALL = 1_000
_DIGITS = 12
_WIDTH = 100


def list_artifacts(db: Path, kind: str | None, name: str | None, limit: int, as_json: bool) -> None:
    """Print a line for each artifact."""
    with _opened(db) as store:
        found = store.list_artifacts(kind, name, limit)
    if as_json:
        print_json(*map(document, found))
    elif not found:
        say("No artifacts. obsv.register(kind, path) registers one.")
    else:
        rows = [(_when(a), a.artifact_id[:_DIGITS], a.kind, a.name, f"{a.size:,}", a.who, a.why) for a in found]
        table(("Registered", "ID", "Kind", "Name", "Bytes", "Who", "Why"), rows, right=["Bytes"], spare=["Why", "Who"])


def show_artifact(db: Path, name: str, as_json: bool) -> None:
    """Print an artifact and its audit."""
    with _opened(db) as store:
        found = store.read_registrations(name)
    if as_json:
        print_json(*map(document, found))
        return
    latest, out = found[0], console()
    out.print(Text(f"{one_line(latest.kind)} {one_line(latest.name)}", "bold"))
    facts = {
        "ID": latest.artifact_id,
        "Bytes": f"{latest.size:,}",
        "Location": latest.location or f"({latest.form} that were given)",
        "Commit": _commit(latest),
        "Parents": " ".join(latest.parents),
        "Meta": json.dumps(latest.meta, ensure_ascii=False) if latest.meta else "",
    }
    for label, value in facts.items():
        if value:
            out.print(Text(f"{label:9} ", "dim").append(one_line(value), "default"), soft_wrap=True)
    for each in found:
        by = f"{one_line(each.who)}@{one_line(each.host)} {one_line(each.service)}"
        out.print(f"{_when(each)}  {by}  {one_line(each.why)}".rstrip(), soft_wrap=True)


def show_differences(db: Path, before: str, after: str, as_json: bool) -> None:
    """Print what two artifacts do not share."""
    with _opened(db) as store:
        old, new = (store.read_registrations(each, 1)[0] for each in (before, after))
    found = differences(old, new)
    if as_json:
        print_json(*(each._asdict() for each in found))
        return
    if old.artifact_id == new.artifact_id:
        say("It is the same artifact: the bytes are equal.")
    marks = {"added": "+", "removed": "-", "changed": "~"}
    rows = [(marks[d.change], d.part, d.path, _shown(d.before), _shown(d.after)) for d in found]
    if rows:
        table(("", "Part", "Path", "Before", "After"), rows)
    say(f"{counted(len(found), 'difference')}.")


def show_lineage(db: Path, name: str, as_json: bool) -> None:
    """Print ancestors above the artifact and descendants below it."""
    with _opened(db) as store:
        first = store.read_registrations(name, 1)[0]
        graph = store.read_lineage(first.artifact_id)
    if as_json:
        print_json({
            "artifact_id": first.artifact_id,
            "artifacts": [document(each) for each in graph.artifacts.values()],
            "edges": [{"child": child, "parent": parent} for child, parent in graph.edges],
            "is_cut": graph.is_cut,
        })  # fmt: skip
        return
    say("Made of")
    _branch(graph, first.artifact_id, 0, set(), up=True)
    say("Used for")
    _branch(graph, first.artifact_id, 0, set(), up=False)
    if graph.is_cut:
        say("There are more; --json and SQL (artifact_parent) show other parts.")


def verify_artifacts(db: Path, name: str | None, as_json: bool) -> bool:
    """Print the state of each artifact's file; return whether none differs."""
    with _opened(db) as store:
        found = store.list_artifacts(limit=_ALL) if name is None else store.read_registrations(name, 1)
    verdicts = [verify(each) for each in found]
    if as_json:
        print_json(*({**document(each.artifact), "state": each.state} for each in verdicts))
    else:
        rows = [(v.state, v.artifact.artifact_id[:_DIGITS], v.artifact.kind, v.artifact.name, v.artifact.location)
                for v in verdicts]  # fmt: skip
        table(("State", "ID", "Kind", "Name", "Location"), rows)
    return not any(each.state in ("changed", "missing") for each in verdicts)


def document(artifact: Artifact) -> dict[str, Any]:
    """Return an artifact as JSON shows it."""
    return {"registered": ts(artifact.at_ns), **artifact._asdict()}


def _branch(graph: Lineage, artifact_id: str, depth: int, seen: set[str], *, up: bool) -> None:
    known = graph.artifacts.get(artifact_id)
    name = f"{one_line(known.kind)} {one_line(known.name)}" if known else "(not registered here)"
    again = artifact_id in seen
    say(f"{'  ' * (depth + 1)}{artifact_id[:_DIGITS]}  {name}{'  (as above)' if again else ''}")
    if again:
        return
    seen.add(artifact_id)
    for child, parent in graph.edges:
        here, there = (child, parent) if up else (parent, child)
        if here == artifact_id and depth < _WIDTH:
            _branch(graph, there, depth + 1, seen, up=up)


def _commit(artifact: Artifact) -> str:
    dirty = {True: " with modified files", False: "", None: " (not known whether modified)"}[artifact.git_dirty]
    return f"{artifact.git_commit}{dirty}" if artifact.git_commit else ""


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


def _when(artifact: Artifact) -> str:
    return ts(artifact.at_ns)[:19]


@contextmanager
def _opened(db: Path) -> Iterator[Store]:
    reader = open_store(db)
    try:
        yield reader
    finally:
        reader.close()
