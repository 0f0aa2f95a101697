"""A ring written and read: nothing is lost, torn or read twice."""

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter, deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsv.record import layout
from obsv.record.keep import is_end, kept
from obsv.record.lane import Lane
from obsv.record.lane_reader import LaneReader
from obsv.record.layout import BEGIN, END, FREE, READ, SEGMENT_HEADER
from obsv.record.reader import RingReader
from obsv.record.ring import Bounds, Ring, open_in_memory, open_ring
from obsv.record.room import Files, Memory
from obsv.record.segment import Segment
from obsv.record.source import FileSource, MemorySource

from .conftest import begin, end, span_of, whole


def put(lane: Lane, record: bytes) -> bool:
    """Append a record like a producer; False for a begin that found no room."""
    try:
        lane.put(record)
    except ValueError:
        return lane.add(record)
    return True


def call(lane: Lane, span: int, values: object = ()) -> None:
    """Append a call like a producer: whole where its begin found no room."""
    is_begun = put(lane, begin(span, values=values))
    put(lane, end(span) if is_begun else whole(span))


def read_all(reader: LaneReader, *, is_final: bool = False, is_alive: bool = True, limit: int = 1 << 19) -> list[bytes]:
    """All records that are there, given back as they are read."""
    found = []
    while (piece := reader.read(is_final=is_final, limit=limit)) is not None:
        found += [piece.data[start:stop] for _, start, stop in piece.records]
        reader.give_back(reader.position, is_alive=is_alive)
    reader.give_back(reader.position, is_alive=is_alive)
    return found


@pytest.fixture(params=["files", "memory"])
def ring(request: pytest.FixtureRequest, rings: Path) -> Ring:
    """A ring in files, and one in memory."""
    return open_ring(rings, 0) if request.param == "files" else open_in_memory(0)


def reader_of(ring: Ring) -> RingReader:
    """A reader that is the keeper."""
    return RingReader.of_memory(ring) if ring.directory is None else RingReader.of_files(ring.directory, writable=True)


def test_files_are_private(rings):
    """Only the user can read the files of a program."""
    ring = open_ring(rings, 0)
    assert ring.directory is not None
    assert stat.S_IMODE(ring.directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in ring.directory.iterdir()} == {0o600}


def test_segments_have_all_their_blocks(rings):
    """A sparse file on a full disk would end the program."""
    ring = open_ring(rings, 0)
    assert ring.directory is not None
    for path in ring.directory.glob("*.1"):
        assert path.stat().st_blocks * 512 >= path.stat().st_size


def test_what_was_written_is_read_in_order(ring):
    """Over many segments, while it is written."""
    reader, found, written = reader_of(ring), [], []
    for number in range(1, 60_000):
        record = begin(number, values=("x" * (number % 100),))
        written.append(record)
        put(ring.calls, record)
        if number % 10_000 == 0:
            found += read_all(reader.calls)
    found += read_all(reader.calls)
    assert found == written
    assert reader.calls.position == ring.calls.position


def test_segments_are_used_again(rings):
    """A program whose keeper keeps up makes no new files."""
    ring = open_ring(rings, 0)
    reader = reader_of(ring)
    record = begin(1, values=("x" * 500,))
    made = set()
    for _ in range(30):
        for _ in range(4_000):
            put(ring.calls, record)
        read_all(reader.calls)
        made |= {path.stat().st_ino for path in ring.directory.glob("calls.*")}
    assert len(made) < 15


def test_a_record_larger_than_a_segment_gets_its_own(ring):
    """And what comes before and after it stays in order."""
    written = [begin(1), begin(2, values=("x" * (3 << 20),)), begin(3)]
    for record in written:
        put(ring.calls, record)
    assert read_all(reader_of(ring).calls) == written


def test_a_reader_goes_on_where_it_committed(ring):
    """Nothing is read twice by the next keeper, nothing is passed over."""
    written = [begin(number, values=("x" * 300,)) for number in range(1, 3_000)]
    for record in written:
        put(ring.calls, record)
    first, found = reader_of(ring).calls, []
    for _ in range(3):
        piece = first.read(is_final=False, limit=20_000)
        assert piece is not None
        found += [piece.data[start:stop] for _, start, stop in piece.records]
    second = reader_of(ring).calls
    second.go_to(piece.position)
    assert found + read_all(second) == written


