"""dash-ag-grid in the house style."""

from typing import Any

import dash_ag_grid as dag
from dash import dcc, html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.dashboards.theme import GRID_THEME

COLUMN = {"resizable": True, "sortable": True, "suppressMovable": True, "suppressHeaderMenuButton": True}


def grid(
    id: str, columns: list[dict[str, Any]], *, label: str, options: dict[str, Any] | None = None, **props: Any
) -> Component:
    """Return a grid with the keys `j`, `k` and `Enter`.

    A row that is clicked, or opened with `Enter`, is put into the store `<id>-open` as `{"row": <its data>, "n":
    <count>}`, which serves as the Input of the callback that opens it.

    Args:
        id: ID of the grid.
        columns: ag-grid column definitions.
        label: description for screen readers.
        options: additional `dashGridOptions`.
        **props: additional properties of `AgGrid`.
    """
    settings = {
        "theme": GRID_THEME,
        "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
        "animateRows": False,
        "suppressCellFocus": False,
        "enableCellTextSelection": True,
        "ensureDomOrder": True,
        "suppressColumnVirtualisation": True,
        "tooltipShowDelay": 400,
        **(options or {}),
    }
    table = dag.AgGrid(
        id=id,
        columnDefs=columns,
        defaultColDef=COLUMN,
        dashGridOptions=settings,
        eventListeners={"rowClicked": ["openRow(params)"]},
        **{"className": "grid", "style": {"height": "100%", "width": "100%"}, **props},
    )
    return html.Div([table, dcc.Store(id=f"{id}-open")], className="grid-frame", role="region", **aria(label=label))
