"""Measurements of each kind of rule, one function per kind, over readings that all rules of a look share."""

from __future__ import annotations

import operator
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from obsv.alerts.ahead import Ahead
from obsv.alerts.levels import Slo, budget_left, budget_text, burn_rate, burns_of, summed
from obsv.alerts.losses import Losses
from obsv.alerts.parts import LIMITS_S, LookAtRings, Part, no_rings, read_parts
from obsv.alerts.rules import Rule
from obsv.alerts.samples import Sample, fits_name, labelled
from obsv.errors import InvalidQuery
from obsv.store.ground import percentile_within
from obsv.store.seam import Store
from obsv.store.watching import CallFigures, Feed, LevelBucket, Recorder, Repeating

_NS = 1_000_000_000
_MOST_ROWS = 1_000
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "==": operator.eq, "!=": operator.ne
}  # fmt: skip


class Readings:
    """The readings of one look; each is read once, however many rules use it.

    Args:
        store: the watched store.
        now_ns: Unix time of the look.
        slos: the service levels of the file.
        losses: remembers the lost calls of earlier looks.
        ahead: remembers when updates that are dated in the future were noticed.
        look_at_rings: returns the state of the rings.
    """

    def __init__(
        self,
        store: Store,
        now_ns: int,
        slos: Sequence[Slo] = (),
        losses: Losses | None = None,
        look_at_rings: LookAtRings = no_rings,
        ahead: Ahead | None = None,
    ) -> None:
        self.store, self.now_ns, self.slos = store, now_ns, slos
        self.ahead = ahead or Ahead()
        self._losses, self._look_at_rings = losses or Losses(), look_at_rings
        self._parts: list[Part] | None = None
        self._has_observed = False
        self._levels: dict[str, list[LevelBucket]] = {}
        self._feeds: list[Feed] | None = None
        self._recorders: list[Recorder] | None = None
        self._figures: dict[float, list[CallFigures]] = {}
        self._repeating: dict[tuple[int, float], list[Repeating]] = {}

    def feeds(self) -> list[Feed]:
        """Return all feeds."""
        if self._feeds is None:
            self._feeds = self.store.read_feeds()
        return self._feeds

    def recorders(self) -> list[Recorder]:
        """Return the recording processes of the last day."""
        if self._recorders is None:
            self._recorders = self.store.read_recorders(self.now_ns - 86_400 * _NS)
        return self._recorders

    def parts(self) -> list[Part]:
        """Return the parts of obsv."""
        if self._parts is None:
            # Rules are being evaluated: how long they were not, before a restart, is over.
            self._parts = read_parts(self.store, self._look_at_rings, False, self.now_ns)
        return self._parts

    def lost(self, window_s: float) -> Counter[str]:
        """Return the number of calls lost in the last seconds, by service."""
        if not self._has_observed:
            self._losses.observe(self.recorders(), self.now_ns)
            self._has_observed = True
        return self._losses.within(window_s, self.now_ns)

    def figures(self, window_s: float) -> list[CallFigures]:
        """Return the figures of calls over a window up to now, in whole minutes."""
        if window_s not in self._figures:
            start_ns = self.now_ns - int(window_s * _NS)
            self._figures[window_s] = self.store.read_call_figures(start_ns, self.now_ns)
        return self._figures[window_s]

    def level(self, slo: Slo) -> list[LevelBucket]:
        """Return the counts of a service level over its period."""
        if slo.name not in self._levels:
            since_ns = self.now_ns - int(max(slo.period_s, 3_900) * _NS)
            self._levels[slo.name] = self.store.read_level(slo.name, slo.version, since_ns)
        return self._levels[slo.name]

    def repeating(self, least: int, forget_s: float) -> list[Repeating]:
        """Return the variables whose values repeat."""
        key = least, forget_s
        if key not in self._repeating:
            self._repeating[key] = self.store.read_repeating(least, self.now_ns - int(forget_s * _NS))
        return self._repeating[key]


def measure(rule: Rule, readings: Readings) -> list[Sample]:
    """Return the samples of a rule; none for the kind `error`, which is handled in `failures`.

    Raises:
        ObsvError: the rule cannot be evaluated.
    """
    return _MEASURES[rule.kind](rule, readings)


