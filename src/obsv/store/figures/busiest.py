"""The most called functions."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.figures.minutes import Minutes
from obsv.store.file import Readable
from obsv.store.ground import Window

MOST = 100

BUSIEST = """
select p.name, p.process_group, sum(r.calls) as calls, sum(r.errors) as errors, sum(r.total_ns) as total_ns,
  max(r.max_ns) as max_ns
from (
  select process_id, sum(count) as calls, sum(errors) as errors, sum(total_ns) as total_ns, max(max_ns) as max_ns
  from process_minute where minute between :first and :last group by process_id
) r cross join process p on p.id = r.process_id
where p.name like :part escape '!' group by p.name order by calls desc limit :limit
"""


class Busy(NamedTuple):
    """A function in the window; durations in ns."""

    name: str
    process_group: str
    calls: int
    errors: int
    total_ns: int
    max_ns: int


def read_busiest(reader: Readable, window: Window, part: str = "", limit: int = MOST) -> list[Busy]:
    """Return the functions with the most calls in a window's whole minutes.

    Args:
        reader: reader of the store.
        window: the time window.
        part: text that the name must contain; ASCII letters match in either case.
        limit: maximum number of functions.
    """
    escaped = part.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    asked = Minutes.of(window).params(part=f"%{escaped}%", limit=limit)
    return [Busy(*row) for row in reader.query(BUSIEST, asked)]
