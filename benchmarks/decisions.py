"""Measure decisions: what one costs its program, and what the questions about 100,000 of them take."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.result import Result
from obsv.store import Source, Writer
from obsv.store.figures import DecisionFilters, GateFilters
from obsv.store.ground import COUNTERFACTUAL, DECISION, OUTCOME, LogRow, Window
from obsv.store.seam import open_store

DECISIONS, BATCH = 100_000, 2_000
ROUNDS, CALLS = 20, 200
GATES = {
    "spread": ("<=", 5.0),
    "volume": (">=", 1.0),
    "confidence": (">=", 0.55),
    "drawdown": ("<=", 0.05),
    "latency": ("<=", 50.0),
    "exposure": ("<=", 0.5),
}


def measure() -> list[Result]:
    """The figures of the table."""
    with tempfile.TemporaryDirectory() as directory:
        return [*_caller(Path(directory) / "caller.db"), *_questions(Path(directory) / "store.db")]


def _caller(path: Path) -> list[Result]:
    """CPU time of the thread that decides, the best of rounds between which the keeper catches up."""
    from opentelemetry.sdk.trace import TracerProvider

    import obsv

    obsv.configure(db=path)
    tracer = TracerProvider().get_tracer("benchmark")

    def decide() -> None:
        with obsv.decide("entry", subject="ETH-USD", mode="scalp") as d:
            for name, (op, threshold) in GATES.items():
                d.gate(name, threshold * 0.9, op, threshold)
            d.action = "enter"

    def bare() -> None:
        with tracer.start_as_current_span("decide"):
            pass

    decision, span = _best(decide), _best(bare)
    obsv.shutdown()
    return [
        Result("a decision with six gates, µs of the caller", decision / 1e3, 60, 15, " µs"),
        Result("the same ÷ SDK's empty span", decision / span),
    ]


def _best(run: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.thread_time_ns()
        for _ in range(CALLS):
            run()
        times.append((time.thread_time_ns() - began) / CALLS)
        time.sleep(0.05)
    return min(times)


def _questions(path: Path) -> list[Result]:
    """CPU time of each question of the page, of the fastest of three."""
    began = time.process_time()
    _fill(path)
    filled = time.process_time() - began
    store, now = open_store(path), time.time_ns()
    window, every = Window(now - 90 * 86_400 * 10**9, now), GateFilters()
    latest = store.read_decisions(DecisionFilters(), window).lines[0].decision_id
    questions: dict[str, Callable[[], object]] = {
        "the feed": lambda: store.read_decisions(DecisionFilters(), window),
        "what a gate refused": lambda: store.read_decisions(DecisionFilters(gate="exposure"), window),
        "counts by kind and mode": lambda: store.read_kinds(window),
        "one decision": lambda: store.read_decision(latest),
        "all gates": lambda: store.read_gates(every, window),
        "a gate's margins": lambda: store.read_gate("spread", every, window),
        "another threshold": lambda: store.read_what_if("spread", 4.0, every, window),
    }
    found = [Result("stored, with their outcomes", DECISIONS / filled, unit="/s of CPU")]
    for name, ask in questions.items():
        times = []
        for _ in range(3):
            began = time.process_time()
            ask()
            times.append(time.process_time() - began)
        found.append(Result(f"100,000 decisions: {name}", 1e3 * min(times), 200, 50, " ms"))
    store.close()
    return found


def _fill(path: Path) -> None:
    writer, rng, source = Writer(path), random.Random(1), Source("desk", "{}", "{}")
    start_ns = time.time_ns() - DECISIONS * 500_000_000
    logs: list[LogRow] = []
    for number in range(DECISIONS):
        at_ns = start_ns + number * 500_000_000
        gates: list[list[object]] = []
        for name, (op, threshold) in GATES.items():
            value = threshold * rng.lognormvariate(-0.25 if op == "<=" else 0.25, 0.25)
            passed = value <= threshold if op == "<=" else value >= threshold
            gates.append([name, "1", value, op, threshold, passed, not all(each[5] for each in gates), 500, ""])
        refused = not all(each[5] for each in gates)
        about = {"id": f"{number:032x}", "kind": "entry", "subject": rng.choice(("ETH", "BTC")), "gates": gates}
        about |= {"mode": rng.choice(("scalp", "swing")), "verdict": "block" if refused else "pass"}
        logs.append(LogRow(source, at_ns, 9, "INFO", DECISION, "null", json.dumps(about)))
        if rng.random() < 0.7:
            told: dict[str, object] = {"id": about["id"], "metrics": {"pnl": rng.gauss(1, 10)}}
            told |= {"method": "shadow", "judgement": rng.choice(("good", "bad"))} if refused else {}
            event = COUNTERFACTUAL if refused else OUTCOME
            logs.append(LogRow(source, at_ns + 60_000_000_000, 9, "INFO", event, "null", json.dumps(told)))
        if len(logs) >= BATCH:
            writer.write([], logs=logs)
            logs = []
    writer.write([], logs=logs)
    writer.close()
