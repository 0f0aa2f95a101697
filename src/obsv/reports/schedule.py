"""`reports.toml`: when reports are made, and who gets them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from obsv.errors import ConfigurationError
from obsv.own_files import read_settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "reports.toml"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Plan(NamedTuple):
    """A report that is made regularly.

    Attributes:
        kind: daily or weekly.
        at: hour of the day from which on it is made, UTC.
        on: day of the week, 0 for Monday; for weekly ones.
        send: names or types of receivers in alerts.toml.
    """

    kind: str
    at: int
    on: int
    send: tuple[str, ...]


def plans(path: Path) -> list[Plan]:
    """Return the plans of a file; none if there is no file.

    Raises:
        ConfigurationError: it is invalid.
    """
    try:
        document = tomllib.loads(read_settings(path).decode("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from None
    unknown = document.keys() - {"daily", "weekly"}
    if unknown:
        raise ConfigurationError(f"{path}: there are [daily] and [weekly], not {', '.join(sorted(unknown))}.")
    return [_plan(kind, given, path) for kind, given in document.items()]


def due_end_ns(plan: Plan, now_ns: int) -> int:
    """Return the end of the latest period whose report is due, Unix time: midnight, UTC."""
    now = datetime.fromtimestamp(now_ns // 1_000_000_000, timezone.utc)
    day = (now - timedelta(hours=plan.at)).replace(hour=0, minute=0, second=0, microsecond=0)
    if plan.kind == "weekly":
        day -= timedelta(days=(day.weekday() - plan.on) % 7)
    return int(day.timestamp()) * 1_000_000_000


def file_beside(db: Path) -> Path:
    """Return where the plans of a database are: `OBSV_REPORTS`, else `reports.toml` beside it."""
    chosen = os.environ.get("OBSV_REPORTS")
    return Path(chosen) if chosen else db.with_name(FILE_NAME)


def _plan(kind: str, given: Any, path: Path) -> Plan:
    if not isinstance(given, Mapping) or given.keys() - {"at", "on", "send"}:
        raise ConfigurationError(f"{path}: [{kind}] may have at, on and send.")
    at, on, send = given.get("at", 6), given.get("on", DAYS[0]), given.get("send", [])
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at <= 23:
        raise ConfigurationError(f"{path}: [{kind}] at is an hour from 0 to 23 (UTC), not {at!r}.")
    if on not in DAYS:
        raise ConfigurationError(f"{path}: [{kind}] on is a day such as monday, not {on!r}.")
    if not isinstance(send, list) or not all(isinstance(each, str) for each in send):
        raise ConfigurationError(f"{path}: [{kind}] send is a list of receivers in alerts.toml.")
    return Plan(kind, at, DAYS.index(on), tuple(send))
