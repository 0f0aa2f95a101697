"""`GET /api/v1/repro/{trace_id}/{span_id}`: a recorded call as a pytest file."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from obsv.analysis.repro import repro
from obsv.api.depends import StoreReader
from obsv.api.traces import SpanId, TraceId

router = APIRouter(tags=["repro"], prefix="/repro")


class PythonResponse(PlainTextResponse):
    """A Python file."""

    media_type = "text/x-python"


@router.get("/{trace_id}/{span_id}", summary="Get a call as a pytest file", response_class=PythonResponse)
def pytest_file(reader: StoreReader, trace_id: TraceId, span_id: SpanId) -> PythonResponse:
    """Return a test that repeats the call and asserts its outcome; inputs that cannot be rebuilt are marked."""
    with reader.view() as snapshot:
        call = snapshot.read_call(trace_id, span_id)
        found = repro(call, snapshot.read_exact(call))
    # The name consists of hex digits.
    return PythonResponse(found.source, headers={"content-disposition": f'attachment; filename="{found.file_name}"'})
