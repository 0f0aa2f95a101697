"""Rules and receivers as the file states them, checked and with their defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from obsv.alerts.levels import Slo
from obsv.alerts.secret import Secret

OnMissing = Literal["ok", "keep", "alert"]
CHECK_INTERVAL_S, REPEAT_S = 15.0, 4 * 3_600.0
# Kinds that read a few rows are looked at once a second, so that ten seconds of silence are noticed after eleven.
QUICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that is watched.

    Attributes:
        name: unique in the file.
        kind: which condition; `obsv.alerts.kinds` lists them.
        details: the kind's own settings, times in seconds.
        threshold: number that the value is compared with.
        op: how: `>=`, `>`, `<=`, `<`, `==` or `!=`.
        for_s: seconds for which the condition must hold before the alert fires.
        keep_firing_s: seconds without the condition before a firing alert is resolved.
        no_data: what a value that is missing means: the condition does not hold, everything stays, or it holds.
        on_error: likewise, where the condition cannot be evaluated.
        severity: shown and sent.
        labels: added to each of its alerts.
        summary: template of the message; `{value}` and labels in braces are filled in.
        notify: names of receivers.
        repeat_s: seconds after which a firing alert is sent again.
        every_s: seconds between two evaluations.
        line: of the file, where the rule begins.
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
        name: by which rules name it.
        type: how it is told; `obsv.alerts.kinds` lists the types.
        options: the type's own settings; secrets are `Secret`s.
        send_resolved: whether the end of an alert is sent too.
        timeout_s: seconds that one attempt may take.
        line: of the file, where it begins.
    """

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    send_resolved: bool = True
    timeout_s: float = 10.0
    line: int = 0


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """All that a file says.

    Attributes:
        rules: in the order of the file.
        notifiers: by name; `log` is always there.
        check_interval_s: seconds between two evaluations of rules that read much.
        url: address under which people reach the app, for links; empty for none.
        heartbeat: address that is posted to for as long as somebody watches; None for none.
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
