"""Services, their operations and the calls between them: from the small tables, whatever the number of spans."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import minute_of


class Operation(NamedTuple):
    """An operation of a service.

    Args:
        name: a span's name.
        kind: OTLP SpanKind.
    """

    name: str
    kind: int


class Dependency(NamedTuple):
    """The number of calls from one service to another."""

    parent: str
    child: str
    calls: int


_SERVICES = "select distinct service from process order by service"
_OPERATIONS = "select distinct name, kind from process where service = ? order by name, kind"
_DEPENDENCIES = """
select a.service as parent, b.service as child, sum(e.calls)
from (
    select parent_id, process_id, sum(count) as calls from edge_minute where minute >= ? and minute <= ? group by 1, 2
  ) e
  cross join process a on a.id = e.parent_id cross join process b on b.id = e.process_id
where a.service <> b.service group by 1, 2 order by 1, 2
"""


def read_services(reader: Readable) -> list[str]:
    """Return the names of all services, sorted."""
    return [row["service"] for row in reader.query(_SERVICES)]


def read_operations(reader: Readable, service: str) -> list[Operation]:
    """Return the operations of a service, by name; none for an unknown service."""
    return [Operation(*row) for row in reader.query(_OPERATIONS, (service,))]


def read_dependencies(reader: Readable, start_ns: int, end_ns: int) -> list[Dependency]:
    """Return the calls from one service to another.

    Args:
        reader: reader of the store.
        start_ns: the earliest start of a call, Unix time; counted in whole minutes.
        end_ns: the latest start.
    """
    return [Dependency(*row) for row in reader.query(_DEPENDENCIES, (minute_of(start_ns), minute_of(end_ns)))]
