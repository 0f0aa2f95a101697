"""OTLP/HTTP on the port of the app, and the lifetime of the separate ports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response

from obsv.otlp.receiver import Receiver


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    receiver: Receiver = app.state.receiver
    receiver.start()
    try:
        yield
    finally:
        # It waits for running requests; pages are served meanwhile.
        await asyncio.to_thread(receiver.stop)


router = APIRouter(lifespan=_lifespan)


async def _answer(request: Request) -> Response:
    receiver: Receiver = request.app.state.receiver
    return await receiver.endpoint.answer(request)


router.add_route(
    "/v1/{path:path}", _answer, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"], include_in_schema=False
)
