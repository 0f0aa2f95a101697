"""The JSON API at `/api/v1`: it reads; what it changes (silences, error groups, kept traces, …) is in the audit table.

To add an endpoint: write `api/<noun>.py` with `router = APIRouter(tags=["<noun>"])`, take the store as
`reader: StoreReader` (`api/depends.py`), declare the endpoint as a plain `def` (it runs on a worker thread), return a
pydantic model, raise `ObsvError`s (they become RFC 9457 responses), and add the router here.
"""

from fastapi import APIRouter

from obsv.api import (
    calls,
    changes,
    compare,
    deploys,
    differences,
    errors,
    explain,
    export,
    flow,
    functions,
    kept,
    logs,
    overview,
    reference,
    repro,
    running,
    saved_views,
    senders,
    series,
    status,
    traces,
)
from obsv.api.access import forget
from obsv.api.journal import decisions, measured, registry, reports
from obsv.api.problems import RESPONSES
from obsv.api.watch import alerts, audit

PARTS = (
    alerts,
    audit,
    forget,
    status,
    senders,
    running,
    overview,
    errors,
    calls,
    logs,
    series,
    decisions,
    export,
    traces,
    kept,
    saved_views,
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
