"""The place of the alert rules, and the environment variables that they name: for programs that start an evaluator."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from obsv.own_files import is_own, not_waiting

NAME, VARIABLE = "alerts.toml", "OBSV_ALERTS"
MAX_BYTES = 1 << 20
# `url_env = "SLACK_WEBHOOK_URL"`, wherever it stands; what this finds too much is only passed on.
_NAMED = re.compile(r"""_env["']?[ \t]*=[ \t]*["']([A-Za-z_][A-Za-z0-9_]*)["']""")
_WRITABLE_BY_ALL = stat.S_IWOTH


def find_file(
    db: Path, given: Path | None = None, environment: Mapping[str, str] = os.environ, directory: Path = Path()
) -> Path | None:
    """Return the rules file of a database; None if there is none.

    Args:
        db: path of the database.
        given: the file named by the user; it need not exist yet.
        environment: may contain `OBSV_ALERTS`.
        directory: the directory in which `config/alerts.toml` is looked for.
    """
    named = given or environment.get(VARIABLE)
    if named:
        return Path(named)
    places = (db.parent / NAME, directory / "config" / NAME)
    return next((each for each in places if each.is_file()), None)


def named_variables(path: Path) -> frozenset[str]:
    """Return the names of the environment variables that a rules file takes secrets from.

    They are looked for without parsing, since a recorded program does this when it starts a keeper. A file that other
    users may write names none: it could have any variable sent anywhere.
    """
    try:
        with open(path, "rb", opener=not_waiting) as file:
            status = os.fstat(file.fileno())
            if not _is_own(status):
                return frozenset()
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return frozenset()
    return frozenset(_NAMED.findall(text))


def _is_own(status: os.stat_result) -> bool:
    return (
        stat.S_ISREG(status.st_mode)
        and (status.st_uid == 0 or is_own(status))
        and not status.st_mode & _WRITABLE_BY_ALL
    )