def _sql(rule: Rule, readings: Readings) -> list[Sample]:
    answer = readings.store.run_sql(rule.details["query"], row_limit=_MOST_ROWS)
    compare, samples = OPERATORS[rule.op], []
    # One column for all rows: where it is NULL, a number beside it is not the value.
    at = max((at for row in answer.rows for at, value in enumerate(row) if isinstance(value, int | float)), default=-1)
    for row in answer.rows:
        labels = {name: value for name, value in zip(answer.columns, row, strict=True) if isinstance(value, str)}
        number = row[at] if at >= 0 else None
        if not isinstance(number, int | float):
            if at >= 0 or any(value is None for value in row):
                continue  # sum over no rows: no data
            raise InvalidQuery("the query returns no number; its last numeric column is the value")
        link = "/code?" + urlencode({"process": labels["process"]}) if "process" in labels else ""
        # Infinity is no JSON, so no receiver could read it.
        value = max(-sys.float_info.max, min(float(number), sys.float_info.max))
        samples.append(Sample(labelled(labels), value, compare(value, rule.threshold), link=link))
    return samples


def _feed_lag(rule: Rule, readings: Readings) -> list[Sample]:
    details, now_ns = rule.details, readings.now_ns
    samples = []
    for feed in readings.feeds():
        lag_s = (now_ns - readings.ahead.last_ns(feed, now_ns)) / _NS
        if fits_name(feed.name, details["feed"]) and lag_s <= details["forget"]:
            link = "/flow?" + urlencode({"q": feed.name})
            samples.append(Sample(labelled({"feed": feed.name}), round(lag_s, 3), lag_s > details["lag"], link=link))
    return samples


def _staleness(rule: Rule, readings: Readings) -> list[Sample]:
    details, samples = rule.details, []
    for each in readings.repeating(details["repeats"], details["forget"]):
        if is_about(rule, each.process, each.service) and fits_name(each.name, details["variable"]):
            age_s = (each.last_ns - each.changed_ns) / _NS
            labels = labelled({"process": each.process, "variable": each.name, "data_type": each.data_type})
            facts = {"data_value": each.value, "age": f"{age_s:.0f} s"}
            link = "/code?" + urlencode({"process": each.process})
            samples.append(Sample(labels, each.repeats, age_s >= details["min_age"], facts, link))
    return samples


def _backpressure(rule: Rule, readings: Readings) -> list[Sample]:
    depth: Counter[str] = Counter()
    for each in readings.recorders():
        if fits_name(each.service, rule.details["service"]):
            is_alive = readings.now_ns - each.updated_ns < 10 * _NS
            depth[each.service] += each.depth if is_alive else 0
    return [
        Sample(labelled({"service": name}), waiting, waiting > rule.details["depth"], link="/")
        for name, waiting in depth.items()
    ]


def _pipeline(rule: Rule, readings: Readings) -> list[Sample]:
    samples, wanted = [], rule.details["part"]
    for each in readings.parts():
        if wanted in ("*", each.name):
            limit_s = LIMITS_S[each.name] if rule.details["over"] is None else rule.details["over"]
            labels, facts = labelled({"part": each.name}), {"about": each.about}
            samples.append(Sample(labels, round(each.lag_s, 1), each.lag_s > limit_s, facts, "/"))
    return samples


def _lost_calls(rule: Rule, readings: Readings) -> list[Sample]:
    details = rule.details
    facts = {"minutes": f"{details['window'] / 60:g}"}
    return [
        Sample(labelled({"service": service}), lost, lost >= details["threshold"], facts, "/")
        for service, lost in readings.lost(details["window"]).items()
        if fits_name(service, details["service"])
    ]


def _slo(rule: Rule, readings: Readings) -> list[Sample]:
    samples = []
    for slo in readings.slos:
        if not fits_name(slo.name, rule.details["slo"]):
            continue
        buckets, now_ns = readings.level(slo), readings.now_ns
        whole = summed(buckets, slo.period_s, now_ns)
        left = budget_text(whole, slo.objective)
        for burn in burns_of(slo.period_s):
            long, short = (summed(buckets, each, now_ns) for each in (burn.long_s, burn.short_s))
            rates = [burn_rate(each, slo.objective) for each in (long, short)]
            holds = min(rates) >= burn.factor(slo.period_s) and long.bad >= rule.details["min_failures"]
            window = f"{burn.long_s / 3_600:g}h"
            samples.append(_of_slo(slo, window, burn.urgency, rates[0], holds, left))
        # With few calls, no window burns for long: a spent budget must be reported too.
        is_spent = budget_left(whole, slo.objective) <= 0 and whole.bad >= rule.details["min_failures"]
        rate = burn_rate(whole, slo.objective)
        samples.append(_of_slo(slo, "period", "ticket", rate, is_spent, left))
    return samples


