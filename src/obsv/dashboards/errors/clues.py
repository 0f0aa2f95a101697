"""The surroundings of a group's latest failed call: each remark leads to the calls that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from dash import html
from dash.development.base_component import Component

from obsv.analysis.markdown import one_line
from obsv.analysis.surroundings import Clue, Recorded, inside, meanwhile, origins
from obsv.dashboards.components import card, link
from obsv.errors import NotFound
from obsv.store.seam import Store

# Remarks of a kind. With 3,000 calls in the trace, the most that are read, a card takes 60 to 120 ms of CPU time.
MOST = 8


def clues(reader: Store, trace_id: str, span_id: str) -> list[Component]:
    """Return a card with all clues of a failed call; no card if nothing is known about its surroundings.

    Args:
        reader: the store.
        trace_id: of the call, hex.
        span_id: of the call, hex.
    """
    try:
        pair = reader.read_pair(trace_id, span_id)
    except NotFound:  # the group outlives its calls
        return []
    call = pair.failed
    found = (
        (
            "Calls inside it, compared with the last successful call",
            list(islice(inside(reader, call, pair.good), MOST)),
        ),
        ("Where its inputs came from", list(islice(origins(reader, call), MOST))),
        ("Ran several times at once since that call", list(islice(meanwhile(reader, call, pair.good), MOST))),
    )
    parts = [part for title, of_kind in found if of_kind for part in (html.H3(title), _listed(of_kind))]
    return [card("Around the latest failed call", parts)] if parts else []


def _listed(found: Sequence[Clue]) -> Component:
    return html.Ul([html.Li(_linked(each)) for each in found])


def _linked(clue: Clue) -> Component:
    words = [html.Code(_cut(word)) if isinstance(word, Recorded) else word for word in clue.words]
    if clue.window is None:
        return link(words, f"/trace/{clue.trace_id}", {"span": clue.span_id}, className="link clue")
    return link(words, "/explorer", {"process": clue.process, **clue.window.query()}, className="link clue")


def _cut(word: Recorded) -> str:
    text = one_line(word.text)
    return text if len(text) <= word.longest else text[: word.longest] + "…"
