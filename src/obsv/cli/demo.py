"""`obsv demo`: record a small live program and show the result."""

import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

from rich.text import Text

import obsv
from obsv.cli import listing, numbers, show
from obsv.cli.output import console, print_json, say
from obsv.demo.program import run
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import open_store
from obsv.store.writing import Writer
from obsv.times import MAX_NS

PROGRAM, ENGINE, DEPLOYMENTS = "obsv.demo.program", "obsv.demo.engine", "obsv.demo.deployments"
# Ends with its own flush when the app is closed or its standard input is: its parent process has then ended.
_PROGRAM = """
import os, signal, sys, threading
import obsv
from importlib import import_module

def end_with_parent():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end_with_parent, daemon=True).start()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
obsv.configure(db=sys.argv[1], service_name=sys.argv[2])
import_module(sys.argv[4]).run(float(sys.argv[3]))
"""


def demo(db: Path, seconds: float, service: str, as_json: bool = False) -> None:
    """Run the program, then print statistics, the latest errors and a trace, or their locations as JSON.

    Raises:
        StoreError: calls cannot be recorded there.
    """
    _begin(db, service)
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


def _begin(db: Path, service: str) -> None:
    """Record into a database that can be written: a demo that records nothing shows nothing."""
    writer = Writer(db)
    writer.open()
    writer.close()
    obsv.configure(db=db, service_name=service)


def _failed_trace(db: Path) -> str | None:
    store = open_store(db)
    try:
        failed = store.read_page(Filters(status="ERR"), Window(0, MAX_NS), limit=1_000).calls
        calls = (store.read_call(each.trace_id, each.span_id) for each in failed)
        return next((call.trace_id for call in calls if call.depth), None)
    finally:
        store.close()


def decisions_demo(db: Path, seconds: float, service: str, program: str, as_json: bool = False) -> None:
    """Run a program that decides, then print the daily report, or its facts as JSON.

    Args:
        db: the database file.
        seconds: how long.
        service: its service name.
        program: `ENGINE` or `DEPLOYMENTS`.
        as_json: whether to print JSON.

    Raises:
        StoreError: decisions cannot be recorded there.
    """
    from obsv.reports import as_document, as_text, heading, made

    _begin(db, service)
    if not as_json:
        console().print(f"Recording decisions for {seconds:g} s in {db} …")
    import_module(program).run(seconds)
    obsv.force_flush(30)
    report = made(db, "daily", time.time_ns())
    if as_json:
        print_json(as_document(report))
        return
    say(f"\n{heading(report)}")
    for line in as_text(report).splitlines():
        say(line)
    say("\nNow try `obsv report daily`, `obsv registry list`, `obsv metrics show`, `obsv serve`.")


def live_demo(
    db: Path, port: int, seconds: float, service: str, as_json: bool = False, program_name: str = PROGRAM
) -> None:
    """Run the program in a separate process and serve the app here, until interrupted."""
    from obsv.cli.serve import serve

    arguments = [str(db), service, str(seconds), program_name]
    program = subprocess.Popen([sys.executable, "-c", _PROGRAM, *arguments], stdin=subprocess.PIPE)
    try:
        serve(db, port=port, otlp_grpc=None, otlp_http=None, open_browser=not as_json, as_json=as_json)
    finally:
        program.terminate()
        program.wait()
