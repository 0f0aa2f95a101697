"""Preview of a rule: what it would have done in the last hours, as far as the store still knows."""

from __future__ import annotations

from typing import NamedTuple

from obsv.alerts.measure import Readings, is_about, measure
from obsv.alerts.rules import Rule
from obsv.alerts.samples import Labels, Sample, labelled
from obsv.alerts.states import ACTIVE, INACTIVE, step
from obsv.store.seam import Store
from obsv.store.watching import AlertRow

_NS = 1_000_000_000
HOURS = 6
# Figures are kept per minute.
_STEP_S = 60
_MOST_EPISODES = 200
# For other kinds, only the present is known.
PAST = ("duration", "error_rate", "error")


class Episode(NamedTuple):
    """A period in which an alert would have fired: Unix time in ns; `ends_ns` is 0 if it would still be firing."""

    labels: Labels
    starts_ns: int
    ends_ns: int
    highest: float | None


def preview(rule: Rule, store: Store, now_ns: int, hours: int = HOURS) -> list[Episode]:
    """Return when a rule would have fired, the latest first.

    Args:
        rule: the rule.
        store: the recorded calls.
        now_ns: Unix time.
        hours: length of the preview.

    Raises:
        ObsvError: the rule cannot be evaluated.
    """
    first_ns = now_ns - hours * 3_600 * _NS if rule.kind in PAST else now_ns
    alerts: dict[Labels, AlertRow] = {}
    found: dict[tuple[Labels, int], Episode] = {}
    for at_ns in range(first_ns, now_ns + 1, _STEP_S * _NS):
        samples = {each.labels: each for each in _samples(rule, store, at_ns)}
        for labels in {*samples, *alerts}:
            sample = samples.get(labels)
            alert = alerts.get(labels) or AlertRow("", rule.name, labels, INACTIVE, at_ns)
            alert = step(alert, sample is not None and sample.holds, at_ns, rule.for_s, rule.keep_firing_s)
            alerts[labels] = alert
            if alert.starts_ns and (alert.state in ACTIVE or alert.ends_ns == at_ns):
                _note(found, alert, sample)
    return sorted(found.values(), key=lambda each: -each.starts_ns)[:_MOST_EPISODES]


def _note(found: dict[tuple[Labels, int], Episode], alert: AlertRow, sample: Sample | None) -> None:
    key = alert.labels, alert.starts_ns
    known = found.get(key)
    values = [each for each in (known.highest if known else None, sample.value if sample else None) if each is not None]
    found[key] = Episode(alert.labels, alert.starts_ns, alert.ends_ns, max(values, default=None))


def _samples(rule: Rule, store: Store, at_ns: int) -> list[Sample]:
    readings = Readings(store, at_ns)
    if rule.kind != "error":
        return measure(rule, readings)
    # For deleted exceptions only the sums per minute are left, which also count exceptions passed on.
    figures = [each for each in readings.figures(rule.details["window"]) if each.errors >= rule.threshold]
    return [
        Sample(labelled({"process": each.process, "service": each.service}), each.errors, True)
        for each in figures
        if is_about(rule, each.process, each.service)
    ]
