"""Measure the cost of a recorded call: rounds of fresh processes, variants in turn, medians, ratios within this run."""

from __future__ import annotations

import importlib.util
import random
import statistics
from typing import Any

from benchmarks.result import Result, in_process
from obsv.record.core import compiled

ROUNDS = 5
# After each so many calls whoever stores them catches up, untimed.
CHUNK = 5_000
CORES = {"c": "C", "py": "pure Python"}
# Bounds of the ratios, (must, reach) by core.
BOUNDS = {
    "recorded call": {"c": (0.10, 0.05), "py": (0.40, 0.30)},
    "rich values": {"c": (0.30, 0.20), "py": (None, None)},
    "failing call": {"c": (0.45, 0.30), "py": (None, None)},
    "in a chain of 3,000 causes": {"c": (10, None), "py": (10, None)},
    "CPU until stored": {"c": (0.12, 0.06), "py": (0.6, 0.45)},
}
CALLS = {
    "plain": 200_000,
    "sdk": 30_000,
    "logfire": 5_000,
    "viztracer": 50_000,
    "recorded": 50_000,
    "plain_rich": 50_000,
    "rich": 25_000,
    "plain_failing": 50_000,
    "failing": 25_000,
    "plain_chained": 200,
    "chained": 200,
    "unsampled": 200_000,
    "off": 200_000,
}
PEERS = ("logfire", "viztracer")
RECORDED = ("recorded", "rich", "failing", "chained", "unsampled")
Runs = dict[tuple[str, str], list[dict[str, float]]]


def measure(rounds: int = ROUNDS) -> list[Result]:
    """The ratios of the table."""
    cores = [core for core in CORES if core == "py" or compiled is not None]
    names = [name for name in CALLS if name not in PEERS or importlib.util.find_spec(name)]
    each = [(name, core) for name in names for core in (cores if name in RECORDED else ["py"])]
    seen: Runs = {one: [] for one in each}
    for _ in range(rounds):
        for one in random.sample(each, len(each)):
            seen[one].append(_run(*one))
    outrun = {core: [_run("recorded", core, CALLS["recorded"]) for _ in range(rounds)] for core in cores}
    sdk = _median(seen["sdk", "py"])
    found = [Result("SDK's empty span, no processor: µs of the caller", sdk, unit=" µs")]
    for core in cores:
        found += _of_core(seen, outrun[core], core, sdk)
    return [
        *found,
        Result("call while disabled ÷ SDK's empty span", _median(seen["off", "py"]) / sdk, 0.08, 0.03),
    ]


def _of_core(seen: Runs, outrun: list[dict[str, float]], core: str, sdk: float) -> list[Result]:
    def figure(name: str, subject: str, plain: str, key: str = "caller_us") -> Result:
        # What the function itself takes is no cost of the recording.
        value = _median(seen[subject, core], key) - _median(seen[plain, "py"])
        return Result(f"{CORES[core]}: {name} ÷ SDK's empty span", value / sdk, *BOUNDS[name][core])

    recorded = _median(seen["recorded", core])
    found = [
        Result(f"{CORES[core]}: recorded call, µs of the caller", recorded, unit=" µs"),
        figure("recorded call", "recorded", "plain"),
        figure("rich values", "rich", "plain_rich"),
        figure("failing call", "failing", "plain_failing"),
        figure("in a chain of 3,000 causes", "chained", "plain_chained"),
        figure("CPU until stored", "recorded", "plain", "total_us"),
        Result(
            f"{CORES[core]}: {CALLS['recorded']:,} calls without a pause ÷ SDK's empty span, a call",
            _median(outrun) / sdk,
        ),
        Result(
            f"{CORES[core]}: call not sampled ÷ SDK's empty span", _median(seen["unsampled", core]) / sdk, 0.08, 0.03
        ),
    ]
    if ("logfire", "py") in seen:
        ratio = recorded / _median(seen["logfire", "py"])
        found.append(Result(f"{CORES[core]}: recorded call ÷ logfire", ratio, 0.05, 0.025))
    if ("viztracer", "py") in seen:
        peer = _median(seen["viztracer", "py"]) - _median(seen["plain", "py"])
        ratio = (recorded - _median(seen["plain", "py"])) / peer
        bounds = (0.4, 0.15) if core == "c" else (None, None)
        found.append(Result(f"{CORES[core]}: recorded call ÷ viztracer with arguments and result", ratio, *bounds))
    return found


def _median(runs: list[dict[str, float]], key: str = "caller_us") -> float:
    return statistics.median(run[key] for run in runs)


def _run(name: str, core: str, chunk: int = CHUNK) -> dict[str, float]:
    calls = CALLS[name]
    settings: dict[str, str] = {"OBSV_CORE": core, "OBSV_WRITER": "process"}
    found: dict[str, Any] = in_process("benchmarks.call_variant", name, str(calls), str(min(chunk, calls)), **settings)
    return found
