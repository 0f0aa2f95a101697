"""Tempo's API, by the requests that Grafana sends and decoders as strict as its own."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from builder_queries import queries
from httpx import AsyncClient
from query_world import SLASHED, START_NS
from strict import INSTANT, SEARCH, SERIES, TAG_VALUES, TAGS, has, load, trace_by_id, traces_data

from obsv.api.traceql.parser import DEEPEST

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
START_S = START_NS // 10**9
PROTOBUF = {"accept": "application/protobuf"}
AROUND = {"start": START_S - 60, "end": START_S + 120}


async def get(client: AsyncClient, path: str, shape: Any, **params: Any) -> Any:
    answer = await client.get(f"/tempo/api/{path}", params=params)
    assert answer.status_code == 200, answer.text
    found = load(answer.content)
    has(found, shape)
    return found


async def search(client: AsyncClient, q: str, **params: Any) -> list[Any]:
    return list((await get(client, "search", SEARCH, q=q, **params))["traces"])


async def found(client: AsyncClient, q: str, **params: Any) -> list[str]:
    return [trace["traceID"].lstrip("0") for trace in await search(client, q, **params)]


async def refused(client: AsyncClient, path: str, **params: Any) -> str:
    answer = await client.get(f"/tempo/api/{path}", params=params)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


async def test_health(client: MakeClient) -> None:
    """Grafana's "Save & test" wants this word, store or not."""
    answer = await client().get("/tempo/api/echo")
    assert (answer.status_code, answer.text) == (200, "echo")


async def test_build_info(client: MakeClient) -> None:
    """The version decides which features Grafana's editor offers."""
    assert load((await client().get("/tempo/api/status/buildinfo")).content) == {"version": "2.7.0"}


async def test_trace_in_protobuf(world: AsyncClient) -> None:
    """Version 2 wraps what version 1 gives; every message that Grafana follows is there, even when it is empty."""
    for trace in range(1, 6):
        answer = await world.get(f"/tempo/api/v2/traces/{trace:032x}?start=1&end=2", headers=PROTOBUF)
        assert answer.headers["content-type"] == "application/protobuf"
        wrapped = trace_by_id(answer.content)
        plain = traces_data((await world.get(f"/tempo/api/traces/{trace:x}", headers=PROTOBUF)).content)
        assert wrapped == plain
        assert wrapped.resource_spans


async def test_trace_in_json(world: AsyncClient) -> None:
    """Without protobuf in Accept the answer is OTLP JSON."""
    wrapped = load((await world.get("/tempo/api/v2/traces/1")).content)
    plain = load((await world.get("/tempo/api/traces/1")).content)
    assert wrapped["trace"]["resourceSpans"] == plain["batches"]


@pytest.mark.parametrize("version", ["v2/", ""])
async def test_unknown_trace(world: AsyncClient, version: str) -> None:
    """404, which makes Grafana try the other version."""
    answer = await world.get(f"/tempo/api/{version}traces/{77:032x}", headers=PROTOBUF)
    assert (answer.status_code, answer.text) == (404, "trace not found")


async def test_search_without_a_query(world: AsyncClient) -> None:
    """`{}` finds everything, the latest first; a trace without its root is named after its first span."""
    traces = await search(world, "{}", **AROUND)
    assert [trace["traceID"].lstrip("0") for trace in traces] == ["5", "4", "3", "2", "1"]
    assert (traces[1]["rootServiceName"], traces[1]["rootTraceName"]) == (SLASHED, "SELECT")
    assert (traces[4]["rootServiceName"], traces[4]["durationMs"]) == ("shop", 900)
    assert traces[4]["spanSets"][0]["matched"] == 4
    assert len(traces[4]["spanSets"][0]["spans"]) == 3


