"""A store that looks like a real program's: an exchange with a web front, orders, prices, feeds and payments.

    python tests/support/story.py PATH [MINUTES]

Four services (one in Node, one in Java, whose clock is off), feeds of which one went silent, orders that fail now and
then, values handed from call to call, events and links. The same seed makes the same calls; they end now.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import obsv
from obsv.store import Code, Signature, Source, SpanRow, Writer
from obsv.store.ground import LogRow

MS = 1_000_000
WEIGHTS = (b"weights of the first model", b"weights of the second")
ACTORS = tuple(hashlib.sha256(each).hexdigest() for each in WEIGHTS)
SYMBOLS = ("AAPL", "MSFT", "NVDA", "EURUSD", "XAU")
SOURCES = {
    "shop.orders.place": '''@monitor(capture={"cpu": True, "memory": True})
def place(order: Order) -> Receipt:
    """Check an order, price it, match it, charge for it and keep it."""
    validate(order)
    price = quote(order["symbol"], order["quantity"])
    if not check_limit(order["customer"], price):
        raise LimitExceeded(order["customer"])
    fill = book.match(order, price)
    charge(order["customer"], fill)
    return storage.insert("orders", fill)
''',
    "shop.pricing.quote": '''@monitor
def quote(symbol: str, quantity: int) -> Decimal:
    """What so many of a symbol cost now, with the customer's discount."""
    curve = latest_curve(symbol)
    spot = curve.value_at(now())
    # A symbol that has not traded today has no spot price.
    if spot is None:
        raise ValueError(f"no price for {symbol}: it has not traded today")
    return convert(discount(spot * quantity), to="EUR")
