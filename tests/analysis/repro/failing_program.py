"""Twenty-two functions of the kinds that programs have, each called with what makes it fail."""

import asyncio
import collections
import contextlib
import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import re
import uuid
from typing import Any, NamedTuple

import numpy
import pandas

import obsv
from obsv import monitor


class Side(enum.Enum):
    BUY = "buy"
    SELL = "sell"


class OutOfStock(Exception):
    pass


@dataclasses.dataclass
class Line:
    sku: str
    quantity: int
    price: decimal.Decimal | None


@dataclasses.dataclass(frozen=True)
class Order:
    id: uuid.UUID
    side: Side
    lines: tuple[Line, ...]
    placed: datetime.datetime


class Point(NamedTuple):
    x: float
    y: float | None


class Account:
    def __init__(self, owner: str, balance: decimal.Decimal) -> None:
        self.owner, self.balance, self.entries = owner, balance, []

    @monitor
    def withdraw(self, amount: decimal.Decimal) -> decimal.Decimal:
        if amount > self.balance:
            raise OutOfStock(f"{self.owner} has {self.balance}, not {amount}")
        return self.balance - amount


class Ledger:
    rate = 2

    def __init__(self) -> None:
        self.accounts = {"ann": Account("ann", decimal.Decimal("1.50"))}

    @monitor
    def owner_of(self, name: str) -> str:
        return self.accounts[name].owner

    @monitor
    @classmethod
    def share(cls, parts: int) -> float:
        return cls.rate / parts


@monitor
def parse(lines: list[str]) -> list[int]:
    return [int(line) for line in lines]


@monitor
def total(order: Order) -> decimal.Decimal:
    return sum((line.price * line.quantity for line in order.lines), decimal.Decimal(0))


@monitor
def region(config: dict[str, Any]) -> str:
    return config["regions"]["eu"]["zones"][0]["name"].upper()


@monitor
def read(path: pathlib.Path) -> str:
    return path.read_text()


@monitor
def decode(text: str) -> Any:
    return json.loads(text)


@monitor
def mean(prices: list[float]) -> float:
    if any(price < 0 for price in prices):
        raise ValueError(f"negative price at {next(at for at, price in enumerate(prices) if price < 0)}")
    return sum(prices) / len(prices)


@monitor
def length(points: list[Point]) -> float:
    return sum(abs(point.x) + abs(point.y) for point in points)


@monitor
def age(born: datetime.date, today: datetime.datetime) -> int:
    return (today - born).days


@monitor
def solve(matrix: numpy.ndarray) -> Any:
    return numpy.linalg.inv(matrix)


@monitor
def scale(values: numpy.ndarray, by: numpy.ndarray) -> Any:
    return values * by


@monitor
def report(frame: pandas.DataFrame, column: str) -> float:
    return float(frame[column].mean())


@monitor
def check_series(values: pandas.Series) -> None:
    if values.isna().any():
        raise ValueError(f"{int(values.isna().sum())} values are missing")


@monitor
def unpack(data: bytes) -> str:
    return data.decode("utf-8")


@monitor
def pick(queue: collections.deque, counts: collections.Counter) -> Any:
    return queue[counts["x"]]


@monitor
def call(*args: Any, **options: Any) -> Any:
    return args[0] + options["by"]


@monitor
async def fetch(hosts: list[str], timeout: datetime.timedelta) -> str:
    await asyncio.sleep(0)
    raise TimeoutError(f"{len(hosts)} hosts gave no answer in {timeout}")


@monitor
def rows(numbers: list[int]):
    for number in numbers:
        yield 10 / number


@monitor
def match(pattern: str, text: str) -> str:
    return re.match(pattern, text).group(1)


@monitor
def merge(left: dict[str, set[int]], right: dict[str, set[int]]) -> dict[str, set[int]]:
    return {key: left[key] | right[key] for key in left}


@monitor
def plan(budget: decimal.Decimal, shares: list[decimal.Decimal]) -> list[decimal.Decimal]:
    return [budget / share for share in shares]


def order() -> Order:
    lines = Line("a", 2, decimal.Decimal("1.20")), Line("b", 1, None)
    placed = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)
    return Order(uuid.UUID(int=7), Side.SELL, lines, placed)


def main(path: str) -> None:
    obsv.configure(db=path)
    frame = pandas.DataFrame({"sku": ["a", "b", None], "price": [1.5, float("nan"), 2.0]})
    calls = [
        lambda: Account("ann", decimal.Decimal("1.50")).withdraw(decimal.Decimal(2)),
        lambda: Ledger().owner_of("bob"),
        lambda: Ledger.share(0),
        lambda: parse([*map(str, range(40)), "4l"]),
        lambda: total(order()),
        lambda: region({"regions": {"eu": {"zones": [{"name": None, "id": 1}]}}}),
        lambda: read(pathlib.Path("no/such/file.txt")),
        lambda: decode('{"rows": [' + ", ".join(map(str, range(600))) + ", ]}"),
        lambda: mean([*[1.25] * 300, -0.5]),
        lambda: length([Point(1.0, 2.0)] * 15 + [Point(1.0, None)]),
        lambda: age(datetime.date(2000, 1, 2), datetime.datetime(2026, 1, 2)),
        lambda: solve(numpy.array([[1.0, 2.0], [2.0, 4.0]])),
        lambda: scale(numpy.arange(1000), numpy.zeros((3, 2))),
        lambda: report(frame, "cost"),
        lambda: check_series(pandas.Series([1.0, float("nan"), 3.0], name="price")),
        lambda: unpack(b"x" * 1_500 + b"\xff"),
        lambda: pick(collections.deque([1, 2]), collections.Counter({"x": 5})),
        lambda: call([1], by="x", more={"a": decimal.Decimal(1)}),
        lambda: asyncio.run(fetch([f"host-{number}" for number in range(20)], datetime.timedelta(seconds=2))),
        lambda: list(rows([*range(1, 30), 0])),
        lambda: match("a(.)", "b" * 3_000),
        lambda: merge({f"k{number}": {number} for number in range(20)}, {f"k{number}": {1} for number in range(19)}),
        lambda: plan(decimal.Decimal(10), [decimal.Decimal(2), decimal.Decimal(0)]),
    ]
    for each in calls:
        with contextlib.suppress(Exception):
            each()
    obsv.shutdown()
