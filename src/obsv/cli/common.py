"""What every command shares: the database option, exit codes, errors as one line."""

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

FOUND_PROBLEMS, USAGE, NO_DATABASE, INTERRUPTED = 1, 2, 3, 130

EXIT_CODES = "Exit codes: 0 done, 1 problems found or nothing of that name, 2 wrong usage, 3 no usable database."
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
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, a document a line, and nothing else.")]
Since = Annotated[str, typer.Option("--since", help=f"From when on: {TIME}.", metavar="TIME")]
SinceEver = Annotated[str | None, typer.Option("--since", help=f"From when on: {TIME}; default: ever.", metavar="TIME")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at most.", metavar="N")]
Process = Annotated[str | None, typer.Option("--process", help="Only this process: module.qualname.", metavar="NAME")]
DEFAULT = DEFAULT_DB


def existing(db: Path) -> Path:
    """The database, if there is one.

    Raises:
        typer.Exit: there is none; what to do has been said.
    """
    try:
        if not stat.S_ISDIR(db.stat().st_mode):
            return db
        complain(f"{db} is a directory; --db and OBSV_DB name a file in it.")
    except (FileNotFoundError, NotADirectoryError):
        complain(
            f"There is no database at {db}. Record something first: put @monitor on a function, or try `obsv demo` or "
            "`obsv run script.py`. --db or OBSV_DB names another file."
        )
    except OSError as error:
        complain(f"{db} cannot be opened ({error.strerror}); check its directories' permissions, or name another file.")
    raise typer.Exit(NO_DATABASE)


def complain(text: str) -> None:
    """A line on stderr."""
    print(f"obsv: {visible(text)}", file=sys.stderr, flush=True)


def say_pending(db: Path) -> None:
    """Say on stderr how many recorded calls a reader of the database does not see yet; nothing where there are none."""
    try:
        has_rings = any(not name.startswith("keeper.") for name in os.listdir(f"{os.path.realpath(db)}.rings"))
    except OSError:
        return
    if has_rings:
        from obsv.keeper.looking import pending

        waiting = pending(db)
        if waiting.calls:
            verb = "is" if waiting.calls == 1 else "are"
            complain(f"{waiting} {verb} still to be stored; `obsv keeper --drain` does it where no keeper runs.")


def say_at_once(text: str) -> None:
    """A line on stdout that whoever reads through a pipe has at once."""
    print(visible(text), flush=True)


def exit_code(error: ObsvError) -> int:
    """The exit code of an error."""
    if isinstance(error, StoreError):
        return NO_DATABASE
    return USAGE if isinstance(error, InvalidQuery | ConfigurationError) else FOUND_PROBLEMS


def guarded(run: Callable[[], Any]) -> int:
    """Run a command; errors become a line and an exit code, a closed pipe and Ctrl-C a quiet end."""
    try:
        return int(run() or 0)
    except (ObsvError, NotFound) as error:
        complain(str(error))
        return exit_code(error)
    except BrokenPipeError:
        # What reads us has gone, as `head` does; the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # No descriptors are left, or the working directory is gone.
        complain(f"The system refused ({error.strerror or error}); check limits and the working directory.")
        return NO_DATABASE
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        complain(f"The database holds a value that cannot be read ({error}); `obsv check` looks the file through.")
        return NO_DATABASE
    except KeyboardInterrupt:
        return INTERRUPTED


def now_ns() -> int:
    """Unix time in nanoseconds."""
    return time.time_ns()
