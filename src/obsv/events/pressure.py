"""Selection of log records under load: severe ones are always accepted, and the others are counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from obsv.events.severity import INFO, name_of
from obsv.own_time import monotonic

logger = logging.getLogger("obsv")

# Shares of the lane (`spill_max_bytes`) that is full.
SHED_AT, KILL_AT, RELAX_BELOW = 0.80, 0.95, 0.80
# Between two warnings about the same.
_COOLDOWN_S = 300.0


class Pressure:
    """The fill of the lane, and what follows from it.

    Below INFO nothing is taken above 80 %. At 95 % the kill switch is called, once an episode: an episode ends below
    80 %.

    Attributes:
        fill: share of the lane that is full, 0.0 to 1.0, as of the last look.
        dropped: records that were not taken, by the name of their severity.
        kill_switch: called once an episode with the fill; what it raises is logged.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.fill = 0.0
        self.dropped: Counter[str] = Counter()
        self.kill_switch: Callable[[float], object] | None = None
        self._clock = clock
        self._least = 0
        self._is_killed = False
        self._warned = float("-inf")

    def admits(self, severity: int) -> bool:
        """Return whether a record of this SeverityNumber is taken; count it where it is not."""
        if severity >= self._least:
            return True
        self.dropped[name_of(severity)] += 1
        return False

    def look(self, fill: float) -> None:
        """Take note of the fill; called about once a second."""
        self.fill = fill
        if fill > SHED_AT and not self._least:
            self._least = INFO
            self._warn()
        elif fill < RELAX_BELOW:
            self._least, self._is_killed = 0, False
        if fill >= KILL_AT and not self._is_killed:
            self._is_killed = True
            self._kill(fill)

    def _warn(self) -> None:
        now = self._clock()
        if now - self._warned >= _COOLDOWN_S:
            self._warned = now
            message = "The lane of calls and events is %.0f %% full: events below INFO are dropped, and counted."
            logger.warning(message, 100 * self.fill)

    def _kill(self, fill: float) -> None:
        if self.kill_switch is None:
            logger.error("The lane of calls and events is %.0f %% full: what comes beyond it is lost.", 100 * fill)
            return
        try:
            self.kill_switch(fill)
        except Exception:
            logger.exception("The kill switch for a full lane failed.")


pressure = Pressure()
"""That of this process."""


def on_overload(callback: Callable[[float], object] | None) -> None:
    """Have something called, with the fill from 0.0 to 1.0, once an episode in which the lane is 95 % full.

    Args:
        callback: called on the thread that records; None takes it away.
    """
    pressure.kill_switch = callback
