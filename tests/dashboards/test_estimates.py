"""Figures that are estimated are shown as such."""

from obsv.dashboards.code.report import _calls, _unrecorded
from obsv.store.figures import Sums


def test_estimated_counts_are_marked() -> None:
    """With a ~, and how many calls are not stored."""
    assert (_calls(Sums(calls=20)), _unrecorded(Sums(calls=20))) == ("20", None)
    estimated = Sums(calls=2_000, unrecorded=1_980)
    assert _calls(estimated).startswith("~")
    assert "1,980 of these calls are not stored" in str(_unrecorded(estimated))
