"""Metrics as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from obsv.api.exposition import OPENMETRICS, TEXT, Family, Histogram, render, wanted

CALLS = Family("calls", "counter", "Calls.", ("name",), [(("a",), 3), (("b",), 0)])
TIME = Family("time", "histogram", "Durations.", ("name",), [(("a",), Histogram((1, 2), 3, 0.5))], ("0.1", "0.2"))
DEPTH = Family("depth", "gauge", "Depth.", (), [((), 1.5)])


def test_plain_text() -> None:
    """The classic format, word for word."""
    assert render([CALLS, TIME, DEPTH]).splitlines() == [
        "# HELP calls_total Calls.",
        "# TYPE calls_total counter",
        'calls_total{name="a"} 3',
        'calls_total{name="b"} 0',
        "# HELP time Durations.",
        "# TYPE time histogram",
        'time_bucket{name="a",le="0.1"} 1',
        'time_bucket{name="a",le="0.2"} 2',
        'time_bucket{name="a",le="+Inf"} 3',
        'time_sum{name="a"} 0.5',
        'time_count{name="a"} 3',
        "# HELP depth Depth.",
        "# TYPE depth gauge",
        "depth{} 1.5",
    ]


def test_openmetrics_names_counters_without_total_and_ends() -> None:
    """OpenMetrics differs in the counter's title and in its end mark."""
    lines = render([CALLS], OPENMETRICS).splitlines()
    assert lines[1] == "# TYPE calls counter"
    assert lines[2] == 'calls_total{name="a"} 3'
    assert lines[-1] == "# EOF"


# The official parsers split lines at these too, which the formats do not.
LINE_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters=LINE_ENDS)))
def test_any_label_is_read_back(text: str) -> None:
    """Quotes, backslashes and line breaks in a label come through both parsers."""
    family = Family("calls", "counter", "Calls.", ("name",), [((text,), 1)])
    for content_type, parse in ((TEXT, parse_text), (OPENMETRICS, parse_openmetrics)):
        (parsed,) = parse(render([family], content_type))
        assert [sample.labels for sample in parsed.samples] == [{"name": text}]


def test_histogram_is_read_back() -> None:
    """The official parser of OpenMetrics, which checks order and sums of buckets, takes it."""
    (parsed,) = parse_openmetrics(render([TIME], OPENMETRICS))
    assert [sample.value for sample in parsed.samples] == [1, 2, 3, 0.5, 3]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html, application/xml;q=0.9", TEXT),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.2, text/plain;q=0.5", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=nan", TEXT),
    ],
)
def test_the_format_is_negotiated(accept: str, content_type: str) -> None:
    """Prometheus prefers OpenMetrics and gets it; who asks for nothing gets plain text."""
    assert wanted(accept) == content_type
