"""Deployments and new versions, for charts of time."""

from __future__ import annotations

import json

from store_rows import START_NS, call

from obsv.store import Reader, Source, Writer
from obsv.store.figures.milestones import read_milestones
from obsv.store.ground import Window
from obsv.store.seam import open_store

EVER = Window(0, 1 << 62)


def test_second_version_is_a_milestone(writer: Writer, reader: Reader) -> None:
    """The first is where the service begins."""
    for number, version in enumerate(("1", "2")):
        resource = {"attributes": [{"key": "service.version", "value": {"stringValue": version}}]}
        writer.write([call(number, source=Source("shop", json.dumps(resource), "{}"))])
    (found,) = read_milestones(reader, EVER)
    assert (found.kind, found.name, found.service, found.note) == ("version", "2", "shop", "version")


def test_deployment_is_a_milestone_of_its_time(writer: Writer, reader: Reader) -> None:
    """In windows that hold it."""
    writer.write([call(1)])
    open_store(writer.path).triage().deploy("1.4", START_NS, "shop", "with the new prices")
    (found,) = read_milestones(reader, Window(START_NS, START_NS + 1))
    assert found == (START_NS, "deploy", "1.4", "shop", "with the new prices")
    assert read_milestones(reader, Window(START_NS + 1, START_NS + 2)) == []
