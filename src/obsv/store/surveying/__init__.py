"""Summaries of search results: trace overviews, samples of calls, errors by where they were caught, attributes."""

from obsv.store.surveying.handled import Errors
from obsv.store.surveying.sampling import Sample, SampledCall
from obsv.store.surveying.summaries import Match, Summary
from obsv.store.surveying.tags import TagValue

__all__ = ["Errors", "Match", "Sample", "SampledCall", "Summary", "TagValue"]
