"""HTTP errors: one table, and responses in the format of RFC 9457 (`application/problem+json`)."""

import logging
import re
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from obsv.errors import (
    ConfigurationError,
    Forbidden,
    ForeignFile,
    InvalidQuery,
    NewerSchema,
    NotFound,
    ObsvError,
    QueryTimeout,
    StoreUnavailable,
)
from obsv.store.seam import MISREADINGS, find_misfit

log = logging.getLogger("obsv.api")

STATUS: dict[type[ObsvError], int] = {
    InvalidQuery: 400,
    Forbidden: 403,
    NotFound: 404,
    StoreUnavailable: 503,
    QueryTimeout: 504,
    ForeignFile: 500,
    NewerSchema: 500,
    ConfigurationError: 500,
    ObsvError: 500,
}


class Problem(BaseModel):
    """An error, in the format of RFC 9457."""

    type: str = Field(description="urn:obsv: followed by the kind of error, for programs.")
    title: str = Field(description="The kind of error, for people.")
    status: int = Field(description="The HTTP status code.")
    detail: str = Field(description="What happened and what to do about it.")
    position: int | None = Field(default=None, description="Offset of the error in characters.")


RESPONSES: dict[int | str, dict[str, object]] = {
    code: {"description": text, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
    for code, text in {
        400: "The query cannot be parsed.",
        401: "OBSV_TOKEN is set, but the request does not contain it.",
        404: "The store has no such item.",
        421: "The Host header does not name this server.",
        500: "The file is not an obsv database, or was written by a newer version.",
        503: "There is no database yet, or it cannot be read at the moment.",
        504: "The query exceeded its time limit.",
    }.items()
}


def status_of(error: ObsvError) -> int:
    """Return the HTTP status code of an error: that of the nearest of its classes in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(status: int, title: str, detail: str, *, position: int | None = None) -> JSONResponse:
    """Return an error response.

    Args:
        status: HTTP status code.
        title: the kind of error in a few words; its dashed form is the `type`.
        detail: what happened and what to do.
        position: offset of the error in characters, if any.
    """
    kind = "urn:obsv:" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    body = Problem(type=kind, title=title, status=status, detail=detail, position=position)
    headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse(
        body.model_dump(exclude_none=True), status, headers=headers, media_type="application/problem+json"
    )


def faults_of(error: RequestValidationError) -> str:
    """Return which parts of a request are invalid, and why."""
    return "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors())


async def _own(_: Request, error: Exception) -> Response:
    assert isinstance(error, ObsvError)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).capitalize()
    return problem(status_of(error), words, str(error), position=getattr(error, "position", None))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, HTTPStatus(error.status_code).phrase, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(400, "Invalid query", faults_of(error))


def _misread(request: Request, error: Exception) -> Response:
    """Blame the file if it holds a value of a wrong kind. Not a coroutine: the search may take seconds."""
    misfit = find_misfit(request.app.state.settings.db)
    if misfit is None:
        raise error
    return problem(status_of(misfit), "Foreign file", str(misfit))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "Internal error", "The server failed; its log has the traceback.")


def install(app: FastAPI) -> None:
    """Make the application respond to every error as the table says."""
    app.add_exception_handler(ObsvError, _own)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in (*MISREADINGS, ResponseValidationError):
        app.add_exception_handler(kind, _misread)
    app.add_exception_handler(Exception, _unforeseen)
