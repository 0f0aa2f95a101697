"""Forgotten calls are in no byte of any file, and everything else is where it was."""

from __future__ import annotations

import json
import pickle
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archive_rows import BEGIN_NS, HOUR_NS, row
from calls import traceback
from decision_rows import decision, gate, outcome
from keepers import end_keepers, settle

from obsv.archive import Archiver, Targets, Window, open_target, read_rows, thaw
from obsv.archive.columns import CALL_COLUMNS
from obsv.archive.decision_columns import DECISION_COLUMNS, OUTCOME_COLUMNS
from obsv.archive.directory import Directory
from obsv.archive.log_columns import LOG_COLUMNS
from obsv.cold import WholeStore, open_whole
from obsv.errors import ForeignFile, InvalidQuery, NotFound, StoreUnavailable
from obsv.forgetting import Asked, forget
from obsv.otlp.dead_letters import DeadLetter, DeadLetters
from obsv.store import Source, SpanRow, Writer
from obsv.store.ground import LogRow, Range
from obsv.store.seam import open_store
from obsv.store.seam.answers import kept as answers
from obsv.store.writing import ArchiveBook, ForgetBook
from obsv.store.writing.packed_trace import Packed

SECRET = "jane.doe@example.org"
NOW_NS = BEGIN_NS + 24 * HOUR_NS
ASKED = Asked(f'"{SECRET}"')
CALLS, SECRETS = 120, 12
SHOP = Source("shop", "{}", '{"name": "orders"}')


def calls() -> list[SpanRow]:
    """One in every other minute of four hours; every tenth is of the secret, and half of these failed with it."""
    made = []
    for number in range(1, CALLS + 1):
        each = row(number, 2 * number - 1)._replace(exact=b"exact " + SECRET.encode() if number % 10 == 0 else None)
        if number % 10 == 0:
            data = json.dumps([str(number), f"'{SECRET}'", "None"], separators=(",", ":"))
            failed = number % 20 == 0
            error = traceback("ValueError", f"{SECRET} is {number}") if failed else None
            each = each._replace(data=data, status=2 if failed else 1, exception=error)
        made.append(each._replace(trace_id=number.to_bytes(16, "big"), parent_span_id=None))
    return made


