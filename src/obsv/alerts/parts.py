"""The parts of obsv between a call and the person who is told of it, and how far each is behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from obsv.store.seam import Store
from obsv.store.watching import Recorder

_NS = 1_000_000_000
# Seconds from which on a part is late. Retention archives whole hours that are six hours old.
LIMITS_S = {"keeper": 10.0, "ring": 30.0, "writer": 10.0, "archive": 8 * 3_600.0, "alerts": 60.0}
# A report is made every second; an older one says nothing about the present.
_FRESH_NS = 10 * _NS
# Results of evaluations are saved at this interval.
_SAVED_S = 15.0


class RingState(NamedTuple):
    """The rings of running programs.

    Args:
        programs: number of running programs.
        silent_s: longest time since a keeper looked at one of them, seconds.
        waits_s: age of the oldest record that no keeper has read, seconds.
    """

    programs: int = 0
    silent_s: float = 0.0
    waits_s: float = 0.0


LookAtRings = Callable[[int], RingState]


def no_rings(now_ns: int) -> RingState:
    """Return the state where no program of this machine can be seen."""
    return RingState()


class Part(NamedTuple):
    """A part of obsv.

    Args:
        name: keeper, ring, writer, archive or alerts.
        lag_s: how far it is behind, seconds.
        about: the same as a sentence.
    """

    name: str
    lag_s: float
    about: str

    @property
    def is_late(self) -> bool:
        """Return whether it is further behind than usual."""
        return self.lag_s > LIMITS_S[self.name]


def read_parts(store: Store, look_at_rings: LookAtRings, has_rules: bool, now_ns: int) -> list[Part]:
    """Return the parts that are in use, in the order in which a call passes them.

    Args:
        store: the store.
        look_at_rings: returns the state of the rings at a time.
        has_rules: whether rules should be evaluated.
        now_ns: Unix time.

    Raises:
        StoreError: the store cannot be read at the moment.
    """
    if not store.exists:
        return []
    rings = look_at_rings(now_ns)
    parts = [*_of_rings(rings), *_of_writer(store.read_recorders(now_ns - _FRESH_NS))]
    oldest_ns = store.read_unarchived()
    if oldest_ns is not None:
        age_s = _age_s(oldest_ns, now_ns)
        parts.append(Part("archive", age_s, f"The oldest call that is not archived is {age_s / 3_600:.1f} h old"))
    return [*parts, _of_alerts(store, has_rules, now_ns)]


def _of_rings(rings: RingState) -> list[Part]:
    if not rings.programs:
        return []
    silent, waits = f"{rings.silent_s:.0f} s", f"{rings.waits_s:.0f} s"
    return [
        Part("keeper", rings.silent_s, f"The keeper last looked at the running programs {silent} ago"),
        Part("ring", rings.waits_s, f"The oldest unread record of a program has waited for {waits}"),
    ]


def _of_writer(recorders: list[Recorder]) -> list[Part]:
    lags_s = [each.lag_ms / 1_000 for each in recorders if not each.ended]
    if not lags_s:
        return []
    return [Part("writer", max(lags_s), f"The latest calls were stored {max(lags_s):.1f} s after their end")]


def _of_alerts(store: Store, has_rules: bool, now_ns: int) -> Part:
    outbox = store.read_outbox()
    waits_s = _age_s(outbox.oldest_ns, now_ns) if outbox.oldest_ns else 0.0
    idle_s = _age_s(outbox.evaluated_ns, now_ns) - _SAVED_S if has_rules and outbox.evaluated_ns else 0.0
    if idle_s > waits_s:
        return Part("alerts", idle_s, f"Alert rules have not been evaluated for {idle_s:.0f} s")
    return Part("alerts", waits_s, f"The oldest unsent message about an alert has waited for {waits_s:.0f} s")


def _age_s(at_ns: int, now_ns: int) -> float:
    return max(0, now_ns - at_ns) / _NS
