"""`obsv ps`: the calls that are running now, read from the files that recording programs write."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from obsv.analysis.durations import duration
from obsv.analysis.markdown import one_line
from obsv.cli.output import console, print_json, say
from obsv.keeper.looking import RunningCall, RunningProcess, running
from obsv.nouns import counted

_VALUE_CHARS = 60


def ps(db: Path, as_json: bool) -> None:
    """Print the calls that are running now, with arguments and age, by process."""
    now_ns = time.time_ns()
    found = running(db)
    if as_json:
        print_json(*(_document(process, now_ns) for process in found))
        return
    for process in found:
        _print(process, now_ns)
    calls = sum(len(process.calls) for process in found)
    processes = "1 process" if len(found) == 1 else f"{len(found)} processes"
    say(f"{counted(calls, 'call')} running in {processes}.")


def _print(process: RunningProcess, now_ns: int) -> None:
    out = console()
    state = "" if process.is_alive else "  ended; its calls are being stored"
    out.print(Text(f"{one_line(process.service)} (pid {process.pid})", "bold") + Text(state, "red"))
    for call in process.calls:
        text = Text("  ", no_wrap=True, overflow="ellipsis")
        text.append(f"{duration(max(0, now_ns - call.start_ns)):>9}  ", "cyan")
        text.append("  " * min(call.depth, 20) + one_line(call.process), "bold")
        text.append(f"({_inputs(call.inputs)})")
        text.append(f"  {one_line(call.thread)}", "dim")
        out.print(text)


def _inputs(inputs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{one_line(name)}={_short(text)}" for name, text in inputs)


def _short(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _VALUE_CHARS else shown[:_VALUE_CHARS] + "…"


def _document(process: RunningProcess, now_ns: int) -> dict[str, object]:
    return {**process._asdict(), "calls": [_call(call, now_ns) for call in process.calls]}


def _call(call: RunningCall, now_ns: int) -> dict[str, object]:
    inputs = [{"name": name, "text": text} for name, text in call.inputs]
    return {**call._asdict(), "age_ms": max(0, now_ns - call.start_ns) / 1e6, "inputs": inputs}
