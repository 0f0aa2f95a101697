"""Decisions, their gates, and what another threshold would have done."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from obsv.analysis.origins import Origin, origins
from obsv.api.depends import StoreReader, TimeWindow
from obsv.store.figures import DecisionFilters, DecisionFull, DecisionLine, Flipped, GateFilters
from obsv.store.ground import Window, read_shown
from obsv.store.seam import Store

router = APIRouter(tags=["decisions"])

_MAX_PAGE = 500
_AS_THEY_ARE = ("ts", "method", "alternative", "judgement", "label_cutoff", "service")
Name = Annotated[str | None, Query(max_length=1000)]


def _filters(
    kind: Name = None,
    mode: Name = None,
    subject: Name = None,
    verdict: Annotated[Literal["pass", "block", "error"] | None, Query()] = None,
    service: Name = None,
    gate: Annotated[str | None, Query(max_length=1000, description="The gate that refused first.")] = None,
    trace_id: Annotated[str | None, Query(pattern="^[0-9a-fA-F]{32}$")] = None,
    shadow: Annotated[bool | None, Query(description="Whether it was made for comparison only.")] = None,
    violating: Annotated[bool, Query(description="Only those that break a rule of time.")] = False,
) -> DecisionFilters:
    return DecisionFilters(kind, mode, subject, verdict, service, gate, trace_id, shadow, violating)


def _gate_filters(kind: Name = None, mode: Name = None) -> GateFilters:
    return GateFilters(kind, mode)


Filters = Annotated[DecisionFilters, Depends(_filters)]
GatesOf = Annotated[GateFilters, Depends(_gate_filters)]
GateName = Annotated[str, Path(max_length=1000, description="Name of a gate.")]


class DecisionOut(BaseModel):
    """A decision at a glance."""

    decision_id: str
    ts: str = Field(description="Of its last gate or input, UTC, YYYY-MM-DD HH:MM:SS.ffffff.")
    time_ns: int = Field(description="Unix time.")
    duration_ms: float
    kind: str
    subject: str
    mode: str
    verdict: str = Field(description="pass, block, or error: an exception left it.")
    action: str
    actor: str = Field(description="ID of the artifact that decided; empty: none was given.")
    policy: str = Field(description="Hash of the rules of its gates; empty: none.")
    shadow: bool
    refused_by: str
    trace_id: str
    span_id: str
    service: str
    violations: list[str]
    judgement: str = Field(description="Of a refusal, by its latest counterfactual: good, bad, neutral; empty: none.")
    metrics: dict[str, Any] = Field(description="Of its latest outcome.")


class DecisionsOut(BaseModel):
    """A page, newest first."""

    decisions: list[DecisionOut]
    cursor: str | None = Field(description="Pass it to get the next page; null on the last.")


class OriginOut(BaseModel):
    """A call of the decision's trace that returned a value before it was decided on."""

    process: str
    output: str
    span_id: str


class GateOut(BaseModel):
    """A gate of a decision."""

    gate: str
    position: int
    observed: Any
    op: str
    threshold: Any
    margin: float | None = Field(description="Distance to the threshold, positive where it holds; null: no numbers.")
    margin_share: float | None = Field(description="The same as a share of the threshold.")
    passed: bool
    state: Literal["evaluated", "shadow"] = Field(description="shadow: after another gate had refused.")
    latency_ns: int | None
    version: str
    text: str = Field(description="Its explanation; empty: none but the comparison.")
    origin: OriginOut | None


class InputOut(BaseModel):
    """A value that the decision rests on."""

    name: str
    value: Any
    as_of_ns: int | None = Field(description="Unix time as of which it held.")
    origin: OriginOut | None


class ResultOut(BaseModel):
    """An outcome, or a counterfactual, which has a method."""

    ts: str
    method: str
    alternative: str
    judgement: str
    metrics: dict[str, Any]
    label_cutoff: str | None
    violations: list[str]
    service: str


class DecisionDetailOut(DecisionOut):
    """A decision with all that belongs to it."""

    inputs: list[InputOut]
    gates: list[GateOut]
    attributes: dict[str, Any]
    exception: str | None
    results: list[ResultOut]


class KindOut(BaseModel):
    """Counts of the decisions of a kind in a mode."""

    kind: str
    mode: str
    decisions: int
    passed: int
    blocked: int
    failed: int


class GateFiguresOut(BaseModel):
    """A gate in figures; `judged` of `blocked` are known to be good, bad or neutral, and these are no random ones."""

    kind: str
    mode: str
    gate: str
    seen: int
    passed: int
    evaluated: int
    evaluated_passed: int
    pass_rate: float | None = Field(description="Of all that was looked at, shadows too.")
    blocked: int = Field(description="Decisions that it refused first.")
    judged: int
    good: int
    bad: int
    neutral: int


class BarOut(BaseModel):
    """A bar of the histogram of margins."""

    low: float
    high: float
    passed: int
    refused: int


class GateDetailOut(BaseModel):
    """A gate in detail."""

    gate: str
    seen: int = Field(description="In the hours that the window touches.")
    passed: int
    looked_at: int = Field(description="Observations that the histogram is of, the latest.")
    op: str
    threshold: Any
    margins: list[BarOut]
    outside: int = Field(description="Margins beyond the histogram, at either end.")


class TurnedOut(BaseModel):
    """Decisions whose verdict another threshold would have turned, and what is known of how they went."""

    decisions: int
    good: int
    bad: int
    neutral: int
    with_pnl: int
    won: int
    pnl: float


