"""Alerting: rules from a file, their states, queued messages, and receivers.

`rules_file` reads `alerts.toml`; `states` defines how a rule's state changes. Nothing here runs in a recorded program.
"""

from obsv.alerts.rules import AlertsConfig, NotifierConfig, Rule
from obsv.alerts.rules_file import AlertsFileError, Mistake, parse, read_file

__all__ = [
    "AlertsConfig",
    "AlertsFileError",
    "Mistake",
    "NotifierConfig",
    "Rule",
    "parse",
    "read_file",
]
