"""Log messages about the recorder itself: each kind once per episode."""

import contextlib
import logging

logger = logging.getLogger("obsv")


class Notices:
    """A logger that writes each kind of message once, until `over` ends the episode.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._told: dict[str, object]
        self.reset()

    def once(self, kind: str, level: int, message: str, *args: object, exc_info: bool = False) -> None:
        """Log, unless this kind was logged in this episode. Never raises."""
        mine = object()
        if self._told.setdefault(kind, mine) is mine:
            with contextlib.suppress(Exception):  # near the recursion limit, or in a handler of the program
                logger.log(level, message, *args, exc_info=exc_info)

    def has(self, kind: str) -> bool:
        """Return whether a kind was logged in this episode."""
        return kind in self._told

    def reset(self) -> None:
        """End all episodes."""
        self._told = {}

    def over(self, kind: str) -> bool:
        """End the episode of a kind.

        Returns:
            True if there was one.
        """
        return self._told.pop(kind, None) is not None
