"""Metrics of decisions, their outcomes, and calls: formulas in `metrics.yaml`, compiled and computed."""

from obsv.measures.formula import FormulaError, compile_formula
from obsv.measures.measuring import Measured, State, measure, measure_each, statements
from obsv.measures.metrics_file import (
    FILE_NAME,
    SCHEDULES,
    Definition,
    InvalidMetrics,
    Problem,
    file_beside,
    load,
    shipped,
)
from obsv.measures.shown import shown

__all__ = [
    "FILE_NAME",
    "SCHEDULES",
    "Definition",
    "FormulaError",
    "InvalidMetrics",
    "Measured",
    "Problem",
    "State",
    "compile_formula",
    "file_beside",
    "load",
    "measure",
    "measure_each",
    "shipped",
    "shown",
    "statements",
]
