"""Requests that wait to be stored, and which of them is next."""

import heapq
import itertools
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

# Each eighth turn is the oldest's, so that what costs much is reached too.
OLDEST_EVERY = 8


@dataclass(slots=True, order=True)
class _Place(Generic[T]):
    weight: int
    number: int
    sender: str = field(compare=False)
    member: T | None = field(compare=False)


class Line(Generic[T]):
    """Serves whoever costs least first, and each eighth time whoever came first.

    Five hundred ordinary spans so never wait for what somebody else sends to keep the server busy. A sender with
    several requests in the line has the later ones weighed by their number. Not safe for several threads.
    """

    def __init__(self) -> None:
        self._cheapest: list[_Place[T]] = []
        self._oldest: deque[_Place[T]] = deque()
        self._waiting: Counter[str] = Counter()
        self._numbers = itertools.count()
        self._turns = itertools.count(1)
        self._length = 0

    def __len__(self) -> int:
        """How many wait."""
        return self._length

    def put(self, member: T, weight: int, sender: str) -> None:
        """Add a member at the end.

        Args:
            member: who.
            weight: an estimate of its cost, in any unit that all share.
            sender: whose it is.
        """
        self._length += 1
        self._waiting[sender] += 1
        place = _Place(weight * self._waiting[sender], next(self._numbers), sender, member)
        heapq.heappush(self._cheapest, place)
        self._oldest.append(place)

    def take(self) -> T | None:
        """Whose turn it is; None when nobody waits."""
        from_oldest = next(self._turns) % OLDEST_EVERY == 0
        while self._length:
            place = self._oldest.popleft() if from_oldest else heapq.heappop(self._cheapest)
            if place.member is not None:
                return self._leave(place, place.member)
        self._cheapest.clear()
        self._oldest.clear()
        return None

    def _leave(self, place: _Place[T], member: T) -> T:
        place.member = None  # it stands in the other order still
        self._length -= 1
        self._waiting[place.sender] -= 1
        if not self._waiting[place.sender]:
            del self._waiting[place.sender]
        return member
