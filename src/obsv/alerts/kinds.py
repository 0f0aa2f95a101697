"""Kinds of rules and types of receivers: their keys, parsers and defaults.

A new kind is an entry here and a measurement in `obsv.alerts.measure`; a new type is an entry here and a class in
`obsv.alerts.notifiers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from obsv.alerts import readings as read
from obsv.alerts.parts import LIMITS_S
from obsv.alerts.rules import CHECK_INTERVAL_S, REPEAT_S

REQUIRED: Any = object()
SEVERITIES = ("critical", "page", "error", "warning", "ticket", "info")


class Key(NamedTuple):
    """A key of a table: the parser of its value, and its default."""

    read: read.Read
    default: Any = REQUIRED


class Kind(NamedTuple):
    """A kind of rule.

    Args:
        keys: its own keys, in addition to those of every rule.
        summary: template of its messages.
        is_quick: whether it reads only a few rows, and is evaluated every second.
        defaults: different defaults for keys of every rule.
    """

    keys: Mapping[str, Key]
    summary: str
    is_quick: bool = False
    defaults: Mapping[str, Any] = {}


class Type(NamedTuple):
    """A type of receiver: its own keys, and which settings are secrets (given as KEY, KEY_env or KEY_file)."""

    keys: Mapping[str, Key]
    secrets: Mapping[str, bool] = {}  # the value: whether the secret is required


# Keys of every rule.
COMMON: Mapping[str, Key] = {
    "name": Key(read.text, None),
    "kind": Key(read.text, None),
    "for": Key(read.seconds, None),
    "keep_firing_for": Key(read.seconds, 0.0),
    "no_data": Key(read.one_of("ok", "keep", "alert"), "ok"),
    "on_error": Key(read.one_of("keep", "ok", "alert"), "keep"),
    "severity": Key(read.one_of(*SEVERITIES), "error"),
    "labels": Key(read.mapping, {}),
    "summary": Key(read.text, None),
    "notify": Key(read.texts, None),
    # The older name of a receiver.
    "action": Key(read.text, None),
    "repeat_interval": Key(read.seconds, None),
    "enabled": Key(read.flag, True),
}
_WHICH = {"process": Key(read.text, "*"), "service": Key(read.text, "*")}
_CALLS = {
    **_WHICH,
    "group": Key(read.text, "*"),
    "by": Key(read.one_of("process", "group", "service"), "process"),
    "window": Key(read.seconds, 300.0),
    "min_calls": Key(read.whole(1), 1),
}

KINDS: Mapping[str, Kind] = {
    "sql": Kind(
        {
            "query": Key(read.text),
            "threshold": Key(read.number),
            "op": Key(read.one_of(">=", ">", "<=", "<", "==", "!="), ">="),
        },
        "{rule}: {value}",
    ),
    "error": Kind(
        {
            **_WHICH,
            "on": Key(read.one_of("exception", "new_group", "came_back"), "exception"),
            "exception": Key(read.text, "*"),
            "window": Key(read.seconds, 60.0),
            "threshold": Key(read.whole(1), 1),
        },
        "{exception} in {process}",
        True,
    ),
    "feed_lag": Kind(
        {"feed": Key(read.text, "*"), "lag": Key(read.seconds, 10.0), "forget": Key(read.seconds, 86_400.0)},
        "Feed {feed} has not been updated for {value} s",
        True,
    ),
    "staleness": Kind(
        {
            **_WHICH,
            "variable": Key(read.text),
            "repeats": Key(read.whole(1), 6),
            "min_age": Key(read.seconds, 10.0),
            "forget": Key(read.seconds, 86_400.0),
        },
        "{variable} of {process} has had the same value {value} times",
        True,
    ),
    "backpressure": Kind(
        {"service": Key(read.text, "*"), "depth": Key(read.whole(1), 5_000)},
        "{value} calls of {service} are waiting to be stored",
        True,
        {"for": 30.0},
    ),
    "duration": Kind(
        {
            **_CALLS,
            "stat": Key(read.one_of("p50", "p90", "p95", "p99", "mean", "max"), "p95"),
            "over": Key(read.seconds),
        },
        "{stat} of {name} is {value} s",
    ),
    "error_rate": Kind(
        {**_CALLS, "over": Key(read.share), "min_failures": Key(read.whole(1), 1)},
        "{percent} of the calls of {name} fail",
    ),
    "slo": Kind(
        {"slo": Key(read.text, "*"), "min_failures": Key(read.whole(1), 5)},
        "{slo} uses its error budget {value} times too fast ({window}): {left}",
    ),
    "pipeline": Kind(
        {"part": Key(read.one_of("*", *LIMITS_S), "*"), "over": Key(read.seconds, None)},
        "{about}",
        True,
    ),
    "lost_calls": Kind(
        {"service": Key(read.text, "*"), "window": Key(read.seconds, 300.0), "threshold": Key(read.whole(1), 1)},
        "{value} calls of {service} were lost within {minutes} min",
        True,
    ),
    "recorder_gone": Kind(
        {
            "service": Key(read.text, "*"),
            "after": Key(read.seconds, 10.0),
            "forget": Key(read.seconds, 3_600.0),
        },
        "{service} on {host} has stopped recording: silent for {value} s",
        True,
    ),
}

TYPES: Mapping[str, Type] = {
    "log": Type({"level": Key(read.one_of("debug", "info", "warning", "error", "critical"), "warning")}),
    "slack": Type({}, {"url": True}),
    "webhook": Type({}, {"url": True, "secret": False}),
    "pagerduty": Type(
        {"url": Key(read.http_url, "https://events.pagerduty.com/v2/enqueue")},
        {"routing_key": True},
    ),
    "email": Type(
        {
            "host": Key(read.text, "localhost"),
            "port": Key(read.whole(1), None),
            "tls": Key(read.one_of("none", "starttls", "tls"), "starttls"),
            "user": Key(read.text, None),
            "from": Key(read.text),
            "to": Key(read.texts),
        },
        {"password": False},
    ),
    "desktop": Type({}),
    "telegram": Type(
        {"chat_id": Key(lambda value: value if isinstance(value, int) else read.text(value)),
         "url": Key(read.http_url, "https://api.telegram.org")},
        {"token": True},
    ),
    "alertmanager": Type({}, {"url": True, "token": False}),
    "apprise": Type({}, {"url": True}),
}  # fmt: skip

# Keys of every receiver.
RECEIVER: Mapping[str, Key] = {
    "name": Key(read.text),
    "type": Key(read.text),
    "send_resolved": Key(read.flag, True),
    "timeout": Key(read.seconds, 10.0),
}
# Keys of the table [alerts].
ALERTS: Mapping[str, Key] = {
    "check_interval_seconds": Key(read.interval, CHECK_INTERVAL_S),
    "repeat_interval": Key(read.seconds, REPEAT_S),
    "default_notify": Key(read.texts, ("log",)),
    "url": Key(read.http_url, ""),
    "heartbeat_interval": Key(read.interval, 60.0),
}
HEARTBEAT = "heartbeat_url"
# Keys of a table [[slo]].
SLO: Mapping[str, Key] = {
    "name": Key(read.text),
    "objective": Key(read.objective),
    "period": Key(read.period, 30 * 86_400.0),
    "good": Key(read.text, "status = 'OK'"),
    **_WHICH,
    "group": Key(read.text, "*"),
}
