"""Removal on request is by an admin, and wherever the file may have something."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from obsv.acting import ACTOR, Actor
from obsv.errors import Forbidden, StoreUnavailable
from obsv.store import Writer
from obsv.store.writing import ForgetBook
from obsv.store.writing.keeping.left_texts import TEXTS

# Removed as rows, or scrubbed as samples.
_REMOVED = {
    "span", "log_record", "decision_made", "gate_value", "outcome_seen", "variable", "value_form", "exact_input",
}  # fmt: skip
# Names, identities, states and settings: no search of calls looks there.
_NAMES = {
    "process": "name service process_group feed", "process_name": "name", "code": "file_path",
    "signature": "fields", "signature_field": "path name data_type", "thread": "name", "source": "service origin",
    "request_total": "client server connection", "request_half": "service peer connection", "feed": "name",
    "recorder": "id service host state", "ring": "ring", "setting": "name", "tally": "name", "loss": "put_aside",
    "alert": "fingerprint rule kind state severity link", "alert_event": "fingerprint rule kind state",
    "notification": "id notifier event fingerprint rule state", "notification_attempt": "notification_id",
    "silence": "id created_by", "lease": "name owner", "alert_cursor": "name", "alert_rule": "name kind",
    "sent": "target", "version": "service name kind", "deploy": "name service", "version_code": "name",
    "error_group": "fingerprint type process service first_sample latest_sample status split_by",
    "error_event": "kind trace_id span_id", "archive": "url store_id",
    "archive_part": "name sha256 kind url", "archive_replaced": "name url", "slo_bucket": "slo version",
    "registration": "artifact_id kind name location form who host service git_commit",
    "artifact_parent": "artifact_id parent_id", "gate": "kind mode name", "audit": "actor role via action",
    "kept_trace": "trace_id kept_by process service", "report": "kind sent",
    "saved_view": "saved_by", "metric_series": "service unit kind temporality bounds",
    "metric_point": "value", "metric_left_out": "service",
    "forgotten": "actor via condition counts remarks",
}  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Path:
    with closing(Writer(tmp_path / "obsv.db")) as writer:
        writer.open()
    return tmp_path / "obsv.db"


def test_each_text_of_the_file_is_removed_replaced_or_a_name(db: Path) -> None:
    """A new table must say which."""
    with closing(sqlite3.connect(db)) as connection:
        columns = connection.execute(
            "select t.name, c.name from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table' "
            "and c.type in ('TEXT', '') and t.name not like 'sqlite_%'"
        ).fetchall()
    known = {(table, name) for table, names in _NAMES.items() for name in names.split()} | set(TEXTS)
    assert [each for each in columns if each[0] not in _REMOVED and each not in known] == []


def test_texts_in_rows_that_stay(db: Path) -> None:
    """In either case, inside JSON too, and in two rows that would become equal."""
    with closing(sqlite3.connect(db)) as connection, connection:
        for text in ('A "b"', 'a "B" c'):
            connection.execute("insert into deploy(at_ns, name, service, note) values (1, 'x', '', ?)", (text,))
        for number, text in enumerate(('{"k": "a \\"b\\""}', '{"k": "A \\"B\\""}')):
            connection.execute(
                "insert into source(service, resource, scope, origin, used_ns) values ('s', ?, '{}', '', ?)",
                (text, number),
            )
    with closing(ForgetBook(db)) as book:
        book.begin("hash", 1, 1)
        assert book.replace_texts(['a "b"'], is_dry=True) == 4
        assert book.replace_texts(['a "b"'], is_dry=False) == 4
        assert book.replace_texts(['a "b"'], is_dry=True) == 0
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("select note from deploy").fetchall() == [("(forgotten)",), ("(forgotten) c",)]
        texts = [text for (text,) in connection.execute("select resource from source order by id")]
    assert [text.startswith('{"k": "(forgotten') for text in texts] == [True, True]


def test_only_an_admin(db: Path) -> None:
    """Nothing is noted for others."""
    token = ACTOR.set(Actor("ana", "editor", "api"))
    try:
        with closing(ForgetBook(db)) as book:
            with pytest.raises(Forbidden):
                book.begin("hash", 1, 1)
            assert book.receipts() == []
    finally:
        ACTOR.reset(token)


def test_no_file_is_made(tmp_path: Path) -> None:
    """Of a path without a database."""
    with pytest.raises(StoreUnavailable):
        ForgetBook(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
