"""The effect of a batch on the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from store_rows import FIELDS, PRICE, SHOP, START_NS, call, connection_of, recounted, rollups, span_id, trace_id

from obsv.errors import StoreUnavailable
from obsv.store import Code, Reader, RecorderRow, Signature, Source, Writer
from obsv.store.ground import RingProgress
from obsv.store.writing.interning import EPOCH_NS

FAILED = {"status": 2, "exception": "Traceback"}


def test_batch_is_shown_by_the_views(writer: Writer, reader: Reader) -> None:
    """A stored call is one row of process_trace and one row a value of data_trace."""
    row = call(1, start_ns=START_NS + 123_456_789, data='["1","2"]', parent_span_id=span_id(9), parent=PRICE)
    assert writer.write([row]) == (1, 0)
    (shown,) = reader.query("select * from process_trace")
    assert tuple(shown) == (
        "2026-09-21 14:13:20.123456", "shop.price", "OK", 0.005, None, "shop", trace_id(1).hex(), span_id(1).hex(),
        span_id(9).hex(), 0, 7, "shop",
    )  # fmt: skip
    values = reader.query("select data, data_type, data_value, status from data_trace")
    assert [tuple(value) for value in values] == [("order", "INPUT", "1", "OK"), ("return", "OUTPUT", "2", "OK")]


def test_root_and_unknown_thread_are_null(writer: Writer, reader: Reader) -> None:
    """A root has no parent in the view; a call of an unknown thread has no thread."""
    writer.write([call(1, thread=None)])
    assert tuple(reader.query("select parent_span_id, thread_id from process_trace")[0]) == (None, None)


def test_failed_call_has_its_traceback(writer: Writer, reader: Reader) -> None:
    """A call with status error is ERR, with the whole exception."""
    writer.write([call(1, status=2, exception="Traceback\nValueError: x"), call(2, status=0)])
    rows = reader.query("select status, exception from process_trace order by ts")
    assert [tuple(row) for row in rows] == [("ERR", "Traceback\nValueError: x"), ("OK", None)]


def test_rare_columns_are_kept_as_they_are(writer: Writer, reader: Reader) -> None:
    """Costs and details are stored, and a cost of nothing is not the same as one not measured."""
    writer.write([call(1, cpu_ns=0, memory_bytes=-5, detail='{"flags":1}'), call(2, cpu_ns=7), call(3)])
    rows = reader.query("select cpu_ns, memory_bytes, detail from span order by start_ns")
    assert [tuple(row) for row in rows] == [(0, -5, '{"flags":1}'), (7, None, None), (None, None, None)]
    assert tuple(reader.query("select cpu_ns, memory_bytes from process_minute where minute = 0")[0]) == (7, -5)


def test_foreign_values_keep_their_types(writer: Writer, reader: Reader) -> None:
    """Values that are not texts are shown as SQLite shows JSON."""
    signature = Signature("web", "GET /", "web", 2, tuple((name, "INPUT") for name in "abcde"))
    writer.write([call(1, signature, data='[8080,1.5,["x","y"],null,"text"]')])
    values = [row[0] for row in reader.query("select data_value from data_trace")]
    assert values == [8080, 1.5, '["x","y"]', None, "text"]


def test_row_that_is_there_already_is_not_counted(writer: Writer, reader: Reader) -> None:
    """A batch sent twice is stored and counted once, also within one batch; the first of two is kept."""
    writer.write([call(1), call(2)])
    assert writer.write([call(2), call(3), call(3, duration_ns=9)]) == (1, 2)
    assert tuple(reader.query("select count, total_ns from process_minute where minute = 0")[0]) == (3, 15_000)


def test_same_span_id_in_another_trace_is_another_span(writer: Writer) -> None:
    """A span is known by trace and span id together."""
    assert writer.write([call(1), call(1, trace_id=trace_id(2))]) == (2, 0)


@pytest.mark.parametrize("every", [1, 9, 97])
@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 999, 1_000, 1_001, 2_499, 2_500, 2_600, 4_990, 5_003])
def test_batch_of_any_size(writer: Writer, reader: Reader, size: int, every: int) -> None:
    """However a batch is divided into statements, each row is stored once, failed ones with their exceptions."""
    rows = [call(number, **FAILED if number % every == 0 else {}) for number in range(size)]
    assert writer.write(rows) == (size, 0)
    assert reader.query("select count(*), count(exception) from span")[0][:] == (size, len(range(0, size, every)))
    assert writer.write(rows) == (0, size)


def test_first_of_two_is_kept_in_a_large_batch(writer: Writer, reader: Reader) -> None:
    """Rollups count the duplicate that was stored, whichever statement wrote it."""
    rows = [call(number, duration_ns=1) for number in range(4_000)]
    rows += [call(number, duration_ns=10**6, **FAILED) for number in range(3_990, 4_010)]
    assert writer.write(rows) == (4_010, 10)
    assert rollups(reader) == recounted(reader)


def test_batch_is_few_statements(writer: Writer) -> None:
    """After each long statement the thread waits for the interpreter lock: their number is what counts under load."""
    rows = [call(number, **FAILED if number % 100 == 0 else {}) for number in range(10_000)]
    writer.write(rows[:5_000])
    statements: dict[str, None] = {}  # one that runs triggers is told again after each
    connection_of(writer).set_trace_callback(statements.setdefault)
    writer.write(rows[5_000:])
    long = [sql for sql in statements if "span(" in sql or sql == "commit"]
    assert len(long) <= 4
    assert len(statements) - len(long) <= 3


def test_empty_batch(writer: Writer, path: Path) -> None:
    """Nothing to write does not even make the file."""
    assert writer.write([]) == (0, 0)
    assert not path.exists()


def test_directories_are_made(tmp_path: Path) -> None:
    """The file's directories are made with it."""
    writer = Writer(tmp_path / "logs" / "deep" / "observability.db")
    writer.open()
    assert writer.path.exists()
    writer.close()


