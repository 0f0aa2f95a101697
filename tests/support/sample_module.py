"""The source of a module with a bit of everything that whole-module recording meets."""

SOURCE = '''
"""A module with a bit of everything."""
import abc
import asyncio
import collections
import contextlib
import dataclasses
import enum
import functools
import json
import typing
from collections.abc import Callable
from os.path import join
from textwrap import dedent

__all__ = ["plain", "Order"]

HANDLERS = {}

def plain(a, b=2, *, c=3):
    """Adds."""
    return a + b + c

alias = plain
default = lambda value=plain: value

async def coroutine(x):
    await asyncio.sleep(0)
    return x * 2

def generator(n):
    yield from range(n)

async def async_generator(n):
    for i in range(n):
        yield i

def _private(x):
    return x

@functools.lru_cache(maxsize=None)
def cached(x):
    return x * 10

@contextlib.contextmanager
def managed(x):
    yield x

@functools.singledispatch
def generic(x):
    return "object"

@generic.register
def of_int(x: int):
    return "int"

@typing.overload
def overloaded(x: int) -> int: ...
@typing.overload
def overloaded(x: str) -> str: ...
def overloaded(x):
    return x

def registers(function):
    HANDLERS[function.__name__] = function
    return function

@registers
def handler(x):
    return x + 1

def calls_back(callback=plain):
    return callback is plain

class Colour(enum.Enum):
    RED = 1
    def lower(self):
        return self.name.lower()

class Point(typing.NamedTuple):
    x: int
    y: int
    def total(self):
        return self.x + self.y

class Sized(typing.Protocol):
    def size(self) -> int: ...

@dataclasses.dataclass(order=True)
class Line:
    quantity: int
    price: float = 1.0
    def cost(self):
        return self.quantity * self.price

class Slotted:
    __slots__ = ("value",)
    def __init__(self, value):
        self.value = value
    def get(self):
        return self.value

class Base(abc.ABC):
    registry = []
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Base.registry.append(cls)
    @abc.abstractmethod
    def run(self, x): ...

class Descriptor:
    def __set_name__(self, owner, name):
        self.name = name
    def __get__(self, instance, owner):
        return self.name

class Order(Base):
    field = Descriptor()
    helper = plain
    json = json.dumps
    def __init__(self, n):
        self.n = n
    def run(self, x):
        return self.n + x
    twice = run
    @classmethod
    def of(cls, n):
        return cls(n)
    @staticmethod
    def add(a, b):
        return a + b
    @property
    def total(self):
        return self.n
    @functools.cached_property
    def slow(self):
        return self.n * 2
    def __call__(self, x):
        return self.n * x
    def __eq__(self, other):
        return isinstance(other, Order) and other.n == self.n
    def _hidden(self):
        return 1
    async def fetch(self, x):
        return x
    class Item:
        def weigh(self, kilos):
            return kilos

class Special(Order):
    def run(self, x):
        return super().run(x) + 1

class _Internal:
    def work(self):
        return 1
'''
