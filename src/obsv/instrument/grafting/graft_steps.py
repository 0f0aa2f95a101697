"""Recording inserted into code whose body runs in steps: of generators, and of coroutines that are measured.

The span is current, and CPU time counts, only while the body runs. Therefore the recorder is told to pause before each
`yield`, and to resume when the body continues, even with an exception that is thrown into it:

    RECORDER.pause(span, item)           the yielded item; none if the body awaits something
    item = yield item
    RECORDER.resume(span)

The interpreter inspects the instructions around a `yield`: 3.11 ends a `yield from` by jumping back to the one before
it,
so such code is recorded by a wrapper there; later versions close a generator without running it if no handler waits for
that, as indicated by the argument of an instruction.
"""

import dis
import itertools
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE
from types import CodeType
from typing import Any

from obsv.instrument.grafting.bytecode import Guard, Instruction, decode, make, read_guards
from obsv.instrument.grafting.graft import IF_NONE, IS_POSSIBLE, VERSION, Graft, guarded

_YIELD = dis.opmap["YIELD_VALUE"]
_RESUME = dis.opmap.get("RESUME", -1)
_ASYNC_GEN_WRAP = dis.opmap.get("ASYNC_GEN_WRAP", -1)
_CALL_INTRINSIC = dis.opmap.get("CALL_INTRINSIC_1", -1)
_WRAPS = 4  # that intrinsic

# The argument of RESUME: the preceding instruction, and from 3.13 on whether nothing runs when it is closed there.
_AFTER, _ITEM, _CLOSES_AT_ONCE = 3, 1, 4

_NO_WAY_ON = frozenset(
    dis.opmap[name]
    for name in (
        *("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"),
        *("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"),
    )
    if name in dis.opmap
)
_HAS_ARGUMENT = frozenset(getattr(dis, "hasarg", range(dis.HAVE_ARGUMENT, 256)))


def can_graft_steps(code: CodeType) -> bool:
    """Return whether code whose body runs in steps can be recorded in its own frame."""
    if not IS_POSSIBLE:
        return False
    instructions, by_unit = decode(code)
    if VERSION == (3, 11) and any(each.op == _RESUME and each.arg & _AFTER > _ITEM for each in instructions):
        return False
    read_guards(code, instructions, by_unit)
    return _depths(instructions) is not None


class SteppedGraft(Graft):
    """A graft with calls around each `yield`."""

    more_depth = 9

    def __init__(self, code: CodeType, recorder: Any) -> None:
        super().__init__(code, recorder)
        self._depths = _depths(self._instructions) or {}
        flags = code.co_flags
        self._is_async = bool(flags & CO_ASYNC_GENERATOR)
        self._has_items = not flags & (CO_COROUTINE | CO_ASYNC_GENERATOR)

    def _stepping(self, body: list[Instruction]) -> list[Instruction]:
        made: list[Instruction] = []
        rest = iter(body)
        for each in rest:
            depth = self._depths.get(each)
            if depth is not None and _wraps_item(each):
                made += self._pause(each, depth, has_item=True)
            elif depth is not None and each.op == _YIELD:
                made += self._around(each, next(rest), depth)
            else:
                made.append(each)
        return made

    def _around(self, yields: Instruction, resumes: Instruction, depth: int) -> list[Instruction]:
        """Return a `yield` with calls before and after it, and for an exception thrown in there."""
        guard = yields.guard
        assert guard is not None
        before = [yields]
        if not self._is_async or resumes.arg & _AFTER != _ITEM:
            before = self._pause(yields, depth, has_item=self._has_items)
        if VERSION == (3, 12):
            # Number of waiting handlers: with one, a generator is closed at once.
            before[-1].arg = max(before[-1].arg, 2)
        elif VERSION >= (3, 13):
            resumes.arg &= ~_CLOSES_AT_ONCE
        before[-1].guard = resumes.guard = Guard(self._thrown(guard), guard.depth, guard.lasti)
        return [*before, resumes, *self._resume(depth, guard)]

    def _pause(self, each: Instruction, depth: int, has_item: bool) -> list[Instruction]:
        """Return a call of `pause` that replaces an instruction, so that jumps lead there."""
        moved = Instruction(each.op, each.arg)
        moved.guard = guard = each.guard
        assert guard is not None
        item = [make("COPY", 4)] if has_item else []
        call = [*self._call("pause", [make("COPY", depth + 3), *item]), make("POP_TOP")]
        self._without(call, moved, guard, depth + 1)
        each.op, each.arg = dis.opmap["COPY"], depth + 1
        return [each, make(IF_NONE, 0, moved), *call, moved]

    def _resume(self, depth: int, guard: Guard) -> list[Instruction]:
        """Return a call of `resume` for the point where the body continues."""
        end = make("NOP")
        call = [*self._call("resume", [make("COPY", depth + 3)]), make("POP_TOP")]
        self._without(call, end, guard, depth + 1)
        return [make("COPY", depth + 1), make(IF_NONE, 0, end), *call, end]

    def _thrown(self, guard: Guard) -> Instruction:
        """Return a handler that calls `resume` before the handler of an exception.

        On the stack: the values it keeps, the position if requested, the exception.
        """
        span = guard.depth + guard.lasti + 2
        again = make("RERAISE", int(guard.lasti))
        again.guard = guard
        restore = [make("SWAP", 2), make("POP_EXCEPT"), again]
        call = [*self._call("resume", [make("COPY", span + 2)]), make("POP_TOP")]
        start = make("PUSH_EXC_INFO")
        raises = make("RERAISE", 0)
        raises.guard = guard
        other = [make("SWAP", 3), make("POP_EXCEPT"), make("POP_TOP"), raises]
        no_room = self._if_no_room([make("JUMP_BACKWARD_NO_INTERRUPT", 0, restore[0])], other)
        guarded(call, Guard(no_room[0], span, False))
        self._handlers += [start, make("COPY", span), make(IF_NONE, 0, restore[0]), *call, *restore, *no_room]
        return start

    def _without(self, call: list[Instruction], go_on: Instruction, guard: Guard, depth: int) -> None:
        """Skip a call if there is no space for it; other exceptions go to the handler of the place."""
        raises = make("RERAISE", 0)
        raises.guard = guard
        no_room = self._if_no_room([make("JUMP_BACKWARD_NO_INTERRUPT", 0, go_on)], [raises])
        guarded(call, Guard(no_room[0], depth, False))
        self._handlers += no_room


def _wraps_item(each: Instruction) -> bool:
    """Return whether an instruction wraps an item of an async generator."""
    return each.op == _ASYNC_GEN_WRAP or (each.op == _CALL_INTRINSIC and each.arg == _WRAPS)


def _depths(instructions: list[Instruction]) -> dict[Instruction, int] | None:
    """Return the stack depth before each reachable instruction; None if it cannot be determined."""
    following = dict(itertools.pairwise(instructions))
    start = next(number for number, each in enumerate(instructions) if each.op == _RESUME)
    found: dict[Instruction, int] = {}
    waiting = [(instructions[start], 0)]
    while waiting:
        each, depth = waiting.pop()
        if each in found:
            if found[each] != depth:
                return None
            continue
        found[each] = depth
        if each.guard is not None:
            waiting.append((each.guard.handler, each.guard.depth + each.guard.lasti + 1))
        argument = each.arg if each.op in _HAS_ARGUMENT else None
        if each.target is not None:
            waiting.append((each.target, depth + dis.stack_effect(each.op, argument, jump=True)))
        if each.op not in _NO_WAY_ON:
            waiting.append((following[each], depth + dis.stack_effect(each.op, argument, jump=False)))
    return found
