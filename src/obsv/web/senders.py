"""Senders of spans: their names, the hashes of their tokens, and their limits.

[[sender]]
name = "web-1"
token_sha256 = ["…", "…"]     # `obsv token web-1 --sender` makes one; two while a token is being replaced
spans_per_second = 5_000      # the rest as in [limits]

[limits]                      # of senders that do not have their own
bytes_per_second = "2MB"
queue_share = "25%"
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from obsv import quantities
from obsv.errors import ConfigurationError

MOST_TOKENS = 8
_HASH = re.compile(r"[0-9a-f]{64}")


def hash_of(token: str) -> str:
    """Return the hash of a token: tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class SenderLimits(NamedTuple):
    """The most that a sender may send; None stands for no limit.

    Args:
        spans_per_second: spans, log records and data points.
        bytes_per_second: bytes of requests as received.
        queue_share: part of the memory for waiting requests, above 0 and up to 1.
    """

    spans_per_second: int | None = None
    bytes_per_second: int | None = None
    queue_share: float | None = None


UNLIMITED = SenderLimits()


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender.

    Attributes:
        name: its name; empty if it has none.
        hashes: of its tokens.
        limits: its limits.
    """

    name: str = ""
    hashes: tuple[str, ...] = field(default=(), repr=False)
    limits: SenderLimits = UNLIMITED


@dataclass(frozen=True, slots=True)
class Senders:
    """The known senders.

    Attributes:
        members: those with a name.
        limits: limits of all others, such as the holders of `OBSV_TOKEN`.
        is_readable: whether the file that names them could be read; if not, nobody is known at the moment.
        were_there: whether the file has named some since the start.
        former: those whom an unreadable file named before.
    """

    members: tuple[Sender, ...] = ()
    limits: SenderLimits = UNLIMITED
    is_readable: bool = True
    were_there: bool = False
    former: tuple[Sender, ...] = ()

    def by_token(self, token: str) -> Sender | None:
        """Return the sender with a token, in a time that does not depend on which one matches."""
        return _holder(self.members, token)

    def was_known(self, token: str) -> bool:
        """Return whether a token was that of a sender when the file could last be read."""
        return _holder(self.former, token) is not None


def _holder(senders: tuple[Sender, ...], token: str) -> Sender | None:
    given = hash_of(token)
    matching = [each for each in senders for one in each.hashes if hmac.compare_digest(one, given)]
    return matching[0] if matching else None


class SenderCounts(NamedTuple):
    """Totals of one sender.

    Args:
        name: its name; empty for all without one.
        requests, spans, bytes: taken, in bytes as received; log records and data points count as spans.
        rejected: spans that were refused for their content.
        refused: refused requests by reason: `spans`, `bytes`, `queue` for its limits, `memory`, `failed`, and
            `gone` if it did not wait for the answer.
        refused_ns: Unix time of the latest refusal; 0 if there was none.
        waiting_bytes: held at the moment.
        last_ns: Unix time of its latest request.
        address: from which that came.
    """

    name: str
    requests: int
    spans: int
    bytes: int
    rejected: int
    refused: dict[str, int]
    refused_ns: int
    waiting_bytes: int
    last_ns: int
    address: str


def hashes_in(path: str, of: str, found: Any) -> tuple[str, ...]:
    """Return the hashes of tokens that a file has for somebody: one, or a list.

    Raises:
        ConfigurationError: they are not hashes; the message never contains one.
    """
    texts = found if isinstance(found, list) else [found]
    if not 0 < len(texts) <= MOST_TOKENS or not all(isinstance(each, str) and _HASH.fullmatch(each) for each in texts):
        raise ConfigurationError(
            f"{path}: token_sha256 of {of} must be 64 hex digits, as `obsv token` prints them, "
            f"or a list of at most {MOST_TOKENS} of them."
        )
    return tuple(texts)


def limits_in(path: str, of: str, table: Mapping[str, Any], usual: SenderLimits) -> SenderLimits:
    """Return the limits in a table; what it does not say is as usual.

    Raises:
        ConfigurationError: a limit is not one.
    """
    parsers = {"spans_per_second": quantities.count, "bytes_per_second": _size, "queue_share": _share}
    found: dict[str, Any] = {}
    for name, parse in parsers.items():
        if name in table:
            said = table[name]
            try:
                found[name] = None if quantities.is_no_limit(said) else parse(name, said)
            except ConfigurationError as error:
                raise ConfigurationError(f"{path}: {of}: {error}") from error
    return usual._replace(**found)


def _size(name: str, said: Any) -> int:
    found = quantities.size(name, said)
    if found < 1:
        raise ConfigurationError(f'{name} must be at least 1 byte, or "none" for no limit.')
    return found


def _share(name: str, said: Any) -> float:
    found = quantities.share(name, said)
    if not found:
        raise ConfigurationError(f"{name} must be above 0, up to 1 or 100%.")
    return found
