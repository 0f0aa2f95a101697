"""Figures: counts, durations and states, from the rollups."""

from obsv.store.figures.archive import ArchivedPart, ArchiveState
from obsv.store.figures.artifacts import Artifact, Lineage
from obsv.store.figures.beat import Beat, FeedState, RecorderState
from obsv.store.figures.busiest import Busy
from obsv.store.figures.change_counts import Side
from obsv.store.figures.changes import Changes, EdgeChange, FunctionChange, GroupChange, NewForm, SourceChange
from obsv.store.figures.compare import Pair, Times
from obsv.store.figures.decisions import (
    DecisionFilters,
    DecisionFull,
    DecisionLine,
    Decisions,
    GateLine,
    KindLine,
    ResultLine,
)
from obsv.store.figures.error_groups import (
    ErrorDetail,
    ErrorEvent,
    ErrorGroup,
    ErrorGroups,
    ErrorPlace,
    ErrorSample,
    ErrorWhy,
)
from obsv.store.figures.flow import Flow, FlowEdge, FlowNode
from obsv.store.figures.function import Failure, FunctionReport, History, Neighbour, Variable
from obsv.store.figures.gates import Flipped, GateFigures, GateFilters, GateInspected, MarginBucket, WhatIf
from obsv.store.figures.health import Health
from obsv.store.figures.journal import JournalNames
from obsv.store.figures.kept import KeptTrace, KeptTraces
from obsv.store.figures.kept_reports import ReportLine
from obsv.store.figures.logs import LogFilters, LogLine, Logs, NewLogs
from obsv.store.figures.lost import Lost
from obsv.store.figures.metrics import LeftOut, SeriesFilters, SeriesLine, SeriesPage
from obsv.store.figures.milestones import Milestone
from obsv.store.figures.overview import ErrorCall, FunctionSums, GroupSums, Overview, PeriodTotals
from obsv.store.figures.paired import Disagreement, Paired
from obsv.store.figures.pulse import Pulse
from obsv.store.figures.saved_views import SavedView
from obsv.store.figures.selections import VIEWS, Series, as_sql
from obsv.store.figures.services import Dependency, Operation
from obsv.store.figures.stats import ProcessStats
from obsv.store.figures.sums import Sums
from obsv.store.figures.totals import LATENCY_BOUNDS_NS, Latency, ProcessTotal, RecorderTotal, RequestTotal, Totals

__all__ = [
    "LATENCY_BOUNDS_NS",
    "VIEWS",
    "ArchiveState",
    "ArchivedPart",
    "Artifact",
    "Beat",
    "Busy",
    "Changes",
    "DecisionFilters",
    "DecisionFull",
    "DecisionLine",
    "Decisions",
    "Dependency",
    "Disagreement",
    "EdgeChange",
    "ErrorCall",
    "ErrorDetail",
    "ErrorEvent",
    "ErrorGroup",
    "ErrorGroups",
    "ErrorPlace",
    "ErrorSample",
    "ErrorWhy",
    "Failure",
    "FeedState",
    "Flipped",
    "Flow",
    "FlowEdge",
    "FlowNode",
    "FunctionChange",
    "FunctionReport",
    "FunctionSums",
    "GateFigures",
    "GateFilters",
    "GateInspected",
    "GateLine",
    "GroupChange",
    "GroupSums",
    "Health",
    "History",
    "JournalNames",
    "KeptTrace",
    "KeptTraces",
    "KindLine",
    "Latency",
    "LeftOut",
    "Lineage",
    "LogFilters",
    "LogLine",
    "Logs",
    "Lost",
    "MarginBucket",
    "Milestone",
    "Neighbour",
    "NewForm",
    "NewLogs",
    "Operation",
    "Overview",
    "Pair",
    "Paired",
    "PeriodTotals",
    "ProcessStats",
    "ProcessTotal",
    "Pulse",
    "RecorderState",
    "RecorderTotal",
    "ReportLine",
    "RequestTotal",
    "ResultLine",
    "SavedView",
    "Series",
    "SeriesFilters",
    "SeriesLine",
    "SeriesPage",
    "Side",
    "SourceChange",
    "Sums",
    "Times",
    "Totals",
    "Variable",
    "WhatIf",
    "as_sql",
]
