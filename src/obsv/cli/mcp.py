"""`obsv mcp` and `obsv explain`: answers for assistants, and for people who paste them."""

from __future__ import annotations

import time
from pathlib import Path

from obsv.agents import Asked, explain_error
from obsv.agents.answer import MOST_TOKENS
from obsv.cli.output import json_line
from obsv.cold import open_whole


def serve(db: Path, app: str | None) -> None:
    """Answer an assistant on stdin and stdout.

    Args:
        db: path of the store; it may not exist yet.
        app: address of the app, for links; None omits them.

    Raises:
        ConfigurationError: the MCP SDK is not installed.
    """
    from obsv.api.mcp import run_on_pipe

    store = open_whole(db)
    try:
        run_on_pipe(lambda: Asked(store, time.time_ns(), app))
    finally:
        store.close()


def explain(db: Path, span: str, app: str | None, as_json: bool) -> None:
    """Print the answer of `explain_error`.

    Args:
        db: path of the store.
        span: `TRACE_ID/SPAN_ID` or a span ID.
        app: address of the app, for links; None omits them.
        as_json: whether to print one line of JSON.

    Raises:
        NotFound: there is no such span.
        StoreError: the store cannot be read.
    """
    store = open_whole(db)
    try:
        text = explain_error(Asked(store, time.time_ns(), app), span, MOST_TOKENS)
    finally:
        store.close()
    print(json_line({"span": span, "markdown": text}) if as_json else text, end="\n" if as_json else "")
