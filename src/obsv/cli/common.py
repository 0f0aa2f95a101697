"""Parts shared by all commands: the database option, exit codes, errors printed as one line."""

import json
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from obsv.analysis.markdown import visible
from obsv.config import DEFAULT_DB
from obsv.errors import ConfigurationError, InvalidQuery, NotFound, ObsvError, StoreError
from obsv.working_directory import real

FOUND_PROBLEMS, USAGE, NO_DATABASE, INTERRUPTED = 1, 2, 3, 130

EXIT_CODES = "Exit codes: 0 success, 1 problems found or no such name, 2 wrong usage, 3 no usable database."
TIME = "an age (90s, 5m, 1h, 7d) or an instant (2026-01-31 12:00, UTC)"
Db = Annotated[
    Path,
    typer.Option(
        "--db",
        envvar="OBSV_DB",
        help=f"The database file; default: OBSV_DB, else {DEFAULT_DB}.",
        show_default=False,
        show_envvar=False,
        metavar="FILE",
    ),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="TCP port; 0 takes a free one.", metavar="PORT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON on stdout, one document per line.")]
Since = Annotated[str, typer.Option("--since", help=f"From when on: {TIME}.", metavar="TIME")]
SinceEver = Annotated[str | None, typer.Option("--since", help=f"From when on: {TIME}; default: ever.", metavar="TIME")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Show at most N.", metavar="N")]
Process = Annotated[
    str | None, typer.Option("--process", help="Only the process with this name: module.qualname.", metavar="NAME")
]
Service = Annotated[str | None, typer.Option("--service", help="Only calls of this service.", metavar="NAME")]
Host = Annotated[
    str | None, typer.Option("--host", help="Only calls on this host: host.name of the resource.", metavar="NAME")
]
Instance = Annotated[
    str | None,
    typer.Option("--instance", help="Only calls of this instance: service.instance.id of the resource.", metavar="ID"),
]
DEFAULT = DEFAULT_DB
# The databases that this command reads: where to look for the cause of a failure.
_read: list[Path] = []


def existing(db: Path) -> Path:
    """Return the path of the database if it exists.

    Raises:
        typer.Exit: it does not exist; a message was printed.
    """
    try:
        if not stat.S_ISDIR(db.stat().st_mode):
            _read.append(db)
            return db
        complain(f"{db} is a directory; set --db or OBSV_DB to a file in it.")
    except (FileNotFoundError, NotADirectoryError):
        complain(
            f"There is no database at {db}. Record something first: put @monitor on a function, or try `obsv demo` or "
            "`obsv run script.py`. Use --db or OBSV_DB for another file."
        )
    except OSError as error:
        complain(
            f"{db} cannot be opened ({error.strerror}); check the permissions of its directories, or name another file."
        )
    raise typer.Exit(NO_DATABASE)


def complain(text: str) -> None:
    """Print a line on stderr."""
    print(f"obsv: {visible(text)}", file=sys.stderr, flush=True)


def say_pending(db: Path) -> None:
    """Print on stderr how many recorded calls a reader of the database does not see yet, if any."""
    try:
        has_rings = any(not name.startswith("keeper.") for name in os.listdir(f"{real(str(db))}.rings"))
    except OSError:
        return
    if has_rings:
        from obsv.keeper.looking import pending

        waiting = pending(db)
        if waiting.calls:
            verb = "is" if waiting.calls == 1 else "are"
            complain(f"{waiting} {verb} still to be stored; if no keeper is running, run `obsv keeper --drain`.")


def say_at_once(text: str) -> None:
    """Print a line on stdout and flush it, for readers of a pipe."""
    print(visible(text), flush=True)


def exit_code(error: ObsvError) -> int:
    """Return the exit code for an error."""
    if isinstance(error, StoreError):
        return NO_DATABASE
    return USAGE if isinstance(error, InvalidQuery | ConfigurationError) else FOUND_PROBLEMS


def guarded(run: Callable[[], Any]) -> int:
    """Run a command; turn errors into a line and an exit code, and end quietly on a closed pipe or Ctrl-C."""
    _read.clear()
    try:
        return int(run() or 0)
    except (ObsvError, NotFound) as error:
        complain(str(error))
        return exit_code(error)
    except BrokenPipeError:
        # The reader of the pipe has gone (as with `head`); the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # No descriptors are left, or the working directory was removed.
        complain(
            f"The operating system refused ({error.strerror or error}); check resource limits and the "
            "working directory."
        )
        return NO_DATABASE
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        found = _misfit() or _unreadable(error)
        if found is None:
            raise
        complain(str(found))
        return NO_DATABASE
    except KeyboardInterrupt:
        return INTERRUPTED


def _misfit() -> StoreError | None:
    from obsv.store.seam import find_misfit

    return next((found for db in _read if (found := find_misfit(db)) is not None), None)


def _unreadable(error: Exception) -> str | None:
    if not isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return None
    return f"The database holds a value that cannot be read ({error}); run `obsv check` to examine the file."


def now_ns() -> int:
    """Return the Unix time in nanoseconds."""
    return time.time_ns()