def test_a_reader_that_looks_only_changes_nothing(rings):
    """`obsv ps` claims and gives back nothing."""
    ring = open_ring(rings, 0)
    for number in range(1, 5_000):
        put(ring.calls, begin(number, values=("x" * 300,)))
    before = sorted(os.listdir(ring.directory))
    reader = RingReader.of_files(ring.directory, writable=False)
    found = []
    while (piece := reader.calls.read(is_final=False)) is not None:
        found += piece.records
    assert len(found) == 4_999
    assert sorted(os.listdir(ring.directory)) == before


def test_above_the_cap_the_oldest_go_and_are_counted(rings):
    """Made is stored and dropped, to the call."""
    ring = open_ring(rings, 0, Bounds(max_bytes=1 << 20))
    for number in range(1, 40_000):
        put(ring.calls, begin(number))
        put(ring.calls, end(number, values="x" * 100))
    ring.close()
    ends = [span_of(record) for record in read_all(reader_of(ring).calls, is_final=True) if record[8] == END]
    assert ring.calls.dropped > 0
    assert len(ends) + ring.calls.dropped == 39_999
    assert len(set(ends)) == len(ends)
    assert ends[-1] == 39_999


def test_a_call_that_reaches_over_what_is_dropped_stays(rings):
    """The program's main function is in the first segment, and the one that matters."""
    ring = open_ring(rings, 0, Bounds(max_bytes=1 << 20))
    put(ring.calls, begin(1, values=("main",)))
    for number in range(2, 40_000):
        put(ring.calls, begin(number))
        put(ring.calls, end(number, values="x" * 100))
    put(ring.calls, end(1))
    ring.close()
    assert ring.calls.dropped > 0
    found = Counter(record[8] for record in read_all(reader_of(ring).calls, is_final=True) if span_of(record) == 1)
    assert found == {BEGIN: 1, END: 1}


def test_what_a_reader_has_claimed_is_not_dropped(rings):
    """It is stored by somebody, so it must not be counted as dropped."""
    ring = open_ring(rings, 0, Bounds(max_bytes=1 << 20))
    for number in range(1, 5_000):
        put(ring.calls, begin(number, values=("x" * 50,)))
        put(ring.calls, end(number))
    reader = reader_of(ring)
    piece = reader.calls.read(is_final=False, limit=1_000)
    assert piece is not None
    for number in range(5_000, 30_000):
        put(ring.calls, begin(number, values=("x" * 50,)))
        put(ring.calls, end(number))
    ring.close()
    found = [piece.data[start:stop] for _, start, stop in piece.records] + read_all(reader.calls, is_final=True)
    assert sum(record[8] == END for record in found) + ring.calls.dropped == 29_999


def test_what_stays_of_a_segment_is_bounded():
    """A program may have more calls open than a segment holds."""
    segment = bytes(SEGMENT_HEADER) + b"".join(begin(number) for number in range(1, 101)) + end(500) + end(501)
    staying, dropped = kept(segment, 1_000)
    assert sum(map(len, staying)) <= 1_000
    assert [span_of(record) for record in staying[-2:]] == [500, 501]
    assert dropped == 0


def test_errors_wait_in_memory_where_there_is_no_room(rings, monkeypatch):
    """They are never dropped, and written when there is room."""
    ring = open_ring(rings, 0)
    monkeypatch.setattr("obsv.record.room.create_file", no_room)
    written = [begin(number, values=("x" * 500,)) for number in range(1, 1_000)]
    for record in written:
        put(ring.errors, record)
    assert ring.errors.waiting > 0
    monkeypatch.undo()
    ring.errors.push()
    assert ring.errors.waiting == 0
    assert read_all(reader_of(ring).errors) == written


