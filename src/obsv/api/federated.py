"""Received metrics on `/metrics`, where a setting names them: a bounded number of series, under Prometheus's names.

The names follow the specification of OpenTelemetry: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics.
Gauges, cumulative sums and cumulative histograms are there, with their latest value; others are counted as left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from obsv.api.exposition import Family, Histogram
from obsv.errors import StoreUnavailable
from obsv.store.figures import SeriesFilters, SeriesLine
from obsv.store.ground import CUMULATIVE, GAUGE, HISTOGRAM, SUM, Window, attributes_of, read_shown
from obsv.store.seam import Store

# Prometheus shows a sample for five minutes.
STALE_NS = 300 * 10**9
MOST_SERIES, MOST_LABELS, LABEL_CHARS = 2_000, 64, 1_000
UNITS = {
    "ms": "milliseconds", "s": "seconds", "us": "microseconds", "ns": "nanoseconds", "min": "minutes", "h": "hours",
    "d": "days", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes", "kBy": "kilobytes",
    "MBy": "megabytes", "GBy": "gigabytes", "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts",
    "g": "grams", "Cel": "celsius", "Hz": "hertz", "%": "percent",
}  # fmt: skip
# Labels that Prometheus or the format gives a meaning of its own.
_TAKEN = {"job", "instance", "le", "quantile"}
_OTHER_KIND, _NO_NUMBER = "kind", "value"
_CLASH, _REPEATED, _BEYOND = "name", "repeated", "limit"


class Sample(NamedTuple):
    """A series as a sample.

    Args:
        name: of its family.
        kind: counter, gauge or histogram.
        labels: of the sample.
        value: its value.
        bounds: of a histogram, as text.
        help: description.
    """

    name: str
    kind: str
    labels: dict[str, str]
    value: float | Histogram
    bounds: tuple[str, ...]
    help: str


def federated(reader: Store, patterns: tuple[str, ...], taken: Iterable[str], now_ns: int) -> Iterator[Family]:
    """Yield the families of received metrics.

    Args:
        reader: the store.
        patterns: GLOB patterns of names; none: nothing is yielded.
        taken: names that other families have.
        now_ns: Unix time.
    """
    if not patterns:
        return
    window = Window(now_ns - STALE_NS, now_ns)
    try:
        found = reader.read_metric_series(SeriesFilters(patterns=patterns), window, MOST_SERIES)
    except StoreUnavailable:
        return
    left_out = Counter({_BEYOND: found.total - len(found.lines)})
    families: dict[str, list[Sample]] = {}
    for line in found.lines:
        sample = sample_of(line)
        if isinstance(sample, str):
            left_out[sample] += 1
        else:
            families.setdefault(sample.name, []).append(sample)
    parts = [_family(samples, left_out) for samples in families.values()]
    yield from _without_clashes(parts, taken, left_out)
    text = "Series that OBSV_FEDERATE names and that are not here: by kind, value, name, repetition or limit."
    counts = [((reason,), number) for reason, number in sorted(left_out.items()) if number]
    yield Family("obsv_federated_left_out", "gauge", text, ("reason",), counts)


def _without_clashes(families: Sequence[Family], taken: Iterable[str], left_out: Counter[str]) -> Iterator[Family]:
    """Leave out families whose samples have names of another one's, as `a_count` beside a histogram `a`."""
    told = {name for each in taken for name in _names(each)}
    for family in families:
        names = _names(family.name)
        if names & told:
            left_out[_CLASH] += len(list(family.samples))
        else:
            told |= names
            yield family


def _names(family: str) -> set[str]:
    return {family, *(family + suffix for suffix in ("_bucket", "_sum", "_count", "_total", "_created"))}


