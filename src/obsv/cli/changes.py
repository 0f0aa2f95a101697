"""`obsv changes`: what is otherwise than before a deployment, a version or an instant."""

from __future__ import annotations

import time
from pathlib import Path

from rich.text import Text

from obsv.analysis.change_point import instant_of, sides
from obsv.analysis.changes import KINDS, Finding, findings
from obsv.analysis.markdown import one_line, visible
from obsv.cli.output import console, print_json
from obsv.nouns import counted
from obsv.store.seam import open_store
from obsv.times import ts

_WIDTH = max(map(len, KINDS.values()))


def show_changes(db: Path, since: str | None, limit: int, with_diff: bool, as_json: bool) -> None:
    """Print findings, the most telling first."""
    reader = open_store(db)
    try:
        now_ns = time.time_ns() + 1
        with reader.view() as store:
            before, after = sides(instant_of(store, since, now_ns), now_ns)
            read = store.read_changes(before, after)
    finally:
        reader.close()
    found = findings(read)
    if as_json:
        print_json(*(each._asdict() for each in found[:limit]))
        return
    out = console()
    calls = [sum(getattr(each, side).calls for each in read.functions) for side in ("before", "after")]
    earlier = f"against {_when(before.start_ns)} on ({calls[0]:,})"
    out.print(f"Since {_when(after.start_ns)} UTC ({calls[1]:,} calls) {earlier}.")
    if read.left_out:
        out.print("The minute in between has too many calls to be told apart, and is left out.")
    for milestone in read.milestones:
        told = f"{_when(milestone.at_ns)}  {milestone.kind} {one_line(milestone.name)} {one_line(milestone.service)}"
        out.print(Text(told.rstrip(), "bold"))
    for each in found[:limit]:
        _print(each, with_diff)
    said = counted(len(found), "finding") if found else "Nothing is otherwise, as far as so many calls can say"
    out.print(f"{said}{'; --limit shows more' if len(found) > limit else ''}.")


def _print(each: Finding, with_diff: bool) -> None:
    out = console()
    colour = {True: "red", False: "green", None: "cyan"}[each.is_worse]
    line = Text(f"{KINDS[each.kind]:<{_WIDTH}}  ", colour)
    line.append(one_line(each.subject), "bold").append(f"  {one_line(each.text)}", "default")
    out.print(line, soft_wrap=True)
    where = f"obsv errors {each.group_id}" if each.group_id else f"obsv show {each.trace_id}" if each.trace_id else ""
    if where:
        out.print(Text(f"{'':<{_WIDTH}}  {where}", "dim"), soft_wrap=True)
    if with_diff and each.diff:
        out.print(Text(visible(each.diff)), soft_wrap=True)


def _when(at_ns: int) -> str:
    return ts(at_ns)[:19]
