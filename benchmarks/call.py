"""What a recorded call costs: rounds of fresh processes, variants in turn, medians, ratios within this run."""

from __future__ import annotations

import importlib.util
import random
import statistics

from benchmarks.result import Result, in_process

ROUNDS = 5
CALLS = {"sdk": 30_000, "logfire": 5_000, "obsv_on": 50_000, "obsv_unsampled": 200_000, "obsv_off": 200_000}
# So many calls at once fit the buffer. More, without a pause, are put aside in the spill file first, which costs more.
CHUNK = 5_000


def measure(rounds: int = ROUNDS) -> list[Result]:
    """The ratios of the table."""
    names = [name for name in CALLS if name != "logfire" or importlib.util.find_spec("logfire")]
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in random.sample(names, len(names)):
            seen[name].append(_run(name, CHUNK))
    outrun = [_run("obsv_on", CALLS["obsv_on"]) for _ in range(rounds)]
    caller = {name: statistics.median(run["caller_us"] for run in runs) for name, runs in seen.items()}
    total = statistics.median(run["total_us"] for run in seen["obsv_on"])
    results = [
        Result("SDK's empty span, no processor: µs of the caller", caller["sdk"], unit=" µs"),
        Result("recorded call: µs of the caller", caller["obsv_on"], unit=" µs"),
        Result("recorded call ÷ SDK's empty span", caller["obsv_on"] / caller["sdk"], 0.40, 0.25),
    ]
    if "logfire" in caller:
        results.append(Result("recorded call ÷ logfire", caller["obsv_on"] / caller["logfire"], 0.05, 0.025))
    return [
        *results,
        Result("call not sampled ÷ SDK's empty span", caller["obsv_unsampled"] / caller["sdk"], 0.08, 0.03),
        Result("call while disabled ÷ SDK's empty span", caller["obsv_off"] / caller["sdk"], 0.08, 0.03),
        Result("CPU a call until committed ÷ SDK's empty span", total / caller["sdk"], 1.8, 1.0),
        Result(
            "the same for 50,000 calls without a pause, which outrun SQLite",
            statistics.median(run["total_us"] for run in outrun) / caller["sdk"],
        ),
        Result(
            "recorded call ÷ SDK's empty span, likewise",
            statistics.median(run["caller_us"] for run in outrun) / caller["sdk"],
        ),
    ]


def _run(name: str, chunk: int) -> dict[str, float]:
    found: dict[str, float] = in_process("benchmarks.call_variant", name, str(CALLS[name]), str(chunk))
    return found
