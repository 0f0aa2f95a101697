"""Log records in the file: stored once, kept as long as calls, and gone first where there is no room."""

from pathlib import Path

import pytest
from store_rows import SHOP, START_NS, call

from obsv.store import Reader, Writer
from obsv.store.ground import LogRow

HOUR_NS = 3_600_000_000_000


def log(number: int, **changes: object) -> LogRow:
    row = LogRow(SHOP, START_NS + 1_000 * number, 9, "INFO", "tick", "null", f'{{"n":{number}}}')
    return row._replace(**changes)  # type: ignore[arg-type]


def test_what_is_sent_twice_is_stored_once(writer: Writer, reader: Reader) -> None:
    """Every part counts: one that differs in anything is another one."""
    rows = [log(1), log(1), log(1, severity=10), log(1, span_id=bytes(7) + b"1"), log(2)]
    writer.write([], logs=rows)
    writer.write([], logs=rows)
    assert reader.query("select count(*) from log")[0][0] == 4


def test_the_view_shows_bodies_as_they_are(writer: Writer, reader: Reader) -> None:
    """Texts as texts, containers as JSON."""
    bodies = ('"text"', "7", '{"a":1}', "[1,2]", "null")
    writer.write([], logs=[log(number, body=body) for number, body in enumerate(bodies)])
    assert [row[0] for row in reader.query("select body from log order by ts")] == ["text", 7, '{"a":1}', "[1,2]", None]


def test_text_that_is_no_utf8_costs_no_other_row(writer: Writer, reader: Reader) -> None:
    """Calls and log records of the batch are stored."""
    writer.write([call(1)], logs=[log(1, thread="\ud800"), log(2)])
    assert reader.query("select (select count(*) from log), (select count(*) from span)")[0][:] == (2, 1)


def test_old_ones_go(writer: Writer, reader: Reader) -> None:
    """With their source, and not before."""
    writer.write([], logs=[log(1), log(2, time_ns=START_NS + 9 * HOUR_NS)])
    while writer.retain(START_NS + 10 * HOUR_NS).more:
        pass
    assert [row[0] for row in reader.query("select attributes from log")] == ['{"n":2}']
    assert reader.query("select service from log")[0][0] == "shop"


def test_the_source_stays_with_its_records(path: Path, reader: Reader) -> None:
    """However long nothing else has used it."""
    writer = Writer(path, clock=lambda: START_NS)
    writer.write([], logs=[log(1, time_ns=START_NS + 100 * 24 * HOUR_NS)])
    while writer.retain(START_NS + 100 * 24 * HOUR_NS).more:
        pass
    writer.close()
    assert reader.query("select service from log")[0][0] == "shop"


@pytest.mark.parametrize("severe", [False, True])
def test_a_size_limit_holds_for_them(writer: Writer, reader: Reader, path: Path, severe: bool) -> None:
    """The oldest go first; those of ERROR and above only when nothing milder is left."""
    writer.limit(max_bytes=4_000_000)
    text = "x" * 2_000
    for number in range(0, 3_000, 100):
        rows = [
            log(each, attributes=f'{{"n":{each},"t":"{text}"}}', severity=17 if severe or each == 0 else 9)
            for each in range(number, number + 100)
        ]
        writer.write([], logs=rows)
    while writer.retain(START_NS).more:
        pass
    found = [row[0] for row in reader.query("select json_extract(attributes, '$.n') from log order by ts")]
    assert 100 < len(found) < 1_000
    assert found[-1] == 2_999
    assert found[0] == (found[1] - 1 if severe else 0)
    assert path.stat().st_size <= 4_000_000
