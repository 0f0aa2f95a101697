"""Dependencies of endpoints."""

import time
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, Query, Request

from obsv.store.figures import Pulse
from obsv.store.ground import Window
from obsv.store.seam import Store

INSTANT = "ISO 8601, or Unix time in ns"


def _reader(request: Request) -> Store:
    reader: Store = request.app.state.reader
    return reader


def _file(request: Request) -> Path:
    file: Path = request.app.state.settings.db
    return file


def _pulse(request: Request) -> Pulse:
    pulse: Pulse = request.app.state.pulse
    return pulse


def _window(
    range: Annotated[
        Literal["5m", "1h", "6h", "24h"] | None, Query(description="Length of the window up to now.")
    ] = None,
    start: Annotated[
        str | None, Query(alias="from", max_length=40, description="ISO 8601, or Unix time in ns.")
    ] = None,
    end: Annotated[
        str | None, Query(alias="to", max_length=40, description="ISO 8601, or Unix time in ns; now if absent.")
    ] = None,
) -> Window:
    given = {"range": range, "from": start, "to": end}
    return Window.parse({name: value for name, value in given.items() if value}, time.time_ns())


RecordingPulse = Annotated[Pulse, Depends(_pulse)]
# The database file that programs on this machine record into; calls not yet stored are in files beside it.
RecordedFile = Annotated[Path, Depends(_file)]
StoreReader = Annotated[Store, Depends(_reader)]
TimeWindow = Annotated[Window, Depends(_window)]
