"""Text search in the spans of a trace."""

from __future__ import annotations

from obsv.store.file import Readable
from obsv.store.spans.call import hex_id

# Escaped as in JSON, because values are stored that way.
SEARCH = """
select lower(hex(s.span_id)) as span_id from span s cross join process p on p.id = s.process_id
where s.trace = :trace and (
  p.name like :text escape '!' or s.data like :json escape '!' or s.exception like :text escape '!'
  or s.detail like :json escape '!'
)
"""


def search_trace(reader: Readable, trace_id: str, text: str) -> list[str]:
    """Return the IDs of the spans whose name, values, exception, events or links contain a text, at most 10,000.

    Args:
        reader: reader of the store.
        trace_id: hex.
        text: plain text; ASCII letters match in either case.

    Raises:
        NotFound: the ID is malformed.
    """
    plain = _pattern(text)
    in_json = _pattern(text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t"))
    rows = reader.query(SEARCH, {"trace": hex_id(trace_id, 32), "text": plain, "json": in_json})
    return [row["span_id"] for row in rows]


def _pattern(text: str) -> str:
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"
