"""A sink for loguru that records each message."""

from __future__ import annotations

from typing import Any

from obsv.events.emit import emit
from obsv.events.exceptions import exception_texts
from obsv.events.severity import of_level
from obsv.semconv import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER


def loguru_sink(message: Any) -> None:
    """Record a message of loguru with its level, `extra` fields, exception, and the trace it is in.

        loguru.logger.add(loguru_sink)

    Without `enqueue=True`: what is recorded belongs to the trace of the thread that calls the sink.

    Args:
        message: a text with the attribute `record`, as loguru hands it to sinks.
    """
    record = message.record
    level, place = record["level"], record["file"]
    fields = [(str(name), value) for name, value in record["extra"].items()]
    fields += [
        (CODE_FILE_PATH, place.path),
        (CODE_LINE_NUMBER, record["line"]),
        (CODE_FUNCTION_NAME, record["function"]),
    ]
    texts = exception_texts(record["exception"].value if record["exception"] else None)
    emit(record["name"] or "", of_level(level.no), level.name, "", record["message"], fields, texts=texts)
