"""Recording of all that a program logs with the standard library's `logging`, without a handler of its own.

A handler at the root logger would turn the program's `logging.basicConfig()` into nothing, and one at each logger would
change what `hasHandlers()` says. So `Logger.callHandlers` records first: it is called once for each record, after the
logger's level and filters let it through.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from obsv.events.handler import LogHandler
from obsv.events.severity import number_of, of_level

VARIABLE = "OBSV_LOGS"
# logging shows the stack of a handler that fails from the first frame outside its own files: this is one of them.
_SOURCE = """
def callHandlers(self, record):
    record_it(record)
    call_handlers(self, record)
"""


def record_logging() -> None:
    """Record what is logged from now on, if `OBSV_LOGS` names the least severity; a second call changes nothing.

    Raises:
        ConfigurationError: it names none.
    """
    text = os.environ.get(VARIABLE, "").strip()
    original: Any = logging.Logger.callHandlers
    if not text or text.lower() == "off" or getattr(original, "records", False):
        return
    namespace = {"record_it": _recorder(number_of(text)), "call_handlers": original}
    exec(compile(_SOURCE, logging.__file__, "exec"), namespace)
    made: Any = namespace["callHandlers"]
    made.records = True
    logging.Logger.callHandlers = made  # type: ignore[method-assign]


def _recorder(least: int) -> Any:
    # Without the lock that `handle` takes: recording needs none.
    emit = LogHandler().emit

    def record_it(record: logging.LogRecord) -> None:
        if of_level(record.levelno) >= least:
            emit(record)

    return record_it
