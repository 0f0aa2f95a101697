"""Return counts of matching spans over time."""

from pathlib import Path

from query_world import SECOND, START_NS, row

from obsv.store import Reader, Signature, Writer
from obsv.store.finding.conditions import EVERY_SPAN, SPAN, UNSCOPED, Field
from obsv.store.finding.series import Wanted, count_series
from obsv.store.ground.window import Range

MIXED = Signature("mixed", "step", "mixed", 1, (("flag", "INPUT"),))


def labels(path: Path, values: list[object], field: Field) -> dict[str, int]:
    """Of spans with these values of `flag`, the series by a field: label and count."""
    Writer(path).write([row(1, number, None, MIXED, [value]) for number, value in enumerate(values)])
    wanted = Wanted(EVERY_SPAN, (field,), Range(START_NS, START_NS + SECOND - 1), SECOND)
    reader = Reader(path)
    with reader.snapshot() as snapshot:
        found = {repr(series.labels[0]): series.slots[0][0] for series in count_series(snapshot, wanted)}
    reader.close()
    return found


def test_values_of_different_types_are_different_series(tmp_path: Path) -> None:
    """Values that are equal in Python are different in TraceQL."""
    found = labels(tmp_path / "obsv.db", [1, 1, 1.0, True, "1"], Field(SPAN, "flag"))
    assert found == {"1": 2, "1.0": 1, "True": 1, "'1'": 1}


def test_arrays_look_alike_wherever_they_stand(tmp_path: Path) -> None:
    """A span's array and its resource's are labels in the same form."""
    found = labels(tmp_path / "obsv.db", [[404, 0.5, True, "x"]], Field(SPAN, "flag"))
    other = labels(tmp_path / "other.db", [0], Field(UNSCOPED, "ports"))
    assert found == other == {"'[404,0.5,true,\"x\"]'": 1}
