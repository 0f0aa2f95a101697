"""An exception as plain data of limited size, captured in the thread that it passes.

    frozen = freeze(error, error.__traceback__)

The result can be written by `marshal` and does not refer to the program's objects:

    (type, message, places, rest)

    type      the class's module and qualified name
    message   its `str()`, at most 10,000 characters, not redacted yet
    places    the frames (`obsv.capture.frames`), outermost first
    rest      None, or a dict with parts that few exceptions have:
        "from"     [(CAUSE or CONTEXT, frozen), …, count, (CAUSE or CONTEXT, frozen), …]: its causes and contexts, the
                   nearest first. A number stands for as many left out, a negative one for at least as many
        "members"  [frozen, …] of a group, and "others": the number of further members
        "notes"    [text, …] of `add_note`
        "syntax"   (message, file, line, text, offset, last line, last offset) of a SyntaxError
        "missing"  [text, …]: parts that could not be read

The only code of the program that runs is an exception's own `__str__`; no file is read, and no suggestion is computed
("Did you mean"). The time is limited for any exception; an ordinary one takes 2 µs. `obsv.trace.error_text.render`
formats the text later, in another process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from operator import attrgetter
from types import TracebackType
from typing import Any, TypeAlias

from obsv.capture.frames import HEAD, Places, places
from obsv.capture.groups import GROUP, MEMBERS_ATTRIBUTE, members_of
from obsv.capture.interrupts import is_from_signal
from obsv.capture.message import MAX_MESSAGE, cut_middle, message_of
from obsv.capture.names import qualified_name
from obsv.capture.render import render
from obsv.capture.snapshot import snapshot

FrozenError: TypeAlias = tuple[str, str, Places, "dict[str, Any] | None"]

CAUSE, CONTEXT = range(2)

# Links kept of a chain: next to the exception, and at the far end.
_NEAR, _FAR = 6, 4
# Links examined one by one before leaping: 70 ns each, 20 ns in a leap.
_STEPS = 8
# Links left after a leap.
_STEPS_BEHIND = 32
_MAX_LEAPS = 48
# The width to which Python prints a group.
_MEMBERS = 15
_NOTES = 20
_MAX_TEXT = 2_000
# Groups within groups; values in a record are nested at most 100 levels deep.
_DEPTH = 10
# For all exceptions of a chain or a group together.
_EXCEPTIONS, _FRAMES = 24, 160

_cause_of: Any = BaseException.__dict__["__cause__"].__get__
_context_of: Any = BaseException.__dict__["__context__"].__get__
_is_suppressed: Any = BaseException.__dict__["__suppress_context__"].__get__
_traceback_of: Any = BaseException.__dict__["__traceback__"].__get__
_attributes_of: Any = BaseException.__dict__["__dict__"].__get__
_CAUSE_LEAPS, _CONTEXT_LEAPS = (
    [(size, attrgetter(".".join([name] * size))) for size in (64, 8)] for name in ("__cause__", "__context__")
)
_SYNTAX = ("msg", "filename", "lineno", "text", "offset", "end_lineno", "end_offset")
_syntax_of: tuple[Callable[[Any], Any], ...] = tuple(SyntaxError.__dict__[name].__get__ for name in _SYNTAX)
_Rest: TypeAlias = dict[str, Any]
_Add: TypeAlias = Callable[[BaseException, _Rest, "_Room"], None]

_UNUSUAL: tuple[type, ...] = (SyntaxError,) if GROUP is None else (SyntaxError, GROUP)


def freeze(error: BaseException, frames: TracebackType | None) -> FrozenError:
    """Return the frozen form of an exception.

    Args:
        error: the exception, of any class.
        frames: its traceback, from the recorded function's own frame down.

    Raises:
        BaseException: only what a signal handler of the program raised meanwhile.
    """
    try:
        return _freeze(error, frames, MAX_MESSAGE, None)
    except Exception as fault:
        if is_from_signal(fault):
            raise
        return _remains(error, frames)


class _Room:
    """The remaining budget of all exceptions in a chain or group.

    Attributes:
        exceptions, frames: how many may still be read.
        depth: how many levels of groups are still allowed.
        seen: the `id` of each exception met: a chain may be a cycle.
    """

    __slots__ = ("depth", "exceptions", "frames", "seen")

    def __init__(self, error: BaseException) -> None:
        self.exceptions, self.frames, self.depth, self.seen = _EXCEPTIONS, _FRAMES, _DEPTH, {id(error)}


def _freeze(error: BaseException, frames: TracebackType | None, most: int, room: _Room | None) -> FrozenError:
    found = places(frames) if room is None else _places_within(frames, room)
    rest = None
    if _cause_of(error) is not None or _context_of(error) is not None or _is_unusual(error):
        room = room or _Room(error)
        rest = _rest_of(error, room, _PARTS) or None
    return qualified_name(type(error)), message_of(error, most), found, rest


def _places_within(frames: TracebackType | None, room: _Room) -> Places:
    found = places(frames, HEAD, 8) if room.frames > 0 else places(frames, 2, 1)
    room.frames -= len(found)
    return found


def _is_unusual(error: BaseException) -> bool:
    """Return whether an exception has more than its class, message, frames, causes and contexts."""
    if issubclass(type(error), _UNUSUAL):
        return True
    attributes = _attributes_of(error)
    return "__notes__" in attributes or MEMBERS_ATTRIBUTE in attributes


def _remains(error: BaseException, frames: TracebackType | None) -> FrozenError:
    """Return the readable parts of an exception of which some part cannot be read."""
    name, message, missing = "", "", []
    found: Places = ()
    for part in ("type", "message", "traceback"):
        try:
            if part == "type":
                name = qualified_name(type(error))
            elif part == "message":
                message = message_of(error)
            else:
                found = places(frames)
        except Exception as fault:
            if is_from_signal(fault):
                raise
            missing.append(f"its {part} could not be read")
    return name, message, found, {"missing": missing}


def _rest_of(error: BaseException, room: _Room, parts: Sequence[tuple[str, _Add]]) -> _Rest:
    rest: _Rest = {}
    for name, add in parts:
        try:
            add(error, rest, room)
        except Exception as fault:
            if is_from_signal(fault):
                raise
            rest.setdefault("missing", []).append(f"its {name} could not be read")
    return rest


def _add_notes(error: BaseException, rest: _Rest, room: _Room) -> None:
    notes = _attributes_of(error).get("__notes__")
    if notes is None:
        return
    if type(notes) is not list and type(notes) is not tuple:
        notes = (notes,)
    shown = [_note(note) for note in notes[:_NOTES]]
    if len(notes) > len(shown):
        shown.append(f"… {len(notes) - len(shown):,} more notes left out …")
    rest["notes"] = shown


def _note(note: Any) -> str:
    return cut_middle(note, _MAX_TEXT) if type(note) is str else render(snapshot(note))


def _add_syntax(error: BaseException, rest: _Rest, room: _Room) -> None:
    if issubclass(type(error), SyntaxError):
        rest["syntax"] = tuple(_atom(get(error)) for get in _syntax_of)


def _atom(value: Any) -> str | int | None:
    if type(value) is str:
        return value[:_MAX_TEXT]
    return value if type(value) is int and value.bit_length() < 64 else None


def _add_members(error: BaseException, rest: _Rest, room: _Room) -> None:
    members = members_of(error)
    if not members:
        return
    kept: list[FrozenError] = []
    room.depth -= 1
    for member in members[:_MEMBERS] if room.depth >= 0 else ():
        if room.exceptions <= 0 or id(member) in room.seen:
            break
        kept.append(_other(member, room))
    room.depth += 1
    rest["members"], rest["others"] = kept, len(members) - len(kept)


def _other(error: BaseException, room: _Room) -> FrozenError:
    room.exceptions -= 1
    room.seen.add(id(error))
    return _freeze(error, _traceback_of(error), _MAX_TEXT, room)


def _link(relation: int, error: BaseException, room: _Room) -> tuple[int, FrozenError]:
    """Return one link of a chain, without its own causes."""
    room.exceptions -= 1
    found = _places_within(_traceback_of(error), room)
    rest = _rest_of(error, room, _PARTS[:-1]) if _is_unusual(error) else None
    return relation, (qualified_name(type(error)), message_of(error, _MAX_TEXT), found, rest or None)


def _add_chain(error: BaseException, rest: _Rest, room: _Room) -> None:
    """Add the causes and contexts of an exception, by Python's rules for which chain is shown."""
    chain: list[Any] = []
    latest: BaseException | None = error
    while latest is not None and room.exceptions > 0:
        if len(chain) == _NEAR:
            _add_far_end(latest, chain, room)
            break
        found = _before(latest, room.seen)
        if found is None:
            break
        latest = found[1]
        room.seen.add(id(latest))
        chain.append(_link(*found, room))
    if chain:
        rest["from"] = chain


