"""Makes a realistic store of any size, through the real writer: what the benchmarks read.

    python benchmarks/store_generate.py PATH CALLS [--hours 5] [--seed 1]

About 200 functions in six groups and four services, each calling one to four others, five values a call, nested traces
of 1 to 40 spans, one call in a hundred failing with a traceback, four feeds, and some spans as foreign instrumentation
sends them. The same seed makes the same calls; they end now and begin `hours` ago.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from math import exp
from pathlib import Path
from typing import NamedTuple

from obsv.store import Code, Signature, Source, SpanRow, Writer

BATCH = 5_000
GROUPS = {
    "market.feeds": ("market", "prices", ("on_tick", "normalize", "sequence", "snapshot", "publish", "replay")),
    "market.pricing": ("market", "curves", ("bootstrap", "interpolate", "discount", "fair_value", "implied", "smooth")),
    "trading.orders": ("orders", "book", ("place", "amend", "cancel", "match", "route", "validate")),
    "trading.risk": ("orders", "limits", ("exposure", "var", "stress", "check", "margin", "hedge")),
    "storage.tables": ("storage", "rows", ("insert", "select", "upsert", "compact", "load", "encode")),
    "web.api": ("web", "views", ("list_orders", "get_quote", "login", "render", "serialize", "authorize")),
}
VARIANTS = ("", "_fast", "_batch", "_async", "_daily", "_legacy")
SYMBOLS = ("AAPL", "MSFT", "EURUSD", "GBPJPY", "BTCUSD", "ES_F", "TSLA", "XAUUSD")
FEEDS = ("prices", "fx", "news", "fills")
INPUTS = ("order_id", "symbol", "quantity", "options")
HTTP = ("http.request.method", "url.path", "server.port", "user.id", "http.response.status_code")


class Node(NamedTuple):
    """A span of a trace's pattern: parent's index, what is called, start and length as shares of the root's."""

    parent: int | None
    signature: Signature
    start: float
    share: float