@pytest.mark.parametrize(
    ("q", "traces"),
    [
        ('{resource.service.name="shop"}', ["2", "1"]),
        (f'{{resource.service.name="{SLASHED}" && status=error}}', ["3"]),
        ('{name="SELECT" && span.db.system="sqlite"}', ["1"]),
        ("{duration>1s}", ["3", "2"]),
        ("{traceDuration<1ms}", ["4"]),
        ('{(.sku="sku-1" || .sku="sku-9")}', ["2", "1"]),
        ('{.sku=~"sku-[1-5]"}', ["1"]),
        ('{.sku=~"sku"}', []),
        ("{kind=client}", ["4", "1"]),
        ('{rootServiceName="shop" && name="SELECT"}', ["1"]),
        ('{event:name="cache.miss"}', ["3"]),
        ('{event.exception.type="ValueError"}', ["2"]),
        (f'{{link:traceID="{1:032x}"}}', ["3"]),
        ('{instrumentation:version="2.1" && resource.canary=true}', ["5", "4", "3", "1"]),
        ('{span.db.name="x" || span.db.system="mysql"}', ["4"]),
        ("{span.http.response.status_code>=400 && span.http.response.status_code<500}", ["5"]),
        ("{nestedSetParent<0 && true}", ["5", "3", "2", "1"]),
        ("{.cached = false}", ["4"]),
        ("{.share > 1}", ["4"]),
        ('{.tags="a"}', ["1"]),
    ],
)
async def test_queries_of_the_builder(world: AsyncClient, q: str, traces: list[str]) -> None:
    """One span of each trace found satisfies all of the conditions."""
    assert await found(world, q, **AROUND) == traces


async def test_limits(world: AsyncClient) -> None:
    """limit bounds the traces, spss the spans of each, start and end the time."""
    assert await found(world, "{}", limit=2) == ["5", "4"]
    (trace,) = await search(world, '{rootServiceName="shop" && status!=error}', spss=2)
    assert (len(trace["spanSets"][0]["spans"]), trace["spanSets"][0]["matched"]) == (2, 4)
    assert await found(world, "{}", start=START_S + 15, end=START_S + 25) == ["3"]


async def test_a_limit_of_nothing(world: AsyncClient) -> None:
    """Tempo refuses a limit that is not a positive number."""
    assert "limit" in await refused(world, "search", q="{}", limit=0)


async def test_probe(client: MakeClient) -> None:
    """Whoever watches a Tempo asks whether it is ready."""
    answer = await client().get("/tempo/ready")
    assert (answer.status_code, answer.text) == (200, "ready")


async def test_durations_beside_the_query(world: AsyncClient) -> None:
    """`minDuration` and `maxDuration` are of the trace; with both, nothing is lost and nothing doubled."""
    everything = set(await found(world, "{}", limit=1_000))
    longest = max(int(trace["durationMs"]) for trace in await search(world, "{}", limit=1_000))
    assert await found(world, "{}", minDuration=f"{longest + 1}ms") == []
    long, short = [
        set(await found(world, "{}", limit=1_000, **{name: "1500ms"})) for name in ("minDuration", "maxDuration")
    ]
    assert long | short == everything
    assert len(long) < len(everything)
    assert "minDuration" in await refused(world, "search", q="{}", minDuration="xyz")
    assert "maxDuration" in await refused(world, "search", q="{}", maxDuration="5")


async def test_tags_beside_the_query(world: AsyncClient) -> None:
    """`tags` are logfmt, and mean what the same conditions mean in TraceQL."""
    for tags, q in (
        (f"service.name={SLASHED}", f'{{.service.name="{SLASHED}"}}'),
        ('name="GET /cart"', '{name="GET /cart"}'),
        ("service.name=nobody", '{.service.name="nobody"}'),
    ):
        assert await found(world, "{}", tags=tags, limit=1_000) == await found(world, q, limit=1_000)
    assert "key=value" in await refused(world, "search", tags='a="')
    assert "key=value" in await refused(world, "search", tags="a")


