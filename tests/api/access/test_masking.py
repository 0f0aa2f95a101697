"""Masked values: no endpoint, page or tool shows a viewer any of what was recorded."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from calls import TRACE, call, span_id, traceback
from decision_rows import counterfactual, decision, gate, outcome
from httpx import AsyncClient
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from plotly.utils import PlotlyJSONEncoder
from serving import serving

from obsv.acting import ACTOR, Actor
from obsv.agents import TOOLS, Asked
from obsv.alerts.watch import Watch
from obsv.api.access.users import hash_of
from obsv.clickhouse.sql import Bound
from obsv.clickhouse.where import where
from obsv.dashboards.page import View
from obsv.dashboards.pages import PAGES
from obsv.errors import InvalidQuery, ObsvError
from obsv.server import routers
from obsv.store import Code, Source, Writer
from obsv.store.file import Reader, run_sql
from obsv.store.file.masking import COLUMNS
from obsv.store.finding import SPAN, Compare, Contains, Field
from obsv.store.ground import MASK, LogRow, Window
from obsv.store.seam import open_store
from obsv.store.watching import AlertRow, Book, EventRow, MessageRow, RuleRow

pytestmark = pytest.mark.anyio
PLANT = "zebra77"
VIEWER = Actor("vi", "viewer", "api", sees_values=False)
CODE = Code("/srv/shop/orders.py", 11, "def place(order):\n    raise ValueError")
# How each endpoint is asked; a window is added to all of them.
NAMES = {
    "trace_id": TRACE, "span_id": span_id(1), "group_id": "1", "gate": "spread", "name": "shop.orders.place",
    "decision_id": f"{1:032x}", "traceid": TRACE, "traceId": TRACE, "id": "none",
    "tag": "span.order", "service": "shop", "operation": "shop.orders.place",
}  # fmt: skip
QUERY = {
    "threshold": "2", "q": PLANT, "trace_id": TRACE, "span_id": span_id(1), "process": "shop.orders.place",
    "artifact": "a" * 64, "before": "a" * 64, "after": "b" * 64, "service": "shop", "endTs": "99999999999999",
    "lookback": "99999999999", "since": "1h", "range": "24h", "raw_traces": "true", "query": "1",
}  # fmt: skip
PATHS = defaultdict(lambda: "a" * 64, trace_id=TRACE, group="1", decision=f"{1:032x}")
SELECTED = {
    "trace": TRACE, "span": span_id(1), "call": f"{TRACE}.{span_id(1)}", "process": "shop.orders.place",
    "gate": "spread", "view": "gates",
}  # fmt: skip
TOLD: dict[str, tuple[str, ...]] = {
    "get_trace": (TRACE,), "explain_error": (span_id(1),), "make_test": (span_id(1),), "find_calls": ("",),
    "describe_function": ("shop.orders.place",), "query": ("select * from data_trace, process_trace",),
}  # fmt: skip
# These stay open, or are no answer about what is recorded.
SKIPPED = {"/v1/{path:path}", "/api/v1/docs", "/docs"}


def masked_call(**more: Any) -> Any:
    told = [{"key": "order", "value": {"stringValue": PLANT}}]
    detail = {
        "statusMessage": f"no {PLANT}", "traceState": f"vendor={PLANT}",
        "events": [{"name": "retry", "timeUnixNano": "1", "attributes": told}],
        "links": [{"traceId": TRACE, "spanId": span_id(9), "attributes": told}],
    }  # fmt: skip
    values = {"order": PLANT, "number": 77_001_177}
    return call(inputs=values, outputs={"return": PLANT}, detail=detail, code=CODE, at=time.time_ns(), **more)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """The planted value wherever a value may be."""
    now_ns = time.time_ns()
    book = tmp_path / "obsv.db"
    writer = Writer(book)
    chained = traceback("KeyError", f"{PLANT}\n{PLANT} again") + (
        "\nDuring handling of the above exception, another exception occurred:\n\n"
    )
    rows = [
        masked_call(span=1, error=chained + traceback("ValueError", f"no {PLANT} in\nstock of {PLANT}")),
        *(masked_call(span=number, parent=1, start=number) for number in range(2, 9)),
    ]
    rows = [row._replace(source=Source(row.source.service, with_attribute(row.source.resource), "{}")) for row in rows]
    told = json.dumps({"order": PLANT})
    made = decision(
        1, gate(observed=PLANT), gate("size", 77.25), subject=PLANT, inputs=[["price", PLANT, now_ns]],
        attributes={"order": PLANT},
    )  # fmt: skip
    logs = [
        LogRow(Source("shop", "{}", "{}"), now_ns, 17, "ERROR", "order.lost", json.dumps(PLANT), told),
        *(row._replace(time_ns=now_ns) for row in (made, outcome(1, pnl=77.25, note=PLANT), counterfactual(1))),
    ]
    writer.write(rows, logs=logs)
    writer.close()
    alert = AlertRow("a" * 16, "x", (("order", PLANT),), "firing", now_ns, now_ns, value=77.25, summary=PLANT)
    (tmp_path / "alerts.toml").write_text('[[alerts.rule]]\nname = "x"\nquery = "SELECT 1"\nthreshold = 9\n')
    body = json.dumps({"labels": {"order": PLANT}, "severity": "", "summary": PLANT, "value": 1, "starts_ns": 1,
                       "ends_ns": 0, "link": ""})  # fmt: skip
    desk = Book(book)
    desk.hold("me", now_ns, 10**9)
    event = EventRow(now_ns, "a" * 16, "x", (("order", PLANT),), "firing", 77.25, PLANT)
    message = MessageRow("m", "log", "firing", "a" * 16, "x", body, now_ns, "sent", 1, now_ns, now_ns)
    desk.commit("me", alerts=[alert], events=[event], messages=[message])
    desk.close()
    return book


def with_attribute(resource: str) -> str:
    told = json.loads(resource)
    told["attributes"].append({"key": "order", "value": {"stringValue": PLANT}})
    return json.dumps(told)


@pytest.fixture
def users(db: Path) -> Path:
    path = db.with_name("users.toml")
    lines = [
        f'[[user]]\nname = "{name}"\nrole = "viewer"\nvalues = {values}\ntoken_sha256 = "{hash_of(name)}"\n'
        for name, values in (("blind", "false"), ("seeing", "true"))
    ]
    path.write_text("".join(lines))
    return path


def routes(router: Any) -> Iterator[str]:
    for route in router.routes:
        if inner := getattr(route, "original_router", None):
            yield from (f"{route.include_context.prefix}{path}" for path in routes(inner))
        elif "GET" in (route.methods or ()):
            yield route.path


def is_told(text: str) -> bool:
    # A time may have the same digits within.
    return PLANT in text or re.search(r"(?<!\d)(77001177|77\.25)(?!\d)", text) is not None


async def answers(made: AsyncClient, name: str) -> dict[str, str]:
    """Ask each endpoint that reads, as that user; answers by path."""
    found = {}
    for path in sorted({each for router in routers() for each in routes(router)} - SKIPPED):
        address = re.sub(r"\{(\w+)(?::path)?\}", lambda found: NAMES.get(found[1], "a" * 64), path)
        answer = await made.get(address, params=QUERY, headers={"authorization": f"Bearer {name}"})
        if answer.status_code == 400 or answer.status_code == 422:
            answer = await made.get(address, params={"range": "24h"}, headers={"authorization": f"Bearer {name}"})
        assert answer.status_code < 500, (path, answer.text)
        found[path] = answer.text
    return found


async def test_no_endpoint_tells_a_value(client: Callable[..., AsyncClient], db: Path, users: Path) -> None:
    """A search for the value finds as much as one for another; who may see values is told them."""
    made = client(users=users, alerts=db.with_name("alerts.toml"))
    seeing, blind = await answers(made, "seeing"), await answers(made, "blind")
    telling = {path for path, text in seeing.items() if is_told(without_question(text))}
    assert len(telling) > 20, sorted(set(seeing) - telling)
    assert {path for path, text in blind.items() if is_told(without_question(text))} == set()
    page = {"range": "24h", "where": f'order = "{PLANT}"'}
    headers = {"authorization": "Bearer blind"}
    for text in (PLANT, "zebra78"):
        asked = {**page, "where": f'order = "{text}"'}
        assert (await made.get("/api/v1/calls", params=asked, headers=headers)).json()["calls"] == []
    shown = (await made.get(f"/api/v1/calls/{TRACE}/{span_id(1)}", headers=headers)).json()
    assert "ValueError: (masked)" in json.dumps(shown)
    assert (await made.get("/api/v1/me", headers=headers)).json()["sees_values"] is False


def without_question(text: str) -> str:
    """Leave out where an answer repeats what it was asked for."""
    return text.replace(f"'{PLANT}'", "").replace(f"{PLANT}&", "")


@pytest.mark.parametrize("sees_values", [True, False])
def test_no_page_tells_a_value(db: Path, sees_values: bool) -> None:
    """Nor any tool of an assistant."""
    store, watch = open_store(db), Watch(db, db.with_name("alerts.toml"))
    token = ACTOR.set(VIEWER._replace(sees_values=sees_values))
    try:
        pages = {
            page.path: drawn(page.layout, View(store, PATHS, {"range": "24h", **query}, time.time_ns(), watch))
            for page in PAGES
            for query in ({}, SELECTED)
        }
        asked = Asked(store, time.time_ns())
        tools = {tool.name: drawn(tool.answer, asked, *TOLD.get(tool.name, ())) for tool in TOOLS}
    finally:
        ACTOR.reset(token)
    telling = [name for name, text in (pages | tools).items() if is_told(text)]
    assert len(telling) > 8 if sees_values else not telling


def drawn(make: Callable[..., Any], *arguments: Any) -> str:
    try:
        return json.dumps(make(*arguments), cls=PlotlyJSONEncoder)
    except ObsvError as error:
        return str(error)


async def test_an_assistant_of_a_viewer_is_told_none(db: Path, users: Path) -> None:
    """Over the protocol: a session asks as who opened it."""
    statement = {"sql": "select data_value from data_trace"}
    with serving(db, users=users) as address:
        for name in ("seeing", "blind"):
            async with (
                httpx2.AsyncClient(headers={"authorization": f"Bearer {name}"}) as http,
                Client(streamable_http_client(f"{address}/mcp", http_client=http)) as session,
            ):
                found = await session.call_tool("query", statement)
                assert not found.is_error
                assert is_told(str(found)) is (name == "seeing")


@pytest.mark.parametrize(
    "statement",
    [
        "select data from main.span", 'select data from "main".span', "select data from [MAIN] . span",
        "with span as (select * from main.span) select data from span", "select * from sqlite_dbpage",
        "select open from ring", "select (select data from/*.*/main/*.*/./**/span)", "select 1.main.span.data",
    ],
)  # fmt: skip
def test_no_statement_leads_around(db: Path, statement: str) -> None:
    token = ACTOR.set(VIEWER)
    try:
        try:
            rows = run_sql(db, statement).rows
        except InvalidQuery:
            rows = []
        assert PLANT not in str(rows)
        assert {row[0] for row in run_sql(db, "select data_value from data_trace").rows} == {MASK}
        assert run_sql(db, "select count(*) from span where data like '%zebra%'").rows == [(0,)]
        assert run_sql(db, "select count(*) from process_trace where process = 'shop.main'").rows == [(0,)]
    finally:
        ACTOR.reset(token)


@pytest.mark.parametrize("kind", ["sql", "staleness", "error"])
def test_the_text_of_an_alert_is_masked_where_its_rule_reads_values(db: Path, kind: str) -> None:
    """A summary may name the value that does not change; a link of SQL has a column of its row."""
    desk, now_ns = Book(db), time.time_ns()
    desk.hold("me", now_ns, 10**9)
    link = f"/code?process={PLANT}" if kind == "sql" else "/code?process=f"
    alert = AlertRow("a" * 16, "x", (), "firing", now_ns, now_ns, summary=f"is {PLANT}", link=link, kind=kind)
    # By now the rule is of a kind that reads no values.
    desk.commit("me", alerts=[alert], rules=[RuleRow("x", "pipeline", now_ns, 1, "", 0)])
    desk.close()
    token = ACTOR.set(VIEWER)
    try:
        assert run_sql(db, "select summary, link from alert").rows == [(MASK, "" if kind == "sql" else link)]
    finally:
        ACTOR.reset(token)


def test_a_condition_over_values_is_not_answered_elsewhere() -> None:
    """ClickHouse finds all calls, and the masked ones are tested."""
    token = ACTOR.set(VIEWER)
    try:
        for condition in (Contains(PLANT, None), Compare(Field(SPAN, "order"), "=", PLANT)):
            assert where(condition, Bound()).text == "true"
    finally:
        ACTOR.reset(token)


def test_both_read_one_file_at_once(db: Path) -> None:
    """A connection that masks is not given to who sees values, nor the other way."""
    reader, found = Reader(db), []
    for sees in (True, False, True, False):
        token = ACTOR.set(VIEWER._replace(sees_values=sees))
        found.append(PLANT in reader.query("select data from span indexed by span_by_ts")[0][0])
        ACTOR.reset(token)
    reader.close()
    assert found == [True, False, True, False]


@pytest.mark.parametrize("error", [f"declined for {PLANT}", f"card {PLANT}: declined", f"ValueError: {PLANT}: no"])
def test_the_exception_of_a_kept_trace_is_masked(tmp_path: Path, error: str) -> None:
    """A status message that was received names no class."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, error=error)])
    writer.close()
    store = open_store(tmp_path / "obsv.db")
    assert PLANT in store.keep_trace(TRACE, "", 1).exception
    token = ACTOR.set(VIEWER)
    (kept,) = store.read_kept().traces
    ACTOR.reset(token)
    store.close()
    assert kept.exception in (MASK, f"ValueError: {MASK}")


