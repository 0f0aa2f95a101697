"""Facts that separate two sets of calls: failed from successful ones, slow from fast ones.

A fact (`call_facts`) separates two sets by the difference of its shares in both, if chance would not do that among as
many facts as there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import exp, lgamma, sqrt
from typing import NamedTuple

from obsv.analysis.call_facts import BOUND, WHOLE, Key, Measure, facts_of, origins
from obsv.analysis.proportions import share_p_value
from obsv.store.surveying import SampledCall

# A quick test before the exact one: a difference that occurs once in three hundred times.
LEAST_Z = 3.0
# How likely one of all facts may be shown by chance.
LEVEL = 0.01
# Of so few failed calls hardly anything is significant: what none of the others has is shown, with this chance each.
FEW, LEVEL_OF_FEW = 5, 0.05
MOST_FACTS = 20


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


def separate(first: Sequence[SampledCall], second: Sequence[SampledCall], most: int = MOST_FACTS) -> list[Fact]:
    """Return the facts that separate two sets of calls, best first.

    Args:
        first: for example failed calls.
        second: calls to compare them with.
        most: maximum number of facts.
    """
    if not first or not second:
        return []
    masks, numbers = _masks((*first, *second))
    bounds = _thresholds(numbers, len(first))
    masks.update(bounds)
    in_first, whole = (1 << len(first)) - 1, (1 << (len(first) + len(second))) - 1
    singles = _singles(masks, len(first))
    common = {key.subject for key in masks} - {each for each, times in singles.items() if 20 * times > len(second)}

    def order(key: Key, mask: int) -> tuple[bool, bool, int, int, str]:
        named = key.subject + key.what
        return not mask & in_first, key.subject not in common, key.rank, len(key.subject), named

    # Of facts that hold for the same calls, keep the simplest; likewise for a fact and its opposite. Of a few calls,
    # unlike facts hold by chance for the same ones.
    plainest: dict[tuple[int, str], tuple[Key, int]] = {}
    for key, mask in masks.items():
        same = min(mask, whole ^ mask), key.subject if len(first) < FEW else ""
        if same not in plainest or order(key, mask) < order(*plainest[same]):
            plainest[same] = key, mask
    counted = [
        (key, Fact(*key[:3], (mask & in_first).bit_count(), len(first), (mask >> len(first)).bit_count(), len(second),
                   key.text))
        for key, mask in plainest.values()
    ]  # fmt: skip
    found = _telling(counted, singles)
    found.sort(key=lambda each: _place(*each))
    return _plain(fact for _, fact in found)[:most]


def _masks(calls: Sequence[SampledCall]) -> tuple[dict[Key, int], dict[str, list[tuple[float, int, str]]]]:
    """Return the calls that have each fact, as bits, and the numbers of each subject."""
    numbers: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
    masks: dict[Key, int] = defaultdict(int)
    measures: tuple[Measure, ...]
    for at, each in enumerate(calls):
        for key in origins(each):
            masks[key] |= 1 << at
        # The output of a failed call cannot explain why it failed.
        for name, kind, text in each.call.values:
            if kind == "INPUT":
                facts, measures = facts_of(name, str(text))
                for key in facts:
                    masks[key] |= 1 << at
                for subject, number, shown in measures:
                    numbers[subject].append((number, at, shown))
    return masks, numbers


def _place(key: Key, fact: Fact) -> tuple[float, float, int, str, str]:
    """Order by the difference in whole hundredths: of facts that separate as well, the simplest first."""
    return -round(abs(fact.difference), 2), -round(fact.difference, 2), key.rank, fact.subject, fact.what


def _plain(facts: Iterable[Fact]) -> list[Fact]:
    """Leave out what follows from a better fact of the same subject: if it is None, it is seldom 0.19."""
    best: dict[str, bool] = {}
    return [fact for fact in facts if best.setdefault(fact.subject, fact.difference > 0) == (fact.difference > 0)]


def _singles(masks: dict[Key, int], count: int) -> Counter[str]:
    """Return how many values of each subject only one call of the second set has: another one is no surprise."""
    once = (key for key, mask in masks.items() if key.what[:2] == "= " and (mask >> count).bit_count() == 1)
    return Counter(key.subject for key in once)


def _telling(counted: list[tuple[Key, Fact]], singles: Counter[str]) -> list[tuple[Key, Fact]]:
    """Return the facts that chance would not bring about among so many (Tarone's correction)."""
    allowed = LEVEL / _tests(counted)
    return [each for each in counted if _tells(*each, allowed) or _is_of_few(*each, singles)]


def _tests(counted: list[tuple[Key, Fact]]) -> int:
    """Return the number of facts that could be significant at all; those of one or two calls could not."""
    least = Counter(_least_p_value(fact) for _, fact in counted)
    number, possible = 1, len(counted)
    while possible > number:
        number = min(possible, number * 2)
        possible = sum(times for p, times in least.items() if p <= LEVEL / number)
    return number


def _least_p_value(fact: Fact) -> float:
    """Return the p-value if the calls with this fact were distributed as unevenly as possible."""
    whole, n = fact.of_first + fact.of_second, min(fact.of_first, fact.of_second)
    having = min(fact.first + fact.second, whole - fact.first - fact.second)
    few, many = min(having, n), max(having, n)
    return exp(_log_ways(many, few) - _log_ways(whole, few))


def _log_ways(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _tells(key: Key, fact: Fact, allowed: float) -> bool:
    a, n, b, m = fact.first, fact.of_first, fact.second, fact.of_second
    share = (a + b) / (n + m)
    spread = sqrt(share * (1 - share) * (1 / n + 1 / m))
    if not spread or abs(a / n - b / m) / spread < LEAST_Z:
        return False
    if key.rank == BOUND:
        # The best of all bounds: Kolmogorov's and Smirnov's test, or of so many tests one.
        best = 2 * exp(-2 * fact.difference**2 * n * m / (n + m))
        return min(best, (n + m) * share_p_value(a, n, b, m)) <= allowed
    return share_p_value(a, n, b, m) <= allowed


def _is_of_few(key: Key, fact: Fact, singles: Counter[str]) -> bool:
    """Return whether all of a few failed calls, and none of the others, have this."""
    n, m = fact.of_first, fact.of_second
    if n >= FEW or m < FEW or key.rank == WHOLE or {(fact.first, fact.second)} - {(n, 0), (0, m)}:
        return False
    new = singles[fact.subject] + 1 if key.what[:2] == "= " else 2 if key.rank == BOUND else 1
    return (new / (m + 1)) ** n <= LEVEL_OF_FEW or (m < 1 / LEVEL_OF_FEW and new <= 2)


def _thresholds(numbers: dict[str, list[tuple[float, int, str]]], count: int) -> dict[Key, int]:
    """Return the bound of each number that separates the sets best."""
    found: dict[Key, int] = {}
    for name, seen in numbers.items():
        totals = Counter(at < count for _, at, _ in seen)
        if (
            len({number for number, *_ in seen}) < (2 if name.startswith("len(") else 3)
            or not totals[True]
            or not totals[False]
        ):
            continue
        seen.sort()
        best, bound, text, above = 0.0, 0.0, "", [totals[True], totals[False]]
        for index, (number, at, shown) in enumerate(seen[:-1]):
            above[at >= count] -= 1
            following = seen[index + 1][0]
            score = above[0] / totals[True] - above[1] / totals[False]
            if number != following and abs(score) > abs(best):
                best, bound, text = score, number, shown
        mask = sum({1 << at for number, at, _ in seen if (number > bound) == (best > 0)})
        found[Key(name, f"{'>' if best > 0 else '≤'} {text}", "value", None, BOUND)] = mask
    return found


def describe(facts: Iterable[Fact]) -> list[str]:
    """Format each fact as one line: `rate is None: 100 % against 0 %`."""
    return [
        f"{fact.subject} {fact.what}: {fact.first / fact.of_first:.0%} ({fact.first} of {fact.of_first}) against "
        f"{fact.second / fact.of_second:.0%} ({fact.second} of {fact.of_second})"
        for fact in facts
    ]
