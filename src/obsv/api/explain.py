"""`GET /api/v1/explain/{trace_id}/{span_id}`: an explanation of why a call failed, as Markdown."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request

from obsv.agents import Asked, explain_error
from obsv.agents.answer import FEWEST_TOKENS, MOST_TOKENS, USUAL_TOKENS
from obsv.api.depends import StoreReader
from obsv.api.traces import MarkdownResponse, SpanId, TraceId

router = APIRouter(tags=["agents"], prefix="/explain")


@router.get(
    "/{trace_id}/{span_id}", summary="Explain why a call failed, for an assistant", response_class=MarkdownResponse
)
def explain(
    request: Request,
    reader: StoreReader,
    trace_id: TraceId,
    span_id: SpanId,
    max_tokens: Annotated[int, Query(ge=FEWEST_TOKENS, le=MOST_TOKENS)] = USUAL_TOKENS,
) -> MarkdownResponse:
    """Return exception, failing line, inputs, differences from the last successful call, and callers; recorded text is
    marked.
    """
    asked = Asked(reader, time.time_ns(), request.app.state.address)
    return MarkdownResponse(explain_error(asked, f"{trace_id}/{span_id}", max_tokens))
