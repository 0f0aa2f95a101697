"""Two artifacts side by side: what they are, how their decisions turned out, and where they decided differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from obsv.errors import NotFound
from obsv.measures import Definition, Measured, measure
from obsv.registry import Difference, differences
from obsv.store.figures import Paired
from obsv.store.ground import Scope, Window
from obsv.store.seam import Store

GROUPS = ("decisions", "trading", "model")


class Comparison(NamedTuple):
    """Two artifacts that decide.

    Attributes:
        before, after: actors, as decisions name them.
        differences: of the artifacts; empty if one is not registered.
        metrics: metrics that either has, of both.
        paired: how they decided about the same.
    """

    before: str
    after: str
    differences: list[Difference]
    metrics: list[tuple[Measured, Measured]]
    paired: Paired


def compare_artifacts(
    store: Store, known: Mapping[str, Definition], before: str, after: str, window: Window, within_s: float = 60.0
) -> Comparison:
    """Compare two artifacts by their decisions in a window.

    Args:
        store: the journal.
        known: metrics.
        before, after: IDs or names of artifacts, or actors that are not registered.
        window: times of decisions and of outcomes.
        within_s: largest distance in time of two decisions about the same, in seconds.
    """
    with store.view() as view:
        actors = view.read_journal_names(window).actors
        old, new = (each if each in actors else _actor(view, each) for each in (before, after))
        names = [each.name for each in known.values() if each.group in GROUPS]
        found = measure(view, known, names, window, [Scope(actor=old), Scope(actor=new)])
        pairs = zip(found[: len(names)], found[len(names) :], strict=True)
        metrics = [pair for pair in pairs if any(each.observations for each in pair)]
        return Comparison(old, new, _differences(view, old, new), metrics, view.read_paired(old, new, window, within_s))


def _actor(store: Store, name: str) -> str:
    try:
        return store.read_registrations(name, 1)[0].artifact_id
    except NotFound:
        return name


def _differences(store: Store, before: str, after: str) -> list[Difference]:
    try:
        return differences(*(store.read_registrations(each, 1)[0] for each in (before, after)))
    except NotFound:
        return []