def logs() -> list[LogRow]:
    """One in a call of the secret that does not have it itself, one with it outside any call, and others."""
    of = calls()[9]
    return [
        LogRow(SHOP, of.start_ns, 9, "INFO", "in a call", "null", "{}", of.trace_id, of.span_id),
        LogRow(SHOP, BEGIN_NS + 2 * HOUR_NS, 9, "INFO", "told", f'"of {SECRET}"', "{}"),
        LogRow(SHOP, BEGIN_NS + 2 * HOUR_NS, 9, "INFO", "nested", "null", json.dumps({"a": {"b": [SECRET.upper()]}})),
        LogRow(SHOP, BEGIN_NS + 2 * HOUR_NS, 9, "INFO", "other", "null", '{"a": 1}'),
    ]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Two of four hours are in the archive, one of them only there; decisions and their outcomes are here."""
    db, place = tmp_path / "obsv.db", tmp_path / "archive"
    with closing(Writer(db)) as writer, closing(open_store(db)) as store, closing(ArchiveBook(db)) as book:
        writer.limit(max_age_ns=None)
        for at in range(0, CALLS, 30):
            writer.write(calls()[at : at + 30])
        told = [
            decision(1, gate(), subject=SECRET),
            outcome(1, note="good"),
            decision(2, gate()),
            outcome(2, note=SECRET),
        ]
        writer.write([], logs=[*logs(), *told])
        book.open(place.as_uri(), 0)
        archiver = Archiver(store, book, open_target(str(place)), Window(HOUR_NS, None))
        while archiver.step(BEGIN_NS + 3 * HOUR_NS + 1) is not None:
            pass
        while writer.retain(BEGIN_NS + 2 * HOUR_NS, max_age_ns=HOUR_NS).more:
            pass
    return db


ALL = "select span_id, ts from process_trace order by 1"


def rows_of(db: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(open_store(db)) as store:
        return store.run_sql(sql).rows


def files_with(directory: Path, text: str = SECRET) -> list[str]:
    """The files that have a text in any form, inside Parquet too."""
    found = []
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            names = CALL_COLUMNS.names + LOG_COLUMNS.names + DECISION_COLUMNS.names + OUTCOME_COLUMNS.names
            content += str(list(read_rows(content, names))).lower().encode()
        if text.lower().encode() in content.lower():
            found.append(path.name)
    return found


def test_nothing_is_left_in_any_file(db: Path, tmp_path: Path) -> None:
    """Neither in the database and its log, nor in the archive, nor in what was thawed; all others are as before."""
    with closing(WholeStore(db)) as whole:
        assert len(whole.spans_of_trace((10).to_bytes(16, "big").hex())) == 1
        thawed = Path(whole._shared.thawed.store.name) if whole._shared.thawed else Path()
        before = rows_of(db, ALL)
        assert len(before) < CALLS
        assert files_with(tmp_path)
        done = forget(db, ASKED, is_dry=False, clock=lambda: NOW_NS)
        assert files_with(tmp_path) == []
        assert not thawed.exists()
        with pytest.raises(NotFound):
            whole.known_trace((10).to_bytes(16, "big").hex())
    gone = {f"{number:016x}" for number in range(10, CALLS + 1, 10)}
    assert rows_of(db, ALL) == [each for each in before if each[0] not in gone]
    assert rows_of(db, "select event_name from log where event_name not like 'obsv.%'") == [("other",)]
    assert rows_of(db, "select count(*) from decision") == [(1,)]
    assert rows_of(db, "select count(*) from outcome") == [(0,)]
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        kept = thaw(book.parts(), Targets(), writer)
        assert (kept, done.counts["archived_calls"]) == (54, 6)
        assert Archiver(open_store(db), book, open_target(str(tmp_path / "archive"))).verify().is_whole
    assert files_with(tmp_path) == []


def test_it_counts_first(db: Path, tmp_path: Path) -> None:
    """Nothing is changed, and the numbers are those of the removal."""
    before = rows_of(db, "select count(*) from process_trace"), files_with(tmp_path)
    counted = forget(db, ASKED, is_dry=True)
    assert counted.receipt is None
    assert (rows_of(db, "select count(*) from process_trace"), files_with(tmp_path)) == before
    done = forget(db, ASKED, is_dry=False, clock=lambda: NOW_NS)
    assert {name: done.counts[name] for name in counted.counts} == counted.counts
    assert counted.counts["archived_calls"] == 6
    assert forget(db, ASKED, is_dry=True).total == 0


def test_a_second_receipt_does_not_say_what_either(db: Path) -> None:
    """It has numbers, an author and a hash with a salt of its own."""
    for _ in range(2):
        forget(db, ASKED, is_dry=False, clock=lambda: NOW_NS)
    with closing(ForgetBook(db)) as book:
        second, first = book.receipts()
    assert (first.counts["calls"] + first.counts["archived_calls"], second.counts["calls"]) == (15, 0)
    assert first.ended_ns == NOW_NS
    assert first.condition != second.condition
    assert rows_of(db, "select count(*) from audit where action = 'forget' and detail like '%example%'") == [(0,)]
    assert rows_of(db, "select count(*) from audit where action = 'forgot'") == [(2,)]


def test_what_was_recorded_is_what_is_kept_deleted_or_forgotten(db: Path) -> None:
    """The store's own count of its calls stays right, and nothing counts as deleted before it was archived."""
    counts = """
    select (select sum(count) from process_minute where minute = 0) -
      (select calls from tally where name = 'deleted') - (select count(*) from process_trace),
      (select calls from tally where name = 'unarchived')
    """
    forget(db, ASKED, is_dry=False, clock=lambda: NOW_NS)
    assert rows_of(db, counts) == [(0, 0)]


class Interrupted(Exception):
    """A process that ends here."""


