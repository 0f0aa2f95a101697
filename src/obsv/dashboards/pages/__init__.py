"""The pages, in the order of the navigation."""

from obsv.dashboards.page import Page
from obsv.dashboards.pages import overview

PAGES: tuple[Page, ...] = (overview.PAGE,)
