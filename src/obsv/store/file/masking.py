"""Reading for someone who may not see recorded values: each table that holds some is a view that masks them.

Every query then works on masked values, also its conditions: what is not shown cannot be guessed by searching either.
A temporary view of a table's name comes before the table; the file's own views are made again, to read from them.
"""

from __future__ import annotations

import re
import sqlite3
from functools import lru_cache

from obsv.acting import sees_values
from obsv.store.ground import MASK, MASKS

# A rule in SQL makes labels, its value and a link of what it likes; the label and summary of an error may be its
# message, and the summary of a value that does not change may have it.
_ALERT = {
    "labels": "iif(kind = 'sql', masked_members(labels), labels)",
    "value": "iif(kind = 'sql', null, value)",
    "summary": "iif(kind in ('sql', 'error', 'staleness'), masked_text(summary), summary)",
    "link": "iif(kind = 'sql', '', link)",
}
# What stands in place of a column, by table; an empty dictionary: no row of it.
COLUMNS: dict[str, dict[str, str]] = {
    "span": {
        "data": "masked_values(data)",
        "exception": "masked_exception(exception)",
        "detail": "masked_detail(detail)",
    },
    "source": {"resource": "masked_origin(resource)", "scope": "masked_origin(scope)"},
    "variable": {"last_value": "masked_text(last_value)"},
    "value_form": {"form": f"'{MASK}'"},
    "exact_input": {},
    "error_group": {
        "type": "masked_class(type)",
        "title": f"iif(masked_class(type) in ('', '{MASK}'), '{MASK}', type || ': {MASK}')",
        "why": "masked_why(why)",
        "first_sample": "masked_sample(first_sample)",
        "latest_sample": "masked_sample(latest_sample)",
    },
    "kept_trace": {
        "exception": "iif(exception = '', '', masked_exception(exception))",
        "content": "null",
    },
    "log_record": {"body": "masked_body(body)", "attributes": "masked_log_attributes(attributes)"},
    "metric_series": {"attributes": "masked_members(attributes)"},
    "registration": {"meta": "masked_members(meta)", "content": "null", "why": "masked_text(why)"},
    "decision_made": {
        "subject": "masked_text(subject)",
        "action": "masked_text(action)",
        "inputs": "masked_inputs(inputs)",
        "attributes": "masked_members(attributes)",
        "violations": "masked_violations(violations)",
        "exception": "masked_exception(exception)",
    },
    "gate_value": {
        "observed": "masked_text(observed)",
        "threshold": "masked_text(threshold)",
        "margin": "null",
        "margin_share": "null",
        "text": "masked_text(text)",
    },
    "outcome_seen": {
        "alternative": "masked_text(alternative)",
        "metrics": "masked_members(metrics)",
        "violations": "masked_violations(violations)",
    },
    "report": {},
    # What texts a block may contain: whoever reads it can try texts.
    "block_group": {},
    "block_part": {},
    "alert": _ALERT,
    "alert_event": _ALERT,
    "notification": {"body": "masked_notice(body)"},
    "notification_attempt": {"answer": "masked_text(answer)"},
}
_VIEW = re.compile(r"\s*create\s+view\s+", re.IGNORECASE)
_HINT = re.compile(r"\s+indexed\s+by\s+\w+", re.IGNORECASE)
# Names that lead around the views: the file itself, its raw pages, and samples of its indexes. After a dot, as in the
# text 'shop.main', it is never the name of a database.
_AROUND = re.compile(r"(?<!\.)\bmain\b|\bsqlite_(?!schema\b|master\b)\w+|\bdbstat\b", re.IGNORECASE)


def masks_values() -> bool:
    """Return whether the current actor may not see recorded values."""
    return not sees_values()


def mask_values(connection: sqlite3.Connection) -> None:
    """Let a connection read masked values only, but for statements that name `main` (`leads_around`)."""
    for name, function in MASKS.items():
        connection.create_function(name, 1, function, deterministic=True)
    schema = connection.execute("select type, name, sql from sqlite_schema where type in ('table', 'view')").fetchall()
    tables = {name for kind, name, _ in schema if kind == "table"}
    taken = {name for (name,) in connection.execute("select name from sqlite_temp_schema")}
    for table, columns in COLUMNS.items():
        if table in tables:
            connection.execute(_view_of(connection, table, columns))
    for kind, name, sql in schema:
        if kind == "view" and name not in taken:
            connection.execute(_VIEW.sub("create temp view ", sql, count=1))


def without_hints(sql: str) -> str:
    """Return a statement without the names of indexes, which views do not have."""
    return _without_hints(sql)


def leads_around(sql: str) -> bool:
    """Return whether a statement names what the views do not cover."""
    return _AROUND.search(sql) is not None


@lru_cache(512)
def _without_hints(sql: str) -> str:
    return _HINT.sub("", sql)


def _view_of(connection: sqlite3.Connection, table: str, columns: dict[str, str]) -> str:
    # An old file may not have them all, and generated columns are not in table_info.
    there = [row[1] for row in connection.execute(f"pragma table_xinfo({table})")]
    shown = ", ".join(f'{columns[each]} as "{each}"' if each in columns else f'"{each}"' for each in there)
    return f"create temp view {table} as select {shown} from main.{table}{'' if columns else ' where 0'}"
