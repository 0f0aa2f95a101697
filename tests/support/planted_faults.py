"""A program with five planted faults, each of which shows far from its cause: `python planted_faults.py DB`.

A price that is no longer updated, None out of a configuration three calls earlier, a sensor whose unit changed, two
threads on one balance, and a query that grows with its table.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import Any

import obsv

CACHE: dict[str, float] = {}
BALANCE = {"cash": 1000.0}
ORDERS: list[str] = []


@obsv.monitor
def fetch_price(symbol: str, tick: int) -> float:
    if tick < 4:  # planted: later updates are lost, and the cache goes on answering
        CACHE[symbol] = 1.1 + tick / 100
    return CACHE[symbol]


@obsv.monitor
def quote(symbol: str, tick: int, market: float) -> float:
    price = fetch_price(symbol, tick)
    if abs(price - market) > 0.05:
        raise ValueError(f"quote {price} is off the market {market}")
    return price


@obsv.monitor
def load_config(path: str) -> dict[str, Any]:
    # planted: one file has no timeout
    return {"region": "eu", "timeout": 5} if path == "a.toml" else {"region": "eu"}


@obsv.monitor
def make_client(config: dict[str, Any]) -> dict[str, Any]:
    return {"base": "https://x", "timeout": config.get("timeout")}


@obsv.monitor
def deadline(timeout: float, order: int) -> float:
    return order + timeout


@obsv.monitor
def send(client: dict[str, Any], order: int) -> float:
    return deadline(client["timeout"], order)


@obsv.monitor
def place(path: str, order: int) -> float:
    return send(make_client(load_config(path)), order)


@obsv.monitor
def read_weight(sensor: str, number: int) -> float:
    return (2.5 + number / 100) * (1 if number < 6 else 1000)  # planted: grams after an update of the sensor


@obsv.monitor
def load_truck(sensor: str, number: int) -> float:
    weight = read_weight(sensor, number)
    if weight > 100:
        raise OverflowError(f"overload: {weight} kg")
    return weight


@obsv.monitor
def withdraw(amount: float, name: str) -> float:
    before = BALANCE["cash"]
    time.sleep(0.05)  # planted: read and write are not one step
    BALANCE["cash"] = before - amount
    return BALANCE["cash"]


@obsv.monitor
def audit(expected: float) -> None:
    if BALANCE["cash"] != expected:
        raise AssertionError(f"cash is {BALANCE['cash']}, expected {expected}")


@obsv.monitor
def find_orders(customer: str, rows: int) -> int:
    time.sleep(rows / 20_000)  # planted: it reads the whole table
    return ORDERS.count(customer)


@obsv.monitor
def page(customer: str) -> int:
    ORDERS.extend([customer] * 300)
    return find_orders(customer, len(ORDERS))


@obsv.monitor
def show_page(customer: str) -> None:
    began = time.perf_counter()
    page(customer)
    if time.perf_counter() - began > 0.1:
        raise TimeoutError("the page took too long")


def main() -> None:
    """Run into each fault once, after some calls that went well."""
    for number in range(9):
        with contextlib.suppress(ValueError):
            quote("EUR", number, 1.1 + number / 100)
        with contextlib.suppress(OverflowError):
            load_truck("b", number)
        with contextlib.suppress(TypeError):
            place("a.toml" if number < 4 else "b.toml", number)
    withdraw(10, "alone")
    audit(990.0)
    threads = [threading.Thread(target=withdraw, args=(10, f"t{number}")) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with contextlib.suppress(AssertionError):
        audit(950.0)
    for number in range(10):
        with contextlib.suppress(TimeoutError):
            show_page(f"c{number % 3}")


if __name__ == "__main__":
    obsv.configure(db=sys.argv[1], service_name="shop", writer="thread")
    main()
    obsv.shutdown()
