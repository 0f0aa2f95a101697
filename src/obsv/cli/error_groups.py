"""`obsv errors`: error groups by cause, and the explanation of one group."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from obsv.analysis.markdown import one_line, visible
from obsv.analysis.separation import describe, separate
from obsv.cli.listing import expect_process
from obsv.cli.output import console, print_json
from obsv.nouns import counted
from obsv.since import since
from obsv.store.figures import ErrorDetail, ErrorGroup
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import open_store
from obsv.times import ts

_SAMPLE, _MOST_FACTS = 400, 8
_BARS = "▁▂▃▄▅▆▇█"
_STATUS = {"open": "", "resolved": "green", "ignored": "dim"}


def show_groups(db: Path, process: str | None, start_ns: int, limit: int, as_json: bool) -> bool:
    """Print the groups with errors since a point in time, the latest first; return whether there are any."""
    reader = open_store(db)
    try:
        window = Window(start_ns, time.time_ns() + 1_000_000_000)
        found = reader.read_error_groups(window, limit=limit, process=process)
        older = 0 if found.groups else reader.read_errors(Filters(process=process, status="ERR"), window, 1).errors
        if not found.groups and process and not older:
            expect_process(reader, Filters(process=process))
    finally:
        reader.close()
    if as_json:
        print_json(*map(_document, found.groups))
        return bool(found.groups)
    out = console()
    for group in found.groups:
        _print(out, group)
    if not found.groups:
        said = f"{counted(older, 'failed call')}, not grouped: list them with --calls." if older else "No errors."
        out.print(said)
        return older > 0
    said = f"{counted(found.errors, 'error')} of {counted(found.total, 'cause')}"
    more = "; --limit shows more" if found.total > limit else ""
    out.print(
        f"{said}{more}. Run `obsv errors ID` to explain one, or --calls to list each failed call with its traceback."
    )
    return True


def show_group(db: Path, group_id: int, start_ns: int, as_json: bool) -> bool:
    """Print a group: its latest call, and how failing calls differ from successful ones; return whether it has errors
    since a point in time."""
    reader = open_store(db)
    try:
        window = Window(start_ns, time.time_ns() + 1_000_000_000)
        found = reader.read_error_group(group_id, window)
        failing = reader.sample_group(group_id, window, _SAMPLE)
        good = reader.sample_calls(Filters(process=found.group.process, status="OK"), window, _SAMPLE)
    finally:
        reader.close()
    if as_json:
        sample = found.latest
        print_json(
            {
                **_document(found.group),
                "why": [each._asdict() for each in found.why],
                "latest": None if sample is None else sample._asdict(),
                "calls": [each._asdict() for each in found.calls],
            }
        )
        return bool(found.calls)
    out = console()
    _print(out, found.group)
    _print_detail(out, found)
    facts = describe(separate(failing.calls, good.calls, _MOST_FACTS))
    if facts:
        out.print(Text(f"\nFailing calls differ from {len(good.calls):,} successful ones in the same window by:"))
    for fact in facts:
        out.print(Text(f"  {visible(fact)}"), soft_wrap=True)
    return bool(found.calls)


class Decision(NamedTuple):
    """A decision about a group: one field is set."""

    resolve: bool = False
    reopen: bool = False
    merge: int | None = None
    separate: bool = False
    split: bool = False
    unite: bool = False
    ignore: str | None = None

    @property
    def options(self) -> list[str]:
        """Return the options of the command that were given."""
        names = {"reopen": "open"}
        return [f"--{names.get(name, name)}" for name, value in self._asdict().items() if value not in (None, False)]


def decide(db: Path, group_id: int, decision: Decision) -> str:
    """Take a decision about a group; return a message that says what was done."""
    now_ns = time.time_ns()
    triage = open_store(db).triage()
    if decision.resolve:
        triage.resolve(group_id, now_ns)
        return (
            f"Group {group_id} is resolved: it reopens with an error in a later version, or with any "
            "error if no version is known."
        )
    if decision.reopen:
        triage.open_again(group_id, now_ns)
        return f"Group {group_id} is open."
    if decision.merge is not None:
        triage.merge([group_id], decision.merge)
        return f"Group {group_id} is shown with group {decision.merge}; `obsv errors {group_id} --separate` undoes it."
    if decision.separate:
        triage.separate(group_id)
        return f"Group {group_id} is shown by itself."
    if decision.split:
        triage.split(group_id)
        return f"Errors of group {group_id} are told apart by their messages from now on; --unite undoes it."
    if decision.unite:
        triage.unite(group_id)
        return f"Group {group_id} is one group again."
    ignore = decision.ignore
    until_ns = None if ignore in (None, "", "ever") else 2 * now_ns - since(str(ignore), now_ns)
    triage.ignore(group_id, now_ns, until_ns)
    return f"Group {group_id} is ignored {'forever' if until_ns is None else f'until {_when(until_ns)} UTC'}."


def _document(group: ErrorGroup) -> dict[str, object]:
    return {**group._asdict(), "handled": group.escaped == 0}


def _print(out: Console, group: ErrorGroup) -> None:
    line = Text(no_wrap=out.is_terminal, overflow="ellipsis")
    line.append(f"{group.id:>4}  ", "bold")
    mark = "new " if group.is_new else "back " if group.returned_ns and group.status == "open" else ""
    line.append(mark, "bold yellow")
    line.append(group.status + " " if group.status != "open" else "", _STATUS[group.status])
    line.append(one_line(group.title), "red")
    out.print(line, soft_wrap=not out.is_terminal)
    caught = f"{group.escaped:,} of {group.total:,} left the program" if group.escaped else "all were caught"
    about = f"{group.seen:,}× {_sparkline(group.series)} in {one_line(group.process)}; {caught}; "
    about += f"first {_when(group.first_ns)}, last {_when(group.last_ns)}{_versions(group)}"
    out.print(Text(f"      {about}"), soft_wrap=True)
    out.print(Text(f"      trace {group.trace_id}  span {group.span_id}", "dim"), soft_wrap=True)


def _print_detail(out: Console, found: ErrorDetail) -> None:
    if found.latest is not None:
        values = ", ".join(f"{one_line(name)}={one_line(text)}" for name, _, text in found.latest.values)
        out.print(Text(f"\nLatest call: {one_line(found.latest.process)}({values})"), soft_wrap=True)
        out.print(Text(visible(found.latest.exception).rstrip()), soft_wrap=True)
    for why in found.why:
        compared = why.compared
        out.print(Text(f"\nWhy {why.fingerprint}: errors are grouped by {_RULES.get(compared.get('rule', ''), '')}"))
        for frame in compared.get("frames", ()):
            out.print(Text(f"  {one_line(frame['in'])}: {one_line(frame['line'])}"), soft_wrap=True)
        for name in ("type", "cause", "process", "message", "value", "split_by"):
            if compared.get(name):
                out.print(Text(f"  {name}: {one_line(str(compared[name]))}"), soft_wrap=True)
    if found.group.note:
        out.print(Text(f"\nNote: {visible(found.group.note)}"))


_RULES = {
    "frames": "the exception, its cause and the program's frames",
    "stack": "the exception, its cause and the program's frames",
    "message": "the exception and its message without variable parts, because no frame belongs to the program",
    "attribute": "the attribute error.fingerprint",
}


def _versions(group: ErrorGroup) -> str:
    if not group.first_version:
        return ""
    if group.first_version == group.last_version:
        return f", version {one_line(group.first_version)}"
    return f", versions {one_line(group.first_version)} to {one_line(group.last_version or '')}"


def _sparkline(series: tuple[int, ...]) -> str:
    most = max(series, default=0)
    return "".join(_BARS[-(-7 * each // most)] if each else " " for each in series) if most else ""


def _when(at_ns: int) -> str:
    return ts(at_ns)[:19]