def _of_slo(slo: Slo, window: str, urgency: str, rate: float, holds: bool, left: str) -> Sample:
    labels = labelled({"slo": slo.name, "window": window, "urgency": urgency})
    return Sample(labels, round(rate, 4), holds, {"left": left}, "/slo?" + urlencode({"name": slo.name}))


def _recorder_gone(rule: Rule, readings: Readings) -> list[Sample]:
    details = rule.details
    # Only the latest of a service and host: a restarted program is not gone.
    latest = {(each.service, each.host): each for each in readings.recorders()}
    samples = []
    for (service, host), each in latest.items():
        silent_s = (readings.now_ns - each.updated_ns) / _NS
        if fits_name(service, details["service"]) and silent_s <= details["forget"]:
            is_gone = silent_s > details["after"] and not each.ended
            facts = {"pid": each.pid}
            samples.append(
                Sample(labelled({"service": service, "host": host}), round(silent_s, 1), is_gone, facts, "/")
            )
    return samples


def _duration(rule: Rule, readings: Readings) -> list[Sample]:
    samples = []
    for name, figures in _grouped(rule, readings).items():
        value_s = _statistic(figures, rule.details["stat"]) / _NS
        samples.append(_of_calls(rule, name, figures, round(value_s, 6), value_s > rule.details["over"]))
    return samples


def _error_rate(rule: Rule, readings: Readings) -> list[Sample]:
    samples = []
    for name, figures in _grouped(rule, readings).items():
        rate = figures.errors / figures.calls
        holds = rate > rule.details["over"] and figures.errors >= rule.details["min_failures"]
        samples.append(_of_calls(rule, name, figures, round(rate, 6), holds))
    return samples


def _of_calls(rule: Rule, name: str, figures: CallFigures, value: float, holds: bool) -> Sample:
    by = rule.details["by"]
    facts = {
        "name": name, "calls": figures.calls, "errors": figures.errors,
        "percent": f"{100 * figures.errors / figures.calls:.3g}%",
    }  # fmt: skip
    key = {"process": "process", "group": "group", "service": "service"}[by]
    link = "/code?" + urlencode({"process": name}) if by == "process" else "/explorer?" + urlencode({key: name})
    labels = {by: name, **({"service": figures.service} if by == "process" else {})}
    return Sample(labelled(labels), value, holds, facts, link)


def _grouped(rule: Rule, readings: Readings) -> dict[str, CallFigures]:
    """Return the figures of the calls that concern a rule, grouped as it requests, without groups of too few calls."""
    parts: defaultdict[str, list[CallFigures]] = defaultdict(list)
    at = {"process": 0, "group": 1, "service": 2}[rule.details["by"]]
    for each in readings.figures(rule.details["window"]):
        if is_about(rule, each.process, each.service) and fits_name(each.group, rule.details["group"]):
            parts[str(each[at])].append(each)
    sums = {name: _sum(figures) for name, figures in parts.items()}
    return {name: each for name, each in sums.items() if each.calls >= rule.details["min_calls"]}


def _sum(parts: list[CallFigures]) -> CallFigures:
    if len(parts) == 1:
        return parts[0]
    buckets: Counter[int] = Counter()
    for each in parts:
        buckets.update(each.buckets)
    calls, errors = sum(each.calls for each in parts), sum(each.errors for each in parts)
    total_ns, max_ns = sum(each.total_ns for each in parts), max(each.max_ns for each in parts)
    return CallFigures(*parts[0][:3], calls, errors, total_ns, max_ns, buckets)


def _statistic(figures: CallFigures, stat: str) -> float:
    if stat == "max":
        return figures.max_ns
    if stat == "mean":
        return figures.total_ns / figures.calls
    return percentile_within(figures.buckets, int(stat[1:]) / 100, figures.total_ns, figures.max_ns) or 0.0


def is_about(rule: Rule, process: str, service: str) -> bool:
    """Return whether a rule concerns the calls of a process."""
    return fits_name(process, rule.details["process"]) and fits_name(service, rule.details["service"])


_MEASURES: Mapping[str, Callable[[Rule, Readings], list[Sample]]] = {
    "sql": _sql,
    "error": lambda rule, readings: [],
    "feed_lag": _feed_lag,
    "staleness": _staleness,
    "backpressure": _backpressure,
    "pipeline": _pipeline,
    "lost_calls": _lost_calls,
    "duration": _duration,
    "error_rate": _error_rate,
    "recorder_gone": _recorder_gone,
    "slo": _slo,
}