async def test_matching_spans_show_the_fields_of_the_query(world: AsyncClient) -> None:
    """Conditions and select say which attributes come along."""
    (trace,) = await search(world, '{.db.system="sqlite" && status!=error} | select(.share, resource.host.name, kind)')
    (span,) = trace["spanSets"][0]["spans"]
    assert {pair["key"]: pair["value"] for pair in span["attributes"]} == {
        "db.system": {"stringValue": "sqlite"},
        "status": {"stringValue": "unset"},
        "share": {"doubleValue": 0.25},
        "host.name": {"stringValue": "beta"},
        "kind": {"stringValue": "client"},
    }


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("{.foo=bar}", "invalid TraceQL query at position 6: expected a value"),
        ("{} | rate()", "rate is a metrics query"),
        ("{} | compare({status=error})", "at position 5"),
        ("{.a=1} >> {.b=2}", "at position 7"),
    ],
)
async def test_what_is_not_answered_is_plain_text(world: AsyncClient, q: str, words: str) -> None:
    """Grafana shows the body of a 400 to the user."""
    assert words in await refused(world, "search", q=q)


async def test_numbers_that_cannot_be_read(world: AsyncClient) -> None:
    """So are parameters."""
    assert "limit" in await refused(world, "search", limit="many")
    assert "start" in await refused(world, "search", start="now")


async def test_tags(world: AsyncClient) -> None:
    """Names by scope, arguments of our own functions as OpenTelemetry names them, and all intrinsics."""
    scopes = {
        each["name"]: each["tags"]
        for each in (await get(world, "v2/search/tags", TAGS, limit=5000, **AROUND))["scopes"]
    }
    assert {"service.name", "host.name", "shard"} <= set(scopes["resource"])
    assert {"obsv.input.sku", "obsv.output.return", "http.request.method", "user agent"} <= set(scopes["span"])
    assert scopes["instrumentation"] == ["flavour"]
    assert scopes["event"] == ["cache.key", "exception.message", "exception.stacktrace", "exception.type"]
    assert len(scopes["intrinsic"]) == 25
    only = await get(world, "v2/search/tags", TAGS, scope="resource")
    assert [each["name"] for each in only["scopes"]] == ["resource"]


@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("resource.service.name", [("string", "shop"), ("string", SLASHED)]),
        ("rootServiceName", [("string", "shop"), ("string", SLASHED)]),
        (".host.name", [("string", "alpha"), ("string", "beta")]),
        ("resource.canary", [("bool", "true")]),
        ("resource.shard", [("int", "3")]),
        ("span.http.response.status_code", [("int", "200"), ("int", "404"), ("int", "500")]),
        ("span.obsv.input.sku", [("string", "sku-1"), ("string", "sku-9")]),
        ("span.cached", [("bool", "false"), ("bool", "true")]),
        ("span.share", [("float", "0.25"), ("float", "1e+300")]),
        ('span."user agent"', [("string", 'Mozilla/5 "x"'), ("string", "curl/8"), ("string", "ünï'c\\ode")]),
        ("span.thread.name", [("string", "MainThread")]),
        ("status", [("keyword", "error"), ("keyword", "ok"), ("keyword", "unset")]),
        ("instrumentation:version", [("string", "1"), ("string", "2.1")]),
        ("event:name", [("string", "cache.miss"), ("string", "exception")]),
        ("event.cache.key", [("string", "cart:3")]),
        ("event.exception.type", [("string", "CartError"), ("string", "ValueError")]),
        ("instrumentation.flavour", [("string", "mild")]),
        ("duration", []),
        ("nonsense", []),
    ],
)
async def test_tag_values(world: AsyncClient, tag: str, values: list[tuple[str, str]]) -> None:
    """Each with the type that decides which operators Grafana offers."""
    answer = await get(world, f"v2/search/tag/{tag}/values", TAG_VALUES, limit=5000, tag=tag)
    assert sorted((each["type"], each["value"]) for each in answer["tagValues"]) == sorted(values)


