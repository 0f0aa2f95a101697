"""Random nested values of all kinds, for tests that hold two implementations together."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import pathlib
import random
import uuid
from collections import Counter, OrderedDict, deque, namedtuple
from types import SimpleNamespace
from typing import Any

import attrs
import pydantic


@dataclasses.dataclass
class Order:
    id: Any
    name: Any
    password: Any = "p"
    more: Any = None


@dataclasses.dataclass(slots=True, frozen=True)
class Slotted:
    id: Any
    name: Any


@attrs.define
class Attrs:
    id: Any
    api_key: Any = attrs.field(default="k")
    unseen: Any = attrs.field(default=1, repr=False)


@dataclasses.dataclass
class Unset:
    id: Any
    late: Any = dataclasses.field(init=False)


class Model(pydantic.BaseModel):
    id: Any = None
    secret: Any = None
    hidden: pydantic.SecretStr = pydantic.SecretStr("s")


Wide = dataclasses.make_dataclass("Wide", [f"f{number}" for number in range(14)])
Named = namedtuple("Named", "a token c")
LongNamed = namedtuple("LongNamed", [f"n{number}" for number in range(12)])


class Side(enum.Enum):
    BUY = 1
    Ünïcode = "y"


class Level(enum.IntEnum):
    LOW = 5


class Bits(enum.Flag):
    A = 1
    B = 2


class Text(str):
    __slots__ = ()


class Mapping(dict):
    pass


class Items(list):
    pass


class Moment(datetime.datetime):
    pass


class Plain:
    pass


class Raising:
    def __repr__(self):
        raise ValueError

    __str__ = __len__ = __iter__ = __hash__ = __bool__ = __getattr__ = __repr__


_ZONE = datetime.timezone(datetime.timedelta(hours=2))
_TEXTS = ["", "a", "ü€" * 30, "𝄞" * 60, "é" * 600, "\udc80lone", "x" * 99, "x" * 100, "x" * 101]
_TEXTS += ["y" * 400, "z" * 999, "z" * 1_000, "z" * 1_001, "w" * 5_000, "€" * 2_000]
_INTS = [5, -7, 0, 10**18, 10**18 - 1, -(10**18), 1 - 10**18, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1]
_INTS += [2**63 - 1, 2**63, -(2**63), 2**1024 - 1, 2**1024, 2**2000, 2**45, 2**60]
_SINGLES = [None, True, False, 1j, 0.5, float("nan"), float("inf"), -0.0, ..., NotImplemented, len, Plain, range(5)]
_SINGLES += [b"", b"abc", b"b" * 150, b"b" * 1_200, bytearray(b"x" * 2_000), memoryview(b"xyz"), Plain(), Raising()]
_SINGLES += [datetime.datetime(2024, 1, 2), datetime.datetime(1, 12, 31, 23, 59, 59, 1), Moment(2024, 1, 2, 3)]
_SINGLES += [datetime.datetime(2024, 5, 6, 7, 8, 9, 120_000, zone) for zone in (datetime.timezone.utc, _ZONE)]
_SINGLES += [datetime.date(999, 2, 3), datetime.time(1, 2, tzinfo=_ZONE), datetime.timedelta(3, 4, 5)]
_SINGLES += [decimal.Decimal(text) for text in ("1.50", "NaN", "-Infinity", "1E+600", "1" * 400, "1" * 900)]
_SINGLES += [fractions.Fraction(1, 3), Side.BUY, Side.Ünïcode, Level.LOW, Bits.A | Bits.B, uuid.UUID(int=0)]
_SINGLES += [uuid.UUID("12345678-9abc-def0-1234-56789abcdef0"), ipaddress.ip_address("1.2.3.4")]
_SINGLES += [pathlib.Path("/a/b"), pathlib.Path("n" * 1_200), pathlib.PureWindowsPath("c:/x"), Unset(1)]
_SINGLES += [Text("sub"), Text("s" * 2_000), Mapping(a=1, password=2), Items([1, [2]]), OrderedDict(a=1, token=2)]
_SINGLES += [Counter("aab"), deque([1, "x"]), {1, "a"}, frozenset((2,)), SimpleNamespace(a=1, password=2)]
_SINGLES += [Model(id=[1], secret="s"), ValueError("password=x", 5), [], (), {}]
_KEYS = ["a", "b", "c", "d", "desk", "count", "Ω", "password", "user_id", "x" * 64, "x" * 65, "k" * 150, "token", 5]
_KEYS += [10**30, True, None, 2.5, b"raw", b"password", ("a", 1), ("password", 1), Side.BUY, 1j, Text("password")]
_LENGTHS = [0, 1, 2, 2, 3, 5, 9, 10, 11, 16, 17, 40]


class RandomValues:
    """An endless source of values; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        """A value of up to five levels."""
        pick = self._random
        if depth > 4 or pick.random() < 0.45:
            return self._single()
        kind = pick.randrange(12)
        if kind < 4:
            return {self._key(): self.value(depth + 1) for _ in range(pick.choice(_LENGTHS))}
        if kind < 7:
            return [self._item(depth) for _ in range(pick.choice(_LENGTHS))]
        if kind < 8:
            return tuple(self._item(depth) for _ in range(pick.choice(_LENGTHS)))
        return self._record(depth)

    def _single(self) -> Any:
        pick = self._random
        kind = pick.randrange(8)
        if kind < 2:
            return pick.choice(_TEXTS)
        if kind < 3:
            return pick.choice(_INTS)
        if kind < 4:
            return pick.randrange(-(10 ** pick.randrange(1, 20)), 10**20)
        return pick.choice(_SINGLES)

    def _item(self, depth: int) -> Any:
        if self._random.random() < 0.1:
            return self._random.choice(["password", "a", b"token", "name", "t" * 70])
        return self.value(depth + 1)

    def _key(self) -> Any:
        return self._random.choice(_KEYS if self._random.random() < 0.3 else _KEYS[:9])

    def _record(self, depth: int) -> Any:
        def some() -> Any:
            return self.value(depth + 1)

        makers = [
            lambda: Order(some(), some(), "x", some()),
            lambda: Slotted(some(), some()),
            lambda: Attrs(some()),
            lambda: Named(some(), 2, some()),
            lambda: Wide(*[self._single() for _ in range(14)]),
            lambda: LongNamed(*[self._single() for _ in range(12)]),
            lambda: Model(id=some()),
        ]
        return self._random.choice(makers)()