def sample_of(line: SeriesLine) -> Sample | str:
    """Return a series as a sample, or the reason why there is none."""
    latest = line.latest.value if line.latest is not None else None
    name, help_text = prometheus_name(line), line.description[:LABEL_CHARS]
    if line.kind == HISTOGRAM and line.temporality == CUMULATIVE:
        bounds = read_shown(line.bounds)
        histogram = _histogram(latest, bounds)
        if histogram is None:
            return _NO_NUMBER
        return Sample(
            name, "histogram", _labels(line), histogram, tuple(repr(float(each)) for each in bounds), help_text
        )
    if line.kind not in (GAUGE, SUM) or (line.kind == SUM and line.temporality != CUMULATIVE):
        return _OTHER_KIND
    if not isinstance(latest, int | float):
        return _NO_NUMBER
    kind = "counter" if line.is_monotonic else "gauge"
    if kind == "counter" and not 0 <= latest < float("inf"):
        return _NO_NUMBER
    return Sample(name, kind, _labels(line), latest, (), help_text)


def prometheus_name(line: SeriesLine) -> str:
    """Return the name of a metric in Prometheus, without `_total`."""
    name = re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9_:]", "_", line.name)).strip("_") or "_"
    name = f"_{name}" if name[0].isdigit() else name
    unit = _unit(line)
    is_counter = line.kind == SUM and line.is_monotonic
    if is_counter:
        name = name.removesuffix("_total") or "_"
    if unit and not name.endswith(unit):
        name = f"{name}_{unit}"
    return name


def _unit(line: SeriesLine) -> str:
    if line.unit == "1":
        return "ratio" if line.kind == GAUGE else ""
    parts = [UNITS.get(part, part) for part in re.sub(r"\{[^}]*\}", "", line.unit).split("/", 1)]
    clean = [re.sub(r"[^a-zA-Z0-9]+", "_", part).strip("_") for part in parts]
    return clean[0] if len(clean) == 1 else f"{clean[0]}_per_{clean[1].removesuffix('s')}".strip("_")


def _labels(line: SeriesLine) -> dict[str, str]:
    resource = attributes_of(line.resource)
    namespace = resource.get("service.namespace")
    labels = {"job": f"{namespace}/{line.service}" if namespace else line.service}
    if instance := resource.get("service.instance.id"):
        labels["instance"] = str(instance)
    attributes = read_shown(line.attributes)
    for key, value in attributes.items() if isinstance(attributes, dict) else ():
        name = re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9_]", "_", str(key))).strip("_") or "_"
        name = f"key_{name}" if name[0].isdigit() else f"exported_{name}" if name in _TAKEN else name
        text = _text(value)
        # The specification joins the values of keys that become the same label.
        labels[name] = f"{labels[name]};{text}" if name in labels else text
    return {name: text[:LABEL_CHARS] for name, text in labels.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _histogram(latest: Any, bounds: Any) -> Histogram | None:
    found = read_shown(latest) if isinstance(latest, str) else None
    if not isinstance(found, list) or len(found) != 5 or not isinstance(bounds, list):
        return None
    total, counts = found[1], found[4]
    # Below zero a sum is none in OpenMetrics, as it may fall.
    if not isinstance(total, int | float) or total < 0 or not counts or len(counts) != len(bounds) + 1:
        return None
    if (bounds and bounds[0] < 0) or any(count < 0 for count in counts):
        return None
    sums = list(accumulate(counts))
    return Histogram(sums[:-1], sums[-1], float(total))


def _family(samples: Sequence[Sample], left_out: Counter[str]) -> Family:
    """Return a family of the samples that are of the first one's kind and have its bounds."""
    first = samples[0]
    fitting = [each for each in samples if (each.kind, each.bounds) == (first.kind, first.bounds)]
    left_out[_CLASH] += len(samples) - len(fitting)
    names = sorted({name for each in fitting for name in each.labels})[:MOST_LABELS]
    values: dict[tuple[str, ...], float | Histogram] = {}
    for each in fitting:
        key = tuple(each.labels.get(name, "") for name in names)
        left_out[_REPEATED] += key in values
        values.setdefault(key, each.value)
    return Family(first.name, first.kind, first.help, names, list(values.items()), first.bounds)
