"""A queue of requests that wait to be stored, and the choice of the next."""

import heapq
import itertools
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

# Every eighth turn goes to the oldest, so that expensive requests are reached too.
OLDEST_EVERY = 8


@dataclass(slots=True, order=True)
class _Place(Generic[T]):
    weight: int
    number: int
    sender: str = field(compare=False)
    member: T | None = field(compare=False)


class Line(Generic[T]):
    """A queue that serves the cheapest member first, and every eighth time the oldest.

    Thus five hundred ordinary spans never wait for another sender's attempt to keep the server busy. If a sender has
    several requests in the queue, the weight of later ones is multiplied by their number. Not safe for several threads.
    """

    def __init__(self) -> None:
        self._cheapest: list[_Place[T]] = []
        self._oldest: deque[_Place[T]] = deque()
        self._waiting: Counter[str] = Counter()
        self._numbers = itertools.count()
        self._turns = itertools.count(1)
        self._length = 0

    def __len__(self) -> int:
        """Return the number of members."""
        return self._length

    def put(self, member: T, weight: int, sender: str) -> None:
        """Add a member at the end.

        Args:
            member: the member.
            weight: an estimate of its cost, in any common unit.
            sender: its owner.
        """
        self._length += 1
        self._waiting[sender] += 1
        place = _Place(weight * self._waiting[sender], next(self._numbers), sender, member)
        heapq.heappush(self._cheapest, place)
        self._oldest.append(place)

    def take(self) -> T | None:
        """Return the next member; None if there is none."""
        from_oldest = next(self._turns) % OLDEST_EVERY == 0
        while self._length:
            place = self._oldest.popleft() if from_oldest else heapq.heappop(self._cheapest)
            if place.member is not None:
                return self._leave(place, place.member)
        self._cheapest.clear()
        self._oldest.clear()
        return None

    def _leave(self, place: _Place[T], member: T) -> T:
        place.member = None  # it is still in the other order
        self._length -= 1
        self._waiting[place.sender] -= 1
        if not self._waiting[place.sender]:
            del self._waiting[place.sender]
        return member
