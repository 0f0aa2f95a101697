"""A choice of one of a few visible options."""

from collections.abc import Iterable

import dash_mantine_components as dmc
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria


def choice(id: str, choices: Iterable[tuple[str, str]], value: str, label: str) -> Component:
    """Return a row of buttons of which one is pressed.

    Args:
        id: ID of the component; its `value` is the choice.
        choices: value and text of each option.
        value: the selected value.
        label: description for screen readers.
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