''',
}


class Node(NamedTuple):
    """A call of a scene: what is called, its arguments and result, its own share of time, and what it calls."""

    name: str
    inputs: dict[str, Any]
    result: Any
    weight: float
    calls: tuple[Node, ...] = ()
    error: str | None = None
    events: tuple[str, ...] = ()


class Exchange:
    """The program.

    Args:
        rng: where chance comes from.
    """

    services: ClassVar = {"shop": "orders", "market": "market", "gateway": "gateway", "payments": "payments"}
    feeds: ClassVar = {"market.feeds.on_price": "prices", "market.feeds.on_fx": "fx", "market.feeds.on_news": "news"}

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.signatures: dict[Any, Signature] = {}
        self.sources = {service: _source(service) for service in self.services.values()}

    def order(self, failing: str | None = None) -> Node:
        """`POST /orders`, from the web to the ledger; `failing` is None, "price" or "limit"."""
        rng = self.rng
        number, symbol = rng.randrange(100_000, 999_999), rng.choice(SYMBOLS)
        customer, quantity = f"C-{rng.randrange(1000, 9999)}", rng.choice((5, 10, 25, 100, 250))
        spot, price = f"{rng.uniform(20, 400):.2f}", f"Decimal('{rng.uniform(500, 40_000):.2f}')"
        order = f"{{'id': {number}, 'customer': '{customer}', 'symbol': '{symbol}', 'quantity': {quantity}}}"
        fill = f"{{'order': {number}, 'price': {price}, 'at': datetime.datetime(2026, 11, 20, 14, 13, {number % 60})}}"
        no_price = f"ValueError: no price for {symbol}: it has not traded today" if failing == "price" else None
        no_limit = f"shop.errors.LimitExceeded: {customer}" if failing == "limit" else None
        discount = Node("shop.pricing.discount", {"amount": spot}, f"{float(spot) * 0.98:.3f}", 0.3)
        curve = Node("market.curves.latest", {"symbol": repr(symbol)}, f"<Curve {symbol} at 0x7f3c{number:x}>", 1.2)
        convert = Node("shop.pricing.convert", {"amount": discount.result, "to": "'EUR'"}, price, 0.2)
        priced = (curve,) if no_price else (curve, discount, convert)
        asked = {"symbol": repr(symbol), "quantity": str(quantity)}
        quote = Node("shop.pricing.quote", asked, price, 0.5, priced, no_price)
        steps = [Node("shop.orders.validate", {"order": order}, "True", 0.4), quote]
        if not no_price:
            exposure = Node("shop.risk.exposure", {"customer": repr(customer)}, f"{rng.uniform(1e3, 9e4):.2f}", 2)
            limit_inputs = {"customer": repr(customer), "amount": price}
            steps.append(Node("shop.risk.check_limit", limit_inputs, "False" if no_limit else "True", 0.3, (exposure,)))
        if not (no_price or no_limit):
            steps += self._fill(order, price, fill, customer)
        error = no_price or no_limit
        receipt = None if error else f"Receipt(order={number}, status='filled')"
        place = Node("shop.orders.place", {"order": order}, receipt, 0.8, tuple(steps), error)
        body = f'{{"symbol":"{symbol}","quantity":{quantity}}}'
        create_inputs = {"request": f"<Request POST /orders at 0x7f{number:x}>", "token": "***"}
        create = Node("shop.web.create_order", create_inputs, None if error else receipt, 0.6, (place,), error)
        http = {"http.request.method": "POST", "url.path": "/orders", "server.port": 8443, "http.request.body": body}
        http["http.response.status_code"] = 500 if error else 201
        return Node("POST /orders", http, None, 2, (create,), "HTTP 500" if error else None)

    def _fill(self, order: str, price: str, fill: str, customer: str) -> list[Node]:
        rng = self.rng
        levels = [
            Node("shop.orders.Book.level", {"price": price, "depth": str(at)}, str(rng.randrange(1, 900)), 0.1)
            for at in range(rng.choice((1, 2, 3)))
        ]
        match = Node("shop.orders.Book.match", {"order": order, "price": price}, fill, 1.5, tuple(levels))
        sql = {"db.system.name": "postgresql", "db.query.text": "INSERT INTO ledger VALUES ($1, $2)", "db.rows": 1}
        ledger = Node("INSERT payments.ledger", sql, None, 3)
        post = {"http.request.method": "POST", "url.path": "/charge", "http.response.status_code": 200}
        events = ("retry",) if rng.random() < 0.3 else ()
        charge = Node("POST /charge", post, None, 4, (ledger,), events=events)
        pay = Node("shop.payments.charge", {"customer": repr(customer), "fill": fill}, "'ch_1Q8'", 0.4, (charge,))
        commit = Node("shop.storage.commit", {"rows": "1"}, "None", 2.2)
        return [match, pay, Node("shop.storage.insert", {"table": "'orders'", "row": fill}, "1", 0.7, (commit,))]

    def tick(self, name: str, failing: bool = False) -> Node:
        """An update of a feed, down to the alerts."""
        rng = self.rng
        symbol, value = rng.choice(SYMBOLS), f"{rng.uniform(20, 400):.4f}"
        message = f"{{'symbol': '{symbol}', 'last': {value}, 'size': {rng.randrange(1, 900)}}}"
        point = f"Point(symbol='{symbol}', value={value})"
        smooth = Node("market.curves.smooth", {"point": point}, point, 0.4)
        update = Node("market.curves.update", {"point": point}, "None", 0.6, (smooth,))
        error = "ConnectionError: alerts.example:443 refused the connection" if failing else None
        notify = Node("market.alerts.notify", {"point": point, "channel": "'ops'"}, "True", 5, error=error)
        above = rng.random() < 0.15 or failing
        evaluate = Node("market.alerts.evaluate", {"point": point}, str(above), 0.3, (notify,) if above else ())
        parse = Node("market.feeds.parse", {"raw": message}, point, 0.3)
        return Node(name, {"message": message}, "None", 0.4, (parse, update, evaluate))

    def rows(self, node: Node, start_ns: int) -> list[SpanRow]:
        """The rows of a scene that begins at a time; the caller's own time is spread around what it calls."""
        trace_id = (start_ns // MS).to_bytes(6, "big") + self.rng.randbytes(10)
        found: list[SpanRow] = []
        self._row(node, trace_id, None, None, start_ns, 0, found, self.rng.lognormvariate(0, 0.35))
        return found

    def _row(
        self,
        node: Node,
        trace_id: bytes,
        parent: bytes | None,
        caller: Signature | None,
        at: int,
        depth: int,
        found: list[SpanRow],
        pace: float,
    ) -> int:
        span_id = self.rng.randbytes(8)
        signature = self._signature(node)
        step = int(node.weight * MS * pace * self.rng.uniform(0.7, 1.5) / (len(node.calls) + 1))
        cursor = at + step
        foreign = signature.service in ("gateway", "payments")
        for below in node.calls:
            passed = None if foreign else signature
            cursor = step + self._row(below, trace_id, span_id, passed, cursor, depth + 1, found, pace)
        late = -250 * MS if signature.service == "payments" else 0
        values = [*node.inputs.values(), *([] if foreign else ["" if node.error else node.result or ""])]
        found.append(
            SpanRow(
                signature,
                self.sources[signature.service],
                trace_id,
                span_id,
                parent,
                caller,
                at + late,
                cursor - at,
                (140_000_000 + depth % 3, f"worker-{depth % 3}"),
                2 if self._fails(node) else 0,
                depth,
                json.dumps(values, separators=(",", ":")),
                cpu_ns=int((cursor - at) * 0.4) if node.name == "shop.orders.place" else None,
                memory_bytes=self.rng.randrange(4_096, 60_000) if node.name == "shop.orders.place" else None,
                exception=_traceback(node),
                detail=self._detail(node, at + late, cursor - at),
            )
        )
        return cursor

    def _fails(self, node: Node) -> bool:
        return node.error is not None

    def _detail(self, node: Node, at: int, length: int) -> str | None:
        if not node.events:
            return None
        attributes = [{"key": "attempt", "value": {"intValue": "2"}}]
        events = [
            {"timeUnixNano": str(at + length // 3), "name": name, "attributes": attributes} for name in node.events
        ]
        links = [{"traceId": self.rng.randbytes(16).hex(), "spanId": self.rng.randbytes(8).hex()}]
        return json.dumps({"events": events, "links": links})

    def _signature(self, node: Node) -> Signature:
        key = node.name, tuple(node.inputs)
        if key not in self.signatures:
            self.signatures[key] = self._new_signature(node)
        return self.signatures[key]

    def _new_signature(self, node: Node) -> Signature:
        head = node.name.split(".")[0]
        if " " in node.name:
            service = "gateway" if node.name.endswith("orders") else "payments"
            fields = [(name, "OUTPUT" if "response" in name else "INPUT") for name in node.inputs]
            kind = 3 if node.name.startswith("INSERT") else 2
            return Signature(service, node.name, service, kind, tuple(fields))
        module, _, function = node.name.rpartition(".")
        module = module.removesuffix(".Book")
        fields = [*((name, "INPUT") for name in node.inputs), ("return", "OUTPUT")]
        parameters = ", ".join(node.inputs)
        text = SOURCES.get(node.name, f"@monitor\ndef {function}({parameters}):\n    return work({parameters})\n")
        code = Code(f"/srv/{module.replace('.', '/')}.py", _first_line(node), text)
        return Signature(self.services[head], node.name, module, 1, tuple(fields), code, self.feeds.get(node.name))


def _first_line(node: Node) -> int:
    return 12 + zlib.crc32(node.name.encode()) % 80


def _frame(node: Node, below: Node | None) -> str:
    """Return a call's line in a traceback: where it called the failing one, or where it raised."""
    module, _, function = node.name.rpartition(".")
    lines = SOURCES.get(node.name, "@monitor\ndef\n    return work()").splitlines()
    word = below.name.rpartition(".")[2] + "(" if below else "raise "
    at = next((at for at, line in enumerate(lines) if at > 1 and word in line), len(lines) - 1)
    path, line = f"/srv/{module.replace('.', '/')}.py", _first_line(node) + at
    return f'  File "{path}", line {line}, in {function}\n    {lines[at].strip()}'


def _traceback(node: Node) -> str | None:
    if node.error is None or " " in node.name:
        return None
    lines = ["Traceback (most recent call last):"]
    where: Node | None = node
    while where is not None:
        below = next((each for each in where.calls if each.error == node.error), None)
        lines.append(_frame(where, below))
        where = below
    return "\n".join([*lines, node.error, ""])


def _source(service: str) -> Source:
    language = {"gateway": "nodejs", "payments": "java"}.get(service, "python")
    attributes = {"service.name": service, "telemetry.sdk.language": language, "host.name": "exchange-1"}
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    scope = "obsv" if language == "python" else "@opentelemetry/instrumentation-http"
    return Source(service, json.dumps({"attributes": pairs}), json.dumps({"name": scope, "version": "1.0"}))


def scenes(minutes: int, seed: int, now_ns: int) -> Iterator[list[SpanRow]]:
    """Rows, minute by minute."""
    rng = random.Random(seed)
    exchange = Exchange(rng)
    for minute in range(minutes, 0, -1):
        rows: list[SpanRow] = []
        start = now_ns - minute * 60_000 * MS
        busy = 1.0 + 0.6 * (minute % 60 < 20)
        for _ in range(int(14 * busy)):
            failing = rng.choices((None, "price", "limit"), (93, 5, 2))[0]
            rows += exchange.rows(exchange.order(failing), start + rng.randrange(60_000) * MS)
        for second in range(0, 60, 2):
            rows += exchange.rows(
                exchange.tick("market.feeds.on_price", failing=rng.random() < 0.01), start + second * 1000 * MS
            )
        for second in range(0, 60, 10):
            rows += exchange.rows(exchange.tick("market.feeds.on_fx"), start + second * 1000 * MS)
        if minute > minutes // 2:  # then it went silent
            rows += exchange.rows(exchange.tick("market.feeds.on_news"), start)
        yield rows


def logs(rows: list[SpanRow]) -> Iterator[LogRow]:
    """Log records of a minute: an event an order, a line an error, one a slow feed."""
    for row in rows:
        name, when = row.signature.name, row.start_ns + row.duration_ns
        where = {"trace_id": row.trace_id, "span_id": row.span_id, "process": name, "thread": row.thread[1]}
        if name == "shop.orders.place" and not row.exception:
            fields = json.dumps({"order": zlib.crc32(row.span_id) % 900_000, "venue": "XETR"})
            yield LogRow(row.source, when, 9, "INFO", "order.filled", "null", fields, **where)
        elif name == "shop.pricing.quote" and row.exception:
            text = json.dumps(row.exception.splitlines()[-1])
            yield LogRow(row.source, when, 17, "ERROR", "", text, '{"exception.type":"ValueError"}', **where)
        elif name == "market.feeds.on_fx" and row.duration_ns > 2 * MS:
            yield LogRow(row.source, when, 13, "WARN", "", '"the feed is slow"', '{"feed":"fx"}', **where)


def decisions(rows: list[SpanRow]) -> Iterator[LogRow]:
    """Decisions of a minute: each order that was placed passed three gates or was refused; most with a result."""
    for row in rows:
        if row.signature.name != "shop.orders.place":
            continue
        rng = random.Random(row.span_id)
        observed = (("exposure", "<=", 0.5, rng.uniform(0.1, 0.6)), ("spread", "<=", 5.0, rng.lognormvariate(1.2, 0.3)),
                    ("confidence", ">=", 0.55, rng.uniform(0.5, 0.9)))  # fmt: skip
        gates: list[Any] = []
        for name, op, threshold, value in observed:
            passed = value <= threshold if op == "<=" else value >= threshold
            gates.append([name, "3", value, op, threshold, passed, any(not each[5] for each in gates), 900, ""])
        refused = any(not each[5] for each in gates)
        number, when = row.span_id.hex() * 2, row.start_ns + row.duration_ns
        told: dict[str, Any] = {
            "id": number,
            "kind": "entry",
            "subject": rng.choice(("SAP", "BMW", "DTE")),
            "mode": rng.choice(("scalp", "swing")),
            "verdict": "block" if refused else "pass",
            "action": "wait" if refused else "order",
            "actor": ACTORS[row.span_id[0] % 2],
            "inputs": [["spread", observed[1][3], when - MS]],
            "duration_ns": 40_000,
            "gates": gates,
        }
        yield LogRow(row.source, when, 9, "INFO", "obsv.decision", "null", json.dumps(told), row.trace_id, row.span_id)
        if rng.random() < 0.7:
            pnl = round(rng.gauss(0.5, 4.0), 2)
            told = {"id": number, "metrics": {"pnl": pnl}}
            told |= {"method": "shadow", "judgement": "bad" if pnl > 0 else "good"} if refused else {}
            event = "obsv.counterfactual" if refused else "obsv.outcome"
            yield LogRow(row.source, when + 1_000 * MS, 9, "INFO", event, "null", json.dumps(told))


def register(path: str | Path, file: Path) -> None:
    """Register the models that decided, with what they were made of.

    Args:
        path: of the store.
        file: where the data of the first model is put.
    """
    file.write_text("time,price\n1,100\n")
    data = obsv.register("data", file, {"rows": 1}, db=path)
    settings = obsv.register("config", {"rate": 0.1, "layers": [8, 4]}, name="settings", why="the first try", db=path)
    first = obsv.register("model", WEIGHTS[0], {"auc": 0.61}, [data, settings], name="direction", db=path)
    other = obsv.register("config", {"rate": 0.2, "layers": [8]}, name="settings", parents=[settings], db=path)
    obsv.register("model", WEIGHTS[1], {"auc": 0.66}, [data, other, first], name="direction", why="fresh data", db=path)


def write(path: str | Path, minutes: int = 120, *, seed: int = 7, now_ns: int | None = None) -> None:
    """Makes a store.

    Args:
        path: of the file.
        minutes: how long ago the first call is.
        seed: the same seed makes the same calls.
        now_ns: when the last call is, Unix time; None for now.
    """
    writer = Writer(path)
    for rows in scenes(minutes, seed, time.time_ns() if now_ns is None else now_ns):
        writer.write(rows, logs=[*logs(rows), *decisions(rows)])
    writer.close()


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 120)
