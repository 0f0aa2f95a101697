"""Recording inserted into a function's own code, so that a recorded function adds no frame.

A wrapper around a function is an additional frame with its own name, file and globals, which code can detect that
inspects
the caller's frame, the stack depth or the function's code. Therefore the code itself gets a beginning, an end before
each
`return`, and a handler around everything:

    span = RECORDER.begin(<the parameters>)
    try:
        …                                    return value  ->  return RECORDER.finish(span, value)
    except BaseException as error:
        RECORDER.fail(span, error)
        raise

The span is at the bottom of the value stack, invisible to `locals()`, and is None if the call is not recorded: then
neither
`finish` nor `fail` is called. Names, variables, lines and columns stay the same.

If one of the three could not even be entered (near the recursion limit, or without memory), the program continues as if
it were not there.
"""

import dis
import sys
from collections.abc import Sequence
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import CodeType
from typing import Any

from obsv.instrument.grafting.bytecode import (
    Guard,
    Instruction,
    decode,
    encode,
    make,
    move_lines,
    read_guards,
    write_guards,
)

VERSION = sys.version_info[:2]
IS_POSSIBLE = sys.implementation.name == "cpython" and (3, 11) <= VERSION <= (3, 14)

_RESUME = dis.opmap.get("RESUME", -1)
_RETURN_VALUE = dis.opmap["RETURN_VALUE"]
_RETURN_CONST = dis.opmap.get("RETURN_CONST", -1)
_FORWARD = "FORWARD_" if VERSION == (3, 11) else ""
IF_NONE, _IF_FALSE = f"POP_JUMP_{_FORWARD}IF_NONE", f"POP_JUMP_{_FORWARD}IF_FALSE"

# Maximum stack use of a call of the recorder: in the exception handler.
_DEPTH = 9


def can_graft(code: CodeType) -> bool:
    """Return whether code can be recorded in its own frame, if its body does not run in steps."""
    return IS_POSSIBLE and not code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR)


