"""A handler of the standard library's `logging` that records what is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from obsv.events.emit import emit
from obsv.events.exceptions import exception_texts
from obsv.events.severity import of_level
from obsv.own_time import ticks
from obsv.semconv import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER
from obsv.trace.clock import clock

# What every record has; the rest was given as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SEEN = "_obsv_recorded"
_OWN = "obsv"
_UNREADABLE = "(its message cannot be formatted)"
_LONGEST_WAIT_NS = 3_600_000_000_000


class LogHandler(logging.Handler):
    """Records log records with their message, level, logger, `extra` fields, exception, and the trace they are in.

        logging.getLogger().addHandler(LogHandler())

    A record that reaches several of these handlers, by propagation, is recorded once; obsv's own are not.

    Args:
        level: the least level of the records that are taken.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Record it; raises nothing."""
        name = record.name
        if name == _OWN or name.startswith(f"{_OWN}.") or vars(record).get(_SEEN):
            return
        setattr(record, _SEEN, True)
        emit(
            name,
            of_level(record.levelno),
            record.levelname,
            "",
            _message(record),
            _fields(record),
            _time_of(record),
            exception_texts(record.exc_info[1] if record.exc_info else None),
        )


def _time_of(record: logging.LogRecord) -> int:
    """The time of the record, which may have waited in a queue; now where the program's clock stands elsewhere."""
    told, now = int(record.created * 1e9), ticks() + clock.offset
    return told if now - _LONGEST_WAIT_NS < told <= now else now


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # the arguments do not fit the message: both are shown
        try:
            return f"{record.msg} {record.args!r:.1000}"
        except Exception:
            return _UNREADABLE


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    for name, value in vars(record).items():
        if name not in _USUAL and name != _SEEN:
            yield name, value
    yield CODE_FILE_PATH, record.pathname
    yield CODE_LINE_NUMBER, record.lineno
    yield CODE_FUNCTION_NAME, record.funcName
