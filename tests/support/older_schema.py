"""Files as an older version of obsv wrote them."""

import re

from obsv.store.file.migrations import MIGRATIONS


def without_tables_since(version: int) -> str:
    """SQL that drops the tables, and columns, that came after a schema version."""
    later = [each.sql for each in MIGRATIONS if each.version > version]
    names = [name for sql in later for name in re.findall(r"^create table (\w+)", sql, re.MULTILINE)]
    columns = [pair for sql in later for pair in re.findall(r"^alter table (\w+) add column (\w+)", sql, re.MULTILINE)]
    views = [name for sql in later for name in re.findall(r"^drop view (\w+)", sql, re.MULTILINE)]
    new_views = [name for sql in later for name in re.findall(r"^create view (\w+)", sql, re.MULTILINE)]
    before = {name: f"drop view {name};" for name in views}
    gone = [f"drop view {name};" for name in new_views if name not in views]
    after = [form for name in dict.fromkeys(views) if (form := _form(name, version))]
    dropped = [f"alter table {table} drop column {column};" for table, column in columns if table not in names]
    return "".join([*gone, *(f"drop table {name};" for name in names), *before.values(), *dropped, *after])


def _form(view: str, version: int) -> str:
    """The view as that version has it; empty if it came later."""
    found = ""
    for each in MIGRATIONS:
        if each.version <= version:
            made = re.search(rf"^create view {view} as.*?;", each.sql, re.MULTILINE | re.DOTALL)
            found = made[0] if made else found
    return found