def test_what_did_not_fail_has_no_exception(db: Path) -> None:
    """Nor a masked one."""
    writer = Writer(db)
    writer.write([call(trace=f"{9:032x}", span=90)])
    writer.close()
    store = open_store(db)
    store.keep_trace(f"{9:032x}", "", 1)
    token = ACTOR.set(VIEWER)
    try:
        (kept,) = store.read_kept().traces
    finally:
        ACTOR.reset(token)
        store.close()
    assert kept.exception == ""


def test_an_error_group_tells_no_text_as_its_type(db: Path) -> None:
    """The text before a colon need not be a class."""
    writer = Writer(db)
    writer.write([call(trace=f"{9:032x}", span=90, error=f"order {PLANT}: declined", at=time.time_ns())])
    writer.close()
    store, window = open_store(db), Window.last("24h", time.time_ns())
    token = ACTOR.set(VIEWER)
    try:
        groups = store.read_error_groups(window).groups
        details = [store.read_error_group(each.id, window) for each in groups]
    finally:
        ACTOR.reset(token)
        store.close()
    assert PLANT not in str((groups, details))
    assert sorted((each.type, each.title) for each in groups) == [
        (MASK, MASK),
        ("ValueError", f"ValueError: {MASK}"),
    ]


# Tables without recorded values: names, counts, times, and what users of obsv wrote.
OPEN = {
    "alert_cursor", "alert_rule", "archive", "archive_part", "archive_replaced", "artifact_parent", "audit",
    "calls_minute", "code", "deploy", "error_call", "error_event", "error_minute", "failure_histogram", "feed",
    "forgotten",
    "gate", "gate_hour", "histogram", "lease", "loss", "metric_chunk", "metric_left_out", "metric_point", "orphan",
    "process", "process_name", "recorder",
    "request_half", "request_total", "ring", "saved_view", "sent", "setting", "signature", "signature_field", "silence",
    "slo_bucket", "sqlite_sequence", "tally", "thread", "version", "version_code",
}  # fmt: skip


def test_each_table_is_known_to_hold_values_or_not(db: Path) -> None:
    """A new one is added to this list, or to the columns that are masked."""
    tables = {name for (name,) in run_sql(db, "select name from sqlite_schema where type = 'table'").rows}
    assert tables - set(COLUMNS) - OPEN == set()
