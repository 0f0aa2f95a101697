"""The journal keeps errors of a process that is killed."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from obsv.trace.blobs import Blob
from obsv.trace.journal import Journal
from obsv.trace.notices import Notices
from obsv.trace.spill import Spill
from obsv.trace.spill_file import SpillFile


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


@pytest.fixture
def journal(base: Path) -> Iterator[Journal]:
    journal = Journal(base, Notices())
    yield journal
    journal.close(keep=False)


def save(journal: Journal, text: bytes) -> None:
    journal.save(lambda: Blob(text, 1))


def found_by_the_next(base: Path) -> list[bytes]:
    spill = Spill(base)
    spill.adopt()
    found: list[bytes] = []
    while (file := spill.first()) is not None:
        if (piece := spill.next_piece(file, 1)) is not None:
            found += piece.payloads
            spill.exported(piece)
    return found


def test_what_was_saved_is_found_by_the_next_process(base: Path, journal: Journal) -> None:
    """The pages of a dead process are spill files."""
    save(journal, b"one")
    save(journal, b"two")
    assert found_by_the_next(base) == []  # this process lives
    journal.close(keep=True)
    assert found_by_the_next(base) == [b"one", b"two"]


def test_a_page_that_was_emptied_gives_nothing(base: Path, journal: Journal) -> None:
    """Errors that were stored are not replayed; those that came meanwhile are."""
    save(journal, b"stored")
    page = journal.turn()
    save(journal, b"came meanwhile")
    assert page is not None
    journal.empty(page)
    journal.close(keep=True)
    assert found_by_the_next(base) == [b"came meanwhile"]


def test_there_is_nothing_to_turn_where_nothing_was_saved(journal: Journal) -> None:
    """Storing errors that were not journaled costs no system call."""
    assert journal.turn() is None
    save(journal, b"one")
    assert journal.turn() is not None
    assert journal.turn() is None


def test_a_good_end_leaves_no_file(base: Path, journal: Journal) -> None:
    """The pages go with the journal."""
    save(journal, b"one")
    journal.close(keep=False)
    assert list(base.parent.iterdir()) == []
    save(journal, b"late")
    assert list(base.parent.iterdir()) == []


def test_without_a_base_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without a spill has no journal."""
    monkeypatch.chdir(tmp_path)
    save(Journal(None, Notices()), b"one")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_no_matter(tmp_path: Path) -> None:
    """The error waits in memory all the same."""
    save(Journal(tmp_path / "missing" / "calls.db", Notices()), b"one")


def test_pages_are_made_once(base: Path, journal: Journal) -> None:
    """Two threads that have their first error at the same time share the pages."""
    lock = journal._opening

    class Late:
        def acquire(self, blocking: bool) -> bool:
            journal._opening = lock
            save(journal, b"another thread was faster")
            return lock.acquire(blocking=blocking)

    journal._opening = Late()  # type: ignore[assignment]
    save(journal, b"one")
    journal.close(keep=True)
    assert found_by_the_next(base) == [b"another thread was faster", b"one"]


def test_half_a_journal_is_none(base: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second page cannot be made the first one goes, until both can be made."""
    create, failures = SpillFile.create, [OSError("full")]

    def fail(path: Path, kind: int) -> SpillFile:
        if "journal2" in path.name and failures:
            raise failures.pop()
        return create(path, kind)

    monkeypatch.setattr(SpillFile, "create", fail)
    save(journal, b"one")
    assert list(base.parent.iterdir()) == []
    save(journal, b"two")
    journal.close(keep=True)
    assert found_by_the_next(base) == [b"two"]


def test_a_page_is_bounded(base: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storm of errors does not fill the disk twice."""
    monkeypatch.setattr("obsv.trace.journal._MAX_BYTES", 1_000)
    for _ in range(100):
        save(journal, bytes(100))
    assert sum(path.stat().st_size for path in base.parent.iterdir()) < 1_300


def test_a_storm_of_errors_does_not_slow_the_program_down(
    base: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst is written down whole; in the long run the journal takes its share of the time and no more."""
    spent_s = time.process_time()
    saved: list[int] = []
    monkeypatch.setattr(time, "thread_time", lambda: spent_s)
    monkeypatch.setattr(time, "process_time", lambda: spent_s)

    def encode() -> Blob:
        nonlocal spent_s
        spent_s += 0.001
        saved.append(1)
        return Blob(b"x", 1)

    for _ in range(40):
        journal.save(encode)
    assert len(saved) == 40
    for _ in range(10_000):
        journal.save(encode)
        spent_s += 0.001  # the program itself
    assert 2 < len(saved) * 0.001 < 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_the_child_has_pages_of_its_own(base: Path, journal: Journal) -> None:
    """The child neither empties nor deletes what is the parent's."""
    save(journal, b"parent")
    child = os.fork()
    if child == 0:
        journal.after_fork()
        save(journal, b"child")
        journal.close(keep=False)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    journal.close(keep=True)
    assert found_by_the_next(base) == [b"parent"]
