"""Parts that a user operates: filters, choices, the time range, grids, dialogs and what they share."""

from obsv.dashboards.controls.grid import grid
from obsv.dashboards.controls.timepicker import time_picker

__all__ = ["grid", "time_picker"]