def test_calls_without_room_are_dropped_and_counted(rings, monkeypatch):
    """A full disk takes no call's time and no memory."""
    ring = open_ring(rings, 0)
    monkeypatch.setattr("obsv.record.room.create_file", no_room)
    for number in range(1, 12_000):
        call(ring.calls, number, ("x" * 500,))
    monkeypatch.undo()
    ring.close()
    records = read_all(reader_of(ring).calls, is_final=True)
    stored = sum(is_end(record) for record in records)
    assert 0 < stored < 11_999
    assert stored + ring.calls.dropped == 11_999
    assert ring.calls.waiting == 0
    begun, ended = ({span_of(record) for record in records if record[8] == kind} for kind in (BEGIN, END))
    assert begun <= ended


def overlapping(lane: Lane, numbers: range) -> None:
    """Append calls of which three are open at any time: some reach over the end of each segment."""
    running: deque[bytes] = deque()
    for number in numbers:
        is_begun = put(lane, begin(number, values=("x" * 500,)))
        running.append(end(number) if is_begun else whole(number))
        if len(running) > 3:
            put(lane, running.popleft())
    for record in running:
        put(lane, record)


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENOSPC])
def test_calls_that_reach_over_what_is_dropped_are_counted(rings, monkeypatch, error):
    """Without descriptors nothing is dropped for a segment that cannot be made; on a full disk each counts once."""
    ring = open_ring(rings, 0, Bounds(max_bytes=64 << 20))
    made = 0
    while ring.calls._segment.number < 6:
        overlapping(ring.calls, range(made + 1, made + 501))
        made += 500

    def refuse(*_: object) -> None:
        raise OSError(error, "refused")

    monkeypatch.setattr("obsv.record.room.create_file", refuse)
    monkeypatch.setattr("obsv.record.lane._NO_ROOM_S", 0.0)
    overlapping(ring.calls, range(made + 1, made + 20_001))
    assert os.path.exists(f"{ring.directory}/calls.1") == (error == errno.EMFILE)
    monkeypatch.undo()
    ring.calls.push()
    overlapping(ring.calls, range(made + 20_001, made + 20_501))
    ring.calls.push()
    ring.close()
    stored = sum(is_end(record) for record in read_all(reader_of(ring).calls, is_final=True))
    assert stored + ring.calls.dropped == made + 20_500


@pytest.mark.parametrize("left", range(0, 150, 5))
def test_end_without_its_begin_is_never_written(rings, monkeypatch, left):
    """Also not into a segment with room for an end and none for a begin: nobody would read or count it."""
    ring = open_ring(rings, 0)
    monkeypatch.setattr("obsv.record.room.create_file", no_room)
    made = 0
    while (room := ring.calls._segment.size - ring.calls._segment.end) > 1_500:
        made += 1
        call(ring.calls, made, ("x" * 500,))
    padding = room - left - len(begin(1)) - len(end(1))
    made += 1
    call(ring.calls, made, ("x" * max(0, padding),))
    for _ in range(5):
        made += 1
        call(ring.calls, made, ("x" * 500,))
    monkeypatch.undo()
    ring.calls.push()
    call(ring.calls, made + 1)
    ring.close()
    records = read_all(reader_of(ring).calls, is_final=True)
    begun = {span_of(record) for record in records if record[8] == BEGIN}
    ended = {span_of(record) for record in records if record[8] == END}
    assert ended == begun
    assert sum(is_end(record) for record in records) + ring.calls.dropped == made + 1


def no_room(*_: object) -> None:
    """Raise the error of a full disk."""
    raise OSError(28, "No space left on device")


def test_threads_lose_nothing(ring):
    """Six at once, with the interpreter switching as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=write_some, args=(ring, first)) for first in range(1, 7)]
        for thread in threads:
            thread.start()
        reader, found = reader_of(ring), []
        while any(thread.is_alive() for thread in threads):
            found += read_all(reader.calls)
        for thread in threads:
            thread.join()
        found += read_all(reader.calls)
    finally:
        sys.setswitchinterval(interval)
    spans = Counter(span_of(record) for record in found)
    assert len(spans) == 6 * 8_000
    assert set(spans.values()) == {1}


def write_some(ring: Ring, first: int) -> None:
    """One thread's records; it gives way whenever it may."""
    for number in range(8_000):
        put(ring.calls, begin(number * 10 + first, values=("x" * 200,)))


