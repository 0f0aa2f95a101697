"""Routes with an error format of their own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from obsv.api.problems import status_of
from obsv.errors import ObsvError


def answering(form: Callable[[int, ObsvError], Response]) -> type[APIRoute]:
    """Return a route class, for `APIRouter(route_class=…)`, that formats obsv's errors in its own way.

    Args:
        form: creates the response from an HTTP status code and the error.
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
