"""The foundation of the store: rows, rollups, time windows, histograms; pure, no SQL."""

from obsv.store.ground.exceptions import headline, raised, raised_line
from obsv.store.ground.forms import MANY, MOST_VALUES, VALUE, form_of, value_form
from obsv.store.ground.histogram import GROWTH, Buckets, bucket, buckets, middle_ns, percentile
from obsv.store.ground.lag import SKEW_NS, UNKNOWN_NS, began_ns
from obsv.store.ground.limits import DEFAULT_AGE_NS, HOUR_NS, Limits
from obsv.store.ground.loss import Loss
from obsv.store.ground.origin import RECEIVED, machine_mark
from obsv.store.ground.regex import compile_pattern, fits
from obsv.store.ground.requests import BOUNDS_NS, Half, Requests, halves
from obsv.store.ground.rollups import ERROR, EVER, MINUTE_NS, Column, Rollups, by_minute, minute_of
from obsv.store.ground.rows import (
    Code,
    LogRow,
    RecorderRow,
    RingProgress,
    Signature,
    Source,
    SpanRow,
    WriteResult,
    is_unfinished,
    is_without_start,
)
from obsv.store.ground.stored_json import (
    DAMAGED,
    attributes_of,
    pairs_of,
    read_detail,
    read_fields,
    read_object,
    read_shown,
    read_values,
    to_stored,
)
from obsv.store.ground.weights import Weight, by_trace_state, counted, sampled
from obsv.store.ground.window import PRESETS, Range, Window

__all__ = [
    "BOUNDS_NS",
    "DAMAGED",
    "DEFAULT_AGE_NS",
    "ERROR",
    "EVER",
    "GROWTH",
    "HOUR_NS",
    "MANY",
    "MINUTE_NS",
    "MOST_VALUES",
    "PRESETS",
    "RECEIVED",
    "SKEW_NS",
    "UNKNOWN_NS",
    "VALUE",
    "Buckets",
    "Code",
    "Column",
    "Half",
    "Limits",
    "LogRow",
    "Loss",
    "Range",
    "RecorderRow",
    "Requests",
    "RingProgress",
    "Rollups",
    "Signature",
    "Source",
    "SpanRow",
    "Weight",
    "Window",
    "WriteResult",
    "attributes_of",
    "began_ns",
    "bucket",
    "buckets",
    "by_minute",
    "by_trace_state",
    "compile_pattern",
    "counted",
    "fits",
    "form_of",
    "halves",
    "headline",
    "is_unfinished",
    "is_without_start",
    "machine_mark",
    "middle_ns",
    "minute_of",
    "pairs_of",
    "percentile",
    "raised",
    "raised_line",
    "read_detail",
    "read_fields",
    "read_object",
    "read_shown",
    "read_values",
    "sampled",
    "to_stored",
    "value_form",
]