def test_a_record_is_in_a_segment_when_the_call_goes_on(rings, monkeypatch):
    """Also while another thread makes the next segment: kill -9 would lose what only memory knows."""
    monkeypatch.setattr("obsv.record.lane._TURN_S", 60.0)
    directory = rings / "1-1"
    directory.mkdir()
    lane = Lane(Files(directory, "calls", 2), 1 << 16, 1 << 16, None)
    makes, may_make, is_back = threading.Event(), threading.Event(), threading.Event()
    make = lane.room.make

    def slowly(number: int, size: int) -> Segment:
        makes.set()
        assert may_make.wait(60)
        return make(number, size)

    monkeypatch.setattr(lane.room, "make", slowly)
    record = begin(1, values=("x" * 60_000,))
    put(lane, record)

    def second() -> None:
        put(lane, record)
        is_back.set()

    taker, other = threading.Thread(target=put, args=(lane, record)), threading.Thread(target=second)
    taker.start()
    assert makes.wait(60)
    other.start()
    while lane.waiting < 2:
        time.sleep(0.001)
    assert not is_back.wait(0.05)
    may_make.set()
    assert is_back.wait(60)
    assert lane.waiting == 0
    taker.join()
    other.join()


def test_a_signal_handler_writes_in_between(rings):
    """Wherever it comes, also while the next segment is taken."""
    ring = open_ring(rings, 0)
    ticks = iter(range(1_000_000, 10_000_000))
    written = []

    def handle(*_: object) -> None:
        number = next(ticks)
        put(ring.calls, begin(number, values=("y" * 3_000,)))
        written.append(number)

    previous = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
    try:
        for number in range(1, 20_000):
            put(ring.calls, begin(number, values=("x" * 300,)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    spans = Counter(span_of(record) for record in read_all(reader_of(ring).calls))
    assert set(spans) == {*range(1, 20_000), *written}
    assert set(spans.values()) == {1}


def test_a_closed_ring_takes_nothing_more(ring):
    """Its reader may remove it."""
    put(ring.calls, begin(1))
    ring.close()
    put(ring.calls, begin(2))
    reader = reader_of(ring)
    assert not reader.is_alive()
    assert [span_of(record) for record in read_all(reader.calls, is_final=True)] == [1]


def test_nothing_waits_where_the_reader_has_left_the_last_segment(ring):
    """It has read a closed ring to its end; whoever asks how much waits is told so."""
    put(ring.calls, begin(1))
    ring.close()
    position = layout.position(2, 0)
    assert [ring.calls.waiting_since(position) for _ in range(2)] == [0, 0]


def test_definitions_have_one_number_each(ring):
    """Equal ones the same, for every reader, as soon as a record may use it."""
    function = ("m.f", "m", ("a",), False, "return", None, None, 1_000)
    first = ring.names.number(layout.FUNCTIONS, function)
    assert ring.names.number(layout.FUNCTIONS, tuple(function)) == first
    assert ring.names.number(layout.THREADS, (1, "MainThread")) == 1
    reader = reader_of(ring)
    assert reader.names.get(layout.FUNCTIONS, first) == function
    other = ring.names.number(layout.FUNCTIONS, ("m.g", *function[1:]))
    assert reader.names.get(layout.FUNCTIONS, other) == ("m.g", *function[1:])
    assert reader.names.get(layout.FUNCTIONS, 99) is None


KILLED = """
    import sys
    from pathlib import Path
    from obsv.record.ring import open_ring
    from tests.record.conftest import begin, end
    from tests.record.test_ring import put
    ring = open_ring(Path(sys.argv[1]), 0)
    for number in range(1, 1_000_000):
        put(ring.calls, begin(number, values=("x" * 100,)))
        put(ring.calls, end(number))
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""


def test_kill_loses_nothing_that_was_written(rings):
    """A process that is killed has told what it had finished; all of that is in its ring, and nothing is torn."""
    program = [sys.executable, "-c", textwrap.dedent(KILLED), str(rings)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        for _ in range(5_000):
            last = process.stdout.readline()
        [directory] = [path for path in rings.iterdir() if not path.name.startswith(".")]
        reader = RingReader.of_files(directory, writable=True)
        assert reader.is_alive()
        process.kill()
        last = [last, *process.stdout.read().split("\n")[:-1]][-1]
        process.wait()
    assert not reader.is_alive()
    records = read_all(reader.calls, is_final=True)
    ends = [span_of(record) for record in records if record[8] == END]
    assert ends == list(range(1, len(ends) + 1))
    assert len(ends) >= int(last)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_segments_do_no_harm(data, tmp_path_factory):
    """Bytes that were changed cost the records they are in, and no exception, no hang, no other ring's."""
    rings = tmp_path_factory.mktemp("rings")
    ring = open_ring(rings, 0)
    for number in range(1, 50):
        put(ring.calls, begin(number, values=("x" * number,)))
    ring.close()
    path = ring.directory / "calls.1"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, 8_000))
        content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=9))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    started = time.monotonic()
    records = read_all(reader_of(ring).calls, is_final=True)
    assert len(records) <= 60
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("make", ["symlink", "fifo", "directory", "huge", "empty"])
@pytest.mark.parametrize("name", ["about", "names", "calls.1"])
def test_what_is_no_file_of_ours_is_not_read(rings, make, name):
    """Nobody is made to wait, and nothing outside is touched."""
    ring = open_ring(rings, 0)
    assert ring.directory is not None
    put(ring.calls, begin(1))
    ring.close()
    path = ring.directory / name
    other = rings / "other"
    path.rename(other)
    if make == "symlink":
        path.symlink_to(other)
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "directory":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 1 << 40 if make == "huge" else 0)
    before = other.read_bytes()
    try:
        found = read_all(reader_of(ring).calls, is_final=True)
    except OSError:
        found = []
    assert len(found) == (1 if name == "names" and make == "empty" else 0)
    assert other.read_bytes() == before


