"""Columns of the explorer's grid: a row for each value, or one for each call."""

from typing import Any


def value_columns() -> list[dict[str, Any]]:
    """Return the seven canonical columns, with the duration beside the time."""

    def text(field: str, name: str, **more: Any) -> dict[str, Any]:
        return {
            "field": field,
            "headerName": name,
            "sortable": False,
            "cellClass": "mono",
            "tooltipField": field,
            **more,
        }

    unsorted = {"comparator": {"function": "keepOrder"}}
    local = {"function": "localTime(params.value)"}
    utc = {"function": "utcTime(params.value)"}
    status = {"status-err": "params.value == 'ERR'", "status-ok": "params.value == 'OK'"}
    first = {"function": "firstLine(params.value)"}
    return [
        text("process", "Process", flex=3, minWidth=146, cellClass="mono from-its-end", cellRenderer="FromItsEnd"),
        text("data", "Data", width=104),
        {"field": "data_type", "headerName": "Data Type", "width": 86, "sortable": False, "cellClass": "kind"},
        text("data_value", "Data Value", minWidth=128, flex=4),
        {
            **{"field": "ts", "headerName": "Timestamp", "width": 160, "cellClass": "num", **unsorted},
            **{"valueFormatter": local, "tooltipValueGetter": utc, "sortingOrder": ["desc", "asc"]},
        },
        {
            **{
                "field": "duration_ns",
                "headerName": "Duration",
                "width": 92,
                "sortingOrder": ["desc", None],
                **unsorted,
            },
            **{"valueFormatter": {"function": "shortDuration(params.value)"}},
            **{"cellClass": "num right", "headerClass": "right"},
        },
        {"field": "status", "headerName": "Status", "width": 68, "sortable": False, "cellClassRules": status},
        text("exception", "Exception", flex=3, minWidth=128, valueFormatter=first, cellClass="mono err-text"),
    ]


def call_columns(names: list[str]) -> list[dict[str, Any]]:
    """Return the columns of one row for each call: the chosen values between its duration and its exception.

    Args:
        names: names of the chosen values; without any, all values stand in one column.
    """
    by_field = {column["field"]: column for column in value_columns()}
    chosen = [
        {
            "colId": f"value-{at}",
            "headerName": name,
            "minWidth": 110,
            "flex": 2,
            "sortable": False,
            "cellClass": "mono",
            # By its place: a name may contain anything.
            "valueGetter": {"function": f"valueAt(params, {at})"},
            "tooltipValueGetter": {"function": f"valueAt(params, {at})"},
        }
        for at, name in enumerate(names)
    ]
    own = [by_field[name] for name in ("ts", "process", "status", "duration_ns")]
    values = chosen or [{**by_field["data_value"], "headerName": "Values", "flex": 6}]
    return [*own, *values, by_field["exception"]]
