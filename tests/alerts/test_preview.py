"""The preview of a rule uses the data that is still stored."""

from pathlib import Path

from calls import call, traceback

from obsv.alerts.editing import rule_of
from obsv.alerts.preview import preview
from obsv.store import Writer
from obsv.store.seam import open_store

NS = 1_000_000_000
# A whole minute, UTC.
NOW_NS = 1_790_000_400 * NS // (60 * NS) * 60 * NS


def store(path: Path, *minutes: tuple[int, float, int]) -> Path:
    """Calls, minutes ago: how long, and how many of ten fail."""
    writer, number = Writer(path), 0
    for ago, ms, failing in minutes:
        for at in range(10):
            number += 1
            error = traceback("E", "x") if at < failing else None
            writer.write(
                [call(1, trace=f"{number:032x}", at=NOW_NS - ago * 60 * NS, ms=ms, error=error, feed="prices")]
            )
    writer.close()
    return path


def test_a_slow_time_is_an_episode_with_its_highest_value(tmp_path: Path) -> None:
    path = store(tmp_path / "o.db", (200, 10, 0), (120, 300, 0), (119, 300, 0), (30, 10, 0))
    rule = rule_of({"kind": "duration", "over": "100ms", "window": "1m"})
    (episode,) = preview(rule, open_store(path), NOW_NS)
    assert episode.starts_ns == NOW_NS - 120 * 60 * NS
    assert NOW_NS - 118 * 60 * NS <= episode.ends_ns <= NOW_NS - 115 * 60 * NS
    assert episode.highest is not None
    assert 0.28 < episode.highest < 0.32


def test_failures_are_found_by_share_and_by_number(tmp_path: Path) -> None:
    path = store(tmp_path / "o.db", (100, 10, 5), (40, 10, 1))
    rate = rule_of({"kind": "error_rate", "over": "20%", "window": "1m"})
    assert len(preview(rate, open_store(path), NOW_NS)) == 1
    assert len(preview(rule_of({"kind": "error"}), open_store(path), NOW_NS)) == 2
    assert len(preview(rule_of({"kind": "error", "threshold": 3}), open_store(path), NOW_NS)) == 1
    assert preview(rule_of({"kind": "error", "process": "other.*"}), open_store(path), NOW_NS) == []


def test_of_feeds_the_present_is_told(tmp_path: Path) -> None:
    path = store(tmp_path / "o.db", (5, 10, 0))
    (episode,) = preview(rule_of({"kind": "feed_lag"}), open_store(path), NOW_NS)
    assert (episode.starts_ns, episode.ends_ns) == (NOW_NS, 0)
    assert preview(rule_of({"kind": "feed_lag", "lag": "1h"}), open_store(path), NOW_NS) == []
