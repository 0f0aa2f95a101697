"""`obsv series`."""

import json
from pathlib import Path

import pytest

from obsv.cli.app import main
from obsv.own_time import unix_ns
from obsv.store import Source, Writer
from obsv.store.ground import GAUGE, Metric, MetricSeries, PointRow


def test_series_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With their latest value, text of others on one line, and what was left out."""
    db = tmp_path / "obsv.db"
    writer = Writer(db, most_series=2)
    source = Source("shop", "{}", "{}", True)
    made = [MetricSeries(source, Metric(f"load.{n}\x1b[2J", "%", "", GAUGE), "[]", '{"cpu":0}') for n in range(3)]
    writer.write([], points=[PointRow(each, unix_ns(), 0, 12.5) for each in made])
    writer.close()
    assert main(["series", "--db", str(db)]) == 0
    out = capsys.readouterr().out
    assert "12.5 %" in out
    assert "\x1b[2J" not in out
    assert "2 series." in out
    assert "1 points of further series of shop were left out" in " ".join(out.split())
    main(["series", "--db", str(db), "--metric", "load.1\x1b[2J", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["attributes"], document["latest"]["value"]) == ({"cpu": 0}, 12.5)
    assert main(["series", "nothing", "--db", str(db)]) == 0
    assert "No metrics" in capsys.readouterr().out
