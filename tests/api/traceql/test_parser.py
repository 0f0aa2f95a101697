"""TraceQL text becomes a query, or an error that says where and what."""

import random

import pytest
from builder_queries import queries
from hypothesis import given, settings
from hypothesis import strategies as st

from obsv.api.traceql import Metric, Query, parse
from obsv.api.traceql.parser import DEEPEST, MOST_PARTS
from obsv.errors import InvalidQuery
from obsv.store.finding.conditions import EVERY_SPAN, INTRINSIC, NO_SPAN, All, AnyOf, Compare, Field, Not, Present

FOO, NAME, DURATION = Field("", "foo"), Field(INTRINSIC, "span:name"), Field(INTRINSIC, "span:duration")
A = Compare(FOO, "=", "a")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("{}", EVERY_SPAN),
        ("{ true }", EVERY_SPAN),
        ('{.foo="bar"}', Compare(FOO, "=", "bar")),
        ('{span."a b".c=~"x|y"}', Compare(Field("span", "a b.c"), "=~", "x|y")),
        ("{resource.shard >= 3}", Compare(Field("resource", "shard"), ">=", 3)),
        ("{.foo = -1.5}", Compare(FOO, "=", -1.5)),
        ("{.foo}", Compare(FOO, "=", True)),
        ("{.foo = nil}", Not(Present(FOO))),
        ("{.foo != nil}", Present(FOO)),
        ('{"bar" = .foo}', Compare(FOO, "=", "bar")),
        ("{1s < duration}", Compare(DURATION, ">", 1_000_000_000)),
        ("{duration>1.5ms}", Compare(DURATION, ">", 1_500_000)),
        ("{traceDuration<2µs}", Compare(Field(INTRINSIC, "trace:duration"), "<", 2_000)),
        ("{status=error}", Compare(Field(INTRINSIC, "span:status"), "=", 2)),
        ("{span:kind!=server}", Compare(Field(INTRINSIC, "span:kind"), "!=", 2)),
        ("{.foo=error}", NO_SPAN),
        ("{nestedSetParent<0}", Not(Present(Field(INTRINSIC, "span:parentID")))),
        ('{rootServiceName="x"}', Compare(Field(INTRINSIC, "trace:rootService"), "=", "x")),
        ('{.foo="a" || .foo=1 && .foo=2}', AnyOf((A, All((Compare(FOO, "=", 1), Compare(FOO, "=", 2)))))),
        ('{!(name="a")}', Not(Compare(NAME, "=", "a"))),
        ('{name="say \\"x\\" \\\\"}', Compare(NAME, "=", 'say "x" \\')),
        ("{name=`a\\d`}", Compare(NAME, "=", "a\\d")),
        ("{ .foo = 1 } // the end", Compare(FOO, "=", 1)),
    ],
)
def test_conditions(text: str, condition: object) -> None:
    """The content of the braces becomes a condition."""
    assert parse(text) == Query(condition)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "select", "metric"),
    [
        ("{} | select(.foo, name, .foo)", (FOO, NAME), None),
        ("{} | rate()", (), Metric("rate")),
        ("{} | count_over_time() by(name, .foo)", (), Metric("count_over_time", by=(NAME, FOO))),
        ("{} | quantile_over_time(duration, .9, 1)", (), Metric("quantile_over_time", DURATION, (0.9, 1.0))),
        ("{} | histogram_over_time(.foo) by (name)", (), Metric("histogram_over_time", FOO, (), (NAME,))),
        ("{} | select(.foo) | rate()", (FOO,), Metric("rate")),
    ],
)
def test_stages(text: str, select: tuple[Field, ...], metric: Metric | None) -> None:
    """The stages after the braces define the result."""
    assert parse(text) == Query(EVERY_SPAN, select, metric)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "expected { to begin"),
        ("{.foo=bar}", 6, "expected a value"),
        ("{.foo=1", 7, "the end of the query"),
        ("{.foo=1}}", 8, "expected | or the end"),
        ("{foo=1}", 1, "expected a value"),
        ("{.=1}", 1, "not an attribute"),
        ('{.foo="bar}', 6, "closing quote"),
        ('{.foo="a\\d"}', 8, "unknown escape"),
        ("{.foo=1e999}", 6, "fit into 64 bits"),
        ("{.foo=99999999999999999999}", 6, "64 bits"),
        ("{.foo=#}", 6, "unexpected character"),
        ("{duration>1h30}", 10, "not a number or duration"),
        ('{duration>"1s"}', 1, "must be a duration"),
        ('{kind="server"}', 1, "without quotes"),
        ("{name=1}", 1, "in quotes"),
        ("{status>error}", 7, "cannot compare"),
        ("{.foo=~1}", 5, "cannot compare"),
        ('{.foo=~"("}', 5, "RE2"),
        ('{.foo=~"(?=x)"}', 5, "RE2"),
        ("{.foo=.bar}", 6, "expected a value"),
        ("{.foo=1=2}", 7, "expected && or ||"),
        ("{name}", 5, "expected a comparison"),
        ("{!.foo}", 2, "after !"),
        ("{parent.foo=1}", 1, "scope parent"),
        ("{nestedSetParent=4}", 1, "nestedSetParent"),
        ("{.foo=1} && {.bar=2}", 9, "one {…}"),
        ("{.foo=1} >> {.bar=2}", 9, "one {…}"),
        ("{} | count() > 2", 5, "expected select"),
        ("{} | compare({})", 5, "expected select"),
        ("{} | rate() | rate()", 14, "nothing can follow"),
        ("{} | rate() with(sample=true)", 12, "expected |"),
        ("{} | rate(", 10, "expected )"),
        ("{} | quantile_over_time(duration)", 32, "and a quantile"),
        ("{} | quantile_over_time(duration, 2)", 34, "between 0 and 1"),
        ("{} | histogram_over_time(name)", 25, "not a number"),
        ("{} | select()", 12, "expected an attribute"),
        ("{" + "(" * (DEEPEST + 2), DEEPEST + 2, "brackets"),
        ("{" + " && ".join([".a=1"] * (MOST_PARTS + 1)) + "}", 1 + 8 * MOST_PARTS, "comparisons"),
        ("{" + " " * 20_000, 16_384, "at most"),
    ],
)
def test_errors_say_where_and_what(text: str, position: int, words: str) -> None:
    """An unsupported query is an error with the position of the first wrong word."""
    with pytest.raises(InvalidQuery) as caught:
        parse(text)
    assert (caught.value.position, words in str(caught.value)) == (position, True), str(caught.value)


