"""Decisions about groups of errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from store_rows import FIELDS, START_NS, call, trace_id

from obsv.errors import InvalidQuery, NotFound, StoreUnavailable
from obsv.store import Reader, Signature, Source, SpanRow, Writer
from obsv.store.figures.error_groups import ErrorGroup, error_events_since, read_error_group, read_error_groups
from obsv.store.ground import Window
from obsv.store.writing import Triage

WINDOW = Window(START_NS - 3_600_000_000_000, START_NS + 3_600_000_000_000)
SECOND_NS = 1_000_000_000


def failed(number: int, text: str = "ValueError: x", version: str | None = None) -> SpanRow:
    """A failed call, a second after the one before."""
    pairs = [{"key": "service.version", "value": {"stringValue": version}}] if version else []
    source = Source("shop", json.dumps({"attributes": pairs}), "{}")
    start_ns = START_NS + number * SECOND_NS
    return call(number + 1, status=2, exception=text, trace_id=trace_id(number + 1), start_ns=start_ns, source=source)


def groups(reader: Reader) -> list[ErrorGroup]:
    """All groups, the first one first."""
    return read_error_groups(reader, WINDOW, order="first").groups[::-1]


def events(reader: Reader) -> list[str]:
    """Return the events."""
    return [event.kind for event in error_events_since(reader, 0)]


@pytest.fixture
def triage(path: Path) -> Triage:
    return Triage(path)


def test_resolved_group_comes_back_in_a_later_version_only(writer: Writer, reader: Reader, triage: Triage) -> None:
    """Later is what this file saw later: an old version that still runs does not bring it back."""
    writer.write([failed(1, version="2.0")])
    triage.resolve(1, START_NS + 2 * SECOND_NS)
    writer.write([failed(3, version="2.0")])
    assert (groups(reader)[0].status, groups(reader)[0].resolved_version) == ("resolved", "2.0")
    writer.write([failed(4, version="1.9-hotfix")])
    (group,) = groups(reader)
    assert (group.status, group.returned_ns) == ("open", START_NS + 4 * SECOND_NS)
    assert events(reader) == ["new", "returned"]
    writer.write([failed(5, version="1.9-hotfix")])
    assert events(reader) == ["new", "returned"]


def test_without_versions_any_later_error_brings_it_back(writer: Writer, reader: Reader, triage: Triage) -> None:
    """One that began before does not."""
    writer.write([failed(1)])
    triage.resolve(1, START_NS + 5 * SECOND_NS)
    writer.write([failed(2)])
    assert groups(reader)[0].status == "resolved"
    writer.write([failed(6)])
    assert groups(reader)[0].status == "open"


def test_ignored_until(writer: Writer, reader: Reader, triage: Triage) -> None:
    """For ever, or until an instant."""
    writer.write([failed(1)])
    triage.ignore(1, START_NS)
    writer.write([failed(2)])
    assert groups(reader)[0].status == "ignored"
    triage.ignore(1, START_NS, START_NS + 10 * SECOND_NS)
    writer.write([failed(9)])
    assert groups(reader)[0].status == "ignored"
    writer.write([failed(11)])
    assert groups(reader)[0].status == "open"
    triage.ignore(1, START_NS)
    triage.open_again(1, START_NS)
    assert groups(reader)[0].status == "open"


def test_resolved_in_a_version_that_is_not_there(writer: Writer, triage: Triage) -> None:
    """Says which there are."""
    writer.write([failed(1, version="2.0")])
    with pytest.raises(InvalidQuery, match=r"2\.0"):
        triage.resolve(1, START_NS, "3.0")


def test_merged_groups_are_shown_as_one_and_can_be_separated(writer: Writer, reader: Reader, triage: Triage) -> None:
    """With the counts of both; what is resolved is what is shown."""
    writer.write([failed(1), failed(2, "KeyError: y"), failed(3, "OSError: z")])
    before = groups(reader)
    triage.merge([2], 1)
    triage.merge([1], 3)
    (shown,) = groups(reader)
    assert (shown.id, shown.total, shown.seen, set(shown.merged)) == (3, 3, 3, {1, 2})
    assert len(read_error_group(reader, 3, WINDOW).why) == 3
    assert read_error_group(reader, 2, WINDOW).group.id == 3
    triage.resolve(2, START_NS + 4 * SECOND_NS)
    writer.write([failed(5)])
    assert [(event.kind, event.group.id) for event in error_events_since(reader, 3)] == [("returned", 3)]
    with pytest.raises(InvalidQuery):
        triage.merge([3], 1)
    for group_id in (1, 2):
        triage.separate(group_id)
    assert [group.fingerprint for group in groups(reader)] == [group.fingerprint for group in before]


def test_split_tells_messages_apart_and_can_be_taken_back(writer: Writer, reader: Reader, triage: Triage) -> None:
    """From then on; united again, they count together."""
    frame = '  File "/srv/shop.py", line 1, in price\n    raise ValueError(text)\n'
    texts = [f"Traceback (most recent call last):\n{frame}ValueError: no {what}\n" for what in ("price", "rate")]
    signature = Signature("shop", "shop.price", "shop", 1, FIELDS)

    def write(numbers: range) -> None:
        fresh = Writer(writer.path)
        fresh.write([])
        fresh.limits()  # as a writer does now and then
        fresh.write([failed(number, texts[number % 2])._replace(signature=signature) for number in numbers])
        fresh.close()

    write(range(4))
    (whole,) = groups(reader)
    triage.split(whole.id)
    write(range(4, 8))
    assert sorted(group.total for group in groups(reader)) == [2, 2, 4]
    triage.unite(whole.id)
    write(range(8, 10))
    (again,) = groups(reader)
    assert (again.id, again.total) == (whole.id, 10)


def test_note_is_kept(writer: Writer, reader: Reader, triage: Triage) -> None:
    """As it was written."""
    writer.write([failed(1)])
    triage.note(1, "known: see <b>42</b>")
    assert groups(reader)[0].note == "known: see <b>42</b>"


def test_no_such_group_and_no_such_file(writer: Writer, triage: Triage, tmp_path: Path) -> None:
    """Neither is made."""
    writer.write([failed(1)])
    with pytest.raises(NotFound):
        triage.resolve(9, START_NS)
    other = tmp_path / "other.db"
    with pytest.raises(StoreUnavailable):
        Triage(other).deploy("x", START_NS)
    assert not other.exists()
