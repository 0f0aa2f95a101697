"""Paths of values: an output of one call that became an input of another in the same trace.

Two values are the same if their recorded texts are identical and complete. For common values this proves nothing, so
these are skipped (`is_telling`):

- nothing, booleans and empty values: `None`, `True`, `''`, `[]`, `{}`, …;
- numbers and strings of fewer than three characters: 0, 42, 'ok';
- masked or truncated values, because different values then look alike.

Within one trace, members of dictionaries, lists and records count too, on both sides, and common values if a name
indicates that they are the same: a member `rate`, or the output of a function with `rate` in its name, that arrives as
an argument or member `rate`; or if the call that produced the value was the last to end before the taker began. Members
of an argument are followed if it is from nowhere as a whole. Other functions that had put out an equal value are named,
unless it went through the one that is taken for its source.

A value comes from the call that last produced it before the taker began. A call that was running around the taker has
not produced anything by then, and a taker's own output is not a source of its inputs. Across services the clocks may
differ, so there the giver only has to begin first. One query is limited in calls and in values per call.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from obsv.analysis.members import Member, members
from obsv.store.spans import ValuedCall, ValuedCalls

MOST_VALUES = 40
# Longer texts are compared by this many leading characters and their length.
COMPARED = 2_000
SHORTEST = 3
_MOST_RIVALS = 50
# Producers of a value that were looked at by which no clock but another service's says that it was there in time.
_MOST_OF_OTHERS = 200
CONSTANTS = ("None", "True", "False", "null", "true", "false", "set()", "frozenset()")
TRIVIAL = frozenset((*CONSTANTS, "nan", "inf", "-inf", "NaN", "0.0", "1.0", "-1.0"))
EMPTY = "'\"[](){} "


class Handover(NamedTuple):
    """A value that passed from one function to another.

    Attributes:
        source: ID of the process that produced it.
        output: name of the value there.
        target: ID of the process that received it.
        name: name of the argument there.
        times: number of occurrences.
        example: the value at the latest occurrence.
        trace_id: trace of the latest occurrence, hex.
        source_span: span that produced it, hex.
        target_span: span that received it, hex.
        also: IDs of other processes that had produced an equal value by then, at the latest occurrence.
    """

    source: int
    output: str
    target: int
    name: str
    times: int
    example: str
    trace_id: str
    source_span: str
    target_span: str
    also: tuple[int, ...] = ()


class _Origin(NamedTuple):
    ready_ns: int
    start_ns: int
    call: ValuedCall
    name: str


def lineage(found: ValuedCalls, one_trace: bool = False) -> list[Handover]:
    """Return the values that passed between functions, most frequent first.

    Args:
        found: calls.
        one_trace: whether they belong to one trace, whose values are also followed through members of containers and
            with common values.
    """
    names = {number: about[0].rpartition(".")[2].casefold() for number, about in found.processes.items()}
    service = {number: about[1] for number, about in found.processes.items()}
    handovers: dict[tuple[int, str, int, str], Handover] = {}
    for calls in _by_trace(found.calls):
        origins = _origins(calls, one_trace)
        common = _Common(origins, names)
        ends = sorted(call.end_ns for call in calls)
        for taker in calls:
            for name, text in _texts(taker, "INPUT", one_trace):
                origin = _source(origins, taker, _Taken(name, name, text), service, common, ends if one_trace else None)
                if origin is not None:
                    also = _rivals(origins, origin, taker, text) if one_trace else ()
                    _count(handovers, origin, taker, name, text, also)
                    continue
                for path, member in _taken_members(name, text) if one_trace else ():
                    origin = _source(origins, taker, _Taken(path, member.name, member.text), service, common, None)
                    if origin is not None:
                        _count(
                            handovers, origin, taker, path, member.text, _rivals(origins, origin, taker, member.text)
                        )
    return sorted(handovers.values(), key=lambda each: (-each.times, each.source, each.target, each.output, each.name))


class _Taken(NamedTuple):
    """A value that a call received: its place in the argument, its own name, and its text."""

    path: str
    name: str
    text: str


def _source(
    origins: dict[str, list[_Origin]],
    taker: ValuedCall,
    taken: _Taken,
    service: dict[int, str],
    common: _Common,
    ends: list[int] | None,
) -> _Origin | None:
    """Return the producer of a value; of a common one by its name or, if the ends of calls are given, by the last."""
    origin = _origin(origins.get(taken.text, []), taker, service)
    if origin is not None or is_telling(taken.text):
        return origin
    origin = _origin(origins.get(_member(taken.name, taken.text), []), taker, service) if taken.name else None
    if origin is None and taken.name:
        origin = common.likely(_member("", taken.text), taker, taken.name, ends)
    return origin


def _taken_members(name: str, text: str) -> Iterator[tuple[str, Member]]:
    for member in members(text):
        if "***" not in member.text:
            yield f"{name}{member.path}", member


def _rivals(origins: dict[str, list[_Origin]], origin: _Origin, taker: ValuedCall, text: str) -> tuple[int, ...]:
    """Return the processes of other calls that had produced a telling value; none if it went through its source."""
    if not is_telling(text) or any(_text(value) == text for _, kind, value in origin.call.values if kind == "INPUT"):
        return ()
    ready = origins.get(text, [])
    at = bisect_right(ready, taker.start_ns, key=lambda each: each.ready_ns)
    found = {
        each.call.process_id: None
        for each in ready[max(0, at - _MOST_RIVALS) : at]
        if each.call.process_id not in (origin.call.process_id, taker.process_id)
        # What ran inside of the source gave it the value.
        and not (origin.start_ns <= each.start_ns and each.ready_ns <= origin.ready_ns)
    }
    return tuple(found)


def is_telling(text: str) -> bool:
    """Return whether two values with this text are likely the same value."""
    if len(text) < SHORTEST or text in TRIVIAL or "***" in text or "…" in text:
        return False
    return len(text.strip("'\"")) >= SHORTEST and text.strip(EMPTY) != ""


def _by_trace(calls: Iterable[ValuedCall]) -> Iterable[list[ValuedCall]]:
    traces: dict[bytes, list[ValuedCall]] = defaultdict(list)
    for call in calls:
        traces[call.trace_id].append(call)
    return (sorted(trace, key=lambda call: call.start_ns) for trace in traces.values() if len(trace) > 1)


def _origins(calls: list[ValuedCall], one_trace: bool) -> dict[str, list[_Origin]]:
    """Return the producers of each text, in the order in which it was ready."""
    origins: dict[str, list[_Origin]] = defaultdict(list)
    for call in calls:
        for name, text in _texts(call, "OUTPUT", one_trace):
            key = text if is_telling(text) else _member("", text)
            origins[key].append(_Origin(call.end_ns, call.start_ns, call, name))
            for member in members(text) if one_trace else ():
                key = member.text if is_telling(member.text) else _member(member.name, member.text)
                origins[key].append(_Origin(call.end_ns, call.start_ns, call, f"{name}{member.path}"))
    for each in origins.values():
        each.sort(key=lambda origin: (origin.ready_ns, origin.start_ns))
    return origins


def _texts(call: ValuedCall, wanted: str, every: bool = False) -> list[tuple[str, str]]:
    texts = [(name, _text(value)) for name, data_type, value in call.values[:MOST_VALUES] if data_type == wanted]
    return [(name, text) for name, text in texts if is_telling(text) or (every and "***" not in text)]


def _member(name: str, text: str) -> str:
    """Return the key for a common value together with its name."""
    return f"{name}\0{text}"


class _Common:
    """The producers of common values in a trace, also by function: True may come from each of its calls.

    Args:
        origins: producers of each text, in the order in which it was ready.
        names: names of functions, by process ID.
    """

    def __init__(self, origins: dict[str, list[_Origin]], names: dict[int, str]) -> None:
        self._origins, self._names = origins, names
        self._by_function: dict[str, dict[int, list[_Origin]]] = {}

    def likely(self, key: str, taker: ValuedCall, name: str, ends: list[int] | None) -> _Origin | None:
        """Return the likely producer of a common value: by name, or the last call that ended before."""
        ready = self._origins.get(key, [])
        last = _last_before(ready, taker)
        if last is None:
            return None
        if len(name) >= SHORTEST:  # `id` is in `validate`
            folded = name.casefold()
            named = [
                found
                for process_id, each in self._functions(key, ready).items()
                if folded in self._names.get(process_id, "") and (found := _last_before(each, taker)) is not None
            ]
            if named:
                return max(named, key=lambda each: (each.ready_ns, each.start_ns))
        if ends is None:
            return None
        return last if last.ready_ns == ends[bisect_right(ends, taker.start_ns) - 1] else None

    def _functions(self, key: str, ready: list[_Origin]) -> dict[int, list[_Origin]]:
        found = self._by_function.get(key)
        if found is None:
            found = self._by_function[key] = defaultdict(list)
            for each in ready:
                found[each.call.process_id].append(each)
        return found


def _last_before(ready: list[_Origin], taker: ValuedCall) -> _Origin | None:
    """Return the last producer of a value, other than the taker, that had put it out when the taker began."""
    at = bisect_right(ready, taker.start_ns, key=lambda each: each.ready_ns)
    while at and ready[at - 1].call.span_id == taker.span_id:
        at -= 1
    return ready[at - 1] if at else None


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text if len(text) <= COMPARED else f"{text[:COMPARED]}({len(text)})"


def _origin(ready: list[_Origin], taker: ValuedCall, service: dict[int, str]) -> _Origin | None:
    before = _last_before(ready, taker)
    if before is not None:
        return before
    own, at = service[taker.process_id], bisect_right(ready, taker.start_ns, key=lambda each: each.ready_ns)
    others = [
        each
        for each in ready[at : at + _MOST_OF_OTHERS]
        if service[each.call.process_id] != own and each.start_ns <= taker.start_ns
    ]
    return max(others, key=lambda each: each.start_ns) if others else None


def _count(
    handovers: dict[tuple[int, str, int, str], Handover],
    origin: _Origin,
    taker: ValuedCall,
    name: str,
    text: str,
    also: tuple[int, ...],
) -> None:
    key = origin.call.process_id, origin.name, taker.process_id, name
    known = handovers.get(key)
    handovers[key] = Handover(
        *key,
        known.times + 1 if known else 1,
        text,
        taker.trace_id.hex(),
        origin.call.span_id.hex(),
        taker.span_id.hex(),
        also,
    )
