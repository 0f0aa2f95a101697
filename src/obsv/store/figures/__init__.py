"""Figures: counts, durations and states, from the rollups."""

from obsv.store.figures.beat import FeedState, QueueSample, RecorderState
from obsv.store.figures.busiest import Busy, read_busiest
from obsv.store.figures.choices import read_groups, read_processes, read_variables
from obsv.store.figures.compare import Pair, Times, failures, read_pair, read_times
from obsv.store.figures.flow import Flow, FlowEdge, FlowNode, read_flow
from obsv.store.figures.function import Failure, FunctionReport, History, Neighbour, Variable, read_function
from obsv.store.figures.health import check
from obsv.store.figures.overview import (
    ErrorCall,
    FunctionSums,
    GroupSums,
    Overview,
    PeriodTotals,
    latest_errors,
    read_overview,
)
from obsv.store.figures.pulse import Pulse
from obsv.store.figures.services import read_dependencies, read_operations, read_services
from obsv.store.figures.stats import ProcessStats, process_stats
from obsv.store.figures.sums import Sums
from obsv.store.figures.totals import (
    LATENCY_BOUNDS_NS,
    Latency,
    ProcessTotal,
    RecorderTotal,
    RequestTotal,
    Totals,
    read_totals,
)

__all__ = [
    "LATENCY_BOUNDS_NS",
    "Busy",
    "ErrorCall",
    "Failure",
    "FeedState",
    "Flow",
    "FlowEdge",
    "FlowNode",
    "FunctionReport",
    "FunctionSums",
    "GroupSums",
    "History",
    "Latency",
    "Neighbour",
    "Overview",
    "Pair",
    "PeriodTotals",
    "ProcessStats",
    "ProcessTotal",
    "Pulse",
    "QueueSample",
    "RecorderState",
    "RecorderTotal",
    "RequestTotal",
    "Sums",
    "Times",
    "Totals",
    "Variable",
    "check",
    "failures",
    "latest_errors",
    "process_stats",
    "read_busiest",
    "read_dependencies",
    "read_flow",
    "read_function",
    "read_groups",
    "read_operations",
    "read_overview",
    "read_pair",
    "read_processes",
    "read_services",
    "read_times",
    "read_totals",
    "read_variables",
]