def test_a_segment_under_way_to_another_number_is_not_passed_over(rings):
    """It has its name before its number; a reader that comes in between looks again."""
    ring = open_ring(rings, 0)
    directory = ring.directory
    assert directory is not None
    put(ring.calls, begin(1))
    os.rename(directory / "calls.1", directory / "calls.2")
    reader = LaneReader(FileSource(directory, "calls", claims=True))
    assert reader.read(is_final=False) is None
    os.rename(directory / "calls.2", directory / "calls.1")
    reader.go_to(0)
    assert len(read_all(reader)) == 1


def test_names_of_segments_that_come_and_go(rings):
    """A given-back segment is nobody's to read, one that is being read is the next keeper's."""
    ring = open_ring(rings, 0)
    directory = ring.directory
    assert directory is not None
    for number in range(1, 5_000):
        put(ring.calls, begin(number, values=("x" * 100,)))
    os.rename(directory / "calls.1", directory / f"calls.1{READ}")
    (directory / f"calls.99{FREE}").touch()
    assert len(read_all(reader_of(ring).calls)) == 4_999


def test_memory_is_given_back():
    """A reader in the same process takes it out of the room."""
    room = Memory()
    lane = Lane(room, 1 << 16, 1 << 16, None)
    for number in range(1, 5_000):
        put(lane, begin(number, values=("x" * 100,)))
    reader = LaneReader(MemorySource(room))
    assert len(read_all(reader)) == 4_999
    assert len(room.segments) <= 2


def test_files_that_are_not_kept_mapped_are_closed(rings):
    """A program behind its keeper has a gibibyte of segments, not as many descriptors."""
    directory = rings / "1-1"
    directory.mkdir()
    before = len(os.listdir("/proc/self/fd"))
    lane = Lane(Files(directory, "calls", 2), 1 << 16, 1 << 16, None)
    for number in range(1, 20_000):
        put(lane, begin(number, values=("x" * 100,)))
    assert len(list(directory.iterdir())) > 30
    assert len(os.listdir("/proc/self/fd")) - before <= 4