class World:
    """The program that is recorded: its functions and the traces that they make.

    Args:
        rng: where chance comes from.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.functions = [signature for group in GROUPS for signature in _functions(group)]
        for position, feed in enumerate(FEEDS):
            self.functions[position * 6].feed = feed
        self.foreign = [
            Signature("gateway", f"{verb} /{what}", "gateway", 2, tuple(_http_fields()))
            for verb in ("GET", "POST")
            for what in ("orders", "quotes", "login", "health")
        ]
        self.callees = {
            caller: rng.choices(self.functions, k=rng.randint(1, 4)) for caller in (*self.functions, *self.foreign)
        }
        self.sources = {service: _source(service) for service in ("market", "orders", "storage", "web", "gateway")}
        self.threads = [(140_000_000_000_000 + number, f"worker-{number}") for number in range(8)]
        self.patterns = [self._pattern() for _ in range(120)]
        self.traceback = _traceback()

    def _pattern(self) -> list[Node]:
        rng = self.rng
        root = rng.choice(self.foreign) if rng.random() < 0.1 else rng.choice(self.functions)
        nodes = [Node(None, root, 0.0, 1.0)]
        for _ in range(rng.choice((0, 0, 1, 2, 3, 5, 8, 12, 20, 39))):
            at = rng.randrange(max(0, len(nodes) - 6), len(nodes))
            above, room = nodes[at], rng.uniform(0.2, 0.9)
            start = above.start + above.share * rng.uniform(0, 1 - room)
            nodes.append(Node(at, rng.choice(self.callees[above.signature]), start, above.share * room))
        return nodes

    def trace(self, start_ns: int) -> list[SpanRow]:
        """One trace that begins at a time; children before their parents, as they end."""
        rng = self.rng
        pattern = rng.choice(self.patterns)
        trace_id = (start_ns // 1_000_000).to_bytes(6, "big") + rng.randbytes(10)
        random_bytes = rng.randbytes(8 * len(pattern))
        spans = [random_bytes[at : at + 8] for at in range(0, len(random_bytes), 8)]
        length = exp(rng.gauss(14.5, 1.2))  # 2 ms in the middle
        failing = rng.randrange(len(pattern)) if rng.random() < 0.12 else None
        depths: list[int] = []
        rows = []
        for position, node in enumerate(pattern):
            depths.append(0 if node.parent is None else depths[node.parent] + 1)
            at = start_ns + int(node.start * length), int(node.share * length * rng.uniform(0.9, 1.0))
            parent = None if node.parent is None else spans[node.parent]
            rows.append(
                self._row(pattern, node, trace_id, spans[position], parent, at, depths[-1], position == failing)
            )
        rows.reverse()
        return rows

    def _row(
        self,
        pattern: list[Node],
        node: Node,
        trace_id: bytes,
        span_id: bytes,
        parent: bytes | None,
        at: tuple[int, int],
        depth: int,
        fails: bool,
    ) -> SpanRow:
        signature = node.signature
        above = None if node.parent is None else pattern[node.parent].signature
        data = self._http_data(fails) if signature.kind == 2 else self._data(fails)
        return SpanRow(
            signature,
            self.sources[signature.service],
            trace_id,
            span_id,
            parent,
            above,
            *at,
            self.threads[span_id[0] & 7],
            2 if fails else 0,
            depth,
            data,
            exception=self.traceback.format(signature.name) if fails else None,
        )

    def _data(self, fails: bool) -> str:
        rng = self.rng
        order, symbol = rng.randrange(10_000_000), SYMBOLS[rng.randrange(8)]
        result = "" if fails else f"{{'id': {order}, 'price': {rng.random() * 100:.2f}}}"
        return f'["{order}","\'{symbol}\'","{order % 500}","{{\'limit\': True}}","{result}"]'

    def _http_data(self, fails: bool) -> str:
        rng = self.rng
        return f'["GET","/orders/{rng.randrange(100_000)}",8080,{rng.randrange(5_000)},{500 if fails else 200}]'


def _functions(group: str) -> Iterator[Signature]:
    service, module, names = GROUPS[group]
    fields = (*((name, "INPUT") for name in INPUTS), ("return", "OUTPUT"))
    for line, (name, variant) in enumerate((name, variant) for variant in VARIANTS for name in names):
        source = f"@monitor\ndef {name}{variant}({', '.join(INPUTS)}):\n    return work({', '.join(INPUTS)})\n"
        code = Code(f"/srv/{group.replace('.', '/')}/{module}.py", 10 + 5 * line, source)
        yield Signature(service, f"{group}.{module}.{name}{variant}", group, 1, fields, code)


def _http_fields() -> Iterator[tuple[str, str]]:
    for name in HTTP:
        yield name, "OUTPUT" if "response" in name else "INPUT"


def _source(service: str) -> Source:
    attributes = {"service.name": service, "telemetry.sdk.language": "python", "host.name": "bench"}
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    return Source(service, json.dumps({"attributes": pairs}), json.dumps({"name": "obsv", "version": "1"}))


def _traceback() -> str:
    lines = ["Traceback (most recent call last):"]
    for depth in range(8):
        lines += [
            f'  File "/srv/market/step_{depth}.py", line {10 + depth}, in {{0}}',
            "    return work(order, symbol)",
        ]
    return "\n".join([*lines, "ValueError: no price for the symbol: it has not traded today"])


def rows(calls: int, *, hours: float = 5.0, seed: int = 1, now_ns: int | None = None) -> Iterator[list[SpanRow]]:
    """Batches of rows.

    Args:
        calls: how many rows in all.
        hours: how long ago the first call is.
        seed: the same seed makes the same calls.
        now_ns: when the last call is, Unix time; None for now.
    """
    rng = random.Random(seed)
    world = World(rng)
    end_ns = time.time_ns() if now_ns is None else now_ns
    start_ns, length_ns = end_ns - int(hours * 3600e9), int(hours * 3600e9)
    batch: list[SpanRow] = []
    made = 0
    while made < calls:
        batch += world.trace(start_ns + length_ns * (made + len(batch)) // calls)
        if len(batch) >= BATCH or made + len(batch) >= calls:
            made += len(batch)
            yield batch[: len(batch) - max(0, made - calls)]
            batch = []


def generate(path: str | Path, calls: int, *, hours: float = 5.0, seed: int = 1, now_ns: int | None = None) -> None:
    """Makes a store, or adds to one; the arguments are those of `rows`."""
    writer = Writer(path, busy_timeout_s=30)
    for batch in rows(calls, hours=hours, seed=seed, now_ns=now_ns):
        writer.write(batch)
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("calls", type=int)
    parser.add_argument("--hours", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = time.perf_counter()
    generate(given.path, given.calls, hours=given.hours, seed=given.seed)
    took, size = time.perf_counter() - began, given.path.stat().st_size
    print(f"{given.calls} calls in {took:.1f} s, {size / 1e6:.0f} MB, {size / given.calls:.0f} bytes a call")
