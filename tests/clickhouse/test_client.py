"""Queries to ClickHouse."""

from __future__ import annotations

import socket

import pytest
from clickhouse_engine import Both, Engine

from obsv.clickhouse import Address
from obsv.clickhouse.client import Client, UnknownTable
from obsv.clickhouse.sql import Bound
from obsv.errors import StoreUnavailable

HOSTILE = "a'b\\c\td\ne\r\0{p0:String}\u2028\x85\ud800"


def test_texts_are_bound(engine: Engine) -> None:
    """Whatever is in them, they come back as they were; what is not UTF-8 is replaced."""
    bound = Bound()
    sql = f"select {bound.text(HOSTILE)}, {bound.whole(-(2**63))}, {bound.number(0.1)}"
    client = Client(Address("127.0.0.1", engine.port))
    rows = client.rows(sql, bound.params)
    client.close()
    assert rows == [[HOSTILE.replace("\ud800", "?"), -(2**63), 0.1]]


def test_a_missing_table_is_said(engine: Engine) -> None:
    """With the question that helps."""
    store = engine.store("default")
    try:
        with pytest.raises(UnknownTable, match="does the collector write there"):
            store.read_services()
    finally:
        store.close()


def test_nobody_answers() -> None:
    """The message names the address, without its password."""
    client = Client(Address.parse("clickhouse://me:secret@127.0.0.1:1/otel"))
    with pytest.raises(StoreUnavailable, match="does not respond") as caught:
        client.rows("select 1")
    assert "secret" not in str(caught.value)


def test_a_connection_that_was_closed_is_opened_again(both: Both, engine: Engine) -> None:
    """A server closes idle connections."""
    client = Client(Address("127.0.0.1", engine.port, database="both"))
    assert client.rows("select 1") == [[1]]
    client._idle[0].sock.shutdown(socket.SHUT_RDWR)
    assert client.rows("select 2") == [[2]]
    client.close()
