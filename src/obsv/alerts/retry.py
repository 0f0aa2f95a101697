"""Retries of messages that could not be sent."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

# A message is given up after a day and as many attempts as are then usual: a clock may be set a day ahead.
GIVE_UP_S, GIVE_UP_ATTEMPTS = 86_400.0, 20
LONGEST_S = 900.0
# A receiver may request a longer pause than our own maximum, but not an unlimited one.
LONGEST_ASKED_S = 3_600.0


_SECONDS, _MOST_S = re.compile(r"\d+(\.\d+)?", re.ASCII), 999_999_999.0


class Answer(NamedTuple):
    """The result of an attempt.

    Args:
        ok: whether the receiver accepted the message.
        status: status code of HTTP or SMTP; None if there was no response.
        text: the response, or what went wrong.
        is_final: whether retrying is useless.
        retry_after_s: requested pause, in seconds.
    """

    ok: bool
    status: int | None = None
    text: str = ""
    is_final: bool = False
    retry_after_s: float | None = None


def of_http(status: int, text: str, retry_after: str | None, now_s: float) -> Answer:
    """Return the meaning of an HTTP response: 2xx is accepted; 4xx is final, except 408 and 429.

    Args:
        status: status code.
        text: beginning of the body.
        retry_after: the header; seconds, or a date.
        now_s: Unix time.
    """
    is_ok = 200 <= status < 300
    is_final = 300 <= status < 500 and status not in (408, 425, 429)
    return Answer(is_ok, status, text, not is_ok and is_final, _asked(retry_after, now_s))


def pause_s(attempts: int, retry_after_s: float | None, jitter: Callable[[], float] = random.random) -> float:
    """Return the pause before the next attempt: 1 s, doubled each time up to 15 minutes, up to half of it random.

    Args:
        attempts: number of failed attempts.
        retry_after_s: pause requested by the receiver; the next attempt is never earlier.
        jitter: a number from 0 to 1.
    """
    own = min(LONGEST_S, 2.0 ** min(max(attempts, 1) - 1, 20)) * (1 - jitter() / 2)
    return max(own, min(retry_after_s or 0.0, LONGEST_ASKED_S) * (1 + jitter() / 10))


def _asked(header: str | None, now_s: float) -> float | None:
    text = (header or "").strip()[:60]
    if _SECONDS.fullmatch(text):
        return min(float(text), _MOST_S)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return max(0.0, (moment - datetime.fromtimestamp(now_s, timezone.utc)).total_seconds())
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