class WhatIfOut(BaseModel):
    """Results of another threshold. Only judged decisions tell how it would have gone, and they are no random ones."""

    gate: str
    threshold: float
    seen: int
    before: int = Field(description="Observations that pass with the thresholds that held.")
    after: int = Field(description="Observations that pass with this one.")
    let_in: TurnedOut = Field(description="Blocked by this gate alone, and would pass.")
    shut_out: TurnedOut = Field(description="Passed, and would be blocked.")


@router.get("/decisions", summary="Decisions by filter, a page by key")
def decisions(
    reader: StoreReader,
    window: TimeWindow,
    filters: Filters,
    cursor: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 100,
) -> DecisionsOut:
    """Newest first."""
    found = reader.read_decisions(filters, window, cursor, limit)
    return DecisionsOut(decisions=[DecisionOut(**_line(line)) for line in found.lines], cursor=found.cursor)


@router.get("/decisions/kinds", summary="Counts of decisions by kind and mode")
def kinds(reader: StoreReader, window: TimeWindow) -> list[KindOut]:
    """List what was decided."""
    return [KindOut(**line._asdict()) for line in reader.read_kinds(window)]


@router.get("/decisions/{decision_id}", summary="One decision")
def decision(
    reader: StoreReader, decision_id: Annotated[str, Path(max_length=200, description="Its ID, or how it begins.")]
) -> DecisionDetailOut:
    """Return its inputs, gates and results, and the calls that its values came from."""
    found = reader.read_decision(decision_id)
    inputs = read_inputs(found)
    came_from = read_origins(reader, found)
    return DecisionDetailOut(
        **_line(found.line),
        inputs=[
            InputOut(name=name, value=value, as_of_ns=as_of, origin=_origin(came_from.get(name)))
            for name, value, as_of in inputs
        ],
        gates=[
            GateOut(
                **{name: value for name, value in gate._asdict().items() if name != "is_shadow"},
                state="shadow" if gate.is_shadow else "evaluated",
                origin=_origin(came_from.get(gate.gate)),
            )
            for gate in found.gates
        ],
        attributes=_object(found.attributes),
        exception=found.exception,
        results=[
            ResultOut(
                **{name: getattr(each, name) for name in _AS_THEY_ARE},
                metrics=_object(each.metrics),
                violations=_texts(each.violations),
            )
            for each in found.results
        ],
    )


@router.get("/gates", summary="Gates in figures")
def gates(reader: StoreReader, window: TimeWindow, filters: GatesOf) -> list[GateFiguresOut]:
    """List how often each lets pass, and how its refusals were judged."""
    return [
        GateFiguresOut(
            **each._asdict(),
            judged=each.good + each.bad + each.neutral,
            pass_rate=each.passed / each.seen if each.seen else None,
        )
        for each in reader.read_gates(filters, window)
    ]


@router.get("/gates/{gate}", summary="One gate, with the histogram of its margins")
def gate(reader: StoreReader, window: TimeWindow, filters: GatesOf, gate: GateName) -> GateDetailOut:
    """Look at its latest observations."""
    found = reader.read_gate(gate, filters, window)
    bars = [BarOut(**bar._asdict()) for bar in found.margins]
    return GateDetailOut(**{**found._asdict(), "margins": bars})


@router.get("/gates/{gate}/whatif", summary="Results of another threshold")
def what_if(
    reader: StoreReader,
    window: TimeWindow,
    filters: GatesOf,
    gate: GateName,
    threshold: Annotated[float, Query(allow_inf_nan=False)],
) -> WhatIfOut:
    """Recompute from stored observations what another threshold would have done."""
    found = reader.read_what_if(gate, threshold, filters, window)
    turned = {"let_in": _turned(found.let_in), "shut_out": _turned(found.shut_out)}
    return WhatIfOut(gate=gate, **{**found._asdict(), **turned})


def read_inputs(found: DecisionFull) -> list[tuple[str, Any, int | None]]:
    """Return the inputs of a decision: names, values, and times in Unix ns."""
    told = [(name, about) for name, about in _object(found.inputs).items() if isinstance(about, dict)]
    return [(name, about.get("value"), about.get("as_of")) for name, about in told]


def read_origins(reader: Store, found: DecisionFull) -> dict[str, Origin]:
    """Return where the values of a decision came from, by the names of its gates and inputs."""
    line = found.line
    if not line.trace_id:
        return {}
    values = {gate.gate: gate.observed for gate in found.gates}
    values |= {name: value for name, value, _ in read_inputs(found)}
    calls = reader.valued_calls(Window(0, line.time_ns), line.trace_id)
    return origins(calls, line.span_id, line.time_ns, values)


def _line(line: DecisionLine) -> dict[str, Any]:
    parts = line._asdict()
    for name in ("id", "duration_ns", "is_shadow"):
        del parts[name]
    return {
        **parts,
        "duration_ms": line.duration_ns / 1e6,
        "shadow": line.is_shadow,
        "violations": _texts(line.violations),
        "metrics": _object(line.metrics),
    }


def _origin(found: Origin | None) -> OriginOut | None:
    return None if found is None else OriginOut(process=found.process, output=found.output, span_id=found.span_id)


def _turned(found: Flipped) -> TurnedOut:
    return TurnedOut(**found._asdict())


def _object(text: str) -> dict[str, Any]:
    found = read_shown(text) if text else {}
    return found if isinstance(found, dict) else {}


def _texts(text: str) -> list[str]:
    found = read_shown(text)
    return [str(each) for each in found] if isinstance(found, list) else []
