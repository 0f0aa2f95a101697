"""The durations that are shown beside a call."""

from __future__ import annotations

import pytest
from store_rows import START_NS, call, span_id, trace_id

from obsv.store import Reader, Writer
from obsv.store.ground.rollups import MINUTE_NS
from obsv.store.spans.detail import ENOUGH_MEANS, MOST_POINTS, read_detail


@pytest.mark.parametrize(("minutes", "shown"), [(ENOUGH_MEANS - 1, MOST_POINTS), (ENOUGH_MEANS, ENOUGH_MEANS)])
def test_means_are_shown_where_they_make_a_line(writer: Writer, reader: Reader, minutes: int, shown: int) -> None:
    """Many calls within few minutes are shown one by one, the latest; over enough minutes as a mean a minute."""
    many, start = MOST_POINTS + minutes, START_NS - START_NS % MINUTE_NS
    calls = [call(n, start_ns=start + n * minutes * MINUTE_NS // many) for n in range(1, many)]
    writer.write(calls)
    last = calls[-1]
    found = read_detail(reader, trace_id(1).hex(), span_id(len(calls)).hex())
    assert found.call.start_ns == last.start_ns
    assert len(found.points) == shown
