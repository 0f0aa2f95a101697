"""`/api/v1/views`: pages of the app with their filters, under a name."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from obsv.acting import actor
from obsv.api.depends import StoreReader
from obsv.errors import InvalidQuery, NotFound
from obsv.store.figures import SavedView
from obsv.store.ground import MOST_ADDRESS_CHARS, PageAddress
from obsv.store.writing import MOST_NAME_CHARS, MOST_VIEWS

router = APIRouter(tags=["views"])
ViewId = Annotated[int, Path(ge=1, le=2**62)]
Name = Annotated[str, Field(max_length=MOST_NAME_CHARS, description="No other view has it.")]


class SavedViewOut(BaseModel):
    """A saved view."""

    id: int
    name: str
    path: str = Field(description="Path and query of the page, below the root path of the app.")
    saved_by: str = Field(description="A user, or a program.")
    saved_ns: int = Field(description="Unix time.")


class SavedViewsOut(BaseModel):
    """The saved views, by name."""

    views: list[SavedViewOut]
    most: int = Field(description="How many there may be.")
    may_change: bool = Field(description="Whether who asks may save, rename and remove views.")


class SaveIn(BaseModel):
    """A view to save."""

    name: Name
    path: str = Field(
        max_length=MOST_ADDRESS_CHARS,
        description="Path and query of a page, like `/explorer?range=1h`; a range of that kind stays relative.",
    )


class RenameIn(BaseModel):
    """Another name."""

    name: Name


def _out(each: SavedView) -> SavedViewOut:
    return SavedViewOut(**each._asdict())


@router.get("/views", summary="List saved views")
def views(reader: StoreReader) -> SavedViewsOut:
    """List the pages that are saved under a name, for everyone who uses the store."""
    found = [_out(each) for each in reader.read_saved_views()]
    return SavedViewsOut(views=found, most=MOST_VIEWS, may_change=actor().may("editor"))


@router.post("/views", summary="Save a view", status_code=201)
def save(reader: StoreReader, request: Request, wanted: SaveIn) -> SavedViewOut:
    """Save a page with its query under a name."""
    address = PageAddress.parse(wanted.path)
    if not request.app.state.is_page(address.path):
        raise InvalidQuery(f"{address.path} is not a page of this app.")
    view_id = reader.saved_view_book().save(wanted.name, address, time.time_ns())
    return _saved(reader, view_id)


@router.post("/views/{id}", summary="Rename a saved view")
def rename(reader: StoreReader, id: ViewId, wanted: RenameIn) -> SavedViewOut:
    """Give a saved view another name."""
    reader.saved_view_book().rename(id, wanted.name)
    return _saved(reader, id)


@router.delete("/views/{id}", summary="Remove a saved view", status_code=204)
def remove(reader: StoreReader, id: ViewId) -> None:
    """Remove a saved view, for everyone."""
    reader.saved_view_book().remove(id)


def _saved(reader: StoreReader, view_id: int) -> SavedViewOut:
    for each in reader.read_saved_views():
        if each.id == view_id:
            return _out(each)
    raise NotFound(f"View {view_id} was removed meanwhile.")
