"""Reports: what was decided, how it turned out, what changed; each number refers to its statement."""

from obsv.reports.comparison import Comparison, compare_artifacts
from obsv.reports.formats import as_document, as_html, as_markdown, as_text, heading
from obsv.reports.making import made, make_due
from obsv.reports.phrasing import ANSWER_TOKENS, phrased, question
from obsv.reports.references import REFERENCE
from obsv.reports.report import LENGTH_NS, CannotReport, Report, make_report
from obsv.reports.routing import routes
from obsv.reports.sending import receivers, send

__all__ = [
    "ANSWER_TOKENS",
    "LENGTH_NS",
    "REFERENCE",
    "CannotReport",
    "Comparison",
    "Report",
    "as_document",
    "as_html",
    "as_markdown",
    "as_text",
    "compare_artifacts",
    "heading",
    "made",
    "make_due",
    "make_report",
    "phrased",
    "question",
    "receivers",
    "routes",
    "send",
]
