"""The error-first buffer, against a model with a lane, a ring and lists of what became of every entry."""

import itertools
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from obsv.trace.buffer import Buffer

LANE, RING = 4, 6


class BufferModel(RuleBasedStateMachine):
    """Lane and ring as documented: the ring takes what the lane has no room for, and refills it."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer: Buffer[int] = Buffer(LANE, RING)
        self.numbers = itertools.count()
        self.lane: list[int] = []
        self.ring: list[int] = []
        self.errors: list[int] = []
        self.taken: list[int] = []
        self.errors_taken: list[int] = []
        self.overflowed = self.dropped = self.recorded = 0

    def refill(self) -> None:
        while self.ring and len(self.lane) < LANE:
            self.lane.append(self.ring.pop(0))

    @rule()
    def put(self) -> None:
        number = next(self.numbers)
        self.recorded += 1
        self.buffer.put(number)
        if len(self.lane) < LANE:
            self.lane.append(number)
        else:
            self.ring.append(number)
            self.overflowed += 1

    @rule()
    def put_error(self) -> None:
        number = next(self.numbers)
        self.recorded += 1
        self.buffer.put_error(number)
        self.errors.append(number)

    @rule(size=st.integers(0, LANE + RING + 2), tries=st.booleans())
    def take(self, size: int, tries: bool) -> None:
        batch = self.buffer.try_take(size) if tries else self.buffer.take(size)
        waiting = self.lane + self.ring
        assert batch == waiting[:size]
        self.taken += batch
        self.lane, self.ring = waiting[size:][:LANE], waiting[size:][LANE:]

    @rule(size=st.integers(0, 5))
    def take_errors(self, size: int) -> None:
        batch = self.buffer.take_errors(size)
        assert batch == self.errors[:size]
        self.errors_taken += batch
        del self.errors[:size]

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        size = data.draw(st.integers(1, len(self.taken)))
        batch = self.taken[-size:]
        del self.taken[-size:]
        self.buffer.give_back(batch)
        waiting = batch + self.lane + self.ring
        self.lane, self.ring = waiting[:LANE], waiting[LANE:]

    @precondition(lambda self: self.errors_taken)
    @rule()
    def give_back_error(self) -> None:
        error = self.errors_taken.pop()
        self.buffer.give_back_errors([error])
        self.errors.insert(0, error)

    @rule()
    def drop_oldest(self) -> None:
        waiting = self.lane + self.ring
        too_many = max(0, len(waiting) - LANE - RING)
        assert self.buffer.drop_oldest() == too_many
        self.dropped += too_many
        self.lane, self.ring = waiting[too_many:][:LANE], waiting[too_many:][LANE:]

    @invariant()
    def counts_agree(self) -> None:
        buffer = self.buffer
        assert buffer.depth == len(self.lane) + len(self.ring)
        assert buffer.error_depth == len(self.errors)
        assert buffer.recorded == self.recorded
        assert buffer.errors == len(self.errors) + len(self.errors_taken)
        assert buffer.errors_taken == len(self.errors_taken)
        assert buffer.dropped == self.dropped
        assert buffer.removed == len(self.taken) + self.dropped
        assert buffer.overflowed == self.overflowed
        assert buffer.recovered == max(0, self.overflowed - len(self.ring) - self.dropped)


TestBuffer = BufferModel.TestCase


def test_the_hook_is_called_above_the_mark_only() -> None:
    """Producers look at the buffer only when its depth says so."""
    buffer: Buffer[int] = Buffer(10, 10)
    calls: list[int] = []
    buffer.on_mark = lambda: calls.append(buffer.depth)
    buffer.mark = 2
    for number in range(4):
        buffer.put(number)
    assert calls == [3, 4]


def test_discarded_entries_count_as_dropped() -> None:
    """What comes after the end is counted, errors as well."""
    buffer: Buffer[int] = Buffer(10, 10)
    buffer.put(1)
    buffer.put_error(2)
    buffer.discard()
    assert (buffer.depth, buffer.error_depth, buffer.dropped, buffer.recorded) == (0, 0, 2, 2)


def test_a_taker_that_must_not_wait_takes_nothing() -> None:
    """try_take and drop_oldest return at once while another thread removes entries."""
    buffer: Buffer[int] = Buffer(1, 0)
    buffer.put(1)
    buffer.put(2)
    results: list[object] = []
    with buffer._removing:
        other = threading.Thread(target=lambda: results.extend([buffer.try_take(1), buffer.drop_oldest()]))
        other.start()
        other.join(30)
    assert results == [[], 0]


@pytest.mark.parametrize("arguments", [(0, 1), (1, -1)])
def test_senseless_sizes_are_refused(arguments: tuple[int, int]) -> None:
    """Sizes that cannot be are a mistake of the caller's."""
    with pytest.raises(ValueError, match="must"):
        Buffer(*arguments)


@pytest.fixture
def many_switches() -> Iterator[None]:
    """Let threads interrupt each other as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("many_switches")
def test_nothing_is_lost_or_doubled_between_threads() -> None:
    """Four producers and two takers: every entry comes out once, each producer's in its order."""
    buffer: Buffer[tuple[int, int]] = Buffer(100, 100)
    count, producers = 5_000, 4
    batches: list[list[tuple[int, int]]] = []
    done = threading.Event()

    def produce(producer: int) -> None:
        for number in range(count):
            buffer.put((producer, number))

    def take() -> None:
        while not done.is_set() or buffer.depth:
            # One step under the lock that orders the takers, so that the order of the batches is that of the taking.
            with buffer._removing:
                batches.append(buffer.take(37))

    takers = [threading.Thread(target=take) for _ in range(2)]
    threads = [threading.Thread(target=produce, args=(producer,)) for producer in range(producers)]
    for thread in takers + threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in takers:
        thread.join()
    out = [entry for batch in batches for entry in batch]
    assert sorted(out) == [(producer, number) for producer in range(producers) for number in range(count)]
    for producer in range(producers):
        assert [number for which, number in out if which == producer] == list(range(count))
    assert buffer.recorded == producers * count
