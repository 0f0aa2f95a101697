"""`obsv tail`: each call once."""

import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from calls import EPOCH_NS, call

from obsv.cli.app import main
from obsv.cli.tail import Follower, tail
from obsv.errors import NotFound
from obsv.store import Reader, Writer
from obsv.store.finding.filters import Filters
from obsv.store.seam import open_store


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return write(tmp_path / "obsv.db", range(1, 11))


def write(db: Path, numbers: range) -> Path:
    writer = Writer(db)
    writer.write([call(number, start=number * 1_000, inputs={"n": str(number)}) for number in numbers])
    writer.close()
    return db


class Following:
    """A follower and what it has said."""

    def __init__(self, db: Path, filters: Filters | None = None) -> None:
        self.notes: list[str] = []
        self._follower = Follower(open_store(db), filters or Filters(), self.notes.append)

    def new(self) -> list[int]:
        """Numbers of the calls since the last look."""
        return [int(each.values[0].text) for calls in self._follower.new() for each in calls]


def test_more_calls_than_a_page(db: Path) -> None:
    """However many calls come between two looks, each is shown, once and in order."""
    following = Following(db)
    write(db, range(11, 2_512))
    assert following.new() == list(range(11, 2_512))
    assert following.new() == []


def test_only_what_the_filters_want(db: Path) -> None:
    """Calls that the filters leave out are passed over, and never come later."""
    following = Following(db, Filters(process="shop.other"))
    write(db, range(11, 20))
    assert following.new() == []


def test_calls_of_a_service_host_or_instance(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Here none has a host; `obsv errors` lists failed calls then."""
    for asked, lines in ((["--service", "shop"], 10), (["--host", "a"], 0), (["--instance", "a"], 0)):
        assert main(["tail", "--db", str(db), "--no-follow", "--json", *asked]) == 0
        assert len(capsys.readouterr().out.splitlines()) == lines
    with closing(Writer(db)) as writer:
        writer.write([call(99, error="ValueError: no")])
    for asked, lines in ((["--service", "shop"], 1), (["--host", "a"], 0)):
        assert main(["errors", "--db", str(db), "--since", "2026-01-01", "--json", *asked]) == 0
        assert len(capsys.readouterr().out.splitlines()) == lines


def test_a_file_that_is_replaced(db: Path) -> None:
    """All calls of another file at the path are new, and that it is another is said."""
    following = Following(db)
    os.replace(write(db.with_name("other.db"), range(100, 103)), db)
    assert following.new() == [100, 101, 102]
    assert len(following.notes) == 1
    assert "another file" in following.notes[0]


def test_a_file_that_goes_and_comes(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is no file it waits, which it says once; then it goes on, whatever inode the next one gets."""
    monkeypatch.setattr(Reader, "file", property(lambda reader: (1, 1) if reader.path.exists() else None))
    following = Following(db)
    db.unlink()
    assert following.new() == following.new() == []
    assert len(following.notes) == 1
    assert "Waiting" in following.notes[0]
    write(db, range(50, 52))
    assert following.new() == [50, 51]


def shown(capsys: pytest.CaptureFixture[str]) -> list[int]:
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [int(each["values"][0]["text"]) for each in documents]


def test_since(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It begins with all calls since then, or with the latest of them."""
    start_ns = EPOCH_NS + 4_000_000_000
    tail(db, Filters(), start_ns, None, follow=False, as_json=True)
    assert shown(capsys) == [4, 5, 6, 7, 8, 9, 10]
    tail(db, Filters(), start_ns, 2, follow=False, as_json=True)
    assert shown(capsys) == [9, 10]


def test_begins_with_as_many_as_asked(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also with more than one page of them."""
    write(db, range(11, 1_501))
    tail(db, Filters(), None, 1_200, follow=False, as_json=True)
    assert shown(capsys) == list(range(301, 1_501))


def test_a_process_that_nobody_has(db: Path) -> None:
    """Nothing to show is told from nothing of that name."""
    with pytest.raises(NotFound, match="obsv stats"):
        tail(db, Filters(process="shop.plaice"), None, None, follow=False, as_json=False)
