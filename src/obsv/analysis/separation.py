"""Facts that separate two sets of calls: failed from successful ones, slow from fast ones.

Each call is described by facts: a value is equal to X, is None, is empty, has a type, a length or a lower bound, and
likewise for members of dictionaries; caller, thread, service and version. A fact separates two sets by the difference
of its shares in both.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import sqrt
from typing import NamedTuple

from obsv.analysis.repro.parsing import parse_expression
from obsv.store.surveying import SampledCall

# Facts of fewer calls prove nothing.
FEWEST = 2
# Two shares whose difference would occur by chance once in three hundred times prove nothing.
LEAST_Z = 3.0
MOST_FACTS = 20
_MOST_TEXT = 80
_MOST_PARSED = 2_000
_MOST_MEMBERS, _DEPTH = 20, 3
_EMPTY = frozenset(("''", '""', "[]", "{}", "()", "set()", "frozenset()", "b''", ""))
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TYPE = re.compile(r"<?([A-Za-z_][\w.]*)[( ]")


class Fact(NamedTuple):
    """A property that holds for some calls.

    Attributes:
        subject: name of the value (`order.rate`), or caller, thread, service, version.
        what: `is None`, `= 'EUR'`, `is empty`, `is a list`, `> 250`.
        kind: value, attribute or origin.
        first: number of calls in the first set that have it, out of `of_first`.
        second: number of calls in the second set, out of `of_second`.
        text: the complete text to filter by; None if there is none.
    """

    subject: str
    what: str
    kind: str
    first: int
    of_first: int
    second: int
    of_second: int
    text: str | None

    @property
    def difference(self) -> float:
        """Return the difference of the shares, −1..1; positive if more frequent in the first set."""
        return self.first / max(1, self.of_first) - self.second / max(1, self.of_second)


# A fact before it is counted: subject, what, kind, text, and rank of simplicity: of equivalent facts, the simplest is
# shown.
_Key = tuple[str, str, str, "str | None", int]


def separate(first: Sequence[SampledCall], second: Sequence[SampledCall], most: int = MOST_FACTS) -> list[Fact]:
    """Return the facts that separate two sets of calls, best first.

    Args:
        first: for example failed calls.
        second: calls to compare them with.
        most: maximum number of facts.
    """
    if not first or not second:
        return []
    numbers: dict[str, list[tuple[float, int]]] = defaultdict(list)
    masks: dict[_Key, int] = defaultdict(int)
    for at, each in enumerate((*first, *second)):
        for key in _origins(each):
            masks[key] |= 1 << at
        # The output of a failed call cannot explain why it failed.
        for name, kind, text in each.call.values:
            if kind == "INPUT":
                facts, measures = _value(name, str(text))
                for key in facts:
                    masks[key] |= 1 << at
                for subject, number in measures:
                    numbers[subject].append((number, at))
    masks.update(_thresholds(numbers, len(first)))
    in_first = (1 << len(first)) - 1
    # Of facts that hold for the same calls, keep the simplest; likewise for a fact and its opposite.
    plainest: dict[int, tuple[_Key, int]] = {}
    whole = (1 << (len(first) + len(second))) - 1
    for key, mask in masks.items():
        same = min(mask, whole ^ mask)
        if same not in plainest or _order(key, mask, in_first) < _order(*plainest[same], in_first):
            plainest[same] = key, mask
    counted = [
        Fact(*key[:3], (mask & in_first).bit_count(), len(first), (mask >> len(first)).bit_count(), len(second), key[3])
        for key, mask in plainest.values()
    ]
    found = [fact for fact in counted if _tells(fact)]
    found.sort(key=lambda fact: (-abs(fact.difference), -fact.difference, fact.subject, fact.what))
    return found[:most]


def _order(key: _Key, mask: int, in_first: int) -> tuple[bool, int, int, str]:
    return not mask & in_first, key[4], len(key[0]), key[0] + key[1]


def _tells(fact: Fact) -> bool:
    a, n, b, m = fact.first, fact.of_first, fact.second, fact.of_second
    # One or two failed calls prove nothing: facts that no other call has are shown anyway.
    few = n < 5 and m >= 5 and (b == 0 or b == m)
    if (a + b < FEWEST and not few) or (a == n and b == m):
        return False
    share = (a + b) / (n + m)
    spread = sqrt(share * (1 - share) * (1 / n + 1 / m))
    return spread > 0 and (abs(a / n - b / m) / spread >= LEAST_Z or few)


def _origins(each: SampledCall) -> Iterator[_Key]:
    for subject, fact in (
        ("caller", each.caller or "nobody"),
        ("thread", each.thread),
        ("service", each.call.service),
        ("version", each.version),
    ):
        if fact:
            yield subject, f"= {fact}", "origin", fact, 2


@lru_cache(20_000)
def _value(name: str, text: str) -> tuple[frozenset[_Key], tuple[tuple[str, float], ...]]:
    """Return the facts of a value and of its members, and the numbers among them."""
    numbers: list[tuple[str, float]] = []
    facts = set(_scalar(name, text, numbers))
    if text[:1] in "{[(" and len(text) <= _MOST_PARSED:
        node = parse_expression(text)
        if node is not None:
            facts.update(_members(name, node, numbers, _DEPTH))
    return frozenset(facts), tuple(numbers)


def _scalar(name: str, text: str, numbers: list[tuple[str, float]]) -> Iterator[_Key]:
    kind = _type_of(text)
    if kind == "NoneType":
        yield name, "is None", "value", "None", 0
        return
    yield name, f"is {_a(kind)}", "value", None, 4
    if text in _EMPTY:
        yield name, "is empty", "value", text, 1
    elif len(text) <= _MOST_TEXT:
        # For a container, the member is more specific.
        yield name, f"= {text}", "value", text, 5 if text[:1] in "{[(" else 2
    if _NUMBER.fullmatch(text):
        numbers.append((name, float(text)))


def _members(name: str, node: ast.expr, numbers: list[tuple[str, float]], depth: int) -> Iterator[_Key]:
    if isinstance(node, ast.Dict):
        pairs = list(zip(node.keys, node.values, strict=True))[:_MOST_MEMBERS]
        for key, value in pairs:
            if isinstance(key, ast.Constant):
                inner = f"{name}.{key.value}" if isinstance(key.value, str) else f"{name}[{key.value!r}]"
                yield from _scalar(inner, ast.unparse(value), numbers)
                if depth > 1:
                    yield from _members(inner, value, numbers, depth - 1)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        numbers.append((f"len({name})", float(len(node.elts))))
        if any(isinstance(element, ast.Constant) and element.value is None for element in node.elts):
            yield name, "has a None", "value", None, 1
        if depth > 1 and isinstance(node, ast.Tuple):
            for number, element in enumerate(node.elts[:_MOST_MEMBERS]):
                yield from _scalar(f"{name}[{number}]", ast.unparse(element), numbers)


def _thresholds(numbers: dict[str, list[tuple[float, int]]], count: int) -> dict[_Key, int]:
    """Return the bound of each number that separates the sets best."""
    found: dict[_Key, int] = {}
    for name, seen in numbers.items():
        totals = Counter(at < count for _, at in seen)
        if len({number for number, _ in seen}) < 3 or not totals[True] or not totals[False]:
            continue
        seen.sort()
        best, bound, above = 0.0, 0.0, [totals[True], totals[False]]
        for index, (number, at) in enumerate(seen[:-1]):
            above[at >= count] -= 1
            following = seen[index + 1][0]
            score = above[0] / totals[True] - above[1] / totals[False]
            if number != following and abs(score) > abs(best):
                best, bound = score, number
        mask = sum(1 << at for number, at in seen if (number > bound) == (best > 0))
        found[(name, f"{'>' if best > 0 else '≤'} {bound:g}", "value", None, 3)] = mask
    return found


def _type_of(text: str) -> str:
    if text == "None":
        return "NoneType"
    if text in ("True", "False"):
        return "bool"
    if _NUMBER.fullmatch(text):
        return "int" if text.lstrip("+-").isdigit() else "float"
    if text[:1] in "'\"":
        return "str"
    for start, kind in (("{", "dict"), ("[", "list"), ("(", "tuple"), ("b'", "bytes"), ('b"', "bytes")):
        if text.startswith(start):
            return kind
    named = _TYPE.match(text)
    return named[1] if named else "text"


def _a(kind: str) -> str:
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"


def describe(facts: Iterable[Fact]) -> list[str]:
    """Format each fact as one line: `rate is None: 100 % against 0 %`."""
    return [
        f"{fact.subject} {fact.what}: {fact.first / fact.of_first:.0%} ({fact.first} of {fact.of_first}) against "
        f"{fact.second / fact.of_second:.0%} ({fact.second} of {fact.of_second})"
        for fact in facts
    ]
