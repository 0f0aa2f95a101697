"""What series are asked for by, and what they come as."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.finding.conditions import Condition, Field
from obsv.store.finding.group_by import Label
from obsv.store.ground import Range


class Wanted(NamedTuple):
    """What to count.

    Args:
        condition: of a span.
        by: what the series are split by.
        within: starts of the spans.
        step_ns: length of a slot; slot 0 begins with the range.
        field: what is measured; None where spans are counted.
        classes: `bucket` (the store's, within 4 %) or `octave` (powers of two): how measured values are told apart.
    """

    condition: Condition
    by: tuple[Field, ...]
    within: Range
    step_ns: int
    field: Field | None = None
    classes: str = "bucket"


class Series(NamedTuple):
    """Counts over time.

    Args:
        labels: values of the fields of `by`.
        slots: for each slot that has spans, how many fall into each class; class 0 where nothing is measured.
    """

    labels: tuple[Label, ...]
    slots: dict[int, dict[int, int]]
