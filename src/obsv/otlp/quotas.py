"""Limits of senders, and what was taken from and refused to each.

A limit per second is a debt: a request is taken while its sender owes nothing, and what it has beyond a second's worth
is owed. So no request is too large for a limit, and over a minute nobody sends more than allowed. The spans of a
request are known only when it is decoded; until then it counts as the mean of its sender.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from obsv.otlp.failures import Limited
from obsv.web.senders import Sender, SenderCounts

NOBODY = Sender()

# Names come from a file that people write and from topics; a file may be rewritten for ever.
MOST_NAMES = 4_096
# Of a sender's requests until one is known: the batch size of most SDKs.
FIRST_MEAN = 512.0
# Weight of the latest request in the mean.
_NEW = 0.2
LONGEST_WAIT_S = 60
_NS = 1_000_000_000


class Debt:
    """The amount owed to a limit per second; up to a second's worth may be saved."""

    def __init__(self, now: float) -> None:
        # A sender begins with a second's worth: `wait_s` raises this to it.
        self.amount, self._at = -math.inf, now

    def wait_s(self, rate: int, now: float) -> float:
        """Return the seconds until nothing is owed."""
        self.amount = max(self.amount - (now - self._at) * rate, -float(rate))
        self._at = max(now, self._at)
        return max(self.amount / rate, 0.0)


@dataclass(slots=True, eq=False)
class Claim:
    """The part that a request has of its sender's limits.

    Attributes:
        sender: whose it is.
        held: bytes in memory.
        charged: spans that it counts as until it is decoded.
    """

    sender: Sender
    held: int = 0
    charged: float = 0.0


@dataclass(slots=True)
class _Account:
    spans: Debt
    bytes: Debt
    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    mean: float = FIRST_MEAN
    held: int = 0
    last_ns: int = 0
    refused_ns: int = 0
    address: str = ""


class Quotas:
    """The accounts of all senders. Safe for several threads.

    Args:
        max_bytes: memory for waiting requests, of which senders have shares.
        clock: monotonic seconds.
        unix_ns: Unix time.
    """

    def __init__(
        self,
        max_bytes: int,
        clock: Callable[[], float] = time.monotonic,
        unix_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._max_bytes, self._clock, self._unix_ns = max_bytes, clock, unix_ns
        self._lock = threading.Lock()  # guards the accounts
        self._accounts: dict[str, _Account] = {}

    def begin(self, sender: Sender = NOBODY, address: str = "") -> Claim:
        """Admit a request before its body is read.

        Raises:
            Limited: the sender owes spans or bytes.
        """
        with self._lock:
            account = self._account(sender.name)
            account.last_ns, account.address = self._unix_ns(), address
            self._admit(account, sender)
        return Claim(sender)

    def hold(self, claim: Claim, size: int) -> None:
        """Count further bytes that a request holds; one that is alone may exceed its sender's share.

        Raises:
            Limited: the sender's requests hold their share already.
        """
        share = claim.sender.limits.queue_share
        with self._lock:
            account = self._account(claim.sender.name)
            if share and account.held > claim.held and account.held + size > share * self._max_bytes:
                self._refuse(account, "queue")
                # It may have been charged already: its decoded form needs more than its bytes.
                account.spans.amount -= claim.charged
                claim.charged = 0.0
                raise Limited(
                    f"Requests of {_named(claim.sender)} hold their share of the memory for requests, {share:.0%}.",
                    1,
                )
            account.held += size
            claim.held += size

    def drop(self, claim: Claim) -> int:
        """Count a request's bytes as no longer held; return how many they were."""
        with self._lock:
            size, claim.held = claim.held, 0
            self._account(claim.sender.name).held -= size
        return size

    def take(self, claim: Claim, size: int) -> None:
        """Charge a request that has arrived whole.

        Raises:
            Limited: others of the same sender, which arrived meanwhile, have used its limits.
        """
        with self._lock:
            account = self._account(claim.sender.name)
            self._admit(account, claim.sender)
            claim.charged = account.mean
            account.counts["bytes"] += size
            account.bytes.amount += size
            account.spans.amount += account.mean

    def settle(self, claim: Claim, spans: int, rejected: int) -> None:
        """Correct the charge of a stored request by the spans that were in it."""
        with self._lock:
            account = self._account(claim.sender.name)
            account.counts.update({"requests": 1, "spans": spans, "rejected": rejected})
            account.spans.amount += spans + rejected - claim.charged
            account.mean += _NEW * (spans + rejected - account.mean)

    def refuse(self, claim: Claim, reason: str) -> None:
        """Count a request that was not stored: if it is sent again, its spans count then."""
        with self._lock:
            account = self._account(claim.sender.name)
            self._refuse(account, reason)
            account.spans.amount -= claim.charged

    def _admit(self, account: _Account, sender: Sender) -> None:
        now, limits = self._clock(), sender.limits
        for what, rate, debt in (
            ("spans", limits.spans_per_second, account.spans),
            ("bytes", limits.bytes_per_second, account.bytes),
        ):
            wait_s = debt.wait_s(rate, now) if rate else 0.0
            if wait_s > 0:
                self._refuse(account, what)
                raise Limited(
                    f"The limit of {_named(sender)} is used up: {rate:,} {what} a second. It is set in the "
                    "users file of this server.",
                    min(max(math.ceil(wait_s), 1), LONGEST_WAIT_S),
                )

    def _refuse(self, account: _Account, reason: str) -> None:
        account.refused[reason] += 1
        account.refused_ns = self._unix_ns()

    def counts(self) -> list[SenderCounts]:
        """Return what each sender has sent, by name."""
        with self._lock:
            return [
                SenderCounts(
                    name=name,
                    requests=each.counts["requests"],
                    spans=each.counts["spans"],
                    bytes=each.counts["bytes"],
                    rejected=each.counts["rejected"],
                    refused=dict(each.refused),
                    refused_ns=each.refused_ns,
                    waiting_bytes=each.held,
                    last_ns=each.last_ns,
                    address=each.address,
                )
                for name, each in sorted(self._accounts.items())
            ]

    def _account(self, name: str) -> _Account:
        found = self._accounts.get(name)
        if found is None:
            if len(self._accounts) >= MOST_NAMES:
                idle = [key for key, each in self._accounts.items() if not each.held]
                self._accounts.pop(min(idle, key=lambda key: self._accounts[key].last_ns), None)
            now = self._clock()
            found = self._accounts[name] = _Account(Debt(now), Debt(now))
        return found


def _named(sender: Sender) -> str:
    return f"the sender {sender.name}" if sender.name else "this server's other senders"
