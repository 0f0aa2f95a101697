"""`obsv report`: a report printed, written and sent."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from obsv.alerts.rules_file import read_file
from obsv.analysis.markdown import visible
from obsv.cli.alerts import rules_path
from obsv.cli.common import FOUND_PROBLEMS, complain
from obsv.cli.output import json_line
from obsv.errors import ConfigurationError
from obsv.privacy import write_private
from obsv.reports import as_document, as_html, as_markdown, as_text, heading, made, receivers, send
from obsv.since import since


def report(
    db: Path, kind: str, form: str, until: str | None, output: Path | None, to: list[str], by_model: bool
) -> int:
    """Print a report, or write it to a file, and send it; return an exit code."""
    chosen = receivers(read_file(rules_path(db, None)), to) if to else []
    now_ns = time.time_ns()
    found = made(db, kind, now_ns if until is None else since(until, now_ns), by_model=by_model)
    if form == "json":
        text = json_line(as_document(found)) + "\n"
    else:
        text = as_html(found) if form == "html" else visible(as_markdown(found))
    if output is None:
        sys.stdout.write(text)
    else:
        try:
            write_private(output, text)
        except OSError as error:
            raise ConfigurationError(f"{output} cannot be written: {error.strerror}.") from None
    refused = [each for each in send(heading(found), as_text(found), chosen) if not each.ok]
    for each in refused:
        complain(f"{each.receiver} did not accept the report: {each.text or 'no response'}")
    return FOUND_PROBLEMS if refused else 0
