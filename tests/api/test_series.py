"""Received metrics by the API, and on `/metrics`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from obsv.own_time import unix_ns
from obsv.server import Settings
from obsv.store import Source, Writer
from obsv.store.ground import CUMULATIVE, DELTA, GAUGE, HISTOGRAM, SUM, SUMMARY, Metric, MetricSeries, PointRow

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
RESOURCE = '{"attributes":[{"key":"service.instance.id","value":{"stringValue":"i-1"}}]}'
SHOP = Source("shop", RESOURCE, "{}", True)
OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}


def point(name: str, value: object, kind: str = GAUGE, attributes: str = "{}", **more: object) -> PointRow:
    temporality = str(more.get("temporality", CUMULATIVE if kind in (SUM, HISTOGRAM) else ""))
    metric = Metric(
        name, str(more.get("unit", "")), 'says "so"\n', kind, temporality, bool(more.get("grows", kind == SUM))
    )
    series = MetricSeries(SHOP, metric, str(more.get("bounds", "[]")), attributes)
    return PointRow(series, unix_ns() - int(str(more.get("age_ns", 0))), 1, value)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., None]:
    def write(*points: PointRow, most_series: int = 2_000) -> None:
        writer = Writer(tmp_path / "obsv.db", most_series=most_series)
        writer.write([], points=points)
        writer.close()

    return write


async def test_series_and_points(client: MakeClient, store: Callable[..., None]) -> None:
    """With their attributes, bounds and values as what they are, and what was left out."""
    store(
        point("a", 2**60, SUM, '{"route":"/a"}'), point("b", "[3,1.5,0.1,0.9,[1,2]]", HISTOGRAM, bounds="[0.5]"),
        point("c", 1.0), most_series=2,
    )  # fmt: skip
    made = client()
    found = (await made.get("/api/v1/series")).json()
    total, histogram = found["series"]
    assert (total["attributes"], total["latest"]["value"], total["is_monotonic"]) == ({"route": "/a"}, 2**60, True)
    assert (histogram["bounds"], histogram["latest"]["value"]) == ([0.5], [3, 1.5, 0.1, 0.9, [1, 2]])
    assert (found["total"], [(each["service"], each["points"]) for each in found["left_out"]]) == (2, [("shop", 1)])
    points = (await made.get(f"/api/v1/series/{histogram['id']}/points")).json()["points"]
    assert [each["value"] for each in points] == [[3, 1.5, 0.1, 0.9, [1, 2]]]
    assert (await made.get("/api/v1/series/99/points")).json() == {"points": []}
    assert [each["name"] for each in (await made.get("/api/v1/series?q=/A")).json()["series"]] == ["a"]


async def test_metrics_are_federated_where_asked(client: MakeClient, store: Callable[..., None]) -> None:
    """Under Prometheus's names, with their source as job and instance; not without the setting."""
    store(
        point("http.server.requests", 7, SUM, '{"http.route":"/a","job":"x","9":true}', unit="{request}"),
        point("http.server.duration", "[3,1.5,null,null,[1,2]]", HISTOGRAM, bounds="[0.5]", unit="s"),
        point("queue-size", 2.5, unit="1"), point("other", 1.0),
    )  # fmt: skip
    assert "queue_size" not in (await client().get("/metrics")).text
    made = client(federate=("http.*", "queue*"))
    for headers, parse in (({}, parse_text), (OPENMETRICS, parse_openmetrics)):
        text = (await made.get("/metrics", headers=headers)).text
        samples = {(s.name, s.labels.get("le")): s for family in parse(text) for s in family.samples}
        source = {"job": "shop", "instance": "i-1"}
        requests = samples["http_server_requests_total", None]
        assert requests.labels == source | {"http_route": "/a", "exported_job": "x", "key_9": "true"}
        assert (requests.value, samples["queue_size_ratio", None].value) == (7, 2.5)
        assert samples["http_server_duration_seconds_bucket", "0.5"].value == 1
        assert samples["http_server_duration_seconds_count", None].value == 3
        assert not any(name == "other" for name, _ in samples)


async def test_what_is_not_federated_is_counted(client: MakeClient, store: Callable[..., None]) -> None:
    """By reason; the text stays valid whatever a sender names."""
    store(
        point("obsv.store.bytes", 1.0), point("delta", 1, SUM, temporality=DELTA), point("s", "[1,2.0,[]]", SUMMARY),
        point("no", None), point("negative", -1, SUM), point("broken", "x", HISTOGRAM, bounds="[1.0]"),
        point("below", "[1,1.0,null,null,[1,0]]", HISTOGRAM, bounds="[-1.0]"), point("old", 1.0, age_ns=600 * 10**9),
        point("twin", 1.0, attributes='{"a.b":"1"}'), point("twin", 2.0, attributes='{"a_b":"1"}'),
        point("odd", "[1,1.0,null,null,[1,0]]", HISTOGRAM, bounds="[1.0]"), point("odd_count", 1.0),
        point("ünï 1\n", 1.0, attributes='{"a\\n\\"":"b\\\\\\n\\""}'),
    )  # fmt: skip
    text = (await client(federate=("*",)).get("/metrics", headers=OPENMETRICS)).text
    families = {family.name: family for family in parse_openmetrics(text)}
    counted = {s.labels["reason"]: s.value for s in families["obsv_federated_left_out"].samples}
    assert counted == {"kind": 2, "value": 4, "name": 2, "repeated": 1}
    assert families["n_1"].samples[0].labels["a"] == 'b\\\n"'
    assert "old" not in families


async def test_federated_series_are_bounded(
    client: MakeClient, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those beyond are counted."""
    monkeypatch.setattr("obsv.api.federated.MOST_SERIES", 3)
    store(*(point("m", 1.0, attributes=f'{{"user":"{number}"}}') for number in range(5)))
    families = {family.name: family for family in parse_text((await client(federate=("*",)).get("/metrics")).text)}
    assert len(families["m"].samples) == 3
    assert [s.value for s in families["obsv_federated_left_out"].samples] == [2]


def test_settings_of_metrics(tmp_path: Path) -> None:
    """Both are of the environment."""
    made = Settings.from_environment(
        tmp_path / "a.db", "127.0.0.1", 0, {"OBSV_METRIC_SERIES": "7", "OBSV_FEDERATE": "http.*, queue"}
    )
    assert (made.receiver().most_series, made.federate) == (7, ("http.*", "queue"))