@pytest.mark.parametrize("first", [0, 3, 9])
def test_an_interruption_loses_nothing_and_is_repeated(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """At steps of the database and of the archive, before or after they are done; the last repetition gets through."""
    steps = {"left": 0, "late": False}

    def failing(method: Any) -> Any:
        def call(*arguments: Any) -> Any:
            steps["left"] -= 1
            if steps["left"] == 0 and not steps["late"]:
                raise Interrupted
            done = method(*arguments)
            if steps["left"] == 0:
                raise Interrupted
            return done

        return call

    for of, names in (
        (Directory, ("put", "delete")),
        (ArchiveBook, ("begin", "replace", "retire", "forget_replaced")),
        (ForgetBook, ("begin", "remove", "remove_calls", "unneeded_files", "remove_exact", "rebuild", "end")),
    ):
        for name in names:
            monkeypatch.setattr(of, name, failing(getattr(of, name)))
    for at in range(first, 30, 6):
        steps.update(left=at + 1, late=at % 4 > 1)
        try:
            forget(db, ASKED, is_dry=False, clock=lambda: NOW_NS)
        except Interrupted:
            continue
        break
    steps["left"] = 0
    forget(db, ASKED, is_dry=False, clock=lambda: NOW_NS)
    assert files_with(tmp_path) == []
    with closing(ArchiveBook(db)) as book, closing(open_store(db)) as store:
        assert Archiver(store, book, open_target(str(tmp_path / "archive"))).verify() == (2, 54, [], [], [])
        assert book.replaced(2**63 - 1) == {}
    assert rows_of(db, "select count(*), count(distinct span_id) from process_trace") == [(81, 81)]


@pytest.mark.parametrize(
    ("query", "calls_left", "logs_left"),
    [
        ("order=30", CALLS - 1, 4),  # of a value, exactly
        ("process:orders.place order=30", CALLS - 1, 4),
        ("duration>=0", 0, 3),  # log records have no duration: only the one of a call goes
        ('-"nothing" "Zo"', SECRETS, 4),
        (f'"{SECRET}" status:ERR', CALLS - SECRETS // 2, 4),
        (f'"{SECRET.upper()}" or order=30', CALLS - SECRETS, 1),
        ("trace=" + f"{10:032x}", CALLS - 1, 3),
    ],
)
def test_what_a_query_means(tmp_path: Path, query: str, calls_left: int, logs_left: int) -> None:
    """The same as in the explorer."""
    db = tmp_path / "obsv.db"
    with closing(Writer(db)) as writer:
        writer.write(calls(), logs=logs())
    forget(db, Asked(query), is_dry=False)
    assert rows_of(db, "select count(*) from process_trace") == [(calls_left,)]
    assert rows_of(db, "select count(*) from log") == [(logs_left,)]


@pytest.mark.parametrize("text", ['Jörg "JM" Müller', "O'Brien", r"C:\\users\jane", "Jörg"])
def test_texts_that_are_escaped_in_values(tmp_path: Path, text: str) -> None:
    """Of a call that shows `repr()`, or JSON of the program, or has maps and arrays of a received span."""
    db = tmp_path / "obsv.db"
    values = [repr(f"{text} '\""), repr({"name": f"{text} '\""}), repr(json.dumps({"name": text})), {"name": [text]}]
    values += [json.dumps({"name": text}), "somebody else"]
    with closing(Writer(db)) as writer:
        writer.limit(max_age_ns=None)
        told = (json.dumps([str(at), value, None], ensure_ascii=False) for at, value in enumerate(values))
        writer.write([row(at, at)._replace(data=data) for at, data in enumerate(told, 1)])
        writer.write([], logs=[LogRow(SHOP, BEGIN_NS, 9, "INFO", "a", "null", json.dumps({"a": values[2]}))])
    query = text.replace("\\", "\\\\").replace('"', '\\"')
    counts = forget(db, Asked(f'"{query}"'), is_dry=False).counts
    assert (counts["calls"], counts["log_records"]) == (len(values) - 1, 1)


@pytest.mark.parametrize("before", ["\0", "\udc80", "\0\ud800 "])
def test_texts_behind_what_is_no_text(tmp_path: Path, before: str) -> None:
    """A NUL, where SQLite ends a text, and half of a surrogate pair hinder no search, in values and in names."""
    db = tmp_path / "obsv.db"
    with closing(Writer(db)) as writer:
        writer.limit(max_age_ns=None)
        bodies = [json.dumps(before + SECRET), json.dumps(before)]
        logs = [LogRow(SHOP, BEGIN_NS, 9, "INFO", "a", body, json.dumps({before: 1})) for body in bodies]
        writer.write([], logs=[*logs, decision(1, gate(), subject="\0" + SECRET)])
    counts = forget(db, ASKED, is_dry=False).counts
    assert (counts["log_records"], counts["decisions"]) == (1, 1)


def test_only_a_range_of_time(db: Path) -> None:
    """In the database and in the archive."""
    done = forget(db, ASKED._replace(range=Range(BEGIN_NS, BEGIN_NS + HOUR_NS - 1)), is_dry=False)
    assert (done.counts["archived_calls"], done.counts["calls"], done.counts["archived_log_records"]) == (3, 0, 1)


def test_nothing_is_named(db: Path) -> None:
    """An empty query would be everything."""
    with pytest.raises(InvalidQuery, match="Nothing was named"):
        forget(db, Asked(" "), is_dry=False)
    with pytest.raises(InvalidQuery, match="not UTF-8"):
        forget(db, Asked("name=\udcff"), is_dry=False)


def test_texts_that_are_not_unicode(db: Path) -> None:
    """A damaged row hinders nothing."""
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("update log_record set body = cast(x'22ff22' as text)")
        connection.execute("insert into deploy(at_ns, name, service, note) values (1, 'x', '', cast(x'ff' as text))")
    assert forget(db, ASKED, is_dry=False).counts["archived_calls"] == 6


_DAMAGE = """
update gate_value set observed = x'ff00', text = x'ff';
update decision_made set subject = x'00ff', trace_id = 'x', attributes = '[';
update log_record set attributes = x'ff', severity = 'x', trace_id = 'x';
update variable set last_value = x'ff';
update error_group set latest_sample = json_set(latest_sample, '$.start_ns', 'x', '$.exception', 5);
"""


def test_values_of_another_type_than_the_tables(db: Path) -> None:
    """A damaged row hinders nothing, and a text in it is found."""
    before = forget(db, ASKED, is_dry=True).counts["outcomes"]
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.executescript(_DAMAGE)
        connection.execute("update outcome_seen set alternative = cast(? as blob)", (SECRET,))
        (outcomes,) = connection.execute("select count(*) from outcome_seen").fetchone()
    assert before < outcomes == forget(db, ASKED, is_dry=True).counts["outcomes"]


def test_an_archive_that_cannot_be_searched(db: Path, tmp_path: Path) -> None:
    """Is said before anything is removed."""
    for part in (tmp_path / "archive" / "calls").rglob("*.parquet"):
        part.write_bytes(b"PAR1")
    before = rows_of(db, ALL)
    with pytest.raises(ForeignFile, match="damaged, and cannot be searched"):
        forget(db, ASKED, is_dry=False)
    assert rows_of(db, ALL) == before


def test_a_part_that_is_being_written_is_not_entered(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archiver that read the rows before enters nothing, and leaves no file."""
    with closing(ArchiveBook(db)) as book, closing(open_store(db)) as store:
        archiver = Archiver(store, book, open_target(str(tmp_path / "archive")), Window(1, None))
        put = Directory.put

        def putting(self: Directory, name: str, content: bytes) -> bool:
            monkeypatch.setattr(Directory, "put", put)
            forget(db, ASKED, is_dry=False)
            return put(self, name, content)

        monkeypatch.setattr(Directory, "put", putting)
        assert archiver.step(NOW_NS, at_once=True) is None
        assert files_with(tmp_path) == []
        while archiver.step(NOW_NS, at_once=True):
            pass
        assert sum(part.calls for part in book.parts() if part.kind == "calls") == CALLS - SECRETS
        assert archiver.verify().strays == []
    assert files_with(tmp_path) == []


def test_the_text_is_replaced_in_what_silences_match(db: Path) -> None:
    """Labels of alerts of SQL rules are values; the silence goes on matching the replaced ones."""
    told = json.dumps([{"name": "user", "value": SECRET, "isRegex": False, "isEqual": True}])
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("insert into silence values ('a', ?, 1, 2, 'ana', 'known', 1)", (told,))
        connection.commit()
        forget(db, ASKED, is_dry=False)
        ((found,),) = connection.execute("select matchers from silence").fetchall()
    assert json.loads(found) == [{"name": "user", "value": "(forgotten)", "isRegex": False, "isEqual": True}]


def test_parts_that_are_merged_meanwhile(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their files, which others may still read for an hour, go at once."""
    with closing(ArchiveBook(db)) as book, closing(open_store(db)) as store:
        archiver = Archiver(store, book, open_target(str(tmp_path / "archive")), Window(HOUR_NS, None))
        real = ForgetBook.unneeded_files

        def merging(self: ForgetBook) -> dict[str, str]:
            unneeded = real(self)
            assert archiver.compact(NOW_NS) > 0
            return unneeded

        monkeypatch.setattr(ForgetBook, "unneeded_files", merging)
        forget(db, ASKED, is_dry=False, clock=lambda: NOW_NS)
    assert files_with(tmp_path) == []


def test_what_may_be_left_is_said(db: Path) -> None:
    """Damaged files, and copies elsewhere."""
    db.with_name("obsv.db.damaged-20261130-120000").touch()
    (remark,) = forget(db, ASKED, is_dry=True).remarks
    assert "obsv.db.damaged-20261130-120000" in remark
    DeadLetters(db).keep(DeadLetter("spans", 0, 1, "ValueError", 5), SECRET.encode())
    (_, remark) = forget(db, ASKED, is_dry=True).remarks
    assert "obsv.db.dead" in remark


_PROGRAM = """
import sys, obsv
obsv.configure(db=sys.argv[1])
@obsv.monitor
def greet(name): return len(name)
@obsv.monitor
def outer(name): return input()
for n in range(50):
    greet("jane.doe@example.org" if n % 2 else "somebody else")
obsv.force_flush(60)
print("recorded", flush=True)
outer("a call that runs")
for n in range(50):
    greet("afterwards")
obsv.force_flush(60)
"""


def test_the_rings_of_a_running_program(tmp_path: Path) -> None:
    """Stored records are overwritten; the program and the calls that run go on, and nothing else is lost."""
    db = tmp_path / "obsv.db"
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "recorded\n"
        done = forget(db, ASKED, is_dry=False)
        assert done.counts["calls"] == 25
        assert any("were running" in each for each in done.remarks)
        assert files_with(tmp_path) == []
        end_keepers(tmp_path)  # the next one reads the rings again
    finally:
        program.communicate("\n")
    settle(db)
    found = rows_of(db, "select process, count(*) from process_trace group by 1 order by 1")
    assert found == [("__main__.greet", 75), ("__main__.outer", 1)]
    assert files_with(tmp_path, "a call that runs")
    assert files_with(tmp_path) == []


def test_kept_traces_with_it_are_removed_whole(db: Path) -> None:
    """Those of a found call and of a found log record; another stays readable, also for who has read it before."""
    found, other = (number.to_bytes(16, "big").hex() for number in (CALLS, CALLS - 1))
    with closing(open_whole(db)) as store:
        for trace_id in (found, other):
            store.keep_trace(trace_id, f"for {SECRET}", 1)
        assert forget(db, ASKED, is_dry=True).counts["kept_traces"] == 1
        assert forget(db, ASKED, is_dry=False).counts["kept_traces"] == 1
        (kept,) = store.read_kept().traces
        assert kept.trace_id == other
        assert SECRET not in kept.note
        assert forget(db, ASKED, is_dry=True).counts["kept_traces"] == 0


def test_exact_inputs_have_more_than_their_call_shows(tmp_path: Path) -> None:
    """A part cut from a value is found in its exact inputs, which go; the call, which has nothing of it, stays."""
    db = tmp_path / "obsv.db"
    pickled = pickle.dumps((("x" * 4_000 + SECRET,), {}))
    failed = row(1, 1)._replace(status=2, exception=traceback("ValueError", "no"))
    with closing(Writer(db)) as writer:
        writer.limit(max_age_ns=None)
        told = json.dumps({"note": f"as {SECRET} said"})
        writer.write([failed._replace(exact=pickled), row(2, 2)._replace(status=2, exact=told), row(3, 3)])
        writer.write([row(4, 4)._replace(status=2, exact=b"of another")])
    assert forget(db, ASKED, is_dry=True).counts["exact_inputs"] == 2
    forget(db, ASKED, is_dry=False)
    assert files_with(tmp_path) == []
    assert rows_of(db, "select count(*) from process_trace") == [(4,)]
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("select pickle from exact_input").fetchall() == [(b"of another",)]


def test_texts_in_json_are_replaced_and_json_stays_json(tmp_path: Path) -> None:
    """Letters that are escaped, values that only look like the text, and keys that readers need."""
    db, name = tmp_path / "obsv.db", "Jörg true"
    attributes = [{"key": "user", "value": {"stringValue": f"of {name}"}}, {"key": "on", "value": {"boolValue": True}}]
    with closing(Writer(db)) as writer:
        writer.limit(max_age_ns=None)
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        for resource in (json.dumps({"attributes": attributes}), json.dumps({"attributes": attributes}, indent=1)):
            connection.execute("insert into source values (null, 'shop', ?, '{}', '', 1)", (resource,))
        matchers = json.dumps([{"name": "user", "value": name, "isRegex": False, "isEqual": True}], ensure_ascii=False)
        connection.execute("insert into silence values ('1', ?, 1, 2, 'me', 'not JSON: true', 1)", (matchers,))
        query = f'"{name}" or "true" or "value" or "attributes"'
        forget(db, Asked(query), is_dry=False)
        for (resource,) in connection.execute("select resource from source").fetchall():
            told = json.loads(resource)["attributes"]
            assert told[0]["value"] in ({"stringValue": "of (forgotten)"}, {"stringValue": "of (forgotten 2)"})
            assert told[1]["value"] == {"boolValue": True}
        (silence,) = connection.execute("select matchers, comment from silence").fetchall()
        assert json.loads(silence[0])[0]["value"] == "(forgotten)"
        assert silence[1] == "not JSON: (forgotten)"


@pytest.mark.parametrize("number", [CALLS, 10])
def test_a_trace_that_is_being_kept_meanwhile(db: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Is not kept when calls were forgotten after they were read, from the file or from the archive."""
    real = answers.pack

    def slow(file: Path, trace_id: str) -> Packed:
        packed = real(file, trace_id)
        forget(db, ASKED, is_dry=False)
        return packed

    monkeypatch.setattr(answers, "pack", slow)
    with closing(open_whole(db)) as store, pytest.raises(StoreUnavailable, match="keep it again"):
        store.keep_trace(number.to_bytes(16, "big").hex(), "", 1)
    assert rows_of(db, "select count(*) from kept_trace") == [(0,)]


def test_archived_decisions_and_outcomes(db: Path, tmp_path: Path) -> None:
    """Each goes with what came of it, in the file or in the archive; others stay."""
    with closing(open_store(db)) as store, closing(ArchiveBook(db)) as book:
        place = open_target((tmp_path / "archive").as_uri())
        archiver = Archiver(store, book, place, Window(HOUR_NS, None, 0, HOUR_NS))
        while archiver.step(NOW_NS) is not None:
            pass
    with closing(Writer(db)) as writer:
        writer.limit(decision_age_ns=HOUR_NS)
        while writer.retain(NOW_NS).more:
            pass
        writer.write([], logs=[outcome(1, after_s=1_000, note="late"), outcome(3, note=SECRET)])
    found = forget(db, ASKED, is_dry=True).counts
    assert (found["archived_decisions"], found["archived_outcomes"], found["outcomes"]) == (1, 2, 2)
    forget(db, ASKED, is_dry=False)
    assert files_with(tmp_path) == []
    with closing(WholeStore(db)) as whole:
        assert whole.read_decision(f"{2:032x}").results == []
        with pytest.raises(NotFound):
            whole.read_decision(f"{1:032x}")
