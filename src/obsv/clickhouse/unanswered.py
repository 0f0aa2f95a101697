"""The questions of `Store` that the collector's tables cannot answer, each with the sentence that says so.

Every other question is answered in `answers.py` or `store.py`, or put together from such answers (`DERIVED`). A test
compares these lists with the protocol: a new question is in one of them, or the test fails.
"""

from __future__ import annotations

from typing import Final

READ_ONLY: Final = (
    "Read-only: decisions about errors, deployments, kept traces, saved views and alert rules need a store of obsv."
)
NOT_THERE: Final = "The collector's table has no source code, no exact inputs, no log records, and no metrics."
NO_DECISIONS: Final = "Decisions, gates, artifacts and reports need a store of obsv."
NO_RECORDERS: Final = "Recorders, feeds and repeated values are known only to a store of obsv."
NO_ARRIVALS: Final = "Spans have no order of arrival, which following errors, forwarding and archiving need."

SENTENCES = (
    READ_ONLY,
    NOT_THERE,
    NO_DECISIONS,
    NO_RECORDERS,
    NO_ARRIVALS,
    "Questions without a time are asked of the last 24 hours.",
    "Sampled spans count as one call each.",
)
"""Shown on every page."""

EMPTY: dict[str, str] = {
    **dict.fromkeys(
        ("read_alerts", "read_alert_events", "read_audit", "read_deliveries", "read_kept", "read_kept_trace",
         "read_level", "read_outbox", "read_rule_rows", "read_saved_views", "read_silences", "read_spenders"),
        READ_ONLY,
    ),
    **dict.fromkeys(("exact_texts", "read_exact", "read_left_out", "read_logs", "read_metric_points",
         "read_metric_series", "read_new_logs"), NOT_THERE),
    **dict.fromkeys(
        ("list_artifacts", "read_decision", "read_decisions", "read_gate", "read_gates", "read_journal_names",
         "read_kinds", "read_lineage", "read_paired", "read_registrations", "read_selections", "read_what_if",
         "registered_between", "list_reports", "read_report"),
        NO_DECISIONS,
    ),
    **dict.fromkeys(("read_feeds", "read_recorders", "read_repeating"), NO_RECORDERS),
    **dict.fromkeys(("archived_parts", "read_archive", "read_unarchived"), NO_ARRIVALS),
}  # fmt: skip
"""Questions whose answer has nothing in it: pages ask them beside others, and the ribbon says why there is nothing."""

REFUSED: dict[str, str] = dict.fromkeys(
    ("count_level", "counted_until", "error_events_since", "last_call", "log_starts_after", "logs_between",
     "read_call_figures", "read_failed", "spans_after", "spans_between", "spans_since", "starts_after",
     "stored_among"),
    NO_ARRIVALS,
)  # fmt: skip
"""Questions that only mean something over a store of obsv, and are refused with a message."""

DERIVED = ("identity", "read_limits", "read_milestones", "read_pages", "sample_of_group")
"""Questions that the code for SQLite puts together from other answers, or from the mirror."""
