"""Rows that nothing needs any more, table by table: what retention deletes besides calls."""

from __future__ import annotations

from typing import NamedTuple

TS = "strftime('%Y-%m-%d %H:%M:%S', :before_ns / 1000000000, 'unixepoch')"
OLDEST_ERROR = "select coalesce((select start_ns from span where status = 2 order by ts limit 1), 0)"


class Tidy(NamedTuple):
    """Rows that nothing needs any more: `keys` is the primary key, `where` says which rows."""

    table: str
    keys: str
    where: str

    @property
    def choose(self) -> str:
        """Puts the keys of at most :limit of them into the table `chosen`; reads much, and locks nothing."""
        return (
            f"insert into chosen({self._columns}) select {self.keys} from {self.table} where {self.where} limit :limit"
        )

    @property
    def delete(self) -> str:
        """Deletes those chosen, unless something has come to need them since."""
        chosen = f"select {self._columns} from chosen"
        # The plus keeps the planner from walking along the condition, past all rows that it holds for.
        return f"delete from {self.table} where ({self.keys}) in ({chosen}) and +({self.where})"

    @property
    def _columns(self) -> str:
        return ", ".join(f"key_{number}" for number, _ in enumerate(self.keys.split(","), 1))


# Groups of errors, and what happened to them, outlive the calls; hostile texts must not fill the file with them.
MOST_GROUPS = 10_000
_MANY = "id in (select id from {table} order by {order} desc limit -1 offset {most})"
HISTOGRAM = "total, minute, process_id, bucket"
_UNUSED = "used_ns < :unused_ns"
_GONE = "not in (select id from process)"
_DECIDED = "time_ns < :decided_ns and +id <= :decisions_archived"
# In this order: an interned row goes when no writer can still hold its id (interning.py) and its rollups are gone.
ROLLUPS = (
    Tidy("histogram", HISTOGRAM, "total in (0, 1) and minute between 1 and :minute"),
    Tidy("calls_minute", "edge, minute, parent_id, process_id", "edge in (0, 1) and minute between 1 and :minute"),
    Tidy("error_minute", "group_id, minute", "minute <= :minute"),
)
_WITHOUT = "not exists(select 1 from metric_{0} p where p.series_id = metric_series.id)"
METRICS = (
    Tidy("metric_chunk", "id", "last_ns < :metrics_ns"),
    Tidy("metric_point", "series_id, time_ns", "time_ns < :metrics_ns"),
)
TIDY = (
    *ROLLUPS,
    Tidy("error_call", "group_id, start_ns", f"start_ns < :before_ns or start_ns < ({OLDEST_ERROR})"),
    Tidy("error_group", "id", _MANY.format(table="error_group", order="last_ns", most=MOST_GROUPS)),
    Tidy("error_event", "id", _MANY.format(table="error_event", order="id", most=MOST_GROUPS)),
    Tidy("version", "id", _MANY.format(table="version", order="id", most=MOST_GROUPS)),
    Tidy("version_code", "version_id", "version_id not in (select id from version)"),
    Tidy("deploy", "id", _MANY.format(table="deploy", order="id", most=MOST_GROUPS)),
    Tidy("orphan", "id", "start_ns < :before_ns"),
    Tidy("request_half", "id", "arrived_ns < :before_ns"),
    Tidy("exact_input", "trace_id, span_id", "start_ns < :before_ns"),
    Tidy("recorder", "id", "updated_ns < :unused_ns"),
    Tidy("ring", "ring", "updated_ns < :unused_ns"),
    Tidy("signature", "id", _UNUSED),
    Tidy("signature_field", "signature_id, position", "signature_id not in (select id from signature)"),
    Tidy("code", "id", f"{_UNUSED} and id not in (select code_id from signature)"),
    Tidy("process", "id", _UNUSED),
    Tidy("process_name", "id", _UNUSED),
    Tidy("gate_value", "made, position", f"made in (select id from decision_made where {_DECIDED})"),
    Tidy("decision_made", "id", _DECIDED),
    Tidy("gate_hour", "gate_id, hour", "(hour + 1) * 3600000000000 <= :decided_ns"),
    Tidy("outcome_seen", "id", "time_ns < :decided_ns and +id <= :outcomes_archived"),
    Tidy("gate", "id", "not exists(select 1 from gate_value v where v.gate_id = gate.id)"),
    Tidy("log_record", "id", f"ts < {TS} and +id <= :logs_archived"),
    *METRICS,
    Tidy("metric_series", "id", f"{_WITHOUT.format('point')} and {_WITHOUT.format('chunk')}"),
    Tidy("metric_left_out", "service", "last_ns < :metrics_ns"),
    Tidy(
        "source",
        "id",
        f"{_UNUSED} and not exists(select 1 from log_record l where l.source_id = source.id)"
        " and not exists(select 1 from metric_series m where m.source_id = source.id)",
    ),
    Tidy("thread", "id", _UNUSED),
    Tidy("variable", "process_id, name, data_type", f"process_id {_GONE}"),
    Tidy("value_form", "process_id", f"process_id {_GONE}"),
    Tidy("feed", "name, process_id", f"process_id {_GONE}"),
    Tidy("failure_histogram", "process_id, bucket", f"process_id {_GONE}"),
    Tidy("histogram", HISTOGRAM, f"total = 0 and minute = 0 and process_id {_GONE}"),
    Tidy(
        "calls_minute",
        "edge, minute, parent_id, process_id",
        f"edge in (0, 1) and minute = 0 and (process_id {_GONE} or edge = 1 and parent_id {_GONE})",
    ),
)
