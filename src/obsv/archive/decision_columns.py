"""Decisions and outcomes as columns of a Parquet file, and back: one row each, readable without obsv."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from obsv.archive.parquet import INT, TEXT, TIME, Column, Columns, Wanted
from obsv.store.ground import DecisionRow, GateRow, OutcomeRow
from obsv.store.spans import ArchivedDecision, ArchivedOutcome

_MADE = tuple(name for name in DecisionRow._fields if name not in ("trace_id", "span_id", "is_shadow", "gates"))
_INTS = ("time_ns", "duration_ns", "refusals", "cutoff_ns")


def _row_column(name: str) -> Column:
    return Column(name, INT if name in _INTS else TEXT, lambda each: getattr(each.row, name))


DECISION_COLUMNS = Columns(
    (
        Column("id", INT, lambda each: each.id),
        Column("ts", TIME, lambda each: each.row.time_ns // 1_000),
        *map(_row_column, _MADE),
        Column("is_shadow", INT, lambda each: int(each.row.is_shadow)),
        Column("trace_id", TEXT, lambda each: each.row.trace_id.hex()),
        Column("span_id", TEXT, lambda each: each.row.span_id.hex()),
        Column("judgement", TEXT, lambda each: each.judgement),
        Column("gates", TEXT, lambda each: json.dumps([gate._asdict() for gate in each.row.gates])),
    )
)
OUTCOME_COLUMNS = Columns(
    (
        Column("id", INT, lambda each: each.id),
        Column("ts", TIME, lambda each: each.row.time_ns // 1_000),
        Column("digest", TEXT, lambda each: each.digest.hex()),
        *map(_row_column, OutcomeRow._fields),
    )
)


def decisions_in(content: bytes, wanted: Wanted | None = None) -> Iterator[list[ArchivedDecision]]:
    """Yield the decisions in a Parquet file.

    Args:
        content: the file.
        wanted: which decisions; None for all.

    Raises:
        ForeignFile: it is not one of ours.
    """
    for rows in DECISION_COLUMNS.read(content, wanted):
        yield [_decision(dict(zip(DECISION_COLUMNS.names, values, strict=True))) for values in rows]


def outcomes_in(content: bytes, wanted: Wanted | None = None) -> Iterator[list[ArchivedOutcome]]:
    """Yield the outcomes and counterfactuals in a Parquet file; see `decisions_in`."""
    for rows in OUTCOME_COLUMNS.read(content, wanted):
        yield [ArchivedOutcome(values[0], bytes.fromhex(values[2]), OutcomeRow(*values[3:])) for values in rows]


def _decision(has: dict[str, Any]) -> ArchivedDecision:
    row = DecisionRow(
        **{name: has[name] for name in _MADE},
        is_shadow=bool(has["is_shadow"]),
        trace_id=bytes.fromhex(has["trace_id"]),
        span_id=bytes.fromhex(has["span_id"]),
        gates=tuple(GateRow(**gate) for gate in json.loads(has["gates"])),
    )
    return ArchivedDecision(has["id"], row, has["judgement"])
