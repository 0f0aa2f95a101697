"""The histogram over all processes."""

from obsv.store import Reader, Signature, Source, SpanRow, Writer

SOURCE = Source("shop")
SIGNATURES = [Signature("shop", name, "shop", 1, ()) for name in ("shop.price", "shop.sell")]
MINUTE = 60_000_000_000


def row(number: int) -> SpanRow:
    ids = number.to_bytes(16, "big"), number.to_bytes(8, "big")
    start = 30_000_000 * MINUTE + number % 3 * MINUTE
    return SpanRow(SIGNATURES[number % 2], SOURCE, *ids, None, None, start, 10 ** (number % 5), None, 0, 0, "[]")


def test_it_sums_the_processes(writer: Writer, reader: Reader) -> None:
    """Each minute, and the time since the file began, holds the sum of the processes' buckets."""
    for first in range(0, 90, 30):
        writer.write([row(number) for number in range(first, first + 30)])
    summed = "select minute, bucket, sum(count) from process_histogram group by minute, bucket"
    total = [tuple(each) for each in reader.query("select minute, bucket, count from minute_histogram")]
    assert total == [tuple(each) for each in reader.query(summed)]
    assert len({minute for minute, _, _ in total}) == 4
