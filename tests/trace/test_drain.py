"""What happens to buffered spans, step by step, under a clock that stands still."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from rig import Rig, TimedExporter

from obsv.testing import CollectingExporter, FakeClock, ended_span
from obsv.trace.breaker import BreakerState

MakeRig = Callable[..., Rig]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


@pytest.fixture
def make_rig(base: Path) -> Iterator[MakeRig]:
    rigs: list[Rig] = []

    def make(**settings: Any) -> Rig:
        rigs.append(Rig(settings.pop("base", base), **settings))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()


def timed(rig: Rig) -> TimedExporter:
    assert isinstance(rig.exporter, TimedExporter)
    return rig.exporter


def break_down(rig: Rig) -> None:
    """Let the exporter fail until the breaker opens."""
    rig.exporter.error = OSError("gone")
    while rig.breaker.state is BreakerState.CLOSED:
        rig.put_error()
        rig.drain.step()


# -- rounds ------------------------------------------------------------------------------------------------------------


def test_errors_are_exported_before_successes(rig: Rig) -> None:
    """The error lane is drained first."""
    rig.put(2)
    rig.put_error(2)
    rig.work()
    assert rig.exporter.names == ["error", "error", "success", "success"]


def test_successes_wait_for_the_next_round(rig: Rig) -> None:
    """Batches are made by time: what comes just after a round waits, but an error does not."""
    rig.put()
    assert rig.work() == 1
    rig.put()
    rig.put_error()
    assert rig.work() == 1
    assert rig.exporter.names == ["success", "error"]
    rig.clock.advance(rig.limits.schedule_delay_s)
    assert rig.work() == 1
    assert rig.exporter.names == ["success", "error", "success"]


def test_a_full_lane_does_not_wait_for_the_next_round(make_rig: MakeRig) -> None:
    """More than the lane holds is exported at once."""
    rig = make_rig(lane_size=10)
    rig.put()
    rig.work()
    rig.put(11)
    assert rig.work() == 1
    assert len(rig.exporter.spans) == 12


def test_batches_grow_with_what_waits(make_rig: MakeRig) -> None:
    """A round is one batch up to the largest size."""
    rig = make_rig(batch_size=100)
    rig.put(250)
    rig.work()
    assert [len(batch) for batch in rig.exporter.batches] == [100, 100, 50]


# -- pressure ----------------------------------------------------------------------------------------------------------


def test_what_would_be_on_disk_too_late_is_spilled_first(rig: Rig) -> None:
    """When the exporter cannot keep up, a round goes to the spill and is replayed when the pressure falls."""
    timed(rig).span_s = 1e-3
    rig.put(1_000)
    rig.drain.step()
    assert len(rig.exporter.spans) == 1_000  # what it costs is only learnt now
    rig.clock.advance(1)
    rig.put(3_000)
    rig.drain.step()
    assert rig.stash.pending == 3_000
    assert len(rig.exporter.spans) == 1_000
    rig.work()
    assert len(rig.exporter.spans) == 4_000
    assert (rig.stash.spilled, rig.counters.replayed, rig.stash.pending) == (3_000, 3_000, 0)


def test_a_slow_exporter_is_tried_again_in_time(rig: Rig) -> None:
    """The estimate that sends rounds to the spill fades, so an exporter that has become fast is noticed."""
    timed(rig).span_s = 1e-3
    rig.put(1_000)
    rig.work()
    timed(rig).span_s = 0.0
    for _ in range(200):
        before = rig.stash.spilled
        rig.clock.advance(rig.limits.schedule_delay_s)
        rig.put(1_000)
        rig.drain.step()
        if rig.stash.spilled == before:
            break
    else:
        pytest.fail("every round was spilled")


@pytest.mark.parametrize("on_full", ["drop", "block"])
def test_without_leave_to_spill_everything_is_exported(make_rig: MakeRig, on_full: str) -> None:
    """`on_full` other than "spill" puts no success into a file."""
    rig = make_rig(on_full=on_full)
    timed(rig).span_s = 1e-3
    for _ in range(3):
        rig.put(1_000)
        rig.clock.advance(1)
        rig.work()
    assert rig.stash.spilled == 0
    assert len(rig.exporter.spans) == 3_000


def test_too_many_errors_go_straight_to_the_spill(make_rig: MakeRig) -> None:
    """An error lane past its size is spilled, then replayed in order."""
    rig = make_rig(error_lane_size=10)
    for number in range(11):
        rig.put_error(name=str(number))
    rig.drain.step()
    assert (rig.stash.pending, rig.exporter.names) == (11, [])
    rig.work()
    assert rig.exporter.names == [str(number) for number in range(11)]


def test_the_lag_of_the_writer_is_measured(rig: Rig) -> None:
    """The lag is the age of what has just been written."""
    rig.work()
    rig.put()
    rig.clock.advance(0.3)
    timed(rig).fixed_s = 0.1
    rig.work()
    assert rig.counters.writer_lag_s == pytest.approx(0.4)


# -- failure -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["raises", "returns FAILURE"])
def test_a_batch_that_failed_is_spilled_and_replayed_in_order(rig: Rig, kind: str) -> None:
    """Errors come back before successes, each in the order of their calls."""
    if kind == "raises":
        rig.exporter.error = OSError("gone")
    else:
        rig.exporter.result = SpanExportResult.FAILURE
    rig.put(name="success 1")
    rig.put(name="success 2")
    rig.put_error(name="error 1")
    rig.drain.step()
    rig.put_error(name="error 2")
    rig.work()
    assert rig.stash.pending == 4
    assert rig.counters.failed_batches >= 3
    rig.exporter.error, rig.exporter.result = None, SpanExportResult.SUCCESS
    rig.clock.advance(rig.recovery_s)
    rig.work()
    assert rig.exporter.names == ["error 1", "error 2", "success 1", "success 2"]


def test_while_the_breaker_is_open_nothing_is_tried(rig: Rig) -> None:
    """Everything is spilled without asking the exporter, until the recovery time has passed."""
    break_down(rig)
    attempts = rig.exporter.attempts
    rig.put()
    rig.put_error()
    rig.clock.advance(rig.recovery_s - 0.001)
    rig.work()
    assert rig.exporter.attempts == attempts
    rig.clock.advance(0.001)
    rig.work()
    assert rig.exporter.attempts == attempts + 1
    assert rig.breaker.state is BreakerState.OPEN


def test_the_first_success_after_an_outage_closes_the_breaker(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """What was spilled comes back, and a line says so."""
    break_down(rig)
    rig.exporter.error = None
    rig.clock.advance(rig.recovery_s)
    with caplog.at_level(logging.INFO, "obsv"):
        rig.work()
    assert rig.breaker.state is BreakerState.CLOSED
    assert rig.exporter.names == ["error"] * 3
    assert caplog.records[-1].message == "Recording works again."


def test_without_a_spill_everything_waits_in_memory(make_rig: MakeRig) -> None:
    """Errors and successes that failed go back to the front."""
    rig = make_rig(base=None)
    rig.exporter.error = OSError("gone")
    rig.put(2)
    rig.put_error(2)
    rig.work()
    rig.put(name="late")
    rig.exporter.error = None
    rig.clock.advance(rig.recovery_s)
    rig.work()
    assert rig.exporter.names == ["error", "error", "success", "success", "late"]


@pytest.mark.parametrize("on_full", ["drop", "block"])
def test_without_leave_to_spill_only_errors_are_spilled(make_rig: MakeRig, on_full: str) -> None:
    """A success that failed waits in memory, an error on disk."""
    rig = make_rig(on_full=on_full)
    rig.exporter.error = OSError("gone")
    rig.put()
    rig.put_error()
    rig.work()
    assert (rig.buffer.depth, rig.stash.pending) == (1, 1)


def test_a_disk_that_takes_nothing_keeps_spans_in_memory(
    make_rig: MakeRig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the database and the spill both gone nothing is lost, one line each says what to do, and it recovers."""
    missing = tmp_path / "missing"
    rig = make_rig(base=missing / "calls.db")
    rig.exporter.error = OSError("gone")
    for _ in range(3):
        rig.put()
        rig.put_error()
        rig.work()
        rig.clock.advance(2)
    assert (rig.buffer.depth, rig.buffer.error_depth) == (3, 3)
    assert len(caplog.records) == 2
    assert "make that writable or free disk space" in caplog.text
    missing.mkdir()
    rig.clock.advance(2)
    rig.work()
    assert (rig.buffer.depth, rig.buffer.error_depth, rig.stash.pending) == (0, 0, 6)
    rig.exporter.error = None
    rig.clock.advance(rig.recovery_s)
    rig.work()
    assert len(rig.exporter.spans) == 6


