"""Options of `obsv run`, and the environment variables that pass them to the program and its children."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from obsv import quantities
from obsv.cli.running.program import Kind, Program
from obsv.errors import ConfigurationError
from obsv.events.severity import number_of
from obsv.instrument.selection import Names
from obsv.working_directory import normal

_DESCRIPTION = """\
Run a Python program and record its calls, without changing its code.

By default, functions of the script are recorded, and those of modules below its
directory or the current one that were not installed there; for an installed
command or module (-m), also those of its package, unless it runs code of yours
(uvicorn, gunicorn, celery, flask, pytest, …). --include selects names by glob
instead, where `__main__` is the script. A glob without a wildcard names a
module and, if it is a package, everything inside: --include shop; or a function
or class: --exclude 'shop.orders.Order.to_*'. Private names (_name) are recorded
only with --private or if a glob spells one. Modules that obsv itself uses are
never recorded, and other modules of the standard library only by name.
Processes that the program starts with multiprocessing are also recorded."""

_EPILOG = """\
A failing call is always recorded, and calls that are left out are counted, so
that figures account for all calls. The program's exit code, output and signals
are unchanged. Each option reaches the program and its children as the variable
in brackets. Exit code 2: the program cannot be found."""


def _severity(name: str, text: Any) -> str:
    """Check a least severity. Raises ConfigurationError for what is none."""
    given = str(text).strip()
    if given.lower() != "off":
        number_of(given)
    return given


# Option, variable, parser of its value, placeholder, help.
_VALUES: tuple[tuple[str, str, Callable[[str, Any], Any], str, str], ...] = (
    ("--depth", "OBSV_DEPTH", quantities.count, "N", "record at most N nested calls"),
    ("--min-duration", "OBSV_MIN_DURATION", quantities.seconds, "TIME", "record calls that take at least: 10ms"),
    ("--sample", "OBSV_SAMPLE_RATE", quantities.share, "SHARE", "record a share of the calls: 0.05, 5%%"),
    ("--max-per-second", "OBSV_MAX_PER_SECOND", quantities.count, "N", "record N calls per function and second"),
    ("--values", "OBSV_CAPTURE", quantities.capture, "PARTS", "record values: off, args, all, or parts"),
    ("--max-repr", "OBSV_MAX_REPR", quantities.count, "N", "characters per value, default 1000"),
    ("--sensitive", "OBSV_SENSITIVE_FIELDS", quantities.names, "NAMES", "additional names to mask"),
    ("--expected", "OBSV_EXPECTED", quantities.names, "NAMES", "exceptions that are not errors: KeyError,shop.Gone"),
    ("--logs", "OBSV_LOGS", _severity, "LEVEL", "record what it logs, from this level on: WARNING"),
    ("--retention", "OBSV_RETENTION", quantities.seconds, "TIME", "delete calls after this time: 2d"),
    ("--decision-retention", "OBSV_DECISION_RETENTION", quantities.seconds, "TIME", "delete decisions after: 30d"),
    ("--max-bytes", "OBSV_MAX_BYTES", quantities.size, "SIZE", "size of the database file: 1GB"),
)
_FLAGS = (
    ("--private", "OBSV_PRIVATE", "1", "also record private names (_name)"),
    ("--errors-only", "OBSV_ERRORS_ONLY", "1", "record only failed calls"),
    ("--exact", "OBSV_CAPTURE", "exact", "keep exact inputs of failing calls, for obsv repro"),
)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's own options; arguments after the program belong to the program."""
    parser = argparse.ArgumentParser(
        prog="obsv run",
        usage="obsv run [OPTION]… (SCRIPT | COMMAND | -m MODULE | -c CODE | -) [ARGUMENT]…",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--include", action="append", default=[], metavar="GLOB", help="names to record: shop, 'shop.*' [OBSV_INCLUDE]")
    add("--exclude", action="append", default=[], metavar="GLOB", help="names to skip; takes precedence [OBSV_EXCLUDE]")
    for option, variable, read, metavar, text in _VALUES:
        add(option, metavar=metavar, type=_checked(option, read), help=f"{text} [{variable}]")
    for option, variable, _, text in _FLAGS:
        add(option, action="store_true", help=f"{text} [{variable}]")
    add("--children", action="store_true", help="also record Python programs that it starts")
    add("--summary", action="store_true", help="print a summary at the end")
    add("--db", metavar="FILE", help="the database file [OBSV_DB, default logs/observability.db]")
    add("--service", metavar="NAME", help="the service's name [OTEL_SERVICE_NAME, default the program's]")
    add("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="run a module, as python -m does")
    add("-c", dest="code", nargs=argparse.REMAINDER, metavar="CODE", help="run code, as python -c does")
    add(
        "script",
        nargs=argparse.REMAINDER,
        metavar="SCRIPT",
        help="a script, an installed command, a directory or archive with a __main__.py, or - for stdin",
    )
    return parser


def _checked(option: str, read: Callable[[str, Any], Any]) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            read(option, text)
        except ConfigurationError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        return text

    return check


def program_of(options: argparse.Namespace) -> Program | None:
    """Return the program to run; None if none was named."""
    choices: tuple[tuple[Kind, list[str]], ...] = (
        ("module", options.module),
        ("code", options.code),
        ("input", options.script if options.script[:1] == ["-"] else []),
        ("script", options.script),
    )
    return next((Program(kind, words[0], words[1:]) for kind, words in choices if words), None)


def hand_over(options: argparse.Namespace) -> None:
    """Put the options into the environment, for child processes that also record."""
    if options.db is not None:
        os.environ["OBSV_DB"] = normal(options.db)
    if options.service is not None:
        os.environ["OTEL_SERVICE_NAME"] = options.service
    for option, variable, *_ in _VALUES:
        if (text := getattr(options, _field(option))) is not None:
            os.environ[variable] = text
    for option, variable, value, _ in _FLAGS:
        if getattr(options, _field(option)):
            os.environ[variable] = value
    for variable, globs in (("OBSV_INCLUDE", options.include), ("OBSV_EXCLUDE", options.exclude)):
        if globs:
            os.environ[variable] = ",".join(globs)


def names_of_environment() -> Names:
    """Return the names to record, from the environment variables."""
    include, exclude = (_names(variable) for variable in ("OBSV_INCLUDE", "OBSV_EXCLUDE"))
    private = os.environ.get("OBSV_PRIVATE", "").strip().lower() in ("1", "true", "yes", "on")
    return Names(include, exclude, private)


def _names(variable: str) -> tuple[str, ...]:
    return quantities.names(variable, os.environ.get(variable, ""))


def _field(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