def _before(error: BaseException, seen: set[int]) -> tuple[int, BaseException] | None:
    cause = _cause_of(error)
    if cause is not None and id(cause) not in seen:
        return CAUSE, cause
    context = None if _is_suppressed(error) else _context_of(error)
    return None if context is None or id(context) in seen else (CONTEXT, context)


def _add_far_end(error: BaseException, chain: list[Any], room: _Room) -> None:
    """Add the last links of a chain, preceded by the number of links left out."""
    last: deque[tuple[int, BaseException]] = deque(maxlen=_FAR)
    seen, count, steps, leaped = room.seen, 0, _STEPS, 0
    while (found := _before(error, seen)) is not None:
        if steps == 0:
            if leaped:
                chain.append(-count)
                return
            error, leaped = _leap(error, seen)
            count += leaped
            steps = _STEPS_BEHIND
            continue
        error = found[1]
        seen.add(id(error))
        last.append(found)
        count += 1
        steps -= 1
    if count > len(last):
        chain.append(count - len(last))
    chain.extend(_link(*each, room) for each in last)


def _leap(error: BaseException, seen: set[int]) -> tuple[BaseException, int]:
    """Go to a link near the end of a long chain.

    An exception that is raised from another while that one is handled also has it as its context.

    Returns:
        The link, and the number of links skipped; at least one, as there is no second attempt.
    """
    total = 0
    ways = [(_cause_of, _CAUSE_LEAPS), (_context_of, _CONTEXT_LEAPS)]
    if _context_of(error) is not None:
        ways.reverse()
    for link, leaps in ways:
        # A leap past the end raises, for which the interpreter walks through all contexts: 13 ns each.
        if link(error) is None:
            continue
        for size, leap in leaps:
            error, leaped = _leap_by(error, size, leap, seen)
            total += leaped
            if leaped >= size * (_MAX_LEAPS - 1):
                return error, total  # there are too many
    return error, total or 1


def _leap_by(error: BaseException, size: int, leap: Callable[[Any], Any], seen: set[int]) -> tuple[BaseException, int]:
    """Go on in leaps of one size, to the last link but one that these reach; return it and how many were skipped."""
    leaped, behind, leaps = 0, error, _MAX_LEAPS
    try:
        while leaps and (ahead := leap(error)) is not None and id(ahead) not in seen:
            behind, error, leaped, leaps = error, ahead, leaped + size, leaps - 1
    except Exception as fault:
        # Fewer are left, or a class has replaced the attribute with its own.
        if type(fault) is not AttributeError and is_from_signal(fault):
            raise
    return (behind, leaped - size) if leaped else (error, 0)


_PARTS: tuple[tuple[str, _Add], ...] = (
    ("notes", _add_notes),
    ("place in the source", _add_syntax),
    ("members", _add_members),
    ("causes", _add_chain),
)
