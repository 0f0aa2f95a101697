"""Overview: how is it going?"""

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.page import App, Page, View


def layout(view: View) -> Component:
    """The page."""
    return html.Div()


def register(app: App) -> None:
    """Its callbacks."""


PAGE = Page(path="/", title="Overview", layout=layout, register=register, icon="overview", key="o")
