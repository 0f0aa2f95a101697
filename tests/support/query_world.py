"""A small store with one of everything that a search can ask about."""

import json
from pathlib import Path
from typing import Any

from obsv.store import Code, Signature, Source, SpanRow, Writer

START_NS = 1_790_000_000_000_000_000
SECOND = 1_000_000_000
SLASHED = "test/service:1"

_CODE = Code("/srv/shop/cart.py", 12, "def price(order): ...")
PRICE = Signature("shop", "shop.cart.price", "shop.cart", 1, (("order", "INPUT"), ("return", "OUTPUT")), _CODE)
MAIN = Signature("shop", "shop.cart.main", "shop.cart", 1, (("sku", "INPUT"),), _CODE)
HTTP = Signature(
    SLASHED,
    "GET /cart",
    "http",
    2,
    (
        ("http.request.method", "INPUT"),
        ("http.response.status_code", "OUTPUT"),
        ("user agent", "INPUT"),
        ("tags", "INPUT"),
    ),
)
QUERY = Signature(
    SLASHED,
    "SELECT",
    "sqlite",
    3,
    tuple((name, "INPUT") for name in ("db.system", "share", "cached", "order")),
)


def source(service: str, scope: dict[str, Any], **attributes: Any) -> Source:
    """A source; attributes are OTLP JSON AnyValues or plain texts, their keys with _ for a dot."""
    pairs = [("service.name", service), *((key.replace("_", "."), value) for key, value in attributes.items())]
    keyed = [{"key": key, "value": {"stringValue": value} if isinstance(value, str) else value} for key, value in pairs]
    return Source(service, json.dumps({"attributes": keyed}), json.dumps(scope))


OWN = source("shop", {"name": "obsv", "version": "1"}, host_name="alpha", shard={"intValue": "3"})
FOREIGN = source(
    SLASHED,
    {"name": "lib", "version": "2.1", "attributes": [{"key": "flavour", "value": {"stringValue": "mild"}}]},
    host_name="beta",
    canary={"boolValue": True},
    ports={
        "arrayValue": {"values": [{"intValue": "404"}, {"doubleValue": 0.5}, {"boolValue": True}, {"stringValue": "x"}]}
    },
    order="resource order",
)


def row(
    trace: int, span: int, parent: int | None, signature: Signature, data: list[Any], second: float = 0, **changes: Any
) -> SpanRow:
    """A row of the world; `second` is when it began, after START_NS."""
    made = SpanRow(
        signature,
        OWN if signature.service == "shop" else FOREIGN,
        trace.to_bytes(16, "big"),
        (trace * 256 + span).to_bytes(8, "big"),
        None if parent is None else (trace * 256 + parent).to_bytes(8, "big"),
        None,
        START_NS + int(second * SECOND),
        changes.pop("duration_ns", 5_000_000),
        changes.pop("thread", None),
        changes.pop("status", 0),
        0 if parent is None else 1,
        json.dumps(data, ensure_ascii=False, separators=(",", ":")),
    )
    return made._replace(**changes)


def _event(name: str, after_ns: int, second: float, **attributes: str) -> dict[str, Any]:
    pairs = [{"key": key.replace("_", "."), "value": {"stringValue": value}} for key, value in attributes.items()]
    return {"timeUnixNano": str(START_NS + int(second * SECOND) + after_ns), "name": name, "attributes": pairs}


FAILURE = "Traceback (most recent call last):\n  …\nValueError: no price for sku-9"
ROWS = [
    # A trace over two services, with a remote child.
    row(1, 1, None, MAIN, ["sku-1"], 0, duration_ns=900_000_000, thread=(7, "MainThread"), status=1),
    row(1, 2, 1, PRICE, ["{'id': 7}", "12.5"], 0.1, duration_ns=40_000_000, thread=(7, "MainThread"), cpu_ns=4_000),
    row(1, 3, 1, HTTP, ["GET", 200, "curl/8", ["a", "b"]], 0.2, duration_ns=600_000_000),
    row(1, 4, 3, QUERY, ["sqlite", 0.25, True, "x"], 0.3, duration_ns=2_000_000),
    # A failing trace of our own.
    row(2, 1, None, MAIN, ["sku-9"], 10, duration_ns=3_000_000_000, status=2, exception=FAILURE),
    row(2, 2, 1, PRICE, ["{'id': 9}", ""], 10.5, status=2, exception=FAILURE),
    # A failing foreign root with events and a link.
    row(
        3,
        1,
        None,
        HTTP,
        ["POST", 500, 'Mozilla/5 "x"', []],
        20,
        duration_ns=1_500_000_000,
        status=2,
        detail=json.dumps(
            {
                "statusMessage": "cart is closed",
                "events": [
                    _event("cache.miss", 1_000, 20, cache_key="cart:3"),
                    _event("exception", 2_000_000, 20, exception_type="CartError", exception_message="closed"),
                ],
                "links": [{"traceId": "0" * 31 + "1", "spanId": "0" * 13 + "101", "attributes": []}],
                "traceState": "vendor=1",
            }
        ),
    ),
    # A trace whose root never came.
    row(4, 2, 1, QUERY, ["mysql", 1e300, False, None], 30, duration_ns=1),
    # What JSON cannot say exactly.
    row(5, 1, None, HTTP, [{"bytesValue": "AAE="}, 404, "ünï'c\\ode", ["x", 5]], 40),
]


def make(path: Path) -> Path:
    """Writes the world to a file; children before their parents, as they end."""
    writer = Writer(path)
    writer.write(list(reversed(ROWS)))
    writer.close()
    return path
