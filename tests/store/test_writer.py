from obsv.store import Reader, Signature, Source, SpanRow, Writer

SIGNATURE = Signature("shop", "shop.price", "shop", 1, (("order", "INPUT"), ("return", "OUTPUT")))
SOURCE = Source("shop")


def row(number: int) -> SpanRow:
    return SpanRow(
        SIGNATURE,
        SOURCE,
        number.to_bytes(16, "big"),
        number.to_bytes(8, "big"),
        None,
        None,
        1_790_000_000_123_456_789 + number,
        5_000,
        (7, "MainThread"),
        1,
        0,
        f'["{number}","2"]',
    )


def test_batch_is_shown_by_the_views(writer: Writer, reader: Reader) -> None:
    """A stored call is one row of process_trace and one row a value of data_trace."""
    assert writer.write([row(1)]) == (1, 0)
    (call,) = reader.query("select ts, process, status, duration_ms, thread_id from process_trace")
    assert tuple(call) == ("2026-09-21 14:13:20.123456", "shop.price", "OK", 0.005, 7)
    values = reader.query("select data, data_type, data_value from data_trace")
    assert [tuple(value) for value in values] == [("order", "INPUT", "1"), ("return", "OUTPUT", "2")]


def test_row_that_is_there_already_is_not_counted(writer: Writer, reader: Reader) -> None:
    """A batch sent twice is stored and counted once, also within one batch."""
    writer.write([row(1), row(2)])
    assert writer.write([row(2), row(3), row(3)]) == (1, 2)
    (total,) = reader.query("select count from process_minute where minute = 0")
    assert total["count"] == 3