async def test_tag_values_are_narrowed_by_the_rest_of_the_query(world: AsyncClient) -> None:
    """Other conditions narrow the list; an unreadable query does not."""

    async def names(q: str) -> list[str]:
        answer = await get(world, "v2/search/tag/name/values", TAG_VALUES, q=q)
        return [each["value"] for each in answer["tagValues"]]

    assert await names(f'{{resource.service.name="{SLASHED}"}}') == ["GET /cart", "SELECT"]
    assert len(await names("{resource.service.name=")) == 4


async def test_version_1_of_the_tags(world: AsyncClient) -> None:
    """Version 1 answers Grafana before 12.3."""
    names = await get(world, "search/tags", {"tagNames": [str]})
    assert {"service.name", "db.system"} <= set(names["tagNames"])
    values = await get(world, "search/tag/service.name/values", {"tagValues": [str]})
    assert values["tagValues"] == ["shop", SLASHED]


async def test_rate(world: AsyncClient) -> None:
    """Spans a second, in steps that begin at multiples of the step; steps without spans are zero."""
    answer = await get(
        world, "metrics/query_range", SERIES, q="{} | rate()", start=START_S, end=START_S + 60, step="10s"
    )
    (series,) = answer["series"]
    assert series["labels"] == [{"key": "__name__", "value": {"stringValue": "rate"}}]
    values = {int(each["timestampMs"]) // 1000 - START_S: each["value"] for each in series["samples"]}
    assert values == {0: 0.4, 10: 0.2, 20: 0.1, 30: 0.1, 40: 0.1, 50: 0}


async def test_series_by_fields(world: AsyncClient) -> None:
    """Values of the fields are labels, each in its own type; what a span does not have is nil."""
    by = "resource.service.name, status, .cached, resource.shard"
    answer = await get(world, "metrics/query", INSTANT, q=f"{{}} | count_over_time() by({by})", **AROUND)
    counts = {
        tuple(str(*label["value"].values()) for label in each["labels"]): each["value"] for each in answer["series"]
    }
    assert counts == {
        ("shop", "ok", "nil", "3"): 1,
        ("shop", "unset", "nil", "3"): 1,
        ("shop", "error", "nil", "3"): 2,
        (SLASHED, "unset", "nil", "nil"): 2,
        (SLASHED, "unset", "True", "nil"): 1,
        (SLASHED, "unset", "False", "nil"): 1,
        (SLASHED, "error", "nil", "nil"): 1,
    }
    assert [label["key"] for label in answer["series"][0]["labels"]] == [
        "resource.service.name", "status", ".cached", "resource.shard",
    ]  # fmt: skip


async def test_quantiles(world: AsyncClient) -> None:
    """Durations in seconds, within the histogram's 4 %; the quantile is a label."""
    q = '{name="shop.cart.main"} | quantile_over_time(duration, .5, 1)'
    answer = await get(world, "metrics/query", INSTANT, q=q, **AROUND)
    values = {each["labels"][0]["value"]["doubleValue"]: each["value"] for each in answer["series"]}
    assert values == {0.5: pytest.approx(0.9, rel=0.04), 1.0: pytest.approx(3.0, rel=0.04)}


async def test_quantiles_of_an_attribute(world: AsyncClient) -> None:
    """A numeric attribute is measured in its own unit."""
    q = "{} | quantile_over_time(span.http.response.status_code, 0.5)"
    (series,) = (await get(world, "metrics/query", INSTANT, q=q, **AROUND))["series"]
    assert series["value"] == pytest.approx(404, rel=0.04)


async def test_histogram(world: AsyncClient) -> None:
    """Counts by powers of two of a nanosecond, named in seconds."""
    q = '{name="shop.cart.main"} | histogram_over_time(duration)'
    answer = await get(world, "metrics/query", INSTANT, q=q, **AROUND)
    values = {each["labels"][-1]["value"]["doubleValue"]: each["value"] for each in answer["series"]}
    assert values == {2**30 / 1e9: 1, 2**32 / 1e9: 1}


@pytest.mark.parametrize(
    "q",
    [
        "{} | rate()",
        "{} | count_over_time() by(resource.service.name, name, kind)",
        "{status=error} | rate() by(name)",
        '{name="GET /cart" && status!=error} | count_over_time()',
        "{} | quantile_over_time(duration, 0.5, 0.9)",
        '{kind=server || name="SELECT"} | quantile_over_time(duration, 0.5) by(resource.service.name)',
        "{} | histogram_over_time(duration) by(name)",
    ],
)
async def test_rollups_and_spans_tell_the_same(world: AsyncClient, q: str) -> None:
    """A condition that the rollups cannot know, and that is always true, changes nothing."""
    times = {"start": START_S // 60 * 60, "end": START_S + 120, "step": "60s"}
    slow = q.replace("{} ", "{span:id != nil} ").replace("} |", " && span:id != nil} |").replace("{ && ", "{")
    assert "span:id" in slow
    fast = await get(world, "metrics/query_range", SERIES, q=q, **times)
    exact = await get(world, "metrics/query_range", SERIES, q=slow.replace("nil && span:id != nil", "nil"), **times)
    assert sorted(map(str, fast["series"])) == sorted(map(str, exact["series"]))
    assert fast["series"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"q": "{}"}, "not a metrics query"),
        ({"q": "{} | rate() by(event.x)"}, "several values"),
        ({"q": "{} | quantile_over_time(resource.x, .5)"}, "not a number of a span"),
        ({"q": "{} | rate()", "step": "1ns"}, "at least one millisecond"),
        ({"q": "{} | rate()", "step": "1s", "start": 1, "end": 10**9}, "steps"),
        ({"q": "{} | rate() with(sample=true)"}, "at position 12"),
    ],
)
async def test_metrics_that_are_not_answered(world: AsyncClient, params: dict[str, Any], words: str) -> None:
    """Plain text says why."""
    assert words in await refused(world, "metrics/query_range", **params)


