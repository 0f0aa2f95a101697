"""A report as Markdown, as text for messages, as HTML and as JSON."""

from __future__ import annotations

import html
import re
from typing import Any

from obsv.analysis.markdown import code, one_line
from obsv.reports.facts import Fact
from obsv.reports.references import fill, references
from obsv.reports.report import Report
from obsv.times import ts

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1a1b1e;"
    "background:#fff}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}a{color:inherit;white-space:nowrap;text-decoration-color:#748ffc}"
    "li{margin:.3rem 0}.bad{border-left:3px solid #e03131;padding-left:.6rem}pre{white-space:pre-wrap;"
    "overflow-wrap:anywhere;background:#f1f3f5;padding:.6rem;font-size:.85rem}"
    "@media(prefers-color-scheme:dark){body{color:#c9c9c9;background:#1a1b1e}pre{background:#25262b}}"
)
# In the texts of the rules; facts are put in afterwards.
_COMMAND = re.compile(r"`([^`]+)`")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body><main>{body}</main></body></html>
"""


def heading(report: Report) -> str:
    """Return the title of a report."""
    start, end = ts(report.window.start_ns)[:16], ts(report.window.end_ns)[:16]
    return f"{report.kind.capitalize()} report, {start} to {end} UTC"


def as_text(report: Report) -> str:
    """Return the summary and the insights as plain text, for messages."""
    lines = [report.summary, *(f"- {each.text}" for each in report.insights)]
    return "\n".join(fill(line, report.facts, lambda fact: one_line(fact.text)) for line in lines)


def as_markdown(report: Report) -> str:
    """Return a report as Markdown (GitHub's); each number has a footnote with its statement."""
    notes: dict[str, int] = {}

    def write(fact: Fact) -> str:
        if not fact.sql:
            return code(fact.text) if fact.value is None else fact.text
        return f"{fact.text}[^{notes.setdefault(fact.key, len(notes) + 1)}]"

    parts = [f"# {heading(report)}", fill(report.summary, report.facts, write)]
    parts.append("## Insights")
    found = [f"- {'**!** ' if each.is_bad else ''}{fill(each.text, report.facts, write)}" for each in report.insights]
    parts.append("\n".join(found) or "- The rules found nothing.")
    for section in report.sections:
        parts.append(f"## {section.title}")
        parts.append("\n".join(f"- {fill(line, report.facts, write)}" for line in section.lines))
    if report.phrased_by:
        parts.append(f"The summary was phrased by {code(report.phrased_by)}; its numbers are references.")
    for key, number in notes.items():
        fact = report.facts[key]
        parts.append(f"[^{number}]: {code(fact.title)}: {'; '.join(code(each, 4_000) for each in fact.sql)}")
    return "\n\n".join(parts) + "\n"


def as_html(report: Report) -> str:
    """Return a report as one HTML document without scripts; each number leads to its statement."""
    used: dict[str, Fact] = {}

    def write(fact: Fact) -> str:
        text = html.escape(one_line(fact.text))
        if not fact.sql:
            return text if fact.value is not None else f"<b>{text}</b>"
        used.setdefault(fact.key, fact)
        return f'<a href="#{fact.key}" title="{html.escape(one_line(fact.title))}">{text}</a>'

    def line(text: str) -> str:
        return fill(_COMMAND.sub(r"<code>\1</code>", html.escape(text, quote=False)), report.facts, write)

    body = [f"<h1>{html.escape(heading(report))}</h1>", f"<p>{line(report.summary)}</p>"]
    items = "".join(f"<li{' class=bad' if each.is_bad else ''}>{line(each.text)}</li>" for each in report.insights)
    body.append(f"<h2>Insights</h2><ul>{items or '<li>The rules found nothing.</li>'}</ul>")
    for section in report.sections:
        items = "".join(f"<li>{line(each)}</li>" for each in section.lines)
        body.append(f"<h2>{html.escape(section.title)}</h2><ul>{items}</ul>")
    if report.phrased_by:
        body.append(
            f"<p>The summary was phrased by {html.escape(one_line(report.phrased_by))}; its numbers are references.</p>"
        )
    body.append("<h2>Where the numbers come from</h2>")
    for key, fact in used.items():
        sql = "\n".join(map(one_line, fact.sql))
        body.append(f'<h3 id="{key}">{html.escape(one_line(fact.title))}</h3><pre>{html.escape(sql)}</pre>')
    return _PAGE.format(title=html.escape(heading(report)), style=_STYLE, body="".join(body))


def as_document(report: Report) -> dict[str, Any]:
    """Return a report as JSON: texts with references, and the facts that they refer to."""
    used = dict.fromkeys(key for text in report.texts() for key in references(text))
    return {
        "kind": report.kind,
        "title": heading(report),
        "start_ns": report.window.start_ns,
        "end_ns": report.window.end_ns,
        "summary": report.summary,
        "sections": [{"title": each.title, "lines": list(each.lines)} for each in report.sections],
        "insights": [each._asdict() for each in report.insights],
        "facts": {key: {**report.facts[key]._asdict(), "sql": list(report.facts[key].sql)} for key in used},
        "phrased_by": report.phrased_by,
        "text": as_text(report),
    }
