"""What a keeper is told by whoever starts it, and what they get to know."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

WriterMode = Literal["auto", "process", "thread"]
MODES = ("auto", "process", "thread")

# Programs that run one after the other (tests, commands) find the keeper of the last one. It takes 30 MB meanwhile.
IDLE_S = 15.0


class Options(NamedTuple):
    """How a database is kept.

    Args:
        writer: "process" or "thread": who may keep it; "auto": a process, and a thread where none can be started.
        idle_s: seconds without a recording program after which a keeper process ends.
        busy_timeout_s: how long one write waits for another process's lock, in seconds.
        own_only: only what this process records is stored.
    """

    writer: WriterMode = "auto"
    idle_s: float = IDLE_S
    busy_timeout_s: float = 1.0
    own_only: bool = False

    def text(self) -> str:
        """The options as JSON."""
        return json.dumps(self._asdict())

    @classmethod
    def of_text(cls, text: str) -> Options:
        """The options of `text`; unknown ones, of another version, are passed over."""
        try:
            given = json.loads(text)
        except ValueError:
            given = {}
        if not isinstance(given, dict):
            given = {}
        return cls(**{name: value for name, value in given.items() if name in cls._fields})


class Kept(NamedTuple):
    """Who keeps a database.

    Args:
        by: "process" (one runs or has just been started), "thread" (of this program), or "nobody".
        reason: why no process could be started, where one was wanted; one sentence that says what to do.
    """

    by: Literal["process", "thread", "nobody"]
    reason: str | None = None


def writer_mode(environment: Mapping[str, str] = os.environ) -> WriterMode:
    """The mode that `OBSV_WRITER` names; "auto" where it names none."""
    chosen = environment.get("OBSV_WRITER", "").strip().lower()
    for mode in MODES:
        if mode == chosen:
            return mode  # type: ignore[return-value]
    return "auto"
