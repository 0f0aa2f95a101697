"""Rules and receivers as defined in the file, validated and with defaults applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from obsv.alerts.levels import Slo
from obsv.alerts.secret import Secret

OnMissing = Literal["ok", "keep", "alert"]
CHECK_INTERVAL_S, REPEAT_S = 15.0, 4 * 3_600.0
# Kinds that read a few rows are evaluated once a second, so that ten seconds of silence are noticed after eleven.
QUICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A watched condition.

    Attributes:
        name: unique in the file.
        kind: kind of the condition; `obsv.alerts.kinds` lists them.
        details: the kind's own settings, times in seconds.
        threshold: number to compare the value with.
        op: comparison: `>=`, `>`, `<=`, `<`, `==` or `!=`.
        for_s: seconds for which the condition must hold before the alert fires.
        keep_firing_s: seconds without the condition before a firing alert is resolved.
        no_data: what a missing value means: the condition does not hold, nothing changes, or it holds.
        on_error: likewise, if the condition cannot be evaluated.
        severity: shown and sent.
        labels: added to each of its alerts.
        summary: template of the message; `{value}` and labels in braces are filled in.
        notify: names of receivers.
        repeat_s: seconds after which a firing alert is sent again.
        every_s: seconds between two evaluations.
        line: the line in the file where the rule begins.
    """

    name: str
    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)
    threshold: float = 1.0
    op: str = ">="
    for_s: float = 0.0
    keep_firing_s: float = 0.0
    no_data: OnMissing = "ok"
    on_error: OnMissing = "keep"
    severity: str = "error"
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    notify: tuple[str, ...] = ("log",)
    repeat_s: float = REPEAT_S
    every_s: float = CHECK_INTERVAL_S
    line: int = 0


@dataclass(frozen=True, slots=True)
class NotifierConfig:
    """A receiver.

    Attributes:
        name: its name in rules.
        type: type of receiver; `obsv.alerts.kinds` lists them.
        options: the type's own settings; secrets are `Secret`s.
        send_resolved: whether to send the end of an alert.
        timeout_s: maximum duration of an attempt, in seconds.
        line: the line in the file where it begins.
    """

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    send_resolved: bool = True
    timeout_s: float = 10.0
    line: int = 0


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """The content of a rules file.

    Attributes:
        rules: in the order of the file.
        notifiers: by name; `log` is always there.
        check_interval_s: seconds between two evaluations of expensive rules.
        url: address of the app, for links; empty if unset.
        heartbeat: address to post to while a process evaluates; None if unset.
        heartbeat_s: seconds between two posts.
        slos: service levels.
    """

    rules: tuple[Rule, ...] = ()
    notifiers: Mapping[str, NotifierConfig] = field(default_factory=lambda: {"log": NotifierConfig("log", "log")})
    check_interval_s: float = CHECK_INTERVAL_S
    url: str = ""
    heartbeat: Secret | None = None
    heartbeat_s: float = 60.0
    slos: tuple[Slo, ...] = ()
