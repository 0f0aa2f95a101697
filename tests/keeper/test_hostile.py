"""Ring files that somebody made up: nothing is believed, nothing hangs, other programs are stored all the same."""

import os
import random
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from recorded import Program

from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
from obsv.keeper.work import DatabaseWork
from obsv.record import layout
from obsv.store import Reader


@pytest.fixture
def work(files: KeeperFiles) -> Iterator[DatabaseWork]:
    work = DatabaseWork(files, Options())
    yield work
    work.close()


def drain(work: DatabaseWork) -> None:
    while work.step():
        pass


def stored(files: KeeperFiles) -> int:
    reader = Reader(files.db)
    try:
        return int(reader.query("select count(*) from span")[0][0])
    finally:
        reader.close()


def ended(files: KeeperFiles, calls: int = 50) -> Path:
    """The ring of a program that has ended."""
    program = Program(files.rings)
    function = program.function("shop.price")
    for _ in range(calls):
        program.call(function)
    program.fail(function, ValueError("x"))
    directory = program.ring.directory
    assert directory is not None
    program.close()
    return directory


def _sparse(ring: Path) -> None:
    with open(ring / "calls.1", "r+b") as file:
        file.truncate(200 << 30)


def _link_out(ring: Path) -> None:
    outside = ring.parent.parent / "outside"
    outside.write_bytes(b"precious" * 1_000)
    (ring / "calls.1").unlink()
    (ring / "calls.1").symlink_to(outside)


def _fifo(ring: Path) -> None:
    (ring / "calls.1").unlink()
    os.mkfifo(ring / "calls.1")


def _fifo_names(ring: Path) -> None:
    (ring / "names").unlink()
    os.mkfifo(ring / "names")


def _directory(ring: Path) -> None:
    (ring / "calls.1").unlink()
    (ring / "calls.1").mkdir()


def _about_short(ring: Path) -> None:
    (ring / "about").write_bytes(b"OBSVRING")


def _about_fifo(ring: Path) -> None:
    (ring / "about").unlink()
    os.mkfifo(ring / "about")


def _many_members(ring: Path) -> None:
    """A record whose tuple claims 2³¹ members, and passes its check."""
    packed = b"(" + struct.pack("<I", 2**31 - 1)
    _first_record(ring, packed)


def _code(ring: Path) -> None:
    _first_record(ring, b"c" + bytes(30))


def _deep(ring: Path) -> None:
    _first_record(ring, b"(\1\0\0\0" * 50_000)


def _first_record(ring: Path, packed: bytes) -> None:
    size = layout.BEGIN_HEAD.size + len(packed)
    head = layout.BEGIN_HEAD.pack(size, layout.check_of(packed), layout.BEGIN, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0)
    end = layout.END_HEAD.pack(layout.END_HEAD.size, 1, layout.END, 0, 0, 0, 1, 1, 2)
    with open(ring / "calls.1", "r+b") as file:
        file.seek(layout.SEGMENT_HEADER)
        file.write(head + packed + end)


def _markers(ring: Path) -> None:
    """24 MB of what could be beginnings of records."""
    head = layout.HEAD.pack(layout.BEGIN_HEAD.size, 1, layout.BEGIN)
    with open(ring / "calls.1", "r+b") as file:
        file.seek(layout.SEGMENT_HEADER)
        file.write((head + bytes(3)) * (24_000_000 // 12))


def _names_nonsense(ring: Path) -> None:
    (ring / "names").write_bytes(os.urandom(100_000))


def _functions_of_nonsense(ring: Path) -> None:
    """Definitions that are well formed, and nothing that a function is."""
    from obsv.record.names import packed

    with open(ring / "names", "wb") as file:
        for table in (1, 2, 3, 4):
            file.writelines(
                packed(table, number, (number, [], {}, "x", 1.5, "code", (1,), "max", None)) for number in range(1, 4)
            )


def _huge_offset(ring: Path) -> None:
    with open(ring / "about", "r+b") as file:
        file.seek(layout.AT_OFFSET)
        file.write(b"\x7f" * 8)


def _nonsense_everywhere(ring: Path) -> None:
    rng = random.Random(1)
    for path in ring.iterdir():
        data = bytearray(path.read_bytes()[:200_000])
        for _ in range(200):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if path.name == "about":
            data[:16] = path.read_bytes()[:16]
        path.write_bytes(data)


def _million_segments(ring: Path) -> None:
    for number in range(5_000):
        (ring / f"calls.{number + 10}").touch()
    (ring / "calls.99999999999999999999999").touch()
    (ring / "calls.١٢").touch()  # decimal digits, of another script


@pytest.mark.parametrize(
    "attack",
    [
        _sparse,
        _link_out,
        _fifo,
        _fifo_names,
        _directory,
        _about_short,
        _about_fifo,
        _many_members,
        _code,
        _deep,
        _markers,
        _names_nonsense,
        _functions_of_nonsense,
        _huge_offset,
        _nonsense_everywhere,
        _million_segments,
    ],
)
def test_attacker_gains_nothing(
    files: KeeperFiles, work: DatabaseWork, attack: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """It costs a second of the processor at most, other programs' calls are stored, and it is said once at most."""
    attack(ended(files))
    other = Program(files.rings, "honest")
    function = other.function("honest.f")
    for _ in range(30):
        other.call(function)
    drain(work)
    reader = Reader(files.db)
    ((honest,),) = map(tuple, reader.query("select count(*) from process_trace where service = 'honest'"))
    reader.close()
    assert honest == 30
    said = len(caplog.records)
    other.call(function)
    drain(work)
    assert len(caplog.records) == said <= 2
    outside = Path(files.db).parent / "outside"
    if outside.exists():
        assert outside.read_bytes() == b"precious" * 1_000


def test_directory_of_another_place_is_not_followed(files: KeeperFiles, work: DatabaseWork, tmp_path: Path) -> None:
    """A link among the rings."""
    elsewhere = ended(files)
    moved = tmp_path / "elsewhere"
    shutil.move(elsewhere, moved)
    os.symlink(moved, elsewhere)
    drain(work)
    assert {"about", "calls.1", "errors.1", "names"} <= {path.name for path in moved.iterdir()}


def test_ring_of_a_newer_version_is_left_alone(
    files: KeeperFiles, work: DatabaseWork, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer keeper reads it; this one says once that it does not."""
    ring = ended(files)
    with open(ring / "about", "r+b") as file:
        file.seek(layout.AT_VERSION)
        file.write((7).to_bytes(8, "little"))
    drain(work)
    work._list_at = 0.0
    drain(work)
    assert ring.exists()
    assert ["version" in record.message for record in caplog.records] == [True]


def test_random_damage_costs_only_what_it_hits(files: KeeperFiles, work: DatabaseWork) -> None:
    """One flipped byte in the records: all others are stored, and what was not is counted."""
    rng = random.Random(5)
    for _ in range(20):
        ring = ended(files, 50)
        with open(ring / "calls.1", "r+b") as file:
            file.seek(layout.SEGMENT_HEADER + rng.randrange(4_000))
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 1 << rng.randrange(8)]))
    drain(work)
    assert 20 * 51 - 20 * 51 // 2 <= stored(files) <= 20 * 53
