"""Inputs that somebody made up, for everything that reads bytes from outside: `python -m benchmarks.fuzz [N] [SEED]`.

Each is a valid input with parts overwritten, taken out, doubled and exchanged. An error that the reader's callers know
is an answer; any other is a crash, and one that takes more than a second of the processor is a hang. Both are shown
with the input, and the exit code is 1.
"""

from __future__ import annotations

import itertools
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from otlp_requests import TRACE_ID, json_request, json_span, request, span
from recorded import Program

from obsv.alerts.rules_file import parse as parse_alerts
from obsv.api.access.users import parse as parse_users
from obsv.api.traceql.parser import parse as parse_query
from obsv.capture import Redactor
from obsv.config import settings_from
from obsv.decisions.gates_file import parse_gates
from obsv.errors import ObsvError
from obsv.keeper.call_rows import CallRows
from obsv.keeper.recording import Recording
from obsv.measures.metrics_file import parse as parse_metrics
from obsv.record.reader import RingReader
from obsv.record.values import BadValues, dumps, loads
from obsv.store.finding.query_text import parse_query as parse_search
from obsv.wire.errors import BadRequest
from obsv.wire.jsonform import decode_json
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import RowMaker

HANG_S = 1.0
_QUERIES = (
    '{ name = "a" && duration > 1.5ms || status = error } >> { .http.status_code >= 500 } | count() > 2',
    '{ resource.service.name =~ "a.*" } | rate() by (span.kind) with (exemplars=true)',
    "({ span.x != nil } && { kind = server }) | select(.a, duration) | avg(duration) > 2h",
)
_ALERTS = """
[[rule]]
name = "slow"
kind = "duration"
process = "shop.*"
above = "2s"
for = "1m"
severity = "page"

[[notifier]]
name = "hook"
kind = "webhook"
url = "http://127.0.0.1/x"
"""
_SEARCHES = (
    'price>10 rate=None -status:ERR "a text" process:shop.* duration>=1.5s',
    'group:g1 service:web symbol:"ETH USD" (a=1 or b!=2) -exception:KeyError',
)
_USERS = """
[[user]]
name = "ana"
role = "viewer"
values = true
token_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
[proxy]
header = "X-Forwarded-User"
from = ["127.0.0.1", "10.1.0.0/16"]
[proxy.roles]
"*" = "viewer"
[[sender]]
name = "web-1"
token_sha256 = ["0000000000000000000000000000000000000000000000000000000000000001"]
spans_per_second = 5_000
[limits]
bytes_per_second = "2MB"
queue_share = "25%"
"""
_GATES = """
version: "1.4"
gates:
  spread:
    thresholds:
      scalp: {max_spread_bps: 5.0}
    pass_rate_target: {scalp: [0.5, 0.9]}
  exposure:
    max_exposure: 0.5
evaluation: {order: [exposure, spread], short_circuit: true}
explanation_templates:
  spread: {pass: "{spread_bps:.1f} bps", block: "{threshold} by {margin:+.1f}"}
shadow_analysis: {good_block: pnl < 0}
"""
_METRICS = """
metrics:
  win_rate:
    formula: "count(outcomes where pnl > 0) / count(outcomes)"
    description: "share of wins"
  fast:
    formula: "percentile(calls.duration_ms, 95) + win_rate * 2"
"""
_SETTINGS = ("2d", "1GB", "1e9", "-1", "nan", "args,result", "off", "auto", "10_000", "0.5", "[1,2]", "{}", "1.5h", "")
_WORDS = (b"\x00", b"\xff" * 9, b"\x80" * 10, b"{" * 40, b"[" * 40, b'"', b"\\u0000", b"1e999", b"-0", b"\xed\xa0\x80")


class Target(NamedTuple):
    """A reader: `run` takes an input, `errors` are its exceptions for bad ones, `share` is how often it is tried."""

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes], Any]
    errors: tuple[type[Exception], ...]
    share: int