@pytest.mark.parametrize("q", ["{} | rate()", "{.order=nil} | rate()"])
@pytest.mark.parametrize("second", ["9999999999", "999999999999.5", "9" * 19])
async def test_times_beyond_all_spans(world: AsyncClient, q: str, second: str) -> None:
    """Nothing begins there, and the database's whole numbers end before."""
    await get(world, "metrics/query_range", SERIES, q=q, start=second, step="60s")
    await get(world, "metrics/query", INSTANT, q=q, start=START_S, end=second)


async def test_whatever_the_builder_writes_is_answered(world: AsyncClient) -> None:
    """Every query that Grafana's builder can write has an answer that Grafana can decode."""
    for q in queries(random.Random(3), 300):
        if "_over_time" in q or "rate()" in q:
            await get(world, "metrics/query_range", SERIES, q=q, step="60s", **AROUND)
            await get(world, "metrics/query", INSTANT, q=q, **AROUND)
        else:
            await search(world, q, **AROUND)


async def test_the_longest_query_is_answered(world: AsyncClient) -> None:
    """As many comparisons as the parser takes, and as many brackets, are not too many for the database."""
    many = " && ".join(f'(.a{number}="x" || resource.b!="y" || !(event.c=~"z"))' for number in range(66))
    assert await found(world, "{" + many + "}") != []
    deep = '.a!="x" && !(.b="x" || event.c="y" && ' * DEEPEST + '.a!="x" || .b!="y"' + ")" * DEEPEST
    assert await found(world, "{" + deep + "}") == []
    grouped = "{" + deep + "} | rate() by(.order, rootName)"
    assert (await get(world, "metrics/query_range", SERIES, q=grouped, **AROUND))["series"] == []
