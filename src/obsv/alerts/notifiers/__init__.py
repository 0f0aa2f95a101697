"""Senders for each type of receiver, one file per type."""

from collections.abc import Callable, Mapping

from obsv.alerts.notifiers.alertmanager import Alertmanager
from obsv.alerts.notifiers.apprise import Apprise
from obsv.alerts.notifiers.base import Notifier
from obsv.alerts.notifiers.desktop import Desktop
from obsv.alerts.notifiers.log import Log
from obsv.alerts.notifiers.mail import Mail
from obsv.alerts.notifiers.pagerduty import PagerDuty
from obsv.alerts.notifiers.slack import Slack
from obsv.alerts.notifiers.telegram import Telegram
from obsv.alerts.notifiers.webhook import Webhook
from obsv.alerts.rules import NotifierConfig

__all__ = ["CLASSES", "Notifier", "notifier_of"]

CLASSES: Mapping[str, Callable[[NotifierConfig], Notifier]] = {
    "log": Log,
    "slack": Slack,
    "webhook": Webhook,
    "pagerduty": PagerDuty,
    "email": Mail,
    "desktop": Desktop,
    "telegram": Telegram,
    "alertmanager": Alertmanager,
    "apprise": Apprise,
}


def notifier_of(config: NotifierConfig) -> Notifier:
    """Return the sender for a receiver."""
    return CLASSES[config.type](config)
