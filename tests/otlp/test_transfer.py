"""Export and import."""

import gzip
import io
import json
import secrets
from pathlib import Path

import pytest
from otlp_requests import PARENT_ID, START_NS, TRACE_ID, json_request, json_span, request, span

from obsv.capture import Redactor
from obsv.cli.transfer import export, import_
from obsv.errors import ConfigurationError, NotFound
from obsv.otlp.transfer import LINE_SPANS, Imported, import_file
from obsv.store import Reader, Writer
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import RowMaker

OTHER_TRACE = bytes(15) + b"\x07"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A store of two traces."""
    path = tmp_path / "first.db"
    made = request(span({"a": "é"}), span(span_id=PARENT_ID), span(trace_id=OTHER_TRACE, start_time_unix_nano=1_000))
    Writer(path).write(decode_protobuf(made.SerializeToString(), RowMaker()).rows)
    return path


def exported(db: Path, **settings: str) -> list[str]:
    output = io.StringIO()
    export(db, output, **settings)
    return output.getvalue().splitlines()


def imported(tmp_path: Path, content: bytes) -> Imported:
    file = tmp_path / "in.jsonl"
    file.write_bytes(content)
    return import_file(file, Writer(tmp_path / "second.db"), RowMaker(Redactor()))


def calls(path: Path) -> list[tuple[object, ...]]:
    return [tuple(row) for row in Reader(path).query("select * from process_trace order by trace_id, span_id")]


def test_a_trace_moves(db: Path, tmp_path: Path) -> None:
    """A trace is one line of OTLP JSON, and the same in the store that it is imported to."""
    lines = exported(db, trace_id=TRACE_ID.hex().upper())
    assert len(lines) == 1
    assert "é" in lines[0]
    assert imported(tmp_path, lines[0].encode()) == Imported(2, 0, 0, ())
    assert calls(tmp_path / "second.db") == [row for row in calls(db) if row[6] == TRACE_ID.hex()]


def test_a_store_moves(db: Path, tmp_path: Path) -> None:
    """Without a trace id everything is exported; importing it twice stores it once."""
    content = "\n".join(exported(db)).encode()
    assert imported(tmp_path, content) == Imported(3, 0, 0, ())
    assert imported(tmp_path, content) == Imported(0, 3, 0, ())
    assert calls(tmp_path / "second.db") == calls(db)


def test_since(db: Path) -> None:
    """An instant leaves out what started before it."""
    (line,) = exported(db, since_text="2023-01-01")
    (resource_spans,) = json.loads(line)["resourceSpans"]
    assert {span["traceId"] for span in resource_spans["scopeSpans"][0]["spans"]} == {TRACE_ID.hex()}


def test_short_trace_id(db: Path) -> None:
    """Leading zeros of a trace id may be missing."""
    assert OTHER_TRACE.hex() in exported(db, trace_id="7")[0]


def test_unknown_trace(db: Path) -> None:
    """A trace that is not there is an error that names it."""
    with pytest.raises(NotFound, match="abc"):
        exported(db, trace_id="abc")


def test_long_trace_is_several_lines(tmp_path: Path) -> None:
    """A line has a bounded number of spans."""
    path = tmp_path / "long.db"
    made = request(*(span(span_id=(i + 1).to_bytes(8, "big")) for i in range(LINE_SPANS + 1)))
    Writer(path).write(decode_protobuf(made.SerializeToString(), RowMaker()).rows)
    lines = exported(path, trace_id=TRACE_ID.hex())
    assert len(lines) == 2
    assert imported(tmp_path, "\n".join(lines).encode()).stored == LINE_SPANS + 1


def test_files_of_others(tmp_path: Path) -> None:
    """One object over many lines is read, and gzip."""
    pretty = json.dumps(json.loads(json_request(json_span())), indent=2).encode()
    assert imported(tmp_path, pretty) == Imported(1, 0, 0, ())
    assert imported(tmp_path, gzip.compress(pretty)) == Imported(0, 1, 0, ())


def test_damaged_lines_are_named(tmp_path: Path) -> None:
    """Lines that are no OTLP are counted and named; empty ones are passed over; spans without identity are rejected."""
    good = json_request(json_span())
    bad = json_request(json_span(spanId=""))
    assert imported(tmp_path, b"{\n\n" + good + b"\nnonsense\n" + bad) == Imported(1, 0, 1, (1, 4))


def test_damaged_archive(tmp_path: Path) -> None:
    """Of a gzip file that ends too early or is damaged, what can be unpacked is stored, and the rest is told."""
    line = json_request(json_span(attributes=[{"key": "a", "value": {"stringValue": secrets.token_hex(50_000)}}]))
    packed = gzip.compress(line + b"\n" + line)
    assert imported(tmp_path, packed[:-1_000]) == Imported(1, 0, 0, (2,))
    assert imported(tmp_path, packed[:-8] + bytes(8)) == Imported(0, 1, 0, (2,))
    assert imported(tmp_path, packed[:1_000]) == Imported(0, 0, 0, (1,))
    assert imported(tmp_path, packed[:12] + b"\xff" * 50) == Imported(0, 0, 0, (1,))


def test_nothing(tmp_path: Path) -> None:
    """An empty file holds nothing."""
    assert imported(tmp_path, b"") == Imported(0, 0, 0, ())


def test_command_says_what_happened(tmp_path: Path) -> None:
    """The command tells counts and damaged lines, and whether all was read."""
    file, said = tmp_path / "in.jsonl", []
    file.write_bytes(json_request(json_span(startTimeUnixNano=str(START_NS))) + b"\n{")
    assert not import_(tmp_path / "second.db", file, said.append)
    assert said == [
        "1 span stored, 0 already present, 0 rejected",
        "1 line is not OTLP JSON, or too long: 2",
    ]
    with pytest.raises(ConfigurationError, match="cannot be read"):
        import_(tmp_path / "second.db", tmp_path / "missing", said.append)


def test_limits_in_the_environment_are_those_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else may ever write to it."""
    monkeypatch.setenv("OBSV_MAX_BYTES", "1GB")
    file = tmp_path / "in.jsonl"
    file.write_bytes(json_request(json_span()))
    import_(tmp_path / "second.db", file, lambda _: None)
    writer = Writer(tmp_path / "second.db")
    assert writer.limits().max_bytes == 10**9
    writer.close()


