"""Reports that are due: made, phrased, kept and sent, each once."""

from __future__ import annotations

import json
from pathlib import Path

from obsv.alerts.rules_file import read_file
from obsv.errors import ConfigurationError, NotFound
from obsv.measures import file_beside as metrics_beside
from obsv.measures import load
from obsv.reports import routing
from obsv.reports.formats import as_document
from obsv.reports.phrasing import ANSWER_TOKENS, phrased, question
from obsv.reports.report import Report, make_report
from obsv.reports.schedule import Plan, due_end_ns, plans
from obsv.reports.schedule import file_beside as plans_beside
from obsv.reports.sending import receivers, send
from obsv.rules_place import find_file
from obsv.store.seam import open_store
from obsv.store.writing import KeptReport, ReportBook

# Characters a token: of English text, about.
_TOKEN_CHARS = 3


def made(db: Path, kind: str, end_ns: int, *, by_model: bool = True) -> Report:
    """Make the report of a period, phrased by a language model if `ai_routing.yaml` names one.

    Raises:
        ConfigurationError: metrics.yaml or ai_routing.yaml is invalid.
        CannotReport, StoreError: the store cannot be read.
    """
    store = open_store(db)
    try:
        report = make_report(store, load(metrics_beside(db)), kind, end_ns)
    finally:
        store.close()
    if not by_model:
        return report
    tokens = len(question(report)) // _TOKEN_CHARS + ANSWER_TOKENS
    return phrased(report, routing.routes(routing.file_beside(db), kind, tokens))


def make_due(db: Path, now_ns: int) -> list[str]:
    """Make and send the reports that are due; return what went wrong.

    Raises:
        ConfigurationError: reports.toml is invalid.
    """
    wrong = []
    for plan in plans(plans_beside(db)):
        wrong += _make(db, plan, now_ns)
    return wrong


def _make(db: Path, plan: Plan, now_ns: int) -> list[str]:
    book, end_ns = ReportBook(db), due_end_ns(plan, now_ns)
    kept = book.find(plan.kind, end_ns)
    if kept is None:
        report = made(db, plan.kind, end_ns)
        document = json.dumps(as_document(report), ensure_ascii=False)
        book.keep(plan.kind, report.window.start_ns, end_ns, now_ns, document)
        kept = KeptReport(document, ())
    return _send(db, plan, end_ns, kept, book)


def _send(db: Path, plan: Plan, end_ns: int, kept: KeptReport, book: ReportBook) -> list[str]:
    if not plan.send:
        return []
    try:
        rules = find_file(db)
        if rules is None:
            raise NotFound(f"There is no alerts.toml beside {db}, which reports.toml sends reports by.")
        to = receivers(read_file(rules), list(plan.send))
    except (ConfigurationError, NotFound) as error:
        return [str(error)]
    waiting = [each for each in to if each.name not in kept.sent]
    document = json.loads(kept.document)
    accepted, wrong = list(kept.sent), []
    for each in waiting:
        (sent,) = send(document["title"], document["text"], [each])
        if sent.ok:
            accepted.append(sent.receiver)
            book.mark_sent(plan.kind, end_ns, accepted)
        else:
            wrong.append(f"{sent.receiver} did not accept the {plan.kind} report: {sent.text}")
    return wrong
