"""Options given to a keeper, and the answer to its starter."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

WriterMode = Literal["auto", "process", "thread"]
MODES = ("auto", "process", "thread")

# Programs that run in sequence (tests, commands) find the keeper of the previous one. It takes 30 MB meanwhile.
IDLE_S = 15.0


class Options(NamedTuple):
    """Options of a keeper.

    Args:
        writer: "process" or "thread": the kind of keeper; "auto": a process, or a thread if none can be started.
        idle_s: seconds without a recording program after which a keeper process ends.
        busy_timeout_s: how long a write waits for another process's lock, in seconds.
        own_only: whether to store only what this process records.
        alerts: path of the alert rules, if the starter named one.
        directory: working directory of the starter, whose `config/alerts.toml` counts if no other rules are there.
        began_ns: when the starter asked for a keeper, Unix time; 0 if nobody did.
        sends: whether the program has an archive or a hub, whose credentials the keeper then needs.
    """

    writer: WriterMode = "auto"
    idle_s: float = IDLE_S
    busy_timeout_s: float = 1.0
    own_only: bool = False
    alerts: str = ""
    directory: str = ""
    began_ns: int = 0
    sends: bool = False

    def text(self) -> str:
        """Return the options as JSON."""
        return json.dumps(self._asdict())

    @classmethod
    def of_text(cls, text: str) -> Options:
        """Parse options; unknown ones, from another version, are ignored."""
        try:
            given = json.loads(text)
        except ValueError:
            given = {}
        if not isinstance(given, dict):
            given = {}
        return cls(**{name: value for name, value in given.items() if name in cls._fields})


class Kept(NamedTuple):
    """The keeper of a database.

    Args:
        by: "process" (running or just started), "thread" (of this program), or "nobody".
        reason: why no process could be started, if one was requested; one sentence that says what to do.
    """

    by: Literal["process", "thread", "nobody"]
    reason: str | None = None


def writer_mode(environment: Mapping[str, str] = os.environ) -> WriterMode:
    """Return the mode in `OBSV_WRITER`, or "auto"."""
    chosen = environment.get("OBSV_WRITER", "").strip().lower()
    for mode in MODES:
        if mode == chosen:
            return mode  # type: ignore[return-value]
    return "auto"
