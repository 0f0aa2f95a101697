"""Components of pages. Recorded text is passed as children, which Dash shows as text, never as markup."""

from obsv.dashboards.components.badge import Kind, badge, status_badge
from obsv.dashboards.components.card import card, stat, stat_figures
from obsv.dashboards.components.facts import facts
from obsv.dashboards.components.link import button_link, link
from obsv.dashboards.components.log_lines import log_lines
from obsv.dashboards.components.source import place, source
from obsv.dashboards.components.states import empty, failure, first_run
from obsv.dashboards.components.traceback import traceback
from obsv.dashboards.components.values import values

__all__ = [
    "Kind",
    "badge",
    "button_link",
    "card",
    "empty",
    "facts",
    "failure",
    "first_run",
    "link",
    "log_lines",
    "place",
    "source",
    "stat",
    "stat_figures",
    "status_badge",
    "traceback",
    "values",
]
