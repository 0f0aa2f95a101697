"""Files that were lost while programs wrote to them, and the calls lost with them."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import HOUR_NS, Loss

# Age up to which a loss is reported.
NEWS_NS = 24 * HOUR_NS
_HAS_LOSSES = "select 1 from sqlite_schema where type = 'table' and name = 'loss'"
_LOSSES = "select at_ns, reason, put_aside, calls, errors from loss order by id desc limit 1000"


class Lost(NamedTuple):
    """Losses, latest first."""

    losses: tuple[Loss, ...] = ()

    @property
    def calls(self) -> int:
        """Return the number of calls in the files, as far as known."""
        return sum(loss.calls or 0 for loss in self.losses)

    @property
    def errors(self) -> int:
        """Return the number of failed calls among them."""
        return sum(loss.errors or 0 for loss in self.losses)

    def since(self, start_ns: int) -> Lost:
        """Return the losses noticed since then, Unix time."""
        return Lost(tuple(loss for loss in self.losses if loss.at_ns >= start_ns))


def read_lost(reader: Readable) -> Lost:
    """Read the losses; none in a file whose schema version has no such table."""
    return Lost(tuple(Loss(*row) for row in reader.query(_LOSSES))) if reader.query(_HAS_LOSSES) else Lost()
