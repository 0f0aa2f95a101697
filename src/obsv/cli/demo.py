"""`obsv demo`: a small live program, recorded, and what was recorded."""

import threading
from pathlib import Path

from rich.text import Text

import obsv
from obsv.cli import listing, numbers, show
from obsv.cli.output import console
from obsv.demo.program import run
from obsv.store.filters import Filters
from obsv.store.reader import Reader


def demo(db: Path, seconds: float, service: str) -> None:
    """Run the program, then print statistics, the latest errors and a trace."""
    obsv.configure(db=db, service_name=service)
    out = console()
    out.print(f"A market-data program runs for {seconds:g} s and is recorded in {db} …")
    run(seconds)
    obsv.force_flush(30)
    out.print(Text("\nobsv stats", "bold"))
    numbers.stats(db, None, None, as_json=False)
    out.print(Text("\nobsv errors --limit 2", "bold"))
    listing.errors(db, Filters(status="ERR"), 0, 2, as_json=False)
    trace_id = _failed_trace(db)
    if trace_id is not None:
        out.print(Text(f"obsv show {trace_id}", "bold"))
        show.show(db, trace_id, 30, as_json=False)
    out.print('\nNow try `obsv tail`, `obsv sql "select * from data_trace order by ts desc limit 10"`, `obsv serve`.')


def _failed_trace(db: Path) -> str | None:
    reader = Reader(db)
    try:
        row = reader.one(
            "select trace_id from process_trace where status = 'ERR' and depth > 0 order by ts desc limit 1"
        )
    finally:
        reader.close()
    return None if row is None else str(row[0])


def live_demo(db: Path, port: int, seconds: float, service: str) -> None:
    """The program and the app on it, side by side, until interrupted."""
    from obsv.cli.serve import serve

    obsv.configure(db=db, service_name=service)
    thread = threading.Thread(target=run, args=(seconds,), name="demo", daemon=True)
    thread.start()
    serve(db, port=port, otlp_grpc=None, otlp_http=None, open_browser=True)
