"""Reports that were made on a schedule and kept."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from obsv.errors import NotFound
from obsv.store.file import Readable
from obsv.store.ground import read_shown

_HAS_REPORTS = "select 1 from sqlite_schema where type = 'table' and name = 'report'"
_LIST = "select id, kind, start_ns, end_ns, made_ns, sent from report order by end_ns desc, id desc limit ?"
_ONE = "select id, kind, start_ns, end_ns, made_ns, sent, document from report where id = ?"


class ReportLine(NamedTuple):
    """A kept report at a glance.

    Attributes:
        id: its number.
        kind: daily or weekly.
        start_ns, end_ns: the period, Unix time.
        made_ns: Unix time.
        sent: names of the receivers that accepted it.
    """

    id: int
    kind: str
    start_ns: int
    end_ns: int
    made_ns: int
    sent: tuple[str, ...]


def list_reports(reader: Readable, limit: int) -> list[ReportLine]:
    """Return the kept reports, those of the latest periods first."""
    with reader.snapshot() as store:
        if store.one(_HAS_REPORTS) is None:
            return []
        return [_line(row) for row in store.query(_LIST, (limit,))]


def read_report(reader: Readable, id: int) -> tuple[ReportLine, dict[str, Any]]:
    """Return a kept report and its document, as `obsv report --format json` prints it.

    Raises:
        NotFound: there is no such report.
    """
    with reader.snapshot() as store:
        row = store.one(_ONE, (id,)) if store.one(_HAS_REPORTS) is not None else None
    document = None if row is None else read_shown(row[6])
    if row is None or not isinstance(document, dict):
        raise NotFound(f"There is no report {id}; the page Reports lists those that are kept.")
    return _line(row), document


def _line(row: Any) -> ReportLine:
    id, kind, start_ns, end_ns, made_ns, sent = row[:6]
    return ReportLine(id, kind, start_ns, end_ns, made_ns, tuple(map(str, json.loads(sent))))
