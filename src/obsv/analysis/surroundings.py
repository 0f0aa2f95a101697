"""The surroundings of a failed call: calls inside it, origins of its inputs, and what ran at the same time.

People on the page of an error, and assistants, are told the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from obsv.analysis.durations import duration
from obsv.analysis.lineage import Handover, lineage
from obsv.analysis.tree import build, row_of
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import Store
from obsv.store.spans import Call, ListedCall, ValuedCall, ValuedCalls

_NS = 1_000_000_000
_MOST_LINES, _MOST_INSIDE, _MOST_BEFORE, _MOST_AROUND = 8, 2_000, 2_000, 200
_HOPS = 4
_SHORT = 80  # characters of a value
# A function inside is slower if it took half as long again, and this much longer.
_SLOWER_NS = 1_000_000
_REPEATS = 3
_LOOK_BACK_NS = 10 * _NS


class Recorded(NamedTuple):
    """A recorded text inside a clue, and how much of it is shown."""

    text: str
    longest: int = 200


_Words: TypeAlias = tuple[str | Recorded, ...]


class Clue(NamedTuple):
    """A remark on one call, or on the calls of one function.

    Attributes:
        words: the remark; what was recorded stands apart from what is said about it.
        process: the function.
        trace_id, span_id: the call, hex; empty if the remark is on several calls, which lie in `window`.
        window: of the calls.
    """

    words: _Words
    process: str
    trace_id: str = ""
    span_id: str = ""
    window: Window | None = None


class Inside(NamedTuple):
    """The calls of one function inside a call: their number, their time, and the last one with its values."""

    calls: int
    total_ns: int
    values: dict[tuple[str, str], str]
    span_id: str


def inside(store: Store, failed: Call, good: Call | None) -> Iterator[Clue]:
    """Yield a clue for each function called inside a call, those first that differ from a successful call.

    Args:
        store: the store.
        failed: the call.
        good: a successful call of the same function.
    """
    here = _inside(store, failed)
    there = _inside(store, good) if good is not None and here else {}
    repeats = _repeats(store, failed) if here else {}
    clues: list[tuple[bool, Clue]] = []
    for name, each in here.items():
        facts = list(_facts(each, there.get(name)))
        if name in repeats:
            output, times = repeats[name]
            facts.append(("its ", Recorded(output, _SHORT), f" was the same in the last {times + 1:,} calls"))
        words = (Recorded(name), ": ", *(_joined(facts, "; ") if facts else _plain(each)))
        clues.append((not facts, Clue(words, name, failed.trace_id, each.span_id)))
    if good is not None:
        for name in there:
            if name not in here:
                words = (Recorded(name), " was called there, not here")
                clues.append((False, Clue(words, name, good.trace_id, there[name].span_id)))
    yield from (clue for _, clue in sorted(clues, key=lambda each: each[0])[:_MOST_LINES])


def _joined(parts: Sequence[_Words], between: str) -> _Words:
    words = [word for part in parts for word in (between, *part)]
    return tuple(words[1:])


def _facts(here: Inside, there: Inside | None) -> Iterator[_Words]:
    if there is None:
        return
    if here.calls != there.calls:
        yield (f"{here.calls:,} calls here, {there.calls:,} there",)
    if 2 * here.total_ns > 3 * there.total_ns and here.total_ns - there.total_ns > _SLOWER_NS:
        yield (f"took {duration(here.total_ns)} here, {duration(there.total_ns)} there",)
    for (kind, name), text in here.values.items():
        before = there.values.get((kind, name))
        if before is not None and before != text:
            word = "got " if kind == "INPUT" else "gave "
            yield (
                word,
                Recorded(name, _SHORT),
                " = ",
                Recorded(text, _SHORT),
                " here, ",
                Recorded(before, _SHORT),
                " there",
            )


def _plain(each: Inside) -> _Words:
    outputs: list[_Words] = [
        (Recorded(name, _SHORT), " = ", Recorded(text, _SHORT))
        for (kind, name), text in each.values.items()
        if kind != "INPUT"
    ]
    return _joined([(duration(each.total_ns),), *outputs[:2]], ", ")


def _inside(store: Store, call: Call) -> dict[str, Inside]:
    """Return the calls below a call by function, in the order of their first calls."""
    spans = store.read_trace_columns(call.trace_id, call.span_id)
    tree = build(spans)
    row = row_of(spans, tree, call.span_id)
    rows = range(row + 1, min(tree.end[row], row + 1 + _MOST_INSIDE)) if row >= 0 else range(0)
    if not rows:
        return {}
    valued = {each.span_id: each for each in store.valued_calls(_around(call), call.trace_id).calls}
    found: dict[str, Inside] = {}
    for at in (tree.at[each] for each in rows):
        name = spans.processes[spans.process_id[at]].name
        known = found.get(name, Inside(0, 0, {}, ""))
        own = valued.get(spans.span_id[at])
        values = {(kind, name): str(value) for name, kind, value in own.values} if own else known.values
        found[name] = Inside(known.calls + 1, known.total_ns + spans.duration_ns[at], values, spans.span_id[at].hex())
    return found


def _repeats(store: Store, call: Call) -> dict[str, tuple[str, int]]:
    """Return outputs that have repeated lately, by function: the name and how often."""
    found = {}
    for each in store.read_repeating(_REPEATS, call.start_ns - _LOOK_BACK_NS):
        if each.data_type == "OUTPUT" and each.value not in (None, "None", "True", "False"):
            found[each.process] = each.name, each.repeats
    return found


def origins(store: Store, call: Call) -> Iterator[Clue]:
    """Yield where the inputs of a call came from, and where those calls had theirs from, as far as it is known."""
    found = store.valued_calls(_around(call), call.trace_id)
    own = bytes.fromhex(call.span_id)
    taker = next((each for each in found.calls if each.span_id == own), None)
    told: set[bytes] = set()
    takers = [(taker, _short(call.process))] if taker else []
    for _ in range(_HOPS):
        following: list[tuple[ValuedCall, str]] = []
        for taker, name in takers:
            for each in _given_to(found, taker):
                giver_name = found.processes[each.source][0]
                taken = (Recorded(each.name, _SHORT), " of ", Recorded(name, _SHORT))
                given = (Recorded(each.output, _SHORT), " of ", Recorded(giver_name))
                words = (*taken, " = ", Recorded(each.example, _SHORT), ": ", *given)
                yield Clue(words, giver_name, call.trace_id, each.source_span)
                source = bytes.fromhex(each.source_span)
                if source not in told:
                    told.add(source)
                    following += [(giver, _short(giver_name)) for giver in found.calls if giver.span_id == source]
        takers = following[:_MOST_LINES]


def _given_to(found: ValuedCalls, taker: ValuedCall) -> list[Handover]:
    """Return the values that one call received; calls around it have given it nothing that they put out."""
    before = [each for each in found.calls if each.end_ns <= taker.start_ns and each.span_id != taker.span_id]
    calls = ValuedCalls([*before[-_MOST_BEFORE:], taker], found.processes, found.cut)
    own = taker.span_id.hex()
    return [each for each in lineage(calls, one_trace=True) if each.target_span == own]


def meanwhile(store: Store, failed: Call, good: Call | None) -> Iterator[Clue]:
    """Yield functions that ran several times at once, in different traces, since the last successful call."""
    ended_ns = failed.start_ns + failed.duration_ns
    since_ns = good.start_ns if good is not None and good.start_ns < failed.start_ns else ended_ns - _LOOK_BACK_NS
    window = Window(since_ns, ended_ns + 1)
    calls = store.read_page(Filters(), window, "-ts", None, _MOST_AROUND).calls
    by_process: defaultdict[str, list[ListedCall]] = defaultdict(list)
    for each in calls:
        by_process[each.process].append(each)
    for name, each_of in list(by_process.items())[:_MOST_LINES]:
        most = _at_once(each_of)
        if most > 1:
            values = dict.fromkeys(
                value.text for each in reversed(each_of) for value in each.values if value.data_type == "OUTPUT"
            )
            gave = _joined([(Recorded(text, 40),) for text in list(values)[:8]], ", ")
            said = f": {len(each_of):,} calls, up to {most} at the same time"
            yield Clue((Recorded(name), said, *(("; they gave ", *gave) if gave else ())), name, window=window)


def _at_once(calls: Sequence[ListedCall]) -> int:
    """Return the largest number of traces in which a call ran at the same time."""
    running: list[tuple[int, str]] = []
    most = 0
    for each in sorted(calls, key=lambda call: call.start_ns):
        running = [(end_ns, trace) for end_ns, trace in running if end_ns > each.start_ns]
        running.append((each.start_ns + each.duration_ns, each.trace_id))
        most = max(most, len({trace for _, trace in running}))
    return most


def _around(call: Call) -> Window:
    return Window(call.start_ns, call.start_ns + call.duration_ns + 1)


def _short(name: str) -> str:
    return name.rpartition(".")[2]
