"""The JSON API at `/api/v1`; it writes only silences, and decisions about errors.

To add an endpoint: write `api/<noun>.py` with `router = APIRouter(tags=["<noun>"])`, take the store as
`reader: StoreReader` (`api/depends.py`), declare the endpoint as a plain `def` (it runs on a worker thread), return a
pydantic model, raise `ObsvError`s (they become RFC 9457 responses), and add the router here.
"""

from fastapi import APIRouter

from obsv.api import (
    alerts,
    audit,
    calls,
    changes,
    compare,
    decisions,
    deploys,
    differences,
    errors,
    explain,
    export,
    flow,
    functions,
    logs,
    measured,
    overview,
    reference,
    registry,
    reports,
    repro,
    running,
    status,
    traces,
)
from obsv.api.problems import RESPONSES

PARTS = (
    alerts,
    audit,
    status,
    running,
    overview,
    errors,
    calls,
    logs,
    decisions,
    export,
    traces,
    flow,
    functions,
    repro,
    explain,
    compare,
    deploys,
    changes,
    differences,
    registry,
    measured,
    reports,
    reference,
)

router = APIRouter(prefix="/api/v1", responses=RESPONSES)
for part in PARTS:
    router.include_router(part.router)
