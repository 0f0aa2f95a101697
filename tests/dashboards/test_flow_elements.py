"""The flow as cytoscape takes it."""

from obsv.analysis.flow_graph import draw
from obsv.dashboards.flow.elements import of_graph
from obsv.store.figures.flow import Flow, FlowEdge, FlowNode


def test_a_function_that_calls_itself_has_a_loop_around_its_box() -> None:
    """Its reach is counted from the middle of the box: one within it is not drawn."""
    node = FlowNode(1, "shop.walk", "s", "shop", 1, None, 10, 0, 0, 5, 5, None)
    elements = of_graph(draw(Flow([node], [FlowEdge(1, 1, 9, 0, 0, 5, 7)], 0), 10), 10, {})
    data = {element["data"]["id"]: element["data"] for element in elements}
    (loop,) = (each for each in data.values() if each.get("source") == each.get("target") == "p1")
    assert loop["loop"] * 1.35 > data["p1"]["w"] / 2 + 20