def test_shapes_of_one_process_share_it(writer: Writer, reader: Reader) -> None:
    """Equal signatures are one row, other fields another signature, another service another process of that name."""
    same = Signature("shop", "shop.price", "shop", 1, FIELDS)
    fewer = Signature("shop", "shop.price", "shop", 1, FIELDS[:1])
    other = Signature("web", "shop.price", "shop", 1, FIELDS)
    writer.write([call(number, each) for number, each in enumerate((PRICE, same, fewer, other), 1)])
    counts = reader.query(
        "select (select count(*) from process_name), (select count(*) from process), count(*) from signature"
    )
    assert counts[0][:] == (1, 2, 3)


def test_source_and_code_are_kept(writer: Writer, reader: Reader) -> None:
    """The origin of a span is stored, and the function's source at the time of the call."""
    old, new = (Signature("shop", "shop.price", "shop", 1, FIELDS, Code("shop.py", 3, text)) for text in ("v1", "v2"))
    writer.write([call(1, old), call(2, new, source=Source("shop", '{"a":1}', '{"name":"x"}')), call(3, new)])
    rows = reader.query(
        "select c.file_path, c.line_number, c.source_text, o.resource "
        "from span s join signature g on g.id = s.signature_id join code c on c.id = g.code_id "
        "join source o on o.id = s.source_id order by s.start_ns"
    )
    assert [tuple(row) for row in rows] == [
        ("shop.py", 3, "v1", SHOP.resource), ("shop.py", 3, "v2", '{"a":1}'), ("shop.py", 3, "v2", SHOP.resource),
    ]  # fmt: skip


def test_ids_are_looked_up_anew_after_an_epoch(path: Path, reader: Reader) -> None:
    """Cached ids are given up every ten minutes, and what is still used is marked so that retention spares it."""
    now = [START_NS]
    writer = Writer(path, clock=lambda: now[0])
    writer.write([call(1)])
    now[0] += EPOCH_NS
    writer.write([call(2)])
    for table in ("source", "process", "process_name", "signature", "thread"):
        assert [row[0] for row in reader.query(f"select used_ns from {table}")] == [now[0]]
    writer.close()


