"""The pages, in the order of the navigation."""

from obsv.dashboards.page import Page
from obsv.dashboards.pages import overview, trace

PAGES: tuple[Page, ...] = (overview.PAGE, trace.PAGE)