class Graft:
    """The conversion of one code object.

    Args:
        code: the function's own code.
        recorder: provides `begin`, `finish` and `fail`; becomes a constant of the code, the last but one.
    """

    # Additional stack use of a call compared with a function without obsv.
    more_depth = 1

    def __init__(self, code: CodeType, recorder: Any) -> None:
        self._code = code
        self._instructions, self._by_unit = decode(code)
        read_guards(code, self._instructions, self._by_unit)
        self._names = list(code.co_names)
        self._constants = [*code.co_consts, recorder, None]
        self._recorder, self._none = range(len(code.co_consts), len(self._constants))
        self._handlers: list[Instruction] = []

    def made(self, passed: Sequence[str]) -> CodeType:
        """Return the recorded code.

        Args:
            passed: the parameters that `begin` gets, by position.
        """
        code, old = self._code, self._instructions
        position = next(number for number, each in enumerate(old) if each.op == _RESUME) + 1
        start, body = old[:position], old[position:]
        failing = self._failing()
        outermost = Guard(failing[0], 1, True)
        for each in body:
            # The span is placed below the previous bottom of the stack.
            guard = each.guard
            each.guard = outermost if guard is None else Guard(guard.handler, guard.depth + 1, guard.lasti)
        no_start, no_finish = self._no_start(start), self._no_finish()
        first = body[0]
        begin, no_begin = self._begin(passed, first)
        instructions = [
            *start,
            *begin,
            *self._returning(self._stepping(body), no_finish[0]),
            *failing,
            *self._handlers,
            *no_begin,
            *no_finish,
            *no_start,
        ]
        encoded = encode(instructions)
        nowhere = begin[0].offset, first.offset
        total = len(encoded) // 2
        return code.replace(
            co_code=encoded,
            co_consts=tuple(self._constants),
            co_names=tuple(self._names),
            co_stacksize=max(code.co_stacksize + self.more_depth, len(passed) + 3, _DEPTH),
            co_exceptiontable=write_guards(instructions, total),
            co_linetable=move_lines(code, self._by_unit, nowhere, failing[0].offset, total),
        )

    def _begin(self, passed: Sequence[str], body: Instruction) -> tuple[list[Instruction], list[Instruction]]:
        """Return instructions that push the span, and others that push None if there is no space for a call."""
        go_on = [make("LOAD_CONST", self._none), make("JUMP_BACKWARD_NO_INTERRUPT", 0, body)]
        no_begin = self._if_no_room(go_on, [make("RERAISE", 0)])
        call = self._call("begin", [self._parameter(name) for name in passed])
        return guarded(call, Guard(no_begin[0], 0, False)), no_begin

    def _parameter(self, name: str) -> Instruction:
        index = self._code.co_varnames.index(name)
        return make("LOAD_DEREF" if name in self._code.co_cellvars else "LOAD_FAST", index)

    def _stepping(self, body: list[Instruction]) -> list[Instruction]:
        """Return the body, with calls at its pauses."""
        return body

    def _returning(self, body: list[Instruction], no_finish: Instruction) -> list[Instruction]:
        """Return the body with a call replacing each `return`, so that jumps lead there."""
        made = []
        for each in body:
            if each.op not in (_RETURN_VALUE, _RETURN_CONST):
                made.append(each)
                continue
            inserted = (
                [make("COPY", 2)] if each.op == _RETURN_VALUE else [make("LOAD_CONST", each.arg), make("COPY", 2)]
            )
            each.op, each.arg = inserted[0].op, inserted[0].arg
            end = [make("SWAP", 2), make("POP_TOP"), make("RETURN_VALUE")]
            finish = self._call("finish", [make("COPY", 4), make("COPY", 4)])
            guard = Guard(no_finish, 2, False)
            made += [each, *inserted[1:], make(IF_NONE, 0, end[0])]
            made += guarded([*finish, make("SWAP", 2), make("POP_TOP")], guard) + end
        return made

    def _no_finish(self) -> list[Instruction]:
        """Return instructions that return the function's own value. On the stack: span, value, exception."""
        end = [make("SWAP", 2), make("POP_TOP"), make("RETURN_VALUE")]
        return self._if_no_room(end, [make("RERAISE", 0)])

    def _failing(self) -> list[Instruction]:
        """Return instructions that pass an exception leaving the function to `fail`, and raise it again.

        On the stack: span, position, exception; while `fail` runs, the previously handled exception is between the
        latter two.
        """
        again = make("RERAISE", 1)
        restore = [make("SWAP", 2), make("POP_EXCEPT"), again]
        other = [make("SWAP", 3), make("POP_EXCEPT"), make("POP_TOP"), make("RERAISE", 0)]
        no_fail = self._if_no_room([make("JUMP_BACKWARD_NO_INTERRUPT", 0, restore[0])], other)
        fail = [*self._call("fail", [make("COPY", 6), make("COPY", 4)]), make("POP_TOP")]
        return [
            make("COPY", 3),
            make(IF_NONE, 0, again),
            make("PUSH_EXC_INFO"),
            *guarded(fail, Guard(no_fail[0], 4, False)),
            *restore,
            *no_fail,
        ]

    def _no_start(self, start: list[Instruction]) -> list[Instruction]:
        """Return a handler for a coroutine that gets an exception before it starts, and has no span yet.

        From 3.12 on the compiler adds a handler around each coroutine that turns StopIteration into a RuntimeError.
        """
        if all(each.guard is None for each in start):
            return []
        handler = [make("CALL_INTRINSIC_1", 3), make("RERAISE", 1)]
        for each in start:
            each.guard = None if each.guard is None else Guard(handler[0], 0, True)
        return handler

    def _call(self, name: str, arguments: list[Instruction]) -> list[Instruction]:
        """Return instructions that call a method of the recorder; the arguments find two more values on the stack than
        before.
        """
        function = [make("LOAD_CONST", self._recorder), make("LOAD_ATTR", self._attribute(name))]
        null, count = make("PUSH_NULL"), len(arguments)
        if VERSION == (3, 11):
            return [null, *function, *arguments, make("PRECALL", count), make("CALL", count)]
        function = [null, *function] if VERSION == (3, 12) else [*function, null]
        return [*function, *arguments, make("CALL", count)]

    def _attribute(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        # From 3.12 on the lowest bit says that a method is called.
        return self._names.index(name) << (VERSION >= (3, 12))

    def _if_no_room(self, then: list[Instruction], otherwise: list[Instruction]) -> list[Instruction]:
        """Return instructions that branch on the exception on top of the stack: no space for a call, or another one."""
        no_room = [make("LOAD_CONST", self._recorder), make("LOAD_ATTR", self._attribute("no_room"))]
        match = [make("CHECK_EXC_MATCH"), make(_IF_FALSE, 0, otherwise[0])]
        return [*no_room, *match, make("POP_TOP"), *then, *otherwise]


def guarded(instructions: list[Instruction], guard: Guard) -> list[Instruction]:
    for each in instructions:
        each.guard = guard
    return instructions
