"""What is to be done for a database: so far, to wait. The consumer of the rings comes with `obsv.record`."""

from __future__ import annotations

from obsv.keeper.doorbell import Doorbell
from obsv.keeper.files import KeeperFiles
from obsv.keeper.options import Options

_PAUSE_S = 0.05


class DatabaseWork:
    """The work of one database.

    Args:
        files: of the database.
        options: how it is kept.
    """

    def __init__(self, files: KeeperFiles, options: Options) -> None:
        self._bell = Doorbell(files.bell)

    def step(self) -> bool:
        """Do the most urgent piece; True if there is more to do now."""
        return False

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for more."""
        self._bell.wait(_PAUSE_S if timeout_s is None else timeout_s)

    def wake(self) -> None:
        """End the wait."""
        self._bell.ring()

    def is_needed(self) -> bool:
        """Whether a program records."""
        return False

    def close(self) -> None:
        """End."""
        self._bell.close()
