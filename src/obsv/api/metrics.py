"""`/metrics`: span metrics and service graph under the names that Grafana expects, and obsv's own health."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from obsv.alerts.levels import Slo, budget_left, burn_rate, burns_of, summed
from obsv.alerts.parts import Part
from obsv.api.depends import StoreReader
from obsv.api.exposition import Family, Histogram, render, wanted
from obsv.api.federated import federated
from obsv.errors import StoreUnavailable
from obsv.store.figures import LATENCY_BOUNDS_NS, Latency, ProcessTotal, RecorderTotal, RequestTotal, Totals
from obsv.store.ground import BOUNDS_NS
from obsv.store.seam import Store
from obsv.web.senders import SenderCounts

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
# Rollups do not distinguish an unset status from OK.
GOOD, FAILED = "STATUS_CODE_UNSET", "STATUS_CODE_ERROR"
SPAN_LABELS = ("service", "span_name", "span_kind", "status_code")
EDGE_LABELS = ("client", "server", "connection_type")
ALERT_LABELS = ("alertname", "state", "severity")
RECORDER_LABELS = ("service", "recorder")
STATES = ("OK", "DELAYED", "CIRCUIT OPEN")
# A recorder reports every second; after this much silence it has ended.
_RECORDER_GONE_NS = 300 * 1_000_000_000
_NS = 1e9
# Name, key of obsv.stats(), help.
COUNTERS = (
    ("obsv_recorded_calls", "recorded", "Recorded calls."),
    ("obsv_recorded_errors", "errors", "Recorded calls that failed."),
    ("obsv_exported_calls", "exported", "Calls stored in the database."),
    ("obsv_dropped_calls", "dropped", "Lost calls."),
    ("obsv_rejected_calls", "rejected", "Calls that the database refused."),
    ("obsv_failed_batches", "failed_batches", "Batches that could not be written at the first attempt."),
)
GAUGES = (
    ("obsv_queue_depth", "depth", 1, "Calls waiting to be stored."),
    ("obsv_error_queue_depth", "error_depth", 1, "Failed calls waiting to be stored."),
    ("obsv_spill_bytes", "spill_bytes", 1, "Size of the calls waiting to be stored."),
    ("obsv_last_batch_size", "batch_size", 1, "Calls in the last batch."),
    ("obsv_last_batch_duration_seconds", "batch_time_ms", 1e-3, "Time taken to write the last batch."),
    ("obsv_writer_lag_seconds", "writer_lag_ms", 1e-3, "Age of the oldest waiting call."),
)

# Name, key of the receiver's counts, help.
RECEIVED = (
    ("obsv_received_requests", "requests", "OTLP requests that were stored."),
    ("obsv_received_spans", "spans", "Spans received over OTLP and stored."),
    ("obsv_received_data_points", "points", "Data points of metrics received over OTLP."),
    ("obsv_received_duplicate_spans", "duplicates", "Spans received over OTLP that were already stored."),
    ("obsv_received_rejected_spans", "rejected", "Spans rejected because of their content."),
    ("obsv_received_odd_parts", "odd", "Parts that were left out because they have the wrong type."),
    (
        "obsv_received_empty_requests",
        "empty",
        "OTLP requests without a span; their bodies may be lost in transit.",
    ),
    (
        "obsv_received_failed_requests",
        "failed",
        "OTLP requests refused because they were unreadable or could not be stored.",
    ),
    ("obsv_kafka_dead_letters", "dead_letters", "Messages of Kafka that could not be stored and were kept aside."),
    ("obsv_received_overloaded_requests", "overloaded", "OTLP requests refused for lack of memory."),
)

router = APIRouter(tags=["Prometheus"])


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request, reader: StoreReader) -> Response:
    """Return the metrics for Prometheus; empty while there is no store."""
    now_ns = time.time_ns()
    try:
        found = reader.read_totals(now_ns - _RECORDER_GONE_NS)
    except StoreUnavailable:
        found = Totals([], 0, [], [], 0, 0)
    content_type = wanted(request.headers.get("accept", ""))
    received = request.app.state.receiver.counts
    all_families = [
        *families(found, received),
        *alert_metrics(reader, now_ns),
    ]
    all_families += sender_metrics(request.app.state.receiver.senders)
    all_families += pipeline_metrics(request.app.state.alerts.parts())
    all_families += archive_metrics(reader, now_ns)
    all_families += slo_metrics(reader, request.app.state.alerts.config.slos, now_ns)
    all_families += metrics_received(reader)
    taken = [family.name for family in all_families]
    all_families += federated(reader, request.app.state.settings.federate, taken, now_ns)
    return Response(render(all_families, content_type), media_type=content_type)


def families(found: Totals, received: Mapping[str, int]) -> Iterator[Family]:
    """Yield all metrics of the totals, and of what this server has received over OTLP."""
    yield from span_metrics(found.processes)
    yield from service_graph(found.requests)
    yield from pipeline_health(found.recorders)
    yield _gauge(
        "obsv_metrics_processes_left_out",
        "Processes left out because only the most called ones are exported.",
        found.left_out,
    )
    yield _gauge("obsv_store_bytes", "Size of the store.", found.bytes)
    yield Family("obsv_store_spans", "counter", "Spans stored since the file was created.", (), [((), found.spans)])
    for name, count, help_text in (
        ("obsv_lost_files", len(found.lost.losses), "Database files that were damaged or removed while in use."),
        ("obsv_lost_calls", found.lost.calls, "Calls in those files."),
        ("obsv_lost_errors", found.lost.errors, "Failed calls in those files."),
    ):
        yield Family(name, "counter", help_text, (), [((), count)])
    text = "Messages of Kafka that are kept aside at the moment."
    yield _gauge("obsv_kafka_kept_dead_letters", text, received.get("kept_letters", 0))
    for name, key, help_text in RECEIVED:
        yield Family(name, "counter", help_text, (), [((), received.get(key, 0))])


def sender_metrics(senders: Sequence[SenderCounts]) -> Iterator[Family]:
    """Yield what each sender has sent and what was refused to it; empty for a server that receives nothing."""
    for key, help_text in (
        ("requests", "OTLP requests by sender that were stored."),
        ("spans", "Spans, log records and data points by sender."),
        ("bytes", "Bytes of OTLP requests by sender, as received."),
    ):
        samples = [((each.name,), getattr(each, key)) for each in senders]
        yield Family(f"obsv_sender_{key}", "counter", help_text, ("sender",), samples)
    refused = [((each.name, reason), number) for each in senders for reason, number in sorted(each.refused.items())]
    text = "OTLP requests by sender that were refused: for its limits (spans, bytes, queue) or another reason."
    yield Family("obsv_sender_refused_requests", "counter", text, ("sender", "reason"), refused)


def alert_metrics(reader: Store, now_ns: int) -> Iterator[Family]:
    """Yield alerts that are pending or firing, and the state of their messages.

    Not `ALERTS`, which Prometheus creates itself.
    """
    try:
        alerts, outbox = reader.read_alerts(), reader.read_outbox()
    except StoreUnavailable:
        return
    counted = Counter(
        (each.rule, each.state, each.severity) for each in alerts if each.state != "resolved"
    )  # fmt: skip
    yield Family("obsv_alert", "gauge", "Alerts by rule and state.", ALERT_LABELS, list(counted.items()))
    states = [(("waiting",), outbox.waiting), (("sent",), outbox.sent), (("failed",), outbox.failed)]
    yield Family("obsv_alert_messages", "gauge", "Messages about alerts, of the last 30 days.", ("state",), states)
    waits_s = (now_ns - outbox.oldest_ns) / _NS if outbox.oldest_ns else 0.0
    yield _gauge("obsv_alert_oldest_message_seconds", "Waiting time of the oldest unsent message.", waits_s)
    age_s = (now_ns - outbox.evaluated_ns) / _NS if outbox.evaluated_ns else 0.0
    yield _gauge(
        "obsv_alert_evaluation_age_seconds", "Time since rules were last evaluated; updated every 15 s.", age_s
    )


def pipeline_metrics(parts: Sequence[Part]) -> Iterator[Family]:
    """Yield how far each part of obsv is behind."""
    text = "How far a part of obsv is behind: keeper, ring, writer, archive, alerts."
    yield Family("obsv_part_lag_seconds", "gauge", text, ("part",), [((each.name,), each.lag_s) for each in parts])


def archive_metrics(reader: Store, now_ns: int) -> Iterator[Family]:
    """Yield the state of the archive; nothing if the store has none."""
    try:
        state = reader.read_archive()
    except StoreUnavailable:
        return
    if state is None:
        return
    yield _gauge("obsv_archive_parts", "Files in the archive.", state.parts)
    yield _gauge("obsv_archive_calls", "Calls in the archive.", state.calls)
    yield _gauge("obsv_archive_log_records", "Log records in the archive.", state.logs)
    yield _gauge("obsv_archive_decisions", "Decisions in the archive.", state.decisions)
    yield _gauge("obsv_archive_outcomes", "Outcomes of decisions in the archive.", state.outcomes)
    yield _gauge("obsv_archive_bytes", "Size of the files in the archive.", state.bytes)
    failing_s = (now_ns - state.failing_ns) / _NS if state.failing_ns is not None else 0.0
    yield _gauge("obsv_archive_failing_seconds", "Time since the archive cannot be written; 0 if it can.", failing_s)
    lag_s = (now_ns - state.waiting_ns) / _NS if state.waiting_ns is not None else 0.0
    yield _gauge("obsv_archive_lag_seconds", "Age of the first call that is only in the database.", max(0.0, lag_s))
    reached_s = state.reached_ns / _NS if state.reached_ns is not None else 0.0
    yield _gauge("obsv_archive_last_success_timestamp_seconds", "When everything due was last archived.", reached_s)
    help_text = "Calls and log records deleted before they were archived, for lack of space."
    yield Family("obsv_archive_unarchived", "counter", help_text, (), [((), state.unarchived)])


def metrics_received(reader: Store) -> Iterator[Family]:
    """Yield what was left out of received metrics."""
    try:
        left_out = [((each.service,), each.points) for each in reader.read_left_out()]
    except StoreUnavailable:
        return
    text = "Data points of series beyond the limit of their service (OBSV_METRIC_SERIES)."
    yield Family("obsv_left_out_points", "counter", text, ("service",), left_out)


def slo_metrics(reader: Store, slos: Sequence[Slo], now_ns: int) -> Iterator[Family]:
    """Yield the remaining budget and the burn rate of each service level."""
    left: list[tuple[tuple[str, ...], float]] = []
    rates: list[tuple[tuple[str, ...], float]] = []
    for slo in slos:
        try:
            buckets = reader.read_level(slo.name, slo.version, now_ns - int(slo.period_s * _NS))
        except StoreUnavailable:
            return
        left.append(((slo.name,), budget_left(summed(buckets, slo.period_s, now_ns), slo.objective)))
        for burn in burns_of(slo.period_s):
            rate = burn_rate(summed(buckets, burn.long_s, now_ns), slo.objective)
            rates.append(((slo.name, f"{burn.long_s / 3_600:g}h"), rate))
    objectives = [((slo.name,), slo.objective) for slo in slos]
    yield Family("obsv_slo_objective_ratio", "gauge", "Required share of good calls.", ("slo",), objectives)
    yield Family("obsv_slo_budget_left_ratio", "gauge", "Remaining share of the error budget.", ("slo",), left)
    help_text = "Burn rate: how many times faster than allowed the error budget is spent."
    yield Family("obsv_slo_burn_rate", "gauge", help_text, ("slo", "window"), rates)


def _gauge(name: str, help_text: str, value: float) -> Family:
    return Family(name, "gauge", help_text, (), [((), value)])


def span_metrics(processes: list[ProcessTotal]) -> Iterator[Family]:
    """Yield `traces_spanmetrics_*`."""
    parts = [
        ((process.service, process.name, f"SPAN_KIND_{KINDS[process.kind]}", status), latency)
        for process in processes
        for status, latency in ((GOOD, process.good), (FAILED, process.failed))
        if latency.calls
    ]
    calls = [(labels, latency.calls) for labels, latency in parts]
    yield Family("traces_spanmetrics_calls", "counter", "Spans by service, name, kind and status.", SPAN_LABELS, calls)
    text = "Of traces_spanmetrics_calls, those that are estimated: they are not stored, sampled ones stand for them."
    unrecorded = [
        ((each.service, each.name, f"SPAN_KIND_{KINDS[each.kind]}"), each.unrecorded)
        for each in processes
        if each.unrecorded
    ]
    yield Family("obsv_estimated_spans", "counter", text, SPAN_LABELS[:3], unrecorded)
    yield _histogram(
        "traces_spanmetrics_latency", "Durations of spans in seconds.", SPAN_LABELS, parts, LATENCY_BOUNDS_NS
    )


def service_graph(requests: list[RequestTotal]) -> Iterator[Family]:
    """Yield `traces_service_graph_*`."""
    name, by = "traces_service_graph_request", EDGE_LABELS
    edges = [((each.client, each.server, each.connection), each) for each in requests]
    counts = [(labels, each.answered.calls) for labels, each in edges]
    yield Family(name, "counter", "Requests between services.", by, counts)
    text = "Of traces_service_graph_request, those that are estimated: sampled ones stand for them."
    estimated = [(labels, each.unrecorded) for labels, each in edges if each.unrecorded]
    yield Family("obsv_estimated_requests", "counter", text, by, estimated)
    failed = [(labels, each.failed) for labels, each in edges]
    yield Family(f"{name}_failed", "counter", "Failed requests between services.", by, failed)
    for side in ("server", "client"):
        parts = [(labels, each.answered if side == "server" else each.asked) for labels, each in edges]
        text = f"Durations of requests between services in seconds, as measured by the {side}."
        yield _histogram(f"{name}_{side}_seconds", text, by, parts, BOUNDS_NS)


def _histogram(
    name: str, help_text: str, labels: tuple[str, ...], parts: Iterable[tuple[Any, Latency]], bounds_ns: tuple[int, ...]
) -> Family:
    samples = [(key, Histogram(each.buckets, each.calls, each.total_ns / _NS)) for key, each in parts]
    return Family(name, "histogram", help_text, labels, samples, tuple(repr(bound / _NS) for bound in bounds_ns))


def pipeline_health(recorders: list[RecorderTotal]) -> Iterator[Family]:
    """Yield `obsv_*` of the recording processes."""
    for name, key, help_text in COUNTERS:
        yield Family(name, "counter", help_text, RECORDER_LABELS, _of_recorders(recorders, key, 1))
    for name, key, factor, help_text in GAUGES:
        yield Family(name, "gauge", help_text, RECORDER_LABELS, _of_recorders(recorders, key, factor))
    said = [((each.service, each.id), each.updated_ns / _NS) for each in recorders]
    text = "Time of the recording process's last report."
    yield Family("obsv_recorder_updated_timestamp_seconds", "gauge", text, RECORDER_LABELS, said)
    states = [((each.service, each.id, state), int(each.state == state)) for each in recorders for state in STATES]
    text = "1 for the current state of the recording process."
    yield Family("obsv_recorder_state", "gauge", text, (*RECORDER_LABELS, "state"), states)


def _of_recorders(recorders: list[RecorderTotal], key: str, factor: float) -> list[tuple[tuple[str, str], float]]:
    values = (((each.service, each.id), each.stats.get(key)) for each in recorders)
    return [(labels, value * factor) for labels, value in values if isinstance(value, int | float)]
