"""`metrics.yaml` is checked whole when it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from obsv.errors import ConfigurationError
from obsv.measures import InvalidMetrics, load, shipped
from obsv.measures.formula import MOST_LEVELS

TEXT = """\
version: 1
metrics:
  a: {formula: sum(trade_outcome.pnll), unit: kg, foo: 1}
  b:
    formula: a + c
  e: {formula: f}
  f: {formula: "e + 1"}
  g: {formula: "1 + summ(trade.price)", warn: high}
  a: {}
  h: {title: x}
  win-rate: {formula: "1"}
other: 1
"""


def problems(path: Path, text: str) -> list[tuple[int, int, str]]:
    """Return the errors of a file: lines, columns and tokens."""
    path.write_text(text)
    with pytest.raises(InvalidMetrics) as caught:
        load(path)
    assert all(f"{path}:{each.line}:{each.column}: " in str(caught.value) for each in caught.value.problems)
    return [(each.line, each.column, each.token) for each in caught.value.problems]


def test_all_errors_with_line_and_token(tmp_path: Path) -> None:
    """None hides another; a metric that is made of itself is one."""
    path = tmp_path / "metrics.yaml"
    found = problems(path, TEXT)
    lines = TEXT.splitlines()
    for line, column, token in found:
        assert lines[line - 1][column - 1 :].lstrip("'\"").startswith(token) or token in ("e", "f"), (
            line,
            column,
            token,
        )
    assert {(line, token) for line, _, token in found} == {
        (3, "pnll"), (3, "kg"), (3, "foo"), (5, "c"), (6, "e"), (7, "f"), (8, "summ"), (8, "high"), (9, "a"), (10, "h"),
        (11, "win-rate"), (12, "other"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["metrics: [", "- 1", "metrics: 3", "version: 2", "\t", "metrics: {a: {formula: [1]}}"]
)
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    """With the line of the error."""
    assert problems(tmp_path / "metrics.yaml", text)[0][0] == 1


def test_nesting_is_bounded(tmp_path: Path) -> None:
    """A formula or a chain of metrics that is too deep is refused; of a chain, the first link too many is named."""
    path = tmp_path / "metrics.yaml"
    long = f"metrics:\n  fine: {{formula: '1'}}\n  long: {{formula: {' + '.join('1' * 900)}}}\n"
    assert [line for line, _, _ in problems(path, long)] == [3]
    links = [f"  m{at}: {{formula: 1 + m{at - 1}}}" for at in range(1, 900)]
    chain = "\n".join(["metrics:", "  m0: {formula: '1 + 1'}", *links])
    assert [(line, token) for line, _, token in problems(path, chain)] == [
        (MOST_LEVELS // 2 + 2, f"m{MOST_LEVELS // 2}")
    ]


def test_file_adds_to_the_shipped_metrics(tmp_path: Path) -> None:
    """Or replaces one; no file is no error; one that cannot be read is."""
    path = tmp_path / "metrics.yaml"
    assert load(path) == shipped()
    path.write_text(
        "metrics:\n  win_rate: {formula: wins / trades}\n  wins: {formula: 'count(trade_outcome, where=won)'}\n"
    )
    found = load(path)
    assert found["win_rate"].formula == "wins / trades"
    assert len(found) == len(shipped()) + 1
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(path)


def test_shipped_metrics_are_complete() -> None:
    """Each has a title, a group and a unit; thresholds say which way is better."""
    for each in shipped().values():
        assert each.title != each.name
        assert each.better or (each.warn is None and each.critical is None and not each.targets), each.name
    assert any(each.targets for each in shipped().values())
