"""`obsv demo`: record a small live program and show the result."""

import subprocess
import sys
from pathlib import Path

from rich.text import Text

import obsv
from obsv.cli import listing, numbers, show
from obsv.cli.output import console, print_json
from obsv.demo.program import run
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import open_store
from obsv.store.writing import Writer
from obsv.times import MAX_NS

# Ends with its own flush when the app is closed or its standard input is: its parent process has then ended.
_PROGRAM = """
import os, signal, sys, threading
import obsv
from obsv.demo.program import run

def end_with_parent():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end_with_parent, daemon=True).start()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
obsv.configure(db=sys.argv[1], service_name=sys.argv[2])
run(float(sys.argv[3]))
"""


def demo(db: Path, seconds: float, service: str, as_json: bool = False) -> None:
    """Run the program, then print statistics, the latest errors and a trace, or their locations as JSON.

    Raises:
        StoreError: calls cannot be recorded there.
    """
    writer = Writer(db)
    writer.open()
    writer.close()
    obsv.configure(db=db, service_name=service)
    out = console()
    if not as_json:
        out.print(f"Recording a market-data program for {seconds:g} s in {db} …")
    run(seconds)
    obsv.force_flush(30)
    trace_id = _failed_trace(db)
    if as_json:
        counted = obsv.stats()
        print_json({"db": db, "calls": counted["recorded"], "errors": counted["errors"], "failed_trace_id": trace_id})
        return
    out.print(Text("\nobsv stats", "bold"))
    numbers.stats(db, None, None, as_json=False)
    out.print(Text("\nobsv errors --limit 2", "bold"))
    listing.errors(db, Filters(status="ERR"), 0, 2, as_json=False)
    if trace_id is not None:
        out.print(Text(f"\nobsv show {trace_id}", "bold"))
        show.show(db, trace_id, 30, as_json=False)
    out.print('\nNow try `obsv tail`, `obsv sql "select * from data_trace order by ts desc limit 10"`, `obsv serve`.')


def _failed_trace(db: Path) -> str | None:
    store = open_store(db)
    try:
        failed = store.read_page(Filters(status="ERR"), Window(0, MAX_NS), limit=1_000).calls
        calls = (store.read_call(each.trace_id, each.span_id) for each in failed)
        return next((call.trace_id for call in calls if call.depth), None)
    finally:
        store.close()


def live_demo(db: Path, port: int, seconds: float, service: str, as_json: bool = False) -> None:
    """Run the program in a separate process and serve the app here, until interrupted."""
    from obsv.cli.serve import serve

    program = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(db), service, str(seconds)], stdin=subprocess.PIPE)
    try:
        serve(db, port=port, otlp_grpc=None, otlp_http=None, open_browser=not as_json, as_json=as_json)
    finally:
        program.terminate()
        program.wait()