def test_a_line_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit is not read into memory; those around it are stored."""
    monkeypatch.setattr("obsv.otlp.transfer.LONGEST_LINE", 10_000)
    monkeypatch.setattr("obsv.otlp.transfer.CHUNK_BYTES", 100)
    good = json_request(json_span())
    other = json_request(json_span(spanId=PARENT_ID.hex()))
    packed = gzip.compress(good + b"\n" + b"{" * 25_050 + b"\n" + other + b"\n")
    assert imported(tmp_path, packed) == Imported(2, 0, 0, (2,))


def test_a_bomb_of_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of which nothing can be read is given up after some thousand lines."""
    monkeypatch.setattr("obsv.otlp.transfer.MOST_UNREADABLE", 20)
    assert len(imported(tmp_path, gzip.compress(b"x\n" * 1_000_000)).unreadable) == 20


def test_a_bomb_without_lines(tmp_path: Path) -> None:
    """Zeros that unpack to more than is read into memory are one unreadable line."""
    assert imported(tmp_path, gzip.compress(bytes(100 * 2**20), 1)) == Imported(0, 0, 0, (1,))


def test_lines_of_an_export_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans with much in them make more lines, so that each can be imported again."""
    monkeypatch.setattr("obsv.otlp.transfer.LINE_BYTES", 5_000)
    path = tmp_path / "wide.db"
    made = request(*(span({"a": "x" * 1_000}, span_id=(i + 1).to_bytes(8, "big")) for i in range(20)))
    Writer(path).write(decode_protobuf(made.SerializeToString(), RowMaker()).rows)
    lines = exported(path, trace_id=TRACE_ID.hex())
    assert len(lines) > 4
    assert max(map(len, lines)) <= 5_000
    assert imported(tmp_path, "\n".join(lines).encode()).stored == 20