def test_nothing_is_lost_when_the_unexpected_happens(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch in hand goes back to the buffer, whatever was raised."""

    def stumble(*_: object, **__: object) -> None:
        raise MemoryError

    rig.exporter.error = OSError("gone")
    rig.put()
    rig.put_error()
    monkeypatch.setattr(rig.stash, "put", stumble)
    for _ in range(2):
        with pytest.raises(MemoryError):
            rig.drain.step()
    monkeypatch.undo()
    assert (rig.buffer.depth, rig.buffer.error_depth) == (1, 1)


# -- replay ------------------------------------------------------------------------------------------------------------


class Transactional(CollectingExporter):
    """An exporter that keeps the position with the spans."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[str, int] = {}
        self.is_readable = True

    def export_replayed(self, spans: list[ReadableSpan], path: str, position: int) -> SpanExportResult:
        result = self.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.positions[path] = position
        return result

    def replayed_position(self, path: str) -> int:
        if not self.is_readable:
            raise OSError("locked")
        return self.positions.get(path, 0)

    def forget_replayed(self, path: str) -> None:
        self.positions.pop(path, None)


class Choosy(CollectingExporter):
    """An exporter that fails when a certain span is in the batch."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if any(span.name == "poison" for span in spans):
            raise TypeError("cannot write that")
        return super().export(spans)


def left_behind(base: Path, *names: str) -> None:
    """A process spills these, a record each, and dies."""
    rig = Rig(base)
    for name in names:
        rig.put_error(name=name)
        rig.stash.put(rig.buffer.take_errors(1), errors=True)
    rig.close()


def test_the_next_process_replays_what_one_left(base: Path, make_rig: MakeRig) -> None:
    """Spans of a dead process come first, and its file goes."""
    left_behind(base, "a", "b")
    rig = make_rig()
    rig.work()
    assert rig.exporter.names == ["a", "b"]
    assert list(base.parent.glob("*.spill")) == []


def test_what_the_exporter_noted_is_not_replayed_again(base: Path, make_rig: MakeRig) -> None:
    """A process that died between the commit and its own note does not double a row."""
    left_behind(base, "a", "b")
    exporter = Transactional()
    rig = make_rig(exporter=exporter, batch_size=1)
    rig.drain.step()
    assert exporter.names == ["a"]
    (path,) = base.parent.glob("*.spill")
    content = path.read_bytes()
    rig.stash.close()
    unnoted = bytearray(content)
    unnoted[16:24] = (24).to_bytes(8, "little")
    path.write_bytes(unnoted)
    rig = make_rig(exporter=exporter)
    rig.work()
    assert exporter.names == ["a", "b"]
    assert exporter.positions == {}


def test_an_exporter_that_cannot_say_the_position_is_asked_again(base: Path, make_rig: MakeRig) -> None:
    """Without the position nothing is replayed, since it might be there already."""
    left_behind(base, "a")
    exporter = Transactional()
    exporter.is_readable = False
    rig = make_rig(exporter=exporter)
    rig.work()
    assert exporter.names == []
    assert rig.counters.failed_batches == 1
    exporter.is_readable = True
    rig.clock.advance(rig.recovery_s)
    rig.work()
    assert exporter.names == ["a"]


def test_a_record_of_another_codec_is_skipped_and_said(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spans that another version wrote do not hinder those behind them."""
    assert rig.spill is not None
    monkeypatch.setattr("obsv.trace.codec.CODEC_VERSION", 99)
    rig.stash.put([ended_span("unreadable", error=True)], errors=True)
    monkeypatch.undo()
    rig.stash.put([ended_span("readable")])
    rig.work()
    assert rig.exporter.names == ["readable"]
    assert rig.counters.rejected == 1
    assert "codec version 99" in caplog.text


def test_a_span_that_is_refused_again_and_again_does_not_hold_up_the_others(
    make_rig: MakeRig, caplog: pytest.LogCaptureFixture
) -> None:
    """One span that no exporter takes is left out, once it is clear that it is the span."""
    exporter = Choosy()
    rig = make_rig(exporter=exporter)
    rig.put_error(3, name="fine")
    rig.put_error(name="poison")
    rig.put_error(3, name="fine as well")
    for _ in range(8):
        rig.work()
        rig.clock.advance(rig.recovery_s)
        rig.put(name="fresh")
    rig.work()
    assert sorted(set(exporter.names)) == ["fine", "fine as well", "fresh"]
    assert exporter.names.count("fine") == 3
    assert exporter.names.count("fine as well") == 3
    assert (rig.counters.rejected, rig.stash.pending) == (1, 0)
    assert "poison" in caplog.text


def test_a_refused_span_alone_is_left_out_too(make_rig: MakeRig) -> None:
    """A record with nothing else in it does not stay for ever."""
    rig = make_rig(exporter=Choosy())
    rig.put_error(name="poison")
    for _ in range(8):
        rig.work()
        rig.clock.advance(rig.recovery_s)
        rig.put(name="fresh")
    rig.work()
    assert (rig.counters.rejected, rig.stash.pending) == (1, 0)


class Cramped(CollectingExporter):
    """An exporter whose disk is nearly full: it takes one span at a time."""

    is_unavailable = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.is_unavailable = len(spans) > 1
        return SpanExportResult.FAILURE if self.is_unavailable else super().export(spans)


def test_a_full_disk_is_not_taken_for_refusal(make_rig: MakeRig) -> None:
    """What an exporter has no room for is kept, though smaller batches pass."""
    rig = make_rig(exporter=Cramped())
    rig.put_error(3)
    for _ in range(20):
        rig.work()
        rig.clock.advance(rig.recovery_s)
        rig.put(name="fresh")
    assert (rig.counters.rejected, rig.stash.pending) == (0, 3)


def test_an_outage_is_not_taken_for_refusal(rig: Rig) -> None:
    """As long as nothing passes, nothing is given up."""
    rig.exporter.error = TypeError("odd")
    rig.put_error(3)
    for _ in range(20):
        rig.work()
        rig.put()
        rig.clock.advance(rig.recovery_s)
    assert rig.counters.rejected == 0
    rig.exporter.error = None
    rig.work()
    assert len(rig.exporter.spans) == 23


# -- to the end --------------------------------------------------------------------------------------------------------


def test_flush_exports_everything_at_once(rig: Rig) -> None:
    """Flush waits for no round."""
    rig.put()
    rig.work()
    rig.put(3)
    rig.put_error()
    assert rig.drain.flush(rig.clock() + 1)
    assert len(rig.exporter.spans) == 5


def full_disk(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the spill fail, with a blob on the way to it."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("full")

    assert rig.spill is not None
    monkeypatch.setattr(rig.spill, "append", fail)
    rig.blobs.put(rig.stash.encode([ended_span("first"), ended_span("second")]))


def test_what_was_encoded_for_a_full_disk_is_exported(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter gets what the spill has no room for."""
    full_disk(rig, monkeypatch)
    assert rig.drain.flush(rig.clock() + 1)
    assert rig.exporter.names == ["first", "second"]


def test_the_end_tries_the_disk_once_more(rig: Rig, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk did not take a moment ago it may take now: nothing is given up before that was tried."""
    break_down(rig)
    full_disk(rig, monkeypatch)
    rig.work()
    monkeypatch.undo()
    rig.drain.leave()
    assert rig.counters.dropped == 0
    found = Rig(base)
    found.work()
    assert found.exporter.names[-2:] == ["first", "second"]
    found.close()


def test_flush_tries_a_broken_exporter_once_and_says_so(rig: Rig) -> None:
    """A flush does not wait for the recovery time, nor does it try again and again."""
    break_down(rig)
    attempts = rig.exporter.attempts
    rig.put()
    assert not rig.drain.flush(rig.clock() + 1)
    assert rig.exporter.attempts == attempts + 1
    rig.exporter.error = None
    assert rig.drain.flush(rig.clock() + 1)
    assert len(rig.exporter.spans) == 4


def test_flush_gives_up_at_its_deadline(rig: Rig) -> None:
    """What is not done in time is done later."""
    timed(rig).fixed_s = 1.0
    rig.put(12_000)
    assert not rig.drain.flush(rig.clock() + 0.5)
    assert rig.drain.flush(rig.clock() + 10)
    assert len(rig.exporter.spans) == 12_000


def test_what_cannot_be_put_aside_at_the_end_is_counted_and_said(
    make_rig: MakeRig, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a spill the end loses what was not exported, and says how much."""
    rig = make_rig(base=None)
    rig.put(2)
    rig.put_error()
    rig.drain.leave()
    assert rig.counters.dropped == 3
    assert "3 calls could not be stored before the end" in caplog.text


def test_leaving_puts_everything_aside(base: Path, make_rig: MakeRig) -> None:
    """The end spills what waits, in the buffer and in blobs, and the next process has it."""
    rig = make_rig()
    rig.put(2)
    rig.put_error()
    rig.blobs.put(rig.stash.encode([ended_span("blob")]))
    rig.drain.leave()
    assert rig.counters.dropped == 0
    following = make_rig()
    following.work()
    assert following.exporter.names == ["error", "blob", "success", "success"]


def test_leaving_with_nothing_to_keep_leaves_no_file(base: Path, rig: Rig) -> None:
    """A program that ends well leaves nothing beside the database."""
    rig.put()
    rig.put_error()
    rig.work()
    rig.drain.leave()
    assert list(base.parent.iterdir()) == []


def test_a_fake_clock_moves_when_told() -> None:
    """The double itself."""
    clock = FakeClock(5)
    clock.advance(2)
    assert clock() == 7
