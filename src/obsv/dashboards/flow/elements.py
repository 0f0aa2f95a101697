"""A graph in cytoscape's form. Recorded text goes into `data`, which is drawn on a canvas or shown as text."""

from __future__ import annotations

from typing import Any

from obsv.analysis.durations import duration
from obsv.analysis.flow_graph import Arrow, Box, Graph, heat
from obsv.analysis.layering import Place, Size, layered
from obsv.analysis.lineage import Handover
from obsv.dashboards.clock import ago, count, percent
from obsv.nouns import counted
from obsv.store.spans import ValuedCalls

Element = dict[str, Any]
_CHAR, _HEIGHT = 6.9, 40


def of_graph(graph: Graph, now_ns: int, query: dict[str, str]) -> list[Element]:
    """Return the elements of a call graph.

    Args:
        graph: boxes and arrows.
        now_ns: Unix time.
        query: query of the time window, for links into the explorer.
    """
    boxes = {box.id: box for box in graph.boxes}
    nodes = [_node(box, now_ns, query) for box in graph.boxes]
    return [*nodes, *(_edge(arrow, boxes, now_ns, query) for arrow in graph.arrows)]


def _node(box: Box, now_ns: int, query: dict[str, str]) -> Element:
    data: Element = {
        "id": box.id,
        "label": _label(box),
        "name": box.name,
        "heat": heat(box.calls, box.errors),
        "tip": _tip(box, now_ns),
    }
    if box.parent:
        data["parent"] = box.parent
    if box.size:
        data |= {"w": box.size.width, "h": box.size.height}
    if box.kind in ("process", "feed"):
        data["go"] = {"process": box.name, **query}
    else:
        data["fold"] = box.id
    classes = [box.kind, *(["stale"] if box.stale else []), *([] if box.calls else ["idle"])]
    element: Element = {"data": data, "classes": " ".join(classes)}
    return element | ({"position": box.place._asdict()} if box.place else {})


def _label(box: Box) -> str:
    if box.kind == "group":
        return f"▾ {box.label}"
    if box.kind == "folded":
        return f"▸ {box.label} +{box.members}\n{_figures(box.calls, box.errors)}"
    return f"{box.label}\n{_figures(box.calls, box.errors)}"


def _figures(calls: int, errors: int) -> str:
    if not calls:
        return "idle"
    return f"{count(calls)} · {percent(errors / calls)} err" if errors else count(calls)


def _tip(box: Box, now_ns: int) -> list[list[str]]:
    lines = [["", box.name], ["Service", box.service], *_counts(box.calls, box.errors)]
    if box.members > 1 or box.kind in ("group", "folded"):
        lines.append(["Functions", f"{box.members:,}"])
    lines += _last(box.last_ns, box.last_duration_ns, now_ns)
    if box.interval_ns:
        lines.append(["Usually every", duration(box.interval_ns)])
    if box.stale:
        lines.append(["Silent", "more than twice that" if box.interval_ns else "a feed in it"])
    return lines


def _counts(calls: int, errors: int) -> list[list[str]]:
    share = f" ({percent(errors / calls)})" if errors and calls else ""
    return [["Calls", f"{calls:,}"], ["Errors", f"{errors:,}{share}"]]


def _last(last_ns: int | None, last_duration_ns: int | None, now_ns: int) -> list[list[str]]:
    lines = [] if last_ns is None else [["Last call", ago(last_ns, now_ns)]]
    return lines + ([] if last_duration_ns is None else [["Last latency", duration(last_duration_ns)]])


def _edge(arrow: Arrow, boxes: dict[str, Box], now_ns: int, query: dict[str, str]) -> Element:
    source, target = boxes[arrow.source], boxes[arrow.target].name
    tip = [["", f"{source.name} → {target}"], *_counts(arrow.calls, arrow.errors)]
    data = {
        "id": arrow.id,
        "source": arrow.source,
        "target": arrow.target,
        "width": arrow.width,
        "heat": arrow.heat,
        "tip": tip + _last(arrow.last_ns, arrow.last_duration_ns, now_ns),
    }
    if arrow.target.startswith("p"):
        data["go"] = {"process": target, **query} | ({"status": "ERR"} if arrow.errors else {})
    if arrow.source == arrow.target and source.size:
        # A loop at the right. Cytoscape draws none that stays inside the box, measured from its centre.
        data["loop"] = round((source.size.width / 2 + 34) / 1.35)
    classes = [*(["stale"] if arrow.stale else []), *([] if arrow.calls else ["idle"])]
    return {"data": data, "classes": " ".join(classes)}


def of_lineage(found: ValuedCalls, handovers: list[Handover]) -> list[Element]:
    """Return the elements of a lineage graph: functions, and the values that passed between them."""
    used = dict.fromkeys(end for each in handovers for end in (each.source, each.target))
    sizes = {number: _size(found.processes[number][0]) for number in used}
    places = layered(sizes, [(each.source, each.target) for each in handovers], gap_x=170, gap_y=34)
    nodes = [_function(number, found, sizes[number], places[number]) for number in used]
    most = max((each.times for each in handovers), default=1)
    return [*nodes, *(_handover(each, found, most) for each in handovers)]


def _size(name: str) -> Size:
    own, _, module = name.rpartition(".")[::-1]
    return Size(max(90.0, min(260.0, max(len(own), len(module)) * _CHAR + 26)), _HEIGHT + 4)


def _function(number: int, found: ValuedCalls, size: Size, place: Place) -> Element:
    name, service = found.processes[number][:2]
    own, _, module = name.rpartition(".")[::-1]
    data = {
        "id": f"p{number}",
        "label": f"{own}\n{module}" if module else own,
        "name": name,
        "heat": 0,
        "tip": [["", name], ["Service", service]],
        "w": size.width,
        "h": size.height,
        "go": {"process": name},
    }
    return {"data": data, "classes": "process", "position": place._asdict()}


def _handover(each: Handover, found: ValuedCalls, most: int) -> Element:
    names = found.processes[each.source][0], found.processes[each.target][0]
    data = {
        "id": f"{each.source}.{each.output}>{each.target}.{each.name}",
        "source": f"p{each.source}",
        "target": f"p{each.target}",
        "label": each.name if each.output in ("return", "yield") else f"{each.output} → {each.name}",
        "width": round(1 + 3 * each.times / most, 1),
        "heat": 0,
        "tip": [
            ["", f"{names[0]} → {names[1]}"],
            ["Value", f"{each.output} → {each.name}"],
            ["Seen", counted(each.times, "time")],
            ["Last", each.example if len(each.example) <= 160 else each.example[:160] + "…"],
            *(
                [["Equal value from", ", ".join(found.processes[number][0] for number in each.also)]]
                if each.also
                else []
            ),
        ],
        "trace": [each.trace_id, each.target_span],
    }
    return {"data": data, "classes": "handover"}
