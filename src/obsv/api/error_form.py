"""Routes whose errors have another form than the rest of the server's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from obsv.api.problems import status_of
from obsv.errors import ObsvError


def answering(form: Callable[[int, ObsvError], Response]) -> type[APIRoute]:
    """A class of routes, for `APIRouter(route_class=…)`, that answer obsv's errors in a form of their own.

    Args:
        form: makes the answer of an HTTP status code and the error.
    """

    class Route(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handled(request: Request) -> Response:
                try:
                    return await handle(request)
                except ObsvError as error:
                    return form(status_of(error), error)

            return handled

    return Route
