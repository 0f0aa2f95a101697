"""One spill file: sound records are read, damaged ones skipped, and the owner's lock tells whether it lives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.trace.blobs import Blob
from obsv.trace.spill_file import ERRORS, HEADER_SIZE, MARKER, SUCCESSES, SpillFile, UnreadableSpill, as_record

PAYLOADS = [b"first", b"second, which is longer", b"", b"fourth"]


def add(file: SpillFile, payload: bytes, count: int = 1) -> None:
    data = as_record(Blob(payload, count))
    position = file.reserve(len(data))
    file.write(position, data)
    file.commit(position, count)


def payloads(file: SpillFile) -> list[bytes]:
    found, position = [], file.replayed
    while (record := file.read(position, file.end)) is not None:
        found.append(record.payload)
        position = record.end
    return found


def written(path: Path) -> bytes:
    """The bytes of a file with PAYLOADS in it, whose owner is gone."""
    file = SpillFile.create(path, SUCCESSES)
    for payload in PAYLOADS:
        add(file, payload, len(payload))
    file.retire(delete=False)
    return path.read_bytes()


def adopted(path: Path, content: bytes) -> list[bytes]:
    path.write_bytes(content)
    file = SpillFile.adopt(path)
    if file is None:
        return []
    try:
        assert file.pending == sum(map(len, payloads(file)))
        return payloads(file)
    finally:
        file.retire(delete=True)


def test_records_come_back_in_order(tmp_path: Path) -> None:
    """What was written is read by the process that wrote it, and by the next."""
    file = SpillFile.create(tmp_path / "x", ERRORS)
    add(file, b"one", 3)
    add(file, b"two", 4)
    assert payloads(file) == [b"one", b"two"]
    assert file.pending == 7
    file.retire(delete=False)
    after = SpillFile.adopt(tmp_path / "x")
    assert after is not None
    assert (payloads(after), after.pending, after.kind) == ([b"one", b"two"], 7, ERRORS)
    after.retire(delete=True)
    assert not (tmp_path / "x").exists()


def test_every_torn_tail_is_skipped(tmp_path: Path) -> None:
    """A file that was cut anywhere gives back exactly the records that are whole."""
    content = written(tmp_path / "x")
    ends, end = [], HEADER_SIZE
    for payload in PAYLOADS:
        end += len(as_record(Blob(payload, 0)))
        ends.append(end)
    for length in range(len(content)):
        whole = sum(end <= length for end in ends)
        assert adopted(tmp_path / "y", content[:length]) == PAYLOADS[:whole]


@given(st.data())
def test_a_flipped_bit_costs_one_record(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Wherever a bit flips behind the header, at most the record that it is in is lost; nothing wrong is read."""
    directory = tmp_path_factory.mktemp("flip")
    content = bytearray(written(directory / "x"))
    place = data.draw(st.integers(HEADER_SIZE, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    found = adopted(directory / "y", bytes(content))
    lost = [payload for payload in PAYLOADS if payload not in found]
    assert len(lost) == 1
    assert found == [payload for payload in PAYLOADS if payload not in lost]


@given(st.lists(st.binary(max_size=40) | st.just(MARKER * 3), max_size=6), st.binary(max_size=30))
def test_garbage_behind_the_records_is_ignored(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], garbage: bytes
) -> None:
    """Payloads may look like markers, and anything may follow the last record."""
    path = tmp_path_factory.mktemp("garbage") / "x"
    file = SpillFile.create(path, SUCCESSES)
    for payload in contents:
        add(file, payload, len(payload))
    file.retire(delete=False)
    assert adopted(path, path.read_bytes() + garbage) == contents


def test_reading_stops_before_what_is_still_being_written(tmp_path: Path) -> None:
    """Two threads write at once: the one behind is read only when the one before is there as well."""
    file = SpillFile.create(tmp_path / "x", SUCCESSES)
    early, late = as_record(Blob(b"early", 1)), as_record(Blob(b"late", 1))
    at_early, at_late = file.reserve(len(early)), file.reserve(len(late))
    file.write(at_late, late)
    file.commit(at_late, 1)
    assert payloads(file) == []
    file.write(at_early, early)
    file.commit(at_early, 1)
    assert payloads(file) == [b"early", b"late"]
    file.retire(delete=True)


def test_a_write_that_failed_leaves_a_hole_that_is_skipped(tmp_path: Path) -> None:
    """What others wrote behind a failed write is read."""
    file = SpillFile.create(tmp_path / "x", SUCCESSES)
    position = file.reserve(100)
    add(file, b"behind")
    file.give_up(position, 100)
    assert payloads(file) == [b"behind"]
    file.retire(delete=True)


def test_a_write_that_failed_at_the_end_leaves_nothing(tmp_path: Path) -> None:
    """The next record takes the place."""
    file = SpillFile.create(tmp_path / "x", SUCCESSES)
    position = file.reserve(100)
    file.give_up(position, 100)
    assert file.size == HEADER_SIZE
    assert file.is_replayed
    file.retire(delete=True)


def test_a_file_in_use_is_closed_by_its_last_user(tmp_path: Path) -> None:
    """A descriptor is not closed under somebody who writes to it: it might be another file by then."""
    file = SpillFile.create(tmp_path / "x", SUCCESSES)
    data = as_record(Blob(b"payload", 1))
    position = file.reserve(len(data))
    file.retire(delete=True)
    file.write(position, data)
    file.commit(position, 1)
    with pytest.raises(ValueError, match="closed"):
        file.write(position, data)


def test_how_far_it_was_replayed_is_written_down(tmp_path: Path) -> None:
    """The next process goes on where this one stopped."""
    file = SpillFile.create(tmp_path / "x", SUCCESSES)
    add(file, b"one")
    add(file, b"two")
    first = file.read(HEADER_SIZE, file.end)
    assert first is not None
    file.note_replayed(first.end)
    file.retire(delete=False)
    after = SpillFile.adopt(tmp_path / "x")
    assert after is not None
    assert (payloads(after), after.pending) == ([b"two"], 1)
    after.retire(delete=True)


def test_what_the_exporter_has_had_is_left_out(tmp_path: Path) -> None:
    """An exporter that keeps the position itself knows it better than the file."""
    file = SpillFile.create(tmp_path / "x", SUCCESSES)
    add(file, b"one")
    first_end = file.size
    add(file, b"two")
    file.skip_to(first_end)
    assert (payloads(file), file.pending) == ([b"two"], 1)
    file.skip_to(0)
    assert (payloads(file), file.pending) == ([b"two"], 1)
    file.retire(delete=True)


def test_a_file_whose_owner_lives_is_not_adopted(tmp_path: Path) -> None:
    """Nobody takes a file away from a living process, this one included."""
    path = tmp_path / "x"
    file = SpillFile.create(path, SUCCESSES)
    assert SpillFile.adopt(path) is None
    script = (
        "import sys; from pathlib import Path; from obsv.trace.spill_file import SpillFile; "
        "print(SpillFile.adopt(Path(sys.argv[1])))"
    )
    asked = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert asked.stdout == "None\n"
    file.retire(delete=True)


def test_a_file_without_a_header_is_deleted(tmp_path: Path) -> None:
    """Its owner died before the first record: there is nothing to keep."""
    assert adopted(tmp_path / "x", b"OBSV") == []
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("place", "what"), [(0, "not a spill file"), (8, "spill format")], ids=["other magic", "other version"]
)
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, place: int, what: str) -> None:
    """What was not written by this format is not touched, and the message says what to do."""
    path = tmp_path / "x"
    content = bytearray(written(path))
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UnreadableSpill, match=what):
        SpillFile.adopt(path)
    assert path.read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """It holds what functions were called with."""
    file = SpillFile.create(tmp_path / "x", SUCCESSES)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600
    file.retire(delete=True)
