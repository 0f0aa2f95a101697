"""The sieve finds what an exporter refuses."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from obsv.trace.sieve import sift


@given(st.integers(1, 60), st.data())
def test_exactly_the_refused_are_found(size: int, data: st.DataObject) -> None:
    """Everything else is exported once, in order."""
    bad = data.draw(st.sets(st.integers(0, size - 1), max_size=2))
    exported: list[int] = []

    def export(part: Sequence[int]) -> bool:
        if bad.intersection(part):
            return False
        exported.extend(part)
        return True

    refused = sift(range(size), export)
    good = [number for number in range(size) if number not in bad]
    assert refused == (sorted(bad) if good else None)
    assert exported == good


def test_where_nothing_passes_nothing_is_known() -> None:
    """An exporter that is down is not asked for every single span."""
    attempts: list[int] = []

    def export(part: Sequence[int]) -> bool:
        attempts.append(len(part))
        return False

    assert sift(range(1_000), export) is None
    assert len(attempts) < 30
