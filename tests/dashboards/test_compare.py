"""The comparison's page."""

from pathlib import Path

import pytest
from calls import call

from obsv.dashboards.compare.page import body
from obsv.store import Writer
from obsv.store.ground.window import Window
from obsv.store.seam import open_store


@pytest.mark.parametrize(
    ("name", "told"), [("shop.f", "No failed calls"), ("shop.nope", "The store has no function 'shop.nope'")]
)
def test_no_failed_call_is_told_from_no_such_function(tmp_path: Path, name: str, told: str) -> None:
    """Of a name that nobody has it is not said that its calls are good."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, name="shop.f")])
    writer.close()
    reader = open_store(tmp_path / "obsv.db")
    window = Window(0, 1)
    assert told in str(body(reader, name, "calls", None, window, window))
    reader.close()
