"""State changes of one alert: a pure function of its previous state and the measurement.

    inactive ──> pending ──> firing ──> recovering ──> resolved
                    │           ^            │             │
                    v           └────────────┘             v
                inactive                                pending

Messages are created from these changes in `obsv.alerts.messages`.
"""

from __future__ import annotations

from obsv.store.watching import AlertRow

PENDING, FIRING, RECOVERING, RESOLVED, INACTIVE = "pending", "firing", "recovering", "resolved", "inactive"
ACTIVE = (FIRING, RECOVERING)
_NS = 1_000_000_000


def step(alert: AlertRow, holds: bool | None, now_ns: int, for_s: float, keep_firing_s: float) -> AlertRow:
    """Return the state of an alert after a look.

    Args:
        alert: its previous state; `inactive` for a new alert.
        holds: whether the condition holds; None if unknown, and nothing changes.
        now_ns: Unix time. If it is earlier than the alert's own time, the clock was set back, and the wait starts
            again.
        for_s: seconds that the condition must hold before the alert fires.
        keep_firing_s: seconds without it before the alert is resolved.
    """
    if holds is None:
        return alert
    # Receivers refuse an end before the beginning.
    alert = alert._replace(since_ns=min(alert.since_ns, now_ns), starts_ns=min(alert.starts_ns, now_ns))
    waited_s = (now_ns - alert.since_ns) / _NS
    if holds:
        return _holds(alert, now_ns, waited_s, for_s)
    if alert.state == PENDING:
        return alert._replace(state=INACTIVE, since_ns=now_ns)
    if alert.state == FIRING and keep_firing_s > 0:
        return alert._replace(state=RECOVERING, since_ns=now_ns)
    if alert.state == FIRING or (alert.state == RECOVERING and waited_s >= keep_firing_s):
        return alert._replace(state=RESOLVED, since_ns=now_ns, ends_ns=now_ns)
    return alert


def _holds(alert: AlertRow, now_ns: int, waited_s: float, for_s: float) -> AlertRow:
    if alert.state == FIRING:
        return alert
    if alert.state == RECOVERING:
        return alert._replace(state=FIRING, since_ns=now_ns)
    if alert.state == PENDING and waited_s < for_s:
        return alert
    if alert.state != PENDING and for_s > 0:
        return alert._replace(state=PENDING, since_ns=now_ns)
    return alert._replace(
        state=FIRING, since_ns=now_ns, starts_ns=now_ns, ends_ns=0, episode=alert.episode + 1, notified_ns=0
    )
