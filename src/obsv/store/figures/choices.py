"""Possible values of the explorer's filters: groups, processes, variables."""

from __future__ import annotations

from obsv.store.file import Readable

MOST = 50

# The most recently used come first. LIKE finds names in either case.
GROUPS = """
select process_group as name from process where process_group like :part escape '\\'
group by process_group order by process_group limit :limit
"""
PROCESSES = """
select name from process where name like :part escape '\\' and (:group is null or process_group = :group)
group by name order by instr(lower(name), lower(:plain)), max(used_ns) / 3600000000000 desc, name limit :limit
"""
VARIABLES = """
select distinct f.name from signature_field f
where f.name like :part escape '\\' and (:process is null or f.signature_id in (
  select g.id from signature g join process p on p.id = g.process_id where p.name = :process
)) order by f.name limit :limit
"""


def read_groups(reader: Readable, part: str = "", limit: int = MOST) -> list[str]:
    """Return the names of process groups that contain a text."""
    return _names(reader, GROUPS, part, limit)


def read_processes(reader: Readable, part: str = "", group: str | None = None, limit: int = MOST) -> list[str]:
    """Return the names of processes that contain a text, in a group if one is given."""
    return _names(reader, PROCESSES, part, limit, group=group)


def read_variables(reader: Readable, part: str = "", process: str | None = None, limit: int = MOST) -> list[str]:
    """Return the names of variables that contain a text, in a process if one is given."""
    return _names(reader, VARIABLES, part, limit, process=process)


def _names(reader: Readable, sql: str, part: str, limit: int, **params: object) -> list[str]:
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    given = {"part": f"%{escaped}%", "plain": part, "limit": limit, **params}
    return [row[0] for row in reader.query(sql, given)]
