"""Files as an older version of obsv wrote them."""

import re

from obsv.store.file.migrations import MIGRATIONS


def without_tables_since(version: int) -> str:
    """SQL that drops the tables that came after a schema version."""
    later = [each.sql for each in MIGRATIONS if each.version > version]
    names = [name for sql in later for name in re.findall(r"^create table (\w+)", sql, re.MULTILINE)]
    return "".join(f"drop table {name};" for name in names)