WORDS = ("&&", "||", "!=", "=~", ".foo", "span.", "name", "duration", '"x"', "1", "1.5s", ".9", "true", "nil", "error")
PIECES = st.sampled_from((*'{}()!|=<,-\\"`\0\ud800', *WORDS, "select", "rate", "by", " ", "//", "/*", "µ"))


def read_or_refused(text: str) -> bool:
    try:
        parse(text)
    except InvalidQuery as error:
        return error.position is not None and 0 <= error.position <= len(text)
    return True


@settings(max_examples=2_000)
@given(text=st.text() | st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever comes, the parser returns a query or raises InvalidQuery with a place in the text."""
    assert read_or_refused(text)


@settings(max_examples=500)
@given(seed=st.integers(0, 10**9), data=st.data())
def test_damaged_queries_are_read_or_refused(seed: int, data: st.DataObject) -> None:
    """A query of the builder with any slice replaced does not make the parser fail otherwise."""
    query = list(queries(random.Random(seed), 2))[1]
    first = data.draw(st.integers(0, len(query)))
    last = data.draw(st.integers(first, len(query)))
    assert read_or_refused(query[:first] + data.draw(st.text(max_size=5)) + query[last:])


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("{span.cost=3.2e-05}", "cost", 3.2e-05),
        ("{span.x=.5}", "x", 0.5),
        ("{span.x=1E3}", "x", 1000.0),
        ("{span.x=-9223372036854775808}", "x", -(2**63)),
        ('{span.x="lit\\u0030\\x41\\101\\U0001f600"}', "x", "lit0AA😀"),
        ('{span.x="a\\n\\tb\\a\\v"}', "x", "a\n\tb\a\v"),
        ('{span.x="\\xc3\\xa9\\303\\251"}', "x", "éé"),
        ("{span.é=1}", "é", 1),
        ("{.日本=1}", "日本", 1),
        ("{span.5xx=1}", "5xx", 1),
        ("{resource./path=1}", "/path", 1),
        ("{.-flag=1}", "-flag", 1),
        ("{span.span.x=1}", "span.x", 1),
    ],
)
def test_literals_and_names_as_tempo_reads_them(text: str, name: str, value: object) -> None:
    """Numbers and texts are Go's literals, and names may begin with anything but a point."""
    condition = parse(text).condition
    assert isinstance(condition, Compare)
    assert (condition.field.name, condition.value) == (name, value)


@pytest.mark.parametrize(
    ("text", "nanoseconds"), [("1h30m", 5_400 * 10**9), ("1.5h", 5_400 * 10**9), ("1m2s3ms", 62_003_000_000)]
)
def test_durations_of_several_parts(text: str, nanoseconds: int) -> None:
    """Durations are Go's."""
    assert parse(f"{{traceDuration>{text}}}").condition == Compare(
        Field("intrinsic", "trace:duration"), ">", nanoseconds
    )


@pytest.mark.parametrize("text", ["\\q", "\\ud800", "\\U00110000", "\\777", "\\x4", "\\18"])
def test_escapes_that_go_does_not_have(text: str) -> None:
    """Are errors."""
    with pytest.raises(InvalidQuery, match="unknown escape"):
        parse(f'{{span.x="{text}"}}')
