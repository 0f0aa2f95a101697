"""One of a few, all in sight."""

from collections.abc import Iterable

import dash_mantine_components as dmc
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria


def choice(id: str, choices: Iterable[tuple[str, str]], value: str, label: str) -> Component:
    """A row of buttons of which one is pressed.

    Args:
        id: of the component; its `value` is what was chosen.
        choices: value and text of each.
        value: what is chosen.
        label: what the choice is about, for those who hear the page.
    """
    buttons: Component = dmc.SegmentedControl(
        id=id,
        data=[{"value": value, "label": text} for value, text in choices],
        value=value,
        size="xs",
        className="presets",
        withItemsBorders=False,
        **aria(label=label),
    )
    return buttons