def test_exact_inputs_are_kept(writer: Writer, reader: Reader) -> None:
    """Pickled inputs of a failing call stand beside it."""
    writer.write([call(1, status=2, exact=b"pickle"), call(2)])
    (row,) = reader.query("select trace_id, span_id, pickle from exact_input")
    assert tuple(row) == (trace_id(1), span_id(1), b"pickle")


def test_the_position_of_a_ring_is_in_the_same_transaction(writer: Writer) -> None:
    """It is stored with the rows, and forgotten on request."""
    ring = RingProgress("ring", 5, 6, 7, 8)
    assert writer.ring("ring") is None
    writer.write([call(1)], [ring])
    writer.write([], [ring._replace(calls=50)])
    writer.close()
    assert writer.ring("ring") == ring._replace(calls=50)
    writer.forget_ring("ring")
    assert writer.ring("ring") is None


def test_failed_batch_leaves_nothing(path: Path, reader: Reader) -> None:
    """When a batch fails, neither rows nor rollups nor progress are there, and the same batch works later."""
    writer = Writer(path, busy_timeout_s=0.02)
    writer.write([call(1)])
    connection_of(writer).execute(
        "create trigger fail before insert on variable begin select raise(abort, 'disk i/o'); end"
    )
    with pytest.raises(StoreUnavailable):
        writer.write(
            [call(2), call(3, Signature("shop", "shop.new", "shop", 1, FIELDS))], [RingProgress("a", 5, 6, 7, 8)]
        )
    assert reader.query("select count(*), (select sum(count) from process_minute), 0 from span")[0][:] == (1, 2, 0)
    assert writer.ring("a") is None
    connection_of(writer).execute("drop trigger fail")
    assert writer.write([call(2), call(3, Signature("shop", "shop.new", "shop", 1, FIELDS))]) == (2, 0)
    writer.close()


def test_recorder_is_one_row(writer: Writer, reader: Reader) -> None:
    """A report of a recorder replaces the previous one."""
    said = RecorderRow("host:1:2", "shop", 1, "host", 2, 3, "OK", "{}")
    writer.report(said)
    writer.report(said._replace(updated_ns=4, state="CIRCUIT OPEN", stats='{"depth":1}'))
    rows = reader.query("select * from recorder")
    assert [tuple(row) for row in rows] == [("host:1:2", "shop", 1, "host", 2, 4, "CIRCUIT OPEN", '{"depth":1}')]


def test_what_sqlite_cannot_take_is_repaired(writer: Writer, reader: Reader) -> None:
    """Half a surrogate pair and a number beyond 64 bits do not hold the batch up."""
    odd = Signature("shop", "caf\ud800", "shop", 1, FIELDS)
    rows = [call(1, odd, data='["\udfff","2"]'), call(2, duration_ns=1 << 70), call(3, exception="\ud800", status=2)]
    assert writer.write(rows) == (3, 0)
    shown = reader.query("select process, duration_ms, exception from process_trace order by ts")
    assert [row["process"] for row in shown] == ["caf?", "shop.price", "shop.price"]
    assert [row["exception"] for row in shown] == [None, None, "?"]
    assert json.loads(reader.query("select data from span order by start_ns")[0][0]) == ["?", "2"]


def test_feed_learns_its_interval(writer: Writer, reader: Reader) -> None:
    """A feed's usual interval is a weighted mean: of a batch, and then of each update by an eighth."""
    ticks = Signature("shop", "shop.tick", "shop", 1, FIELDS, feed="prices")
    writer.write([call(1, ticks, start_ns=START_NS)])
    (first,) = reader.query("select last_ns, interval_ns, updates from feed where name = 'prices'")
    assert tuple(first) == (START_NS, None, 1)
    writer.write([call(number, ticks, start_ns=START_NS + (number - 1) * 1_000) for number in range(2, 10)])
    writer.write([call(10, ticks, start_ns=START_NS + 8_000 + 9_000)])
    (row,) = reader.query("select last_ns, interval_ns, updates from feed")
    assert tuple(row) == (START_NS + 17_000, 2_000, 10)
