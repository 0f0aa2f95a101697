"""Surveys of what a search finds: traces at a glance, samples of calls, errors by who caught them, attributes."""

from obsv.store.surveying.handled import Errors
from obsv.store.surveying.sampling import Sample, SampledCall
from obsv.store.surveying.summaries import Match, Summary
from obsv.store.surveying.tags import TagValue

__all__ = ["Errors", "Match", "Sample", "SampledCall", "Summary", "TagValue"]
