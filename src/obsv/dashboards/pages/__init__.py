"""The pages, in the order of the navigation."""

from obsv.dashboards.page import Page
from obsv.dashboards.pages import code, compare, explorer, flow, overview, trace

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    explorer.PAGE,
    trace.PAGE,
    flow.PAGE,
    code.PAGE,
    compare.PAGE,
)