def mutated(chance: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with some changes."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(7)
        if kind == 0 and data:
            data[at % len(data)] = chance.randrange(256)
        elif kind == 1:
            del data[at : at + chance.randrange(1, 20)]
        elif kind == 2:
            data[at:at] = chance.choice(_WORDS)
        elif kind == 3:
            data[at:at] = data[at : at + chance.randrange(1, 60)] * chance.randrange(1, 4)
        elif kind == 4:
            data[at:at] = chance.randbytes(chance.randrange(1, 5))
        elif kind == 5:
            other = chance.choice(seeds)
            data[at : at + chance.randrange(30)] = other[(start := chance.randrange(len(other) + 1)) : start + 40]
        elif data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
    return bytes(data)


def targets(directory: Path) -> list[Target]:
    """Everything that reads what others wrote."""
    maker = RowMaker(Redactor())
    made = span({"a": "x", "n": {"intValue": "3"}, "l": {"arrayValue": {"values": [{"boolValue": True}]}}})
    made.events.add(name="exception").attributes.add(key="exception.message").value.string_value = "T"
    made.links.add(trace_id=TRACE_ID, span_id=bytes(8))
    values = ({"a": [1, 2.5, None, True, "x" * 70]}, ("y" * 300, -(2**70), 1j, b"z"), [[[[1]]]], "short")
    ring = _ring(directory)
    return [
        Target("protobuf", (request(made, span()).SerializeToString(),), lambda b: decode_protobuf(b, maker),
               (BadRequest, ObsvError), 5),
        Target("json", (json_request(json_span()),), lambda b: decode_json(b, maker),
               (BadRequest, ObsvError), 5),
        Target("traceql", _texts(*_QUERIES), lambda b: parse_query(_text(b)),
               (ObsvError,), 4),
        Target("values", tuple(dumps(value) for value in values), loads, (BadValues,), 10),
        Target("ring", ((ring / "calls.1").read_bytes()[:4_096],), lambda b: _read_ring(ring, b), (OSError,), 1),
        Target("alerts", _texts(_ALERTS), lambda b: parse_alerts(_text(b)), (ObsvError,), 1),
        Target("search", _texts(*_SEARCHES), lambda b: parse_search(_text(b)), (ObsvError,), 2),
        Target("users", _texts(_USERS), lambda b: parse_users(_text(b), "users.toml"), (ObsvError,), 1),
        Target("gates", _texts(_GATES), parse_gates, (ObsvError,), 1),
        Target("metrics", _texts(_METRICS), lambda b: parse_metrics(_text(b), "metrics.yaml", {}), (ObsvError,), 1),
        Target("settings", _texts(*_SETTINGS), _settings, (ObsvError,), 1),
    ]  # fmt: skip


def _texts(*texts: str) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in texts)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _ring(directory: Path) -> Path:
    rings = directory / "rings"
    rings.mkdir(mode=0o700)
    program = Program(str(rings))
    function = program.function("shop.price")
    for _ in range(20):
        program.call(function)
    program.fail(function, ValueError("x"))
    made = program.ring.directory
    assert made is not None
    program.close()
    kept = directory / "ring"
    shutil.copytree(made, kept)
    return kept


def _read_ring(ring: Path, data: bytes) -> None:
    with open(ring / "calls.1", "r+b") as file:
        file.write(data)
    reader = RingReader.of_files(ring, writable=False)
    recording = Recording("ring", reader, CallRows())
    try:
        while recording.take_calls(is_final=True) is not None:
            pass
    finally:
        recording.close()


def _settings(data: bytes) -> None:
    text = _text(data)
    for name in ("OBSV_RETENTION", "OBSV_MAX_BYTES", "OBSV_CAPTURE", "OBSV_SAMPLE_RATE", "OBSV_LANE_SIZE"):
        with suppress(ObsvError):
            settings_from({}, {name: text})


def _turns(found: list[Target]) -> Iterator[Target]:
    return itertools.cycle([target for target in found for _ in range(target.share)])


def main(most: int, seed: int) -> int:
    """Try so many inputs; return how many crashed or hung."""
    logging.disable(logging.CRITICAL)
    chance = random.Random(seed)
    tried: Counter[str] = Counter()
    bad = 0
    longest = 0.0
    with tempfile.TemporaryDirectory() as directory:
        for number, target in enumerate(itertools.islice(_turns(targets(Path(directory))), most), 1):
            data = mutated(chance, target.seeds)
            began = time.thread_time()
            try:
                target.run(data)
            except target.errors:
                pass
            except Exception:
                bad += 1
                print(f"{target.name} crashed on {data!r}\n{traceback.format_exc()}", flush=True)
            took_s = time.thread_time() - began
            longest = max(longest, took_s)
            if took_s > HANG_S:
                bad += 1
                print(f"{target.name} took {took_s:.1f} s for {data!r}", flush=True)
            tried[target.name] += 1
            if number % 100_000 == 0 or number == most:
                print(f"{number:,} inputs, {bad} bad, longest {longest * 1e3:.0f} ms: {dict(tried)}", flush=True)
    return bad


if __name__ == "__main__":
    arguments = [int(argument.replace("_", "")) for argument in sys.argv[1:]]
    sys.exit(1 if main(*(arguments + [100_000, 1][len(arguments) :])) else 0)
