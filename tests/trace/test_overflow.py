"""What producers do when the buffer fills up or the worker does not come."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from obsv.testing import ended_span

MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    rigs: list[Rig] = []

    def make(*, spills: bool = True, **settings: Any) -> Rig:
        rigs.append(Rig(tmp_path / "calls.db" if spills else None, **settings))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


def test_the_first_span_wakes_a_sleeping_worker_once(make_rig: MakeRig) -> None:
    """Successes signal only what sleeps."""
    rig = make_rig()
    rig.buffer.mark = 0
    rig.put(100)
    assert rig.wakes == 1


def test_every_error_wakes_the_worker(make_rig: MakeRig) -> None:
    """An error does not wait for the next round."""
    rig = make_rig()
    rig.overflow.put_error(ended_span(error=True))
    rig.overflow.put_error(ended_span(error=True))
    assert rig.wakes == 2
    assert rig.buffer.error_depth == 2


def test_a_full_ring_is_encoded_by_its_producer(make_rig: MakeRig) -> None:
    """Far more than the ring holds is taken at full speed; nothing is dropped and the buffer stays in its bounds."""
    rig = make_rig(lane_size=2_000, ring_size=5_000)
    for _ in range(30):
        rig.put(1_000)
        assert rig.buffer.depth <= rig.buffer.capacity
    assert rig.buffer.dropped == 0
    assert rig.blobs.spans + rig.buffer.depth == 30_000
    rig.work()
    assert len(rig.exporter.spans) == 30_000


def test_a_starved_worker_has_its_spilling_done_by_producers(make_rig: MakeRig) -> None:
    """When nobody looked for too long, producers put what waits on disk themselves."""
    rig = make_rig()
    rig.work()
    rig.clock.advance(rig.limits.lag_s)
    rig.put(2_000)
    assert rig.stash.pending >= 1_000
    assert rig.stash.pending + rig.buffer.depth == 2_000


def test_a_worker_that_slept_because_nothing_came_is_not_starved(make_rig: MakeRig) -> None:
    """The first spans after a long rest are exported as usual."""
    rig = make_rig()
    rig.work()
    rig.buffer.mark = 0
    rig.clock.advance(1_000)
    rig.put(2_000)
    assert (rig.blobs.spans, rig.stash.pending) == (0, 0)


def test_drop_loses_the_oldest_successes_and_counts_them(make_rig: MakeRig, caplog: pytest.LogCaptureFixture) -> None:
    """`on_full="drop"` keeps the newest; errors are not touched; one line says so."""
    rig = make_rig(on_full="drop", lane_size=3, ring_size=4)
    rig.put_error(20)
    for number in range(20):
        rig.put(name=str(number))
    assert (rig.buffer.dropped, rig.buffer.depth, rig.buffer.error_depth) == (13, 7, 20)
    assert len([record for record in caplog.records if "dropped" in record.message]) == 1
    rig.work()
    assert rig.exporter.names == ["error"] * 20 + [str(number) for number in range(13, 20)]


def test_without_a_disk_the_oldest_successes_are_dropped(make_rig: MakeRig) -> None:
    """When nothing can be spilled the ring is the bound."""
    rig = make_rig(spills=False, lane_size=3, ring_size=4)
    rig.put(20)
    assert (rig.buffer.dropped, rig.buffer.depth) == (13, 7)


def test_blobs_that_are_not_written_are_bounded(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the worker cannot write what was encoded, the oldest that is not encoded yet goes."""
    rig = make_rig(lane_size=1_000, ring_size=2_000)
    monkeypatch.setattr(rig.blobs, "_max_bytes", 1)
    rig.put(10_000)
    assert rig.blobs.spans <= 1_000
    assert rig.buffer.depth == 3_000
    assert rig.buffer.dropped == 10_000 - 3_000 - rig.blobs.spans


def test_block_waits_for_room(make_rig: MakeRig) -> None:
    """`on_full="block"` makes the producer wait until the worker has taken something."""
    rig = make_rig(on_full="block", lane_size=3, ring_size=4, block_timeout_s=60)
    producer = threading.Thread(target=rig.put, args=(20,))
    producer.start()
    while producer.is_alive():
        rig.clock.advance(1)
        rig.work()
        rig.overflow.after_step()
    rig.clock.advance(1)
    rig.work()
    assert len(rig.exporter.spans) == 20
    assert rig.buffer.dropped == 0


def test_block_gives_up_in_time(make_rig: MakeRig) -> None:
    """A program must not hang because nothing can be stored: in the end the oldest success is dropped."""
    rig = make_rig(on_full="block", lane_size=3, ring_size=4, block_timeout_s=0.001)
    rig.put(9)
    assert (rig.buffer.depth, rig.buffer.dropped) == (7, 2)


def test_the_end_lets_blocked_producers_go(make_rig: MakeRig) -> None:
    """Shutdown does not leave a thread waiting."""
    rig = make_rig(on_full="block", lane_size=3, ring_size=4, block_timeout_s=3_600)
    producer = threading.Thread(target=rig.put, args=(8,))
    producer.start()
    while rig.buffer.depth < 8:
        producer.join(0.001)
    rig.overflow.seal()
    producer.join(30)
    assert not producer.is_alive()


def test_one_warning_an_episode(make_rig: MakeRig, caplog: pytest.LogCaptureFixture) -> None:
    """The threshold warns once, and again only after the buffer has emptied."""
    rig = make_rig()
    for _ in range(2):
        rig.put(9_000)
        rig.put(1_000)
        assert len(caplog.records) == 1
        rig.clock.advance(1)
        rig.work()
        rig.put(9_000)
        assert len(caplog.records) == 2
        caplog.clear()
        rig.clock.advance(1)
        rig.work()


def test_after_the_end_everything_is_dropped_and_counted(make_rig: MakeRig) -> None:
    """A sealed buffer keeps nothing."""
    rig = make_rig()
    rig.overflow.seal()
    rig.put(3)
    rig.overflow.put_error(ended_span(error=True))
    assert (rig.buffer.depth, rig.buffer.error_depth, rig.buffer.dropped) == (0, 0, 4)


def test_nothing_is_raised_into_the_program(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong is logged once, and the batch that was in hand is not lost."""
    rig = make_rig(lane_size=1_000, ring_size=1_000)

    def stumble(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(rig.stash, "encode", stumble)
    rig.put(5_000)
    assert rig.buffer.depth == 5_000
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    monkeypatch.undo()
    rig.work()
    assert len(rig.exporter.spans) == 5_000


def test_an_error_is_journaled_while_the_worker_is_slow(make_rig: MakeRig, tmp_path: Path) -> None:
    """Until it is known that the exporter is fast, the thread that had the error writes it down."""
    rig = make_rig()
    rig.overflow.put_error(ended_span("first", error=True))
    assert sum(path.stat().st_size > 24 for path in tmp_path.glob("*.spill")) == 1
    rig.work()
    assert sum(path.stat().st_size > 24 for path in tmp_path.glob("*.spill")) == 0
    for _ in range(30):
        rig.put_error()
        rig.work()
    rig.overflow.put_error(ended_span("later", error=True))
    assert sum(path.stat().st_size > 24 for path in tmp_path.glob("*.spill")) == 0
    rig.work()
    assert rig.exporter.names == ["first", *["error"] * 30, "later"]
