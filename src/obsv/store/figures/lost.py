"""Files that were lost while programs wrote to them: what nobody finds in the store any more."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import HOUR_NS, Loss

# For so long it is news.
NEWS_NS = 24 * HOUR_NS
_HAS_LOSSES = "select 1 from sqlite_schema where type = 'table' and name = 'loss'"
_LOSSES = "select at_ns, reason, put_aside, calls, errors from loss order by id desc limit 1000"


class Lost(NamedTuple):
    """Losses, latest first."""

    losses: tuple[Loss, ...] = ()

    @property
    def calls(self) -> int:
        """How many calls the files held, as far as that is known."""
        return sum(loss.calls or 0 for loss in self.losses)

    @property
    def errors(self) -> int:
        """Failed ones among them."""
        return sum(loss.errors or 0 for loss in self.losses)

    def since(self, start_ns: int) -> Lost:
        """Those that were noticed since then, Unix time."""
        return Lost(tuple(loss for loss in self.losses if loss.at_ns >= start_ns))


def read_lost(reader: Readable) -> Lost:
    """Read them; none in a file of a schema version that has no such table."""
    return Lost(tuple(Loss(*row) for row in reader.query(_LOSSES))) if reader.query(_HAS_LOSSES) else Lost()
