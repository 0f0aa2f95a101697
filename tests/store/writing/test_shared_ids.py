"""Spans that come with the ids of another span: none is lost, none stored twice, and the figures are the rows'."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from store_rows import FIELDS, START_NS, call, recounted, rollups, span_id, trace_id

from obsv.store import Reader, Signature, Source, SpanRow, Writer

SERVER, CLIENT = 2, 3
NAMES = {
    (service, name, kind): Signature(service, name, "lib", kind, FIELDS)
    for service in ("shop", "web")
    for name in ("GET", "GET /cart")
    for kind in (1, SERVER, CLIENT, 4, 5)
}
SOURCES = {service: Source(service, received=True) for service in ("shop", "web")}
UNFINISHED = '{"endTimeUnixNano":"0"}'
TAKEN = '{"startTimeUnixNano":"0"}'


def sent(number: int, service: str = "shop", name: str = "GET", kind: int = 1, **changes: Any) -> SpanRow:
    """A received span."""
    return call(number, NAMES[service, name, kind], **{"source": SOURCES[service], **changes})


def stored(reader: Reader) -> list[tuple[Any, ...]]:
    """`(service, name, kind, duration)` of all spans."""
    rows = reader.query(
        "select p.service, p.name, p.kind, s.duration_ns from span s join process p on p.id = s.process_id "
        "order by 1, 2, 3, 4"
    )
    return [tuple(row) for row in rows]


def tree(reader: Reader) -> dict[str, str | None]:
    """Services by the service of their parent's span."""
    rows = reader.query(
        "select p.service || ' ' || p.name as child, q.service || ' ' || q.name as parent from span s "
        "join process p on p.id = s.process_id "
        "left join span t on t.trace = s.trace and t.span_id = s.parent_span_id "
        "left join process q on q.id = t.process_id"
    )
    return {row["child"]: row["parent"] for row in rows}


def edges(reader: Reader) -> dict[tuple[str, str], int]:
    """Calls since the file began by caller and callee."""
    rows = reader.query(
        "select a.service || ' ' || a.name, b.service || ' ' || b.name, e.count from edge_minute e "
        "join process a on a.id = e.parent_id join process b on b.id = e.process_id where e.minute = 0"
    )
    return {(row[0], row[1]): row[2] for row in rows}


ROOT = sent(1, "shop", "GET /cart")
ASKS = sent(2, "shop", "GET", CLIENT, parent_span_id=span_id(1), duration_ns=9_000)
ANSWERS = sent(2, "web", "GET", SERVER, parent_span_id=span_id(1), duration_ns=7_000)
BELOW = sent(3, "web", "GET /cart", parent_span_id=span_id(2))


@pytest.mark.parametrize(
    "batches",
    [
        pytest.param([[ROOT, ASKS, ANSWERS, BELOW]], id="together"),
        pytest.param([[BELOW, ANSWERS, ASKS, ROOT]], id="together, from below"),
        pytest.param([[BELOW], [ANSWERS], [ASKS], [ROOT]], id="from below"),
        pytest.param([[ROOT], [ASKS], [ANSWERS], [BELOW]], id="from above"),
        pytest.param([[ROOT], [ASKS], [BELOW], [ANSWERS]], id="the answering side last"),
        pytest.param([[ROOT], [ANSWERS], [BELOW], [ASKS]], id="the asking side last"),
        pytest.param([[ASKS, ANSWERS], [ANSWERS, ASKS], [ROOT, BELOW, ASKS]], id="again and again"),
    ],
)
def test_two_sides_of_a_request_with_one_id(writer: Writer, reader: Reader, batches: list[list[SpanRow]]) -> None:
    """Whichever comes first, the answering side stands below the asking one, and keeps its own children."""
    for batch in batches:
        writer.write(batch)
    expected = {"shop GET /cart": None, "shop GET": "shop GET /cart", "web GET": "shop GET", "web GET /cart": "web GET"}
    assert tree(reader) == expected
    assert edges(reader) == {(parent, child): 1 for child, parent in expected.items() if parent}


def test_two_sides_count_as_one_request(writer: Writer, reader: Reader) -> None:
    """The service graph has the request, whichever side came first."""
    for number, batches in enumerate(([[ROOT, ANSWERS], [ASKS]], [[ROOT, ASKS], [ANSWERS]], [[ASKS, ANSWERS, ROOT]])):
        for batch in batches:
            writer.write([row._replace(trace_id=trace_id(number + 1)) for row in batch])
    found = reader.query("select client, server, side, sum(count) from request_total group by 1, 2, 3")
    assert sorted(map(tuple, found)) == [("shop", "web", 0, 3), ("shop", "web", 1, 3)]


def test_spans_of_two_services_with_one_id_are_both_there(writer: Writer, reader: Reader) -> None:
    """Also where nothing says that one called the other, and however often they come."""
    for _ in range(2):
        writer.write([sent(1, "shop"), sent(1, "web")])
    assert stored(reader) == [("shop", "GET", 1, 5_000), ("web", "GET", 1, 5_000)]


def test_spans_of_one_service_with_one_id_are_both_there(writer: Writer, reader: Reader) -> None:
    """Forked processes may make the same ids: another start, or another name, is another span."""
    rows = [sent(1), sent(1, start_ns=START_NS), sent(1, name="GET /cart"), sent(1, start_ns=START_NS + 9)]
    for _ in range(2):
        writer.write(rows)
    assert len(stored(reader)) == 4


@pytest.mark.parametrize("name", ["GET", "GET /cart"])
@pytest.mark.parametrize("order", ["unfinished first", "finished first", "together", "together, finished first"])
@pytest.mark.parametrize("duration_ns", [0, 7_000])
def test_unfinished_then_finished(writer: Writer, reader: Reader, name: str, order: str, duration_ns: int) -> None:
    """The finished state of a span stays, under the name that it has got meanwhile, and is counted once."""
    unfinished = sent(1, duration_ns=0, detail=UNFINISHED, status=0)
    finished = sent(1, name=name, duration_ns=duration_ns, status=2, exception="ValueError: no", data='["a","b"]')
    rows = [unfinished, finished] if "unfinished first" in order or order == "together" else [finished, unfinished]
    for batch in [rows] if "together" in order else [[row] for row in rows]:
        writer.write(batch)
    assert stored(reader) == [("shop", name, 1, duration_ns)]
    counted = reader.query(
        "select p.name, m.count, m.errors, m.total_ns from process_minute m join process p on p.id = m.process_id "
        "where m.minute = 0"
    )
    assert [tuple(row) for row in counted] == [(name, 1, 1, duration_ns)]
    assert [row[0] for row in reader.query("select count from error_group")] == [1]


def test_states_of_a_span_that_has_no_start(writer: Writer, reader: Reader) -> None:
    """Its start is when it came, so that says nothing."""
    writer.write([sent(1, start_ns=START_NS, detail=TAKEN)])
    writer.write([sent(1, start_ns=START_NS + 1, detail=TAKEN)])
    assert len(stored(reader)) == 1


def test_what_was_recorded_here_stays(writer: Writer, reader: Reader) -> None:
    """A copy that comes in over OTLP, whatever it says, replaces no recorded call."""
    own = call(1, NAMES["shop", "GET", 1])
    writer.write([own])
    writer.write([sent(1, duration_ns=99_000), sent(1, "web")])
    assert stored(reader) == [("shop", "GET", 1, 5_000), ("web", "GET", 1, 5_000)]


def test_the_answer_to_a_recorded_call_stands_below_it(writer: Writer, reader: Reader) -> None:
    """A client's span that was recorded here keeps its id."""
    writer.write([ASKS._replace(source=Source("shop"), parent_span_id=None)])
    writer.write([ANSWERS._replace(parent_span_id=None)])
    assert tree(reader) == {"shop GET": None, "web GET": "shop GET"}


@st.composite
def spans(draw: st.DrawFn) -> SpanRow:
    """A received span, with one of a few ids."""
    number = draw(st.integers(1, 3))
    unfinished = draw(st.booleans())
    return sent(
        number,
        draw(st.sampled_from(["shop", "web"])),
        draw(st.sampled_from(["GET", "GET /cart"])),
        draw(st.sampled_from([1, SERVER, CLIENT, 4, 5])),
        parent_span_id=draw(st.none() | st.integers(1, 4).filter(lambda parent: parent != number).map(span_id)),
        start_ns=START_NS + draw(st.integers(0, 1)) * 90_000_000_000,
        duration_ns=0 if unfinished else draw(st.integers(0, 3)) * 10**9,
        detail=UNFINISHED if unfinished else None,
        status=draw(st.sampled_from([0, 2])),
    )


def _sums(counts: Any) -> list[Any]:
    processes, edges, buckets = counts
    return [
        {key: sums[:3] for key, sums in processes.items()},
        {key: sums[:3] for key, sums in edges.items()},
        {key: count for key, count in buckets.items() if count},
    ]


# A client's span that is finished later, and has meanwhile got the parent of the server's that shares its ID.
UNSURE = sent(1, "web", "GET /cart", CLIENT)
SHARES = sent(1, "shop", "GET", SERVER, parent_span_id=span_id(2))
LATER = UNSURE._replace(parent_span_id=span_id(2), duration_ns=10**9)
# A span that is finished, and gives its ID to the other side of its request, in one batch that follows its child's.
OPEN = sent(2, "shop", "GET", CLIENT, detail=UNFINISHED, duration_ns=0)
ANSWER = sent(2, "shop", "GET", SERVER)
CHILD = sent(1, parent_span_id=span_id(2))


@given(batches=st.lists(st.lists(spans(), max_size=6), max_size=5), writers=st.integers(1, 2))
@settings(max_examples=60, deadline=None)
@example(batches=[[ASKS], [BELOW], [ANSWERS], [ROOT]], writers=2)
@example(batches=[[UNSURE, SHARES], [LATER]], writers=1)
@example(batches=[[OPEN, CHILD], [OPEN._replace(detail=None), ANSWER]], writers=1)
def test_every_service_is_there_and_the_figures_are_those_of_the_rows(
    batches: list[list[SpanRow]], writers: int
) -> None:
    """Whatever came in which order; and all of it once more changes nothing."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "store.db"
        several = [Writer(path) for _ in range(writers)]
        several[0].open()
        for number, batch in enumerate(batches):
            result = several[number % writers].write(batch)
            assert sum(result) == len(batch)
        reader = Reader(path)
        assert _sums(rollups(reader)) == _sums(recounted(reader))
        kinds = {(row.signature.service, row.signature.kind) for batch in batches for row in batch}
        assert {(row[0], row[2]) for row in stored(reader)} == kinds
        before = stored(reader)
        for batch in batches:
            several[0].write(batch)
        assert stored(reader) == before
        assert _sums(rollups(reader)) == _sums(recounted(reader))
        for each in (*several, reader):
            each.close()
